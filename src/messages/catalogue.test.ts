import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_ROWS, SUBJECTS } from './catalogue.ts';
import { recognise } from './recogniser.ts';
import { type PlaceholderKind, partsOf, type Row, renderRow, row } from './row.ts';

const ROWS = [...ALL_ROWS.values()];

/** What stands for a value of each kind; the alphabets leave out what separates values in templates. */
const VALUES: Readonly<Record<PlaceholderKind, fc.Arbitrary<string>>> = {
  text: fc.stringMatching(/^[A-Za-zäß€0-9_@-]{1,20}(?: [a-z]{1,8})?$/),
  rest: fc.stringMatching(/^[A-Za-z0-9_@-]{1,20}(?: [a-z]{1,8})?$/),
  line: fc.stringMatching(/^[A-Za-z0-9_@-]{1,20}(?:\t[a-z]{1,8})?$/),
  word: fc.stringMatching(/^[a-z0-9_-]{1,20}$/),
  int: fc.integer({ min: -1, max: 0xffff_ffff }).map(String),
  hex: fc.stringMatching(/^[0-9a-f]{8}$/),
  version: fc.constantFrom('2.6.14', '2.8_git', '2.7_rc1'),
  address: fc.constantFrom('[AF_INET]10.99.0.2:1194', '[AF_INET6]fd99::2:1194', '[AF_INET][undef]:1194', '[AF_UNSPEC]'),
  endpoint: fc.constantFrom('10.99.0.2:1194', 'fd99::2', 'udp4:10.99.0.2:1194', 'tcp6-server:[fd99::2]:443'),
  ip: fc.constantFrom('10.8.0.2', '10.8.0.0/24', 'fd00:8::1000', 'fd00::/64', '02:00:5e:10:00:01', '10.66.0.5C'),
  field: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 .-]{0,19}$/),
  remark: fc.constantFrom('', '[CN SET]'),
  signal: fc.constantFrom('SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGHUP'),
  proto: fc.constantFrom('UDPv4', 'TCPv6_SERVER', 'TCPv4_CLIENT', 'UDP'),
};

const PREFIXES = [
  '',
  '10.99.0.2:36427 ',
  'alice/10.99.0.2:36427 ',
  'fd99::2 ',
  'Al Ice/Sales: north/fd99::2 ',
  'udp4:10.99.0.2:57366 ',
  'alice/tcp4-server:10.99.0.2:45358 ',
  'alice/udp6:[fd99::2]:36295 rx-peer-id=3 ',
];

function valuesFor(template: string): fc.Arbitrary<Record<string, string>> {
  return fc.record(Object.fromEntries(partsOf(template).placeholders.map(({ name, kind }) => [name, VALUES[kind]])));
}

function isRecognisable(message: Row): boolean {
  return partsOf(message.template).literals.some((literal) => literal !== '');
}

describe('the catalogue', () => {
  it('has every row under one id of its own', () => {
    const ids = Object.values(SUBJECTS).flatMap((subject) => Object.values(subject).map((message: Row) => message.id));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ROWS.length).toBe(ids.length);
  });

  it.each(Object.entries(SUBJECTS))('has ids of the subject %s only in its file', (subject, rows) => {
    for (const message of Object.values(rows)) expect(message.id).toMatch(new RegExp(`^${subject}\\.[a-z0-9-]+$`));
  });

  it('has fixed text between any two values, or the values could not be told apart', () => {
    for (const message of ROWS) {
      for (const template of [message.template, ...message.also]) {
        expect(partsOf(template).literals.slice(1, -1), template).not.toContain('');
      }
    }
  });

  it('has each template once at each level', () => {
    const templates = ROWS.flatMap((message) => [message.template, ...message.also].map((template) => `${message.word} ${template}`));
    expect(templates.filter((template, index) => templates.indexOf(template) !== index)).toEqual([]);
  });
});

describe('round trip', () => {
  it.each(ROWS.filter(isRecognisable))('$id', (message) => {
    for (const template of [message.template, ...message.also]) {
      fc.assert(
        fc.property(valuesFor(template), fc.constantFrom(...PREFIXES), (args, prefix) => {
          const line = prefix + renderRow({ ...message, template }, args);
          const machine = recognise(`1795353197.009323 ${message.word.toString(16)} ${line}`);
          expect({ row: machine.row?.id, args: machine.args }, line).toEqual({ row: message.id, args });
          const plain = recognise(line);
          expect({ template: plain.row?.template, args: plain.args }, line).toEqual({ template: message.template, args });
        }),
        { numRuns: 16 },
      );
    }
  });

  it('leaves a row without text of its own to others', () => {
    expect(ROWS.filter((message) => !isRecognisable(message)).map((message) => message.id)).toEqual(['status.line']);
  });
});

describe('renderRow', () => {
  it('keeps a line one line, whatever a peer calls itself', () => {
    const message = row('test.name', 'M_INFO', "name '{name}' and {count:int}");
    expect(renderRow(message, { name: 'a\r\nb\u0000\u007f', count: 3 })).toBe("name 'a__b__' and 3");
  });

  it('leaves the TABs of a whole line of ours, and of nothing else', () => {
    const values = { field: 'a\tb', columns: 'CLIENT_LIST\talice\n\t1' };
    expect(renderRow(row('test.tabs', 'M_INFO', '{field} {columns:line}'), values)).toBe('a_b CLIENT_LIST\talice_\t1');
  });

  it('does not fill a value in again', () => {
    const message = row('test.braces', 'M_INFO', '{first} {second}');
    expect(renderRow(message, { first: '{second}$1$&', second: 'x' })).toBe('{second}$1$& x');
  });
});

describe('partsOf', () => {
  it('takes a template apart', () => {
    expect(partsOf('a {b} c{d:int}')).toEqual({
      literals: ['a ', ' c', ''],
      placeholders: [
        { name: 'b', kind: 'text', source: '{b}' },
        { name: 'd', kind: 'int', source: '{d:int}' },
      ],
    });
  });

  it('refuses a kind that does not exist', () => {
    expect(() => partsOf('{a:nothing}')).toThrow("unknown kind 'nothing'");
  });
});
