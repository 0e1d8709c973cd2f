import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIRECTIVES, OUR_NAMES, SUBJECTS, WINDOWS_NAMES } from './directives.ts';
import { arityOf, usageOf } from './row.ts';

const golden = (name: string) => readFileSync(new URL(`../../test/golden/options/${name}`, import.meta.url), 'utf8');

/** How many values stock 2.6.14 took for each name it knows, tried with these counts (see test/golden/options/README.md). */
const TRIED = [0, 1, 2, 3, 4, 5, 6, 8, 15];
const STOCK_ARITY: Record<string, number[]> = JSON.parse(golden('stock-arity.json'));

/** Their command takes one word; stock answers more of them with a text of its own instead of its usual one. */
const hasCommand = (name: string) => DIRECTIVES.get(name)?.parameters.some((each) => each.type.kind === 'command') === true;

/** Where counts alone do not tell: stock looks at the values too. */
const OTHERWISE: Record<string, string> = {
  'crl-verify': 'the second value is `dir` or nothing',
  'server-bridge': 'four values or none; refused either way',
  connection: 'only as a block',
};

/** Written by stock at parse time and then refused whatever their arguments, or not tried because they move the log. */
const NOT_TRIED = ['log', 'log-append', 'daemon', 'syslog', 'help', 'version', 'setcon'];

describe('the table of directives', () => {
  it.each(golden('openvpn-help-names.txt').trim().split('\n'))('has a row for --%s of openvpn --help', (name) => {
    expect(DIRECTIVES.has(name)).toBe(true);
  });

  it.each(Object.entries(STOCK_ARITY).filter(([name]) => !hasCommand(name) && !(name in OTHERWISE)))(
    'takes as many values as stock for --%s',
    (name, counts) => {
      const row = DIRECTIVES.get(name);
      expect(row).toBeDefined();
      if (row === undefined) return;
      const { min, max } = arityOf(row);
      expect(TRIED.filter((count) => count >= min && count <= max)).toEqual(counts);
    },
  );

  it('has no row that stock does not know but those said to be ours', () => {
    const known = new Set([...Object.keys(STOCK_ARITY), ...WINDOWS_NAMES, ...OUR_NAMES, ...NOT_TRIED]);
    expect([...DIRECTIVES.keys()].filter((name) => !known.has(name))).toEqual([]);
  });

  it('has each name once', () => {
    const names = SUBJECTS.flatMap(({ rows }) => rows.map((row) => row.name));
    expect(names.length).toBe(new Set(names).size);
  });

  it.each([...DIRECTIVES.values()].map((row) => [row.name, row] as const))(
    'says in words what %s does and why it is not done',
    (_, row) => {
      expect(row.help).toMatch(/^\S.*[.:`)]$/);
      if (row.standing !== 'done') expect(Object.values(row.standing)[0]).toMatch(/^\S.{10,}[^.]$/);
      const optionals = row.parameters.map((each) => each.optional);
      expect(optionals.lastIndexOf(false)).toBeLessThan(optionals.indexOf(true) === -1 ? optionals.length : optionals.indexOf(true));
      expect(row.parameters.slice(0, -1).some((each) => each.rest)).toBe(false);
    },
  );

  it('shows how a row is written', () => {
    const usages = ['server', 'route', 'echo', 'verb', 'client'].map((name) => DIRECTIVES.get(name)).map((row) => row && usageOf(row));
    expect(usages).toEqual([
      'server network netmask [nopool]',
      'route network [netmask] [gateway] [metric]',
      'echo [word ...]',
      'verb level',
      'client',
    ]);
  });
});
