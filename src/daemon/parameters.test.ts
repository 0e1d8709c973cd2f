import { describe, expect, it } from 'vitest';
import { type Note, Notes } from '../messages/notes.ts';
import { renderRow } from '../messages/row.ts';
import { noteParameters } from './parameters.ts';

function noted(verb: number, listing: readonly string[]): string[] {
  const lines: string[] = [];
  noteParameters(new Notes(verb, ({ row, args }: Note) => lines.push(renderRow(row, args))), listing);
  return lines;
}

describe('the list of what is configured', () => {
  it('stands at verb 4 and not below', () => {
    const listing = ['port 1194', 'client-to-client', '<key>[inline]</key>', 'push "route 10.0.0.0 255.0.0.0"'];
    expect(noted(3, listing)).toEqual([]);
    expect(noted(4, listing)).toEqual([
      'Current Parameter Settings:',
      '  port = 1194',
      '  client-to-client = ENABLED',
      '  key = [inline]',
      '  push = "route 10.0.0.0 255.0.0.0"',
    ]);
  });

  it.each([
    ['setenv TOKEN marked', '  setenv = TOKEN [hidden]'],
    ['setenv-safe TOKEN "marked and more"', '  setenv-safe = TOKEN [hidden]'],
    ['auth-token marked', '  auth-token = [hidden]'],
    ['push "setenv-safe TOKEN marked"', '  push = "setenv-safe TOKEN [hidden]'],
    ['push "auth-token marked"', '  push = "auth-token [hidden]'],
  ])('hides the value of %s', (line, expected) => {
    expect(noted(4, [line]).at(-1)).toBe(expected);
  });
});
