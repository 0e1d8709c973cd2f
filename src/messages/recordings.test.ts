import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { INTERNALS } from './internals.ts';
import { levelOf } from './kinds.ts';
import { PROXY } from './proxy.ts';
import { recognise } from './recogniser.ts';
import type { Row } from './row.ts';
import { STOCK } from './stock.ts';

const FOLDER = new URL('../../test/golden/log/', import.meta.url);

interface Recording {
  readonly name: string;
  readonly lines: readonly string[];
}

const RECORDINGS: readonly Recording[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.log'))
  .map((name) => ({
    name,
    lines: readFileSync(new URL(name, FOLDER), 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  }));

const MACHINE_WORD = /^[RWrw]*\d+\.\d{6} ([0-9a-f]+) /;

/** The word as stock printed it, read apart from the code under test; undefined for other line formats. */
function printedWord(line: string): number | undefined {
  const hex = MACHINE_WORD.exec(line)?.[1];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}

const PREFIX_OF_26 = /^([RWrw]*(?:\d+\.\d{6} [0-9a-f]+ |\d{4}-\d\d-\d\d [\d:]{8} (?:us=\d+ )?)(?:\w+\/)?)(10\.99\.0\.\d+:\d+)(?= )/;

/** The same line as 2.7 would have written its prefix. */
function withPrefixOf27(line: string): string {
  return line.replace(PREFIX_OF_26, '$1udp4:$2');
}

describe('recordings of stock OpenVPN', () => {
  it('has them', () => {
    expect(RECORDINGS.length).toBeGreaterThan(20);
  });

  describe.each(RECORDINGS)('$name', ({ lines }) => {
    it('is recognised up to level 4, with the word that was printed', () => {
      const wrong: string[] = [];
      for (const line of lines) {
        const word = printedWord(line);
        if (word !== undefined && levelOf(word) > 4) continue;
        const { row } = recognise(line);
        if (row === undefined) wrong.push(`unknown: ${line}`);
        else if (word !== undefined && row.word !== word) wrong.push(`${row.id} has ${row.word.toString(16)}: ${line}`);
      }
      expect(wrong).toEqual([]);
    });

    it('is recognised alike with the prefixes of 2.7', () => {
      for (const line of lines) {
        const rewritten = withPrefixOf27(line);
        const before = recognise(line);
        const after = recognise(rewritten);
        expect(after.peer?.address.startsWith('udp4:') ?? false, line).toBe(rewritten !== line);
        expect({ row: after.row?.id, args: after.args }, line).toEqual({ row: before.row?.id, args: before.args });
        expect([after.peer?.commonName, after.peer?.ip, after.peer?.port], line).toEqual([
          before.peer?.commonName,
          before.peer?.ip,
          before.peer?.port,
        ]);
      }
    });
  });

  it('has a line of each row about the inside of stock, recognised with its word', () => {
    const lines = RECORDINGS.find(({ name }) => name === 'every-level.log')?.lines ?? [];
    const wrong = lines.filter((line) => recognise(line).row?.word !== printedWord(line));
    expect(wrong).toEqual([]);
    const seen = new Set(lines.map((line) => recognise(line).row?.id));
    const rows = [INTERNALS, PROXY, STOCK].flatMap((subject): Row[] => Object.values(subject));
    expect(rows.map(({ id }) => id).filter((id) => !seen.has(id))).toEqual([]);
  });

  it('is recognised in large part above level 4', () => {
    const debug = RECORDINGS.flatMap(({ lines }) => lines).filter((line) => levelOf(printedWord(line) ?? 0) > 4);
    const unknown = debug.filter((line) => recognise(line).row === undefined);
    expect(unknown.length / debug.length).toBeLessThan(0.1);
  });
});
