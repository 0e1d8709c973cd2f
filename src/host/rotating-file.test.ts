import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../base/units.ts';
import { RotatingFile } from './rotating-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-rotating-'));
afterAll(() => rmSync(folder, { recursive: true }));

let path: string;
let count = 0;
beforeEach(() => {
  path = join(folder, String(++count));
});

const HOUR = seconds(3600);
const text = (name = path): string => readFileSync(name, 'utf8');

describe('a file that is rotated', () => {
  it('is put aside before it is too large, and as many stay as are wanted', async () => {
    const file = new RotatingFile(path, { maxBytes: 10, maxAge: HOUR, keep: 2 });
    for (const line of ['one 11\n', 'two 22\n', 'three 3\n', 'a\n', 'four 44\n']) await file.append(line);
    await file.close();
    expect([text(), text(`${path}.1`), text(`${path}.2`), existsSync(`${path}.3`)]).toEqual([
      'four 44\n',
      'three 3\na\n',
      'two 22\n',
      false,
    ]);
  });

  it('is put aside when it is old', async () => {
    const file = new RotatingFile(path, { maxBytes: 1000, maxAge: milliseconds(-1), keep: 3 });
    await file.append('one\n');
    await file.append('two\n');
    await file.close();
    expect([text(), text(`${path}.1`)]).toEqual(['two\n', 'one\n']);
  });

  it('goes on behind the last whole line, wherever a write was cut', async () => {
    for (const [before, after] of [
      ['one\ntw', 'one\n'],
      ['on', ''],
      ['one\n', 'one\n'],
      ['x'.repeat(200_000), ''],
    ] as const) {
      writeFileSync(path, before);
      const file = new RotatingFile(path, { maxBytes: 1 << 20, maxAge: HOUR, keep: 1 });
      await file.append('next\n');
      await file.close();
      expect(text()).toBe(`${after}next\n`);
    }
  });

  it('begins anew when somebody else has put it away, and says what is wrong with its place', async () => {
    const file = new RotatingFile(path, { maxBytes: 1000, maxAge: HOUR, keep: 1 });
    await file.append('one\n');
    renameSync(path, `${path}.old`);
    await file.append('two\n');
    expect([text(`${path}.old`), text()]).toEqual(['one\n', 'two\n']);
    await file.close();
    appendFileSync(path, '');
    const nowhere = new RotatingFile(join(path, 'x'), { maxBytes: 1000, maxAge: HOUR, keep: 1 });
    await expect(nowhere.append('x\n')).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining('Not a directory') });
  });
});
