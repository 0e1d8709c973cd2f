import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile, type AppendNews } from './append-file.ts';

let folder: string;
let path: string;
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-append-'));
});

beforeEach(() => {
  path = join(folder, `log-${count++}`);
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('AppendFile', () => {
  it('appends in order, and closes when all is written', async () => {
    const file = AppendFile.open(path, { truncate: false });
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}\n`);
    expect(lines.every((line) => file.append(line))).toBe(true);
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe(lines.join(''));
    expect(file).toMatchObject({ dropped: 0, failure: undefined });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([
    [true, 'new\n'],
    [false, 'old\nnew\n'],
  ])('with truncate %s', async (truncate, content) => {
    writeFileSync(path, 'old\n');
    const file = AppendFile.open(path, { truncate });
    file.append('new\n');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('goes on at the end after a rotation by copy and truncate', async () => {
    const file = AppendFile.open(path, { truncate: true });
    file.append('before\n');
    await file.flush();
    truncateSync(path);
    file.append('after\n');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('after\n');
  });

  it('opens its path anew when it was renamed, and loses no line', async () => {
    const file = AppendFile.open(path, { truncate: true, lookEveryMs: 5 });
    const news: AppendNews[] = [];
    const reopened = new Promise<void>((resolve) => {
      file.onNews = (item) => {
        news.push(item);
        resolve();
      };
    });
    file.append('one\n');
    await file.flush();
    renameSync(path, `${path}.1`);
    file.append('two\n');
    await reopened;
    file.append('three\n');
    await file.close();
    expect(news).toEqual([{ kind: 'reopened' }]);
    // What waits to be written when the file is opened anew goes there.
    const [old, anew] = [readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')];
    expect(old + anew).toBe('one\ntwo\nthree\n');
    expect([old.startsWith('one\n'), anew.endsWith('three\n')]).toEqual([true, true]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('appends to what stands under its path when it is asked to open it again', async () => {
    const file = AppendFile.open(path, { truncate: true });
    renameSync(path, `${path}.1`);
    writeFileSync(path, 'made by somebody else\n');
    await file.reopen();
    file.append('line\n');
    await file.close();
    expect(readFileSync(path, 'utf8')).toBe('made by somebody else\nline\n');
  });

  it('keeps the old file when the path cannot be opened, and says so once', async () => {
    const inside = join(folder, 'gone');
    mkdirSync(inside);
    const file = AppendFile.open(join(inside, 'log'), { truncate: true });
    const news: AppendNews[] = [];
    file.onNews = (item) => news.push(item);
    renameSync(inside, `${inside}.1`);
    await file.reopen();
    await file.reopen();
    file.append('still here\n');
    await file.close();
    expect(news).toEqual([{ kind: 'reopen-failed', reason: 'No such file or directory (errno=2)' }]);
    expect(readFileSync(join(`${inside}.1`, 'log'), 'utf8')).toBe('still here\n');
  });

  it('drops what does not fit, tells how many before the next line, and takes more when there is room', async () => {
    const file = AppendFile.open(path, { truncate: true, maxWaitingBytes: 12 });
    file.onNews = (news) => news.kind === 'recovered' && file.append(`-${news.lost}\n`);
    expect([file.append('12345\n'), file.append('67890ab\n'), file.append('cde\n')]).toEqual([true, false, false]);
    expect(file.dropped).toBe(2);
    await file.flush();
    expect(file.append('more\n')).toBe(true);
    await file.close();
    expect(file.append('late\n')).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('12345\n-2\nmore\n');
  });

  it('does not wait for a reader that stops, nor at the end', async () => {
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, 'r+');
    const file = AppendFile.open(path, { truncate: false, maxWaitingBytes: 300_000 });
    const line = `${'a'.repeat(99_999)}\n`;
    expect([1, 2, 3, 4].map(() => file.append(line))).toEqual([true, true, true, false]);
    await file.close();
    expect(file.dropped).toBe(1);
    expect(file.failure).toContain('Resource temporarily unavailable');
    closeSync(reader);
  });

  it('gives a reader that stopped for a while all that was kept, with the gap marked', async () => {
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const file = AppendFile.open(path, { truncate: false, maxWaitingBytes: 200_000 });
    file.onNews = (news) => news.kind === 'recovered' && file.append(`lost ${news.lost}\n`);
    const line = (i: number): string => `${String(i).padStart(9, '0')}\n`;
    const taken = Array.from({ length: 30_000 }, (_, i) => i).filter((i) => file.append(line(i)));
    let text = '';
    const buffer = Buffer.alloc(65_536);
    while (!text.includes('lost')) {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        text += buffer.toString('latin1', 0, readSync(reader, buffer));
      } catch {
        // Nothing to read yet.
      }
    }
    await file.close();
    closeSync(reader);
    expect(taken.length).toBeLessThan(30_000);
    expect(text).toBe([...taken.map(line), `lost ${30_000 - taken.length}\n`].join(''));
  });

  it("says in the system's words why it cannot open", () => {
    expect(() => AppendFile.open(join(folder, 'none', 'log'), { truncate: false })).toThrow('No such file or directory (errno=2)');
    expect(() => AppendFile.open(folder, { truncate: false })).toThrow(expect.objectContaining({ code: 'FILE' }));
  });
});
