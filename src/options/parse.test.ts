import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderRow } from '../messages/row.ts';
import { fail, ok } from '../base/result.ts';
import { DIRECTIVES } from './directives.ts';
import { type Directive, type ParseEvent, type Permission, parseArguments, parsePushed, parseText, type ReadFile } from './parse.ts';
import { renderDirective, renderLine } from './render.ts';
import { arityOf } from './row.ts';

const golden = (name: string) => readFileSync(new URL(`../../test/golden/options/${name}`, import.meta.url), 'utf8');
const filesOf =
  (files: Record<string, string>): ReadFile =>
  (path) => {
    // A path may be what every object has, such as `toString`.
    const text = Object.hasOwn(files, path) ? files[path] : undefined;
    return text === undefined ? fail('No such file or directory (errno=2)') : ok(text);
  };
const noFiles = filesOf({});

function parse(text: string, permission: Permission = 'config', files: ReadFile = noFiles): ParseEvent[] {
  return [...parseText(text, 'c.conf', { permission, readFile: files })];
}

function directives(events: Iterable<ParseEvent>): Directive[] {
  return [...events].flatMap((event) => (event.kind === 'directive' ? [event.directive] : []));
}

function texts(events: Iterable<ParseEvent>): string[] {
  return [...events].flatMap((event) => (event.kind === 'directive' ? [] : [renderRow(event.note.row, event.note.args)]));
}

interface Recording {
  readonly name: string;
  readonly files: Record<string, string>;
  readonly argv: string[];
  readonly output: string[];
}

describe('errors, as stock says them', () => {
  const recordings: Recording[] = JSON.parse(golden('stock-parse-errors.json'));

  /** Where a value is wrong, or a block has no end, we add the place: a listed difference. */
  const withoutPlace = (text: string) => (/ in \S+:\d+|In \S+:\d+/.test(text) ? text : text.replace(/ \((\S+|\[\S+\]):\d+\)$/, ''));

  it.each(recordings)('$name', ({ files, argv, output }) => {
    const said = texts(parseArguments(argv, { permission: 'config', readFile: filesOf(files) }));
    const expected = output.map((line) => line.replace(/^(invalid --mtu-disc)/, 'Options error: $1'));
    expect(said.map((text, i) => (text === expected[i] ? text : withoutPlace(text)))).toEqual(expected);
  });
});

describe('directives, one by one', () => {
  it('yields each before the next line is read, so that cd can act in between', () => {
    const read: string[] = [];
    const events = parseArguments(['--cd', '/etc/vpn', '--config', 'a.conf'], {
      permission: 'config',
      readFile: (path) => {
        read.push(path);
        return ok('verb 3\n');
      },
    });
    expect(events.next().value).toMatchObject({ kind: 'directive', directive: { name: 'cd', values: ['/etc/vpn'] } });
    expect(read).toEqual([]);
    expect(events.next().value).toMatchObject({ directive: { name: 'config' } });
    expect(read).toEqual([]);
    expect(events.next().value).toMatchObject({ directive: { name: 'verb', source: { file: 'a.conf', line: 1 } } });
    expect(read).toEqual(['a.conf']);
  });

  it('knows where each stands, through included files', () => {
    const files = filesOf({ a: 'verb 3\nconfig b\nmute 2\n', b: '\n# nothing\nport 1\n' });
    const found = directives(parseArguments(['a'], { permission: 'config', readFile: files }));
    expect(found.map(({ name, source }) => `${name} ${source.file}:${source.line}`)).toEqual([
      'config [CMD-LINE]:1',
      'verb a:1',
      'config a:2',
      'port b:3',
      'mute a:3',
    ]);
  });

  it('keeps what stands in a block, line by line, and does not print it', () => {
    const [block, next] = directives(parse('<key>\r\nPRIVATE  \n\n"x\n</key>\nverb 1\n'));
    expect(block?.block?.reveal()).toBe('PRIVATE  \n\n"x\n');
    expect(JSON.stringify(block?.block)).not.toContain('PRIVATE');
    expect(next?.source.line).toBe(6);
  });

  it('reads a command line with values of all kinds', () => {
    const found = directives(
      parseArguments(['--dev', 'tun', '--push', 'route 10.0.0.0 255.0.0.0', '--client-to-client'], {
        permission: 'config',
        readFile: noFiles,
      }),
    );
    expect(found.map(renderDirective)).toEqual(['dev tun', 'push "route 10.0.0.0 255.0.0.0"', 'client-to-client']);
  });

  it('takes a file that begins with a byte order mark and ends without a line end', () => {
    expect(directives(parse('\ufeffverb 3\nmute 1')).map(renderDirective)).toEqual(['verb 3', 'mute 1']);
  });

  it.each(['server.conf', 'client.conf'])("parses Debian's sample %s", (name) => {
    const events = parse(golden(name));
    expect(texts(events)).toEqual([]);
    expect(directives(events).length).toBeGreaterThan(10);
  });
});

