import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../management/commands.ts';
import { choicesOf, completeLine, helpText } from './complete.ts';

describe('completion', () => {
  it.each([
    ['', expect.arrayContaining(['status ', 'kill ', '? ', 'quit '])],
    ['client-k', ['client-kill ']],
    ['status ', ['1 ', '2 ', '3 ', 'json ']],
    ['log on a', ['all ']],
    ['log on all ', []],
    ['kill ', []],
    ['hold r', ['release ']],
    ['help nc', ['nclients ']],
    ['? remote-entry-c', ['remote-entry-count ']],
    ['frobnicate ', []],
  ])('of %j', (line, hits) => {
    expect(completeLine(line)[0]).toEqual(hits);
  });

  it('knows every word that is typed as it stands, and no word that stands for another', () => {
    const choices = COMMANDS.flatMap((row) => row.usage.split(' ').flatMap((_word, index) => choicesOf(row, index)));
    expect([...new Set(choices)].toSorted()).toEqual(
      '1 2 3 ACCEPT HTTP MOD NONE SIGHUP SIGTERM SIGUSR1 SIGUSR2 SKIP SOCKS all cancel interact json nointeract none off ok on release'.split(
        ' ',
      ),
    );
  });
});

describe('help', () => {
  it('has every command of the table, and more of one', () => {
    const all = helpText(undefined);
    expect(COMMANDS.filter(({ name, help }) => !all.includes(`  ${name}`) || !all.includes(help))).toEqual([]);
    expect(helpText('client-auth')).toBe(
      'client-auth CID KID\n  Let a client in, with the configuration that follows up to END.\n  Servers only.\n  Lines follow, up to one that is END; Ctrl-C gives up.\n',
    );
    expect(helpText('password')).toContain('not shown');
    expect(helpText('nope')).toBe('nope: not in the table; the daemon may know it all the same\n');
  });
});
