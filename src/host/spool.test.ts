import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { Spool, type SpoolNews, type SpoolOptions } from './spool.ts';
import { frameCursor, frameRecord, readCursor, readRecord } from './spool-record.ts';

const root = mkdtempSync(join(tmpdir(), 'tunnelscope-spool-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
const freshFolder = (): string => join(root, String(++count));
const news: SpoolNews[] = [];

function open(folder: string, more: Partial<SpoolOptions> = {}): Promise<Spool> {
  news.length = 0;
  return Spool.open({ folder, maxBytes: 1 << 20, sync: 'never', retryMs: 5, onNews: (one) => news.push(one), ...more });
}

const texts = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `record ${from + index}`);

function append(spool: Spool, ...records: readonly string[]): void {
  for (const record of records) spool.append(Buffer.from(record));
}

/** All that is there now. */
async function takeAll(spool: Spool, atOnce = 1000): Promise<string[]> {
  const all: string[] = [];
  for (let batch = await spool.take(atOnce, 1 << 20); batch !== undefined; batch = await spool.take(atOnce, 1 << 20)) {
    all.push(...batch.records.map(String));
  }
  return all;
}

const segmentsOf = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.spool'))
    .toSorted();

describe('a record in a segment', () => {
  it('has its length and checksum before it', () => {
    // crc32 of 00 00 00 01 41, by zlib of another language.
    expect(frameRecord(Buffer.from('A')).toString('hex')).toBe('00000001dee2b75a41');
  });

  it('is read whole or not at all, wherever it is cut and whatever bit is turned', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), fc.nat({ max: 7 }), (content, where, bit) => {
        const framed = frameRecord(content);
        expect(readRecord(framed, 0)).toEqual({ record: Buffer.from(content), next: framed.length });
        expect(readRecord(framed.subarray(0, where % framed.length), 0)).toBe('short');
        const turned = Buffer.from(framed);
        turned[where % framed.length] = (turned[where % framed.length] ?? 0) ^ (1 << bit);
        expect(typeof readRecord(turned, 0)).toBe('string');
      }),
    );
  });

  it('is not what zeroes are, which a file system leaves behind', () => {
    expect(readRecord(Buffer.alloc(64), 0)).toBe('damaged');
  });

  it('is done with as the cursor says, of which one slot may be torn', () => {
    const file = Buffer.alloc(24);
    for (const [turn, done] of [7, 9].entries()) {
      const { at, bytes } = frameCursor(done, turn);
      bytes.copy(file, at);
    }
    expect(readCursor(file)).toBe(9);
    for (let cut = 0; cut < 24; cut++) expect(readCursor(file.subarray(0, cut))).toBe(cut < 12 ? 0 : 7);
    file[20] = 1;
    expect(readCursor(file)).toBe(7);
  });
});