describe('who may use what', () => {
  it('lets a client file do what is for it, names what is not, and goes on', () => {
    const text =
      'ifconfig-push 10.8.0.9 255.255.255.0\nverb 4\npush "route 10.0.0.0 255.0.0.0"\nnosuch\niroute\n<ca>\n</ca>\niroute \\z\npush-reset\n';
    const events = parse(text, 'client-file');
    expect(directives(events).map(({ name }) => name)).toEqual(['ifconfig-push', 'push', 'push-reset']);
    expect(texts(events).slice(0, 4)).toEqual([
      "Options error: option 'verb' cannot be used in this context (c.conf)",
      'Options error: Unrecognized option or missing or extra parameter(s) in c.conf:4: nosuch (2.6.14)',
      'Options error: Unrecognized option or missing or extra parameter(s) in c.conf:5: iroute (2.6.14)',
      "Options error: option 'ca' cannot be used in this context (c.conf)",
    ]);
    expect(texts(events)[4]).toMatch(/^Options warning: Bad backslash/);
  });

  it('lets a server push what clients take, and nothing that runs or reads', () => {
    const events = [
      ...parsePushed(['route 10.0.0.0 255.0.0.0', 'ping 10', 'up /bin/true', 'topology subnet', 'config /etc/passwd'], noFiles),
    ];
    expect(directives(events).map(({ name }) => name)).toEqual(['route', 'ping', 'topology']);
    expect(texts(events)).toEqual([
      "Options error: option 'up' cannot be used in this context ([PUSH-OPTIONS])",
      "Options error: option 'config' cannot be used in this context ([PUSH-OPTIONS])",
    ]);
  });

  it('treats what only Windows knows as unknown where that may be', () => {
    expect(parse('setenv opt block-outside-dns\nverb 1\n').map(({ kind }) => kind)).toEqual(['warning', 'directive']);
  });
});

describe('every directive of the table', () => {
  /** A value that each kind of parameter takes. */
  const VALUES: Record<string, string> = {
    number: '100',
    seconds: '60',
    bytes: '1000',
    port: '1194',
    'IPv4 address': '10.8.0.1',
    'IPv6 address': 'fd00::1',
    netmask: '255.255.255.0',
    'IPv6 prefix': 'fd00::/64',
  };
  const valueFor = (row: NonNullable<ReturnType<typeof DIRECTIVES.get>>, i: number) => {
    const parameter = row.parameters[Math.min(i, row.parameters.length - 1)];
    if (parameter === undefined) return 'x';
    const { kind, expected, accepts } = parameter.type;
    const tries = [VALUES[kind], 'x', ...Array.from({ length: 200 }, (_, n) => String(n)), ...expected.replace('one of ', '').split(', ')];
    return tries.find((each) => each !== undefined && accepts(each)) ?? 'x';
  };
  const rows = [...DIRECTIVES.values()]
    .filter((row) => !['config', 'connection'].includes(row.name))
    .map((row) => [row.name, row] as const);
  const permission = (row: (typeof rows)[number][1]): Permission =>
    row.takesEffect === 'client file' ? 'client-file' : row.name === 'push-continuation' ? 'push' : 'config';

  it.each(rows)('%s: right counts pass and come back as written, wrong ones are refused', (name, row) => {
    const { min, max } = arityOf(row);
    for (let count = 0; count <= Math.min(max + 1, 15); count++) {
      const values = Array.from({ length: count }, (_, i) => valueFor(row, i));
      const events = parse(renderLine(name, values), permission(row));
      if (count >= min && count <= max) expect(directives(events).map((each) => [each.name, ...each.values])).toEqual([[name, ...values]]);
      else
        expect(texts(events)[0]).toMatch(
          /^Options error: (Unrecognized option or missing or extra parameter\(s\) in c\.conf:1: |the --\S+ directive should have at most )/,
        );
    }
  });

  it.each(rows)('%s: wrong values are refused with the place', (name, row) => {
    for (const [i, parameter] of row.parameters.entries()) {
      if (parameter.type.accepts('!bad!')) continue;
      const values = row.parameters.slice(0, i).map((_, before) => valueFor(row, before));
      const after = row.parameters
        .slice(i + 1)
        .filter((each) => !each.optional)
        .map((_, n) => valueFor(row, i + 1 + n));
      const [said] = texts(parse(renderLine(name, [...values, '!bad!', ...after]), permission(row)));
      expect(said).toMatch(/^Options error: .*\(c\.conf:1\)$/);
    }
  });
});

describe('any text', () => {
  it('gives events, never an exception', () => {
    const piece = fc.oneof(
      fc.constantFrom(...DIRECTIVES.keys()),
      fc.constantFrom(
        '<ca>',
        '</ca>',
        '<connection>',
        '</connection>',
        '\n',
        ' ',
        '"',
        "'",
        '\\',
        '#',
        '--',
        'setenv opt ',
        'config c.conf',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    );
    const context = (permission: Permission) => ({ permission, readFile: filesOf({ 'c.conf': 'verb 3\nconfig c.conf\n' }) });
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.constantFrom<Permission>('config', 'client-file', 'push'),
        (pieces, permission) => {
          const events = [...parseText(pieces.join(''), 'x', context(permission))];
          const errors = events.filter((event) => event.kind === 'error').length;
          expect(permission === 'config' ? errors : 0).toBeLessThanOrEqual(1);
          expect([...parseArguments(pieces, context('config'))].filter((event) => event.kind === 'error').length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
