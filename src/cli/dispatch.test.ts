import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TunnelscopeError } from '../base/errors.ts';
import type { Command, CommandMain } from './command.ts';
import { COMMANDS } from './commands.ts';
import { dispatch } from './dispatch.ts';

const manifest: { version: string } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

function command(name: string, main: CommandMain): Command {
  return { summary: `does ${name}`, usage: `usage: tunnelscope ${name}\n`, load: () => Promise.resolve(main) };
}

const calls: [string, readonly string[]][] = [];
function noting(name: string, code: number): CommandMain {
  return (argv) => {
    calls.push([name, argv]);
    return Promise.resolve(code);
  };
}

const table: Record<string, Command> = {
  run: command('run', noting('run', 0)),
  three: command('three', noting('three', 3)),
  misused: command('misused', () => Promise.reject(new TunnelscopeError('CLI', 'expected a word'))),
  broken: command('broken', () => Promise.reject(new TunnelscopeError('FILE', 'cannot read x'))),
  bug: command('bug', () => Promise.reject(new TypeError('x is not a function'))),
  impossible: command('impossible', () => Promise.reject(new TunnelscopeError('BUG', 'cannot be'))),
};

async function typed(...argv: string[]): Promise<{ code: number; out: string; err: string; calls: [string, readonly string[]][] }> {
  const said = { out: '', err: '' };
  const terminal = { out: (text: string) => void (said.out += text), err: (text: string) => void (said.err += text) };
  const code = await dispatch(argv, table, terminal);
  return { code, ...said, calls: calls.splice(0) };
}

describe('the program', () => {
  it.each([
    [['three', 'a', '--b'], 3, ['three', ['a', '--b']]],
    [['run', '--config', 'server.conf'], 0, ['run', ['--config', 'server.conf']]],
    [['--config', 'server.conf'], 0, ['run', ['--config', 'server.conf']]],
    [['--dev', 'null', '--verb', '3'], 0, ['run', ['--dev', 'null', '--verb', '3']]],
  ] as const)('calls for %j a command with the words after its name, and gives its exit code', async (argv, code, call) => {
    expect(await typed(...argv)).toEqual({ code, out: '', err: '', calls: [call] });
  });

  it.each(['--version', 'version'])('prints for %s the version of package.json', async (word) => {
    expect(await typed(word)).toMatchObject({ code: 0, out: `tunnelscope ${manifest.version}\n` });
  });

  it.each([['--help'], ['-h'], ['help']])('lists for %s every command with its summary', async (word) => {
    const { code, out } = await typed(word);
    expect(code).toBe(0);
    for (const name of Object.keys(table)) expect(out).toMatch(new RegExp(`^  ${name} +does ${name}$`, 'm'));
  });

  it.each([
    ['three', '--help'],
    ['three', '-h'],
    ['help', 'three'],
    ['--help', 'three'],
  ])('explains one for %s %s', async (...argv) => {
    expect(await typed(...argv)).toMatchObject({ code: 0, out: 'usage: tunnelscope three\n', calls: [] });
  });

  it('shows the list as an error when nothing is asked', async () => {
    const { code, out, err } = await typed();
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('usage: tunnelscope COMMAND');
  });

  it.each([['monitor'], ['help', 'monitor'], ['toString'], ['__proto__'], ['server.conf'], ['-v']])(
    'does not know %s %s',
    async (...argv) => {
      const { code, out, err } = await typed(...argv);
      expect([code, out]).toEqual([2, '']);
      expect(err).toBe(`tunnelscope: unknown command "${argv.at(-1)}"; the commands are ${Object.keys(table).join(', ')}\n`);
    },
  );

  it('tells misuse, failure and bug apart', async () => {
    expect(await typed('misused')).toMatchObject({
      code: 2,
      err: 'tunnelscope misused: expected a word [CLI]\n`tunnelscope misused --help` shows how it is used.\n',
    });
    expect(await typed('broken')).toMatchObject({ code: 1, err: 'tunnelscope broken: cannot read x [FILE]\n' });
    for (const name of ['bug', 'impossible']) {
      const { code, err } = await typed(name);
      expect(code).toBe(1);
      expect(err).toMatch(/please report it \[BUG\]\n[^]*(x is not a function|cannot be)\n[^]*at .*dispatch\.test/);
    }
  });
});

describe('the table of commands', () => {
  it.each(Object.entries(COMMANDS))('%s has a summary of one line and a usage that names it', (name, { summary, usage }) => {
    expect(summary).toMatch(/^[^\n]{10,90}$/);
    expect(usage.startsWith(`usage: tunnelscope ${name} `) || usage.startsWith(`usage: tunnelscope ${name}\n`)).toBe(true);
    expect(usage.endsWith('\n')).toBe(true);
    for (const line of usage.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  it('loads pki', async () => {
    expect(await COMMANDS['pki']?.load()).toBeTypeOf('function');
  });
});