describe('a spool', () => {
  it('gives records in their order, again after a rewind, and no more once they are acknowledged', async () => {
    const folder = freshFolder();
    const spool = await open(folder, { segmentBytes: 200 });
    append(spool, ...texts(1, 100));
    expect(await spool.flush()).toBe(true);
    const first = await spool.take(30, 1 << 20);
    expect([first?.records.map(String), first?.last]).toEqual([texts(1, 30), 30]);
    spool.acknowledge(10);
    spool.rewind();
    expect(await takeAll(spool, 7)).toEqual(texts(11, 100));
    expect([spool.records, spool.dropped]).toEqual([90, 0]);
    spool.acknowledge(100);
    expect([spool.records, await spool.take(1, 1)]).toEqual([0, undefined]);
    await spool.close();
    expect(segmentsOf(folder)).toEqual([]);
  });

  it('wakes who waits for the next', async () => {
    const spool = await open(freshFolder());
    const arrival = spool.arrival();
    append(spool, 'x');
    await arrival;
    expect(await takeAll(spool)).toEqual(['x']);
    await spool.close();
  });

  it('goes on after an end without a close, wherever the last segment is cut', async () => {
    const folder = freshFolder();
    const spool = await open(folder);
    append(spool, ...texts(1, 20));
    await spool.flush();
    const [name = ''] = segmentsOf(folder);
    const content = readFileSync(join(folder, name));
    await spool.close();
    const length = frameRecord(Buffer.from('record 1')).length;
    const ends = texts(1, 20).map((_, index) => (index < 9 ? length * (index + 1) : length * 9 + (length + 1) * (index - 8)));
    for (let cut = 0; cut <= content.length; cut++) {
      const copy = freshFolder();
      mkdirSync(copy);
      writeFileSync(join(copy, name), content.subarray(0, cut));
      const again = await open(copy);
      const whole = ends.filter((end) => end <= cut).length;
      append(again, 'after');
      await again.flush();
      expect(await takeAll(again)).toEqual([...texts(1, whole), 'after']);
      expect(news).toEqual(ends.includes(cut) || cut === 0 ? [] : [{ kind: 'damaged', path: join(copy, name) }]);
      await again.close();
    }
  });

  it('knows after the next start what was acknowledged', async () => {
    const folder = freshFolder();
    const before = await open(folder, { segmentBytes: 100 });
    append(before, ...texts(1, 50));
    await before.flush();
    before.acknowledge(33);
    await before.close();
    const spool = await open(folder, { segmentBytes: 100 });
    expect([spool.records, await takeAll(spool)]).toEqual([17, texts(34, 50)]);
    append(spool, 'record 51');
    await spool.flush();
    expect(await takeAll(spool)).toEqual(['record 51']);
    await spool.close();
  });

  it('numbers on behind what was acknowledged when the last records were lost with the machine', async () => {
    const folder = freshFolder();
    const before = await open(folder);
    append(before, ...texts(1, 5));
    await before.flush();
    before.acknowledge(4);
    await before.close();
    truncateSync(join(folder, segmentsOf(folder)[0] ?? ''), 20);
    const spool = await open(folder);
    append(spool, 'new');
    await spool.flush();
    expect(await takeAll(spool)).toEqual(['new']);
    await spool.close();
  });

  it('leaves out what is damaged in the middle, says so, and goes on behind it', async () => {
    const folder = freshFolder();
    const before = await open(folder, { segmentBytes: 100 });
    for (const text of texts(1, 30)) {
      append(before, text);
      await before.flush();
    }
    await before.close();
    const [, second = '', third = ''] = segmentsOf(folder);
    const path = join(folder, second);
    const content = readFileSync(path);
    content[content.length - 1] = 0;
    writeFileSync(path, content);
    const spool = await open(folder, { segmentBytes: 100 });
    const found = await takeAll(spool);
    const lost = Number(third.slice(0, 16)) - 1;
    expect(found).toEqual(texts(1, 30).filter((text) => text !== `record ${lost}`));
    expect(news).toEqual([{ kind: 'damaged', path }]);
    await spool.close();
  });

  it('drops the oldest where there are too many bytes, and counts them', async () => {
    const folder = freshFolder();
    const spool = await open(folder, { maxBytes: 1000, segmentBytes: 200 });
    for (const text of texts(1, 500)) {
      append(spool, text);
      await spool.flush();
    }
    await vi.waitFor(() => expect(spool.bytes).toBeLessThanOrEqual(1200));
    const found = await takeAll(spool);
    expect(found).toEqual(texts(501 - found.length, 500));
    expect([found.length > 30, spool.dropped + found.length, spool.records]).toEqual([true, 500, found.length]);
    expect(news.every(({ kind }) => kind === 'dropped')).toBe(true);
    await spool.close();
    const again = await open(folder, { maxBytes: 1000, segmentBytes: 200 });
    expect(await takeAll(again)).toEqual(found);
    await again.close();
  });

  it('is in memory alone where the folder cannot be used, says so once, and is on the disk again when it can', async () => {
    const folder = freshFolder();
    writeFileSync(folder, 'no folder');
    const spool = await open(folder);
    append(spool, ...texts(1, 3));
    expect([await spool.flush(), await takeAll(spool)]).toEqual([false, texts(1, 3)]);
    spool.acknowledge(2);
    append(spool, 'record 4');
    await vi.waitFor(async () => expect(await takeAll(spool)).toEqual(['record 4']));
    expect(news).toEqual([{ kind: 'memory', reason: expect.stringMatching(/exists|Not a directory/) }]);
    expect(spool.trouble).toBeDefined();
    rmSync(folder);
    await vi.waitFor(() => expect(spool.trouble).toBeUndefined());
    expect(news.at(-1)).toEqual({ kind: 'disk' });
    await spool.close();
    const again = await open(folder);
    expect(await takeAll(again)).toEqual(texts(3, 4));
    await again.close();
  });

  it('bounds what is in memory, and keeps the newest', async () => {
    const folder = freshFolder();
    writeFileSync(folder, 'no folder');
    const spool = await open(folder, { memoryBytes: 1000 });
    append(spool, ...texts(1, 200));
    await spool.flush();
    const found = await takeAll(spool);
    expect(found).toEqual(texts(201 - found.length, 200));
    expect(spool.dropped + found.length).toBe(200);
    expect(spool.bytes).toBeLessThanOrEqual(1000);
    rmSync(folder);
    append(spool, 'record 201');
    expect(await vi.waitUntil(() => spool.flush())).toBe(true);
    spool.rewind();
    expect(await takeAll(spool)).toEqual([...found.slice(1), 'record 201']);
    await spool.close();
  });

  it('takes no record that is too large', async () => {
    const spool = await open(freshFolder(), { maxBytes: 4 << 20 });
    expect([spool.append(Buffer.alloc((1 << 20) + 1)), spool.append(Buffer.alloc(1 << 20)), spool.dropped]).toEqual([false, true, 1]);
    append(spool, 'behind it');
    await spool.flush();
    expect((await takeAll(spool)).map(({ length }) => length)).toEqual([1 << 20, 9]);
    await spool.close();
  });

  it('is a queue, whatever is done with it and whenever it ends', async () => {
    const step = fc.oneof(
      fc.integer({ min: 1, max: 30 }).map((many) => ({ do: 'append' as const, many })),
      fc.integer({ min: 1, max: 20 }).map((many) => ({ do: 'take' as const, many })),
      fc.constant({ do: 'acknowledge' as const, many: 0 }),
      fc.constant({ do: 'rewind' as const, many: 0 }),
      fc.integer({ min: 0, max: 7 }).map((many) => ({ do: 'restart' as const, many })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const folder = freshFolder();
        let spool = await open(folder, { segmentBytes: 150 });
        let appended = 0;
        let acknowledged = 0;
        let given = 0;
        for (const { do: what, many } of steps) {
          if (what === 'append') {
            append(spool, ...texts(appended + 1, appended + many));
            appended += many;
            await spool.flush();
          } else if (what === 'take') {
            const batch = await spool.take(many, 1 << 20);
            const wanted = texts(given + 1, Math.min(appended, given + many));
            const got = batch?.records.map(String) ?? [];
            // It may give fewer, at the end of a segment, but not none.
            expect(got).toEqual(wanted.slice(0, got.length));
            expect(got.length > 0).toBe(wanted.length > 0);
            given += got.length;
          } else if (what === 'acknowledge') {
            spool.acknowledge(given);
            acknowledged = given;
          } else {
            if (what === 'restart') {
              await spool.close();
              // An end in the middle of a write.
              const last = segmentsOf(folder).at(-1);
              if (last !== undefined) appendFileSync(join(folder, last), frameRecord(Buffer.from('torn')).subarray(0, many));
              spool = await open(folder, { segmentBytes: 150 });
            } else spool.rewind();
            given = acknowledged;
          }
          expect(spool.records).toBe(appended - acknowledged);
        }
        await spool.close();
      }),
      { numRuns: 40 },
    );
  });
});
