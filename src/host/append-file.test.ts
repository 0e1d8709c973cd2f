import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppendFile, FakeAppendSink } from './append-file.ts';

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

  it('notices that its file was removed, and not that it was renamed', async () => {
    const file = AppendFile.open(path, { truncate: true });
    renameSync(path, `${path}.1`);
    expect(await file.isUnlinked()).toBe(false);
    rmSync(`${path}.1`);
    expect(await file.isUnlinked()).toBe(true);
    await file.close();
  });

  it('drops what does not fit, counts it, and takes more when there is room', async () => {
    const file = AppendFile.open(path, { truncate: true, maxWaitingBytes: 10 });
    expect([file.append('12345\n'), file.append('67890\n'), file.append('abc\n')]).toEqual([true, false, true]);
    expect(file.dropped).toBe(1);
    await file.flush();
    expect(file.append('more\n')).toBe(true);
    await file.close();
    expect(file.append('late\n')).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('12345\nabc\nmore\n');
  });

  it('counts what a full pipe does not take, and does not wait for its reader', async () => {
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, 'r+');
    const file = AppendFile.open(path, { truncate: false });
    for (let i = 0; i < 3; i++) file.append(Buffer.alloc(100_000, 0x61));
    await file.flush();
    expect(file.dropped).toBeGreaterThan(0);
    expect(file.failure).toContain('Resource temporarily unavailable');
    await file.close();
    closeSync(reader);
  });

  it("says in the system's words why it cannot open", () => {
    expect(() => AppendFile.open(join(folder, 'none', 'log'), { truncate: false })).toThrow('No such file or directory (errno=2)');
    expect(() => AppendFile.open(folder, { truncate: false })).toThrow(expect.objectContaining({ code: 'FILE' }));
  });
});

describe('FakeAppendSink', () => {
  it('keeps lines, and drops when told to be full', async () => {
    const sink = new FakeAppendSink();
    sink.append('a');
    sink.full = true;
    expect(sink.append('b')).toBe(false);
    await sink.flush();
    await sink.close();
    expect(sink).toMatchObject({ lines: ['a'], dropped: 1, closed: true });
  });
});
