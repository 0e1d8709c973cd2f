import { describe, expect, it } from 'vitest';
import { compileTemplate } from './matcher.ts';
import { row } from './row.ts';

function match(template: string, text: string): Readonly<Record<string, string>> | undefined {
  return compileTemplate(row('test.row', 'M_INFO', template), template).match(text);
}

describe('compileTemplate', () => {
  it.each([
    ['fixed', 'fixed', {}],
    ['{a}', 'anything', { a: 'anything' }],
    ['<{a}>', '<>', { a: '' }],
    ["cmd '{line}'", "cmd 'it's 'quoted''", { line: "it's 'quoted'" }],
    ['[{name}] from {address:address}', '[a] from b] from [AF_INET]1.2.3.4:5', { name: 'a] from b', address: '[AF_INET]1.2.3.4:5' }],
    ['for {client}: {ip:ip}', 'for a: b/1.2.3.4:5: 10.8.0.2', { client: 'a: b/1.2.3.4:5', ip: '10.8.0.2' }],
    ['{a:int}/{b:int} {c}', '1/-2 3/4', { a: '1', b: '-2', c: '3/4' }],
    ['{name:word}={value:rest}', 'IV_SSL=a=b', { name: 'IV_SSL', value: 'a=b' }],
  ])('%s takes %s apart', (template, text, args) => {
    expect(match(template, text)).toEqual(args);
  });

  it.each([
    ['fixed', 'fixed more'],
    ['<{a}>', '<'],
    ['x{a}x', 'x'],
    ['{a:int} s', 'many s'],
    ['{a:int}/{b:int}', '1'],
    ['a {b} c {d} e', 'a e'],
    ['a {b:word} c', 'a two words c'],
    ['{a}, {b:int}', 'x, y'],
  ])('%s is not %s', (template, text) => {
    expect(match(template, text)).toBeUndefined();
  });
});
