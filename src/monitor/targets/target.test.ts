import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { milliseconds } from '../../base/units.ts';
import { ManualClock } from '../../host/clock.ts';
import { Logging } from '../../service/logging.ts';
import { resultOfAnswer, type Sender, type SendResult } from './sender.ts';
import { Target } from './target.ts';

const root = mkdtempSync(join(tmpdir(), 'tunnelscope-target-'));
afterAll(() => rmSync(root, { recursive: true }));

const PATIENT = { timeout: 4000, interval: 2 };

/** A place that answers what a test wants. */
class FakePlace implements Sender {
  readonly where = 'somewhere';
  readonly got: string[][] = [];
  readonly asked: number[] = [];
  answer: () => SendResult | Promise<SendResult> = () => ({ kind: 'taken' });
  confirmation: string | undefined;
  closed = 0;

  async send(records: readonly Buffer[]): Promise<SendResult> {
    this.got.push(records.map(String));
    return this.answer();
  }

  confirm(): Promise<string | undefined> {
    this.asked.push(this.got.length);
    return Promise.resolve(this.confirmation);
  }

  close(): Promise<void> {
    this.closed++;
    return Promise.resolve();
  }
}

let place: FakePlace;
let clock: ManualClock;
let log: string[];
let folder: string;
let count = 0;
let target: Target;

async function open(): Promise<Target> {
  const outlet = { write: (line: string) => void log.push(line), close: () => Promise.resolve() };
  target = await Target.open({
    name: 'central',
    purpose: 'ship',
    spool: { folder, maxBytes: 1 << 20, sync: 'never' },
    sender: place,
    batch: { records: 3, bytes: 1 << 20 },
    clock,
    logging: new Logging(clock, outlet, outlet),
    counts: { taken: 0, failures: 0, refused: 0, dropped: 0 },
    chance: () => 0.5,
  });
  return target;
}

const append = (...texts: readonly string[]): void => {
  for (const text of texts) target.append(Buffer.from(text));
};

beforeEach(() => {
  place = new FakePlace();
  clock = new ManualClock();
  log = [];
  folder = join(root, String(++count));
});

afterEach(() => target.close());

describe('a target', () => {
  it('gets records in order, in batches, and the spool lets go of them when it has them', async () => {
    await open();
    append('a', 'b', 'c', 'd');
    await vi.waitFor(() => expect([place.got.flat(), target.waiting]).toEqual([['a', 'b', 'c', 'd'], 0]), PATIENT);
    expect(place.got.every((batch) => batch.length <= 3)).toBe(true);
    expect([target.taken, target.trouble, log.filter((line) => line.includes("'central' works: somewhere")).length]).toEqual([
      4,
      undefined,
      1,
    ]);
  });

  it('is tried again after pauses that grow, with one line of the log', async () => {
    await open();
    place.answer = () => ({ kind: 'failed', reason: 'Connection refused' });
    append('a');
    await vi.waitFor(() => expect(target.failures).toBe(1), PATIENT);
    for (const [index, pause] of [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000].entries()) {
      await vi.waitFor(() => expect([place.got.length, clock.pending]).toEqual([index + 1, 1]), PATIENT);
      clock.advance(pause - 1);
      expect(place.got.length).toBe(index + 1);
      clock.advance(1);
      await vi.waitFor(() => expect(target.failures).toBe(index + 2), PATIENT);
    }
    expect([target.trouble, target.waiting]).toEqual(['Connection refused', 1]);
    place.answer = () => ({ kind: 'taken' });
    await vi.waitFor(() => expect(clock.pending).toBe(1), PATIENT);
    clock.advance(15_000);
    await vi.waitFor(() => expect([target.waiting, target.trouble]).toEqual([0, undefined]), PATIENT);
    expect(log.map((line) => line.slice(line.indexOf('target')))).toEqual([
      "target 'central' failed, and is tried again: Connection refused\n",
      "target 'central' works: somewhere\n",
    ]);
  });

  it('is left alone for as long as it asks', async () => {
    await open();
    place.answer = () => ({ kind: 'failed', reason: 'HTTP status 429', retryAfter: milliseconds(60_000) });
    append('a');
    await vi.waitFor(() => expect([target.failures, clock.pending]).toEqual([1, 1]), PATIENT);
    clock.advance(59_999);
    expect(place.got).toHaveLength(1);
    clock.advance(1);
    await vi.waitFor(() => expect(place.got).toHaveLength(2), PATIENT);
  });

  it('is not sent again what it will never take', async () => {
    await open();
    place.answer = () => ({ kind: 'refused', reason: 'HTTP status 400' });
    append('a');
    await vi.waitFor(() => expect([target.refused, target.waiting]).toEqual([1, 0]), PATIENT);
    place.answer = () => ({ kind: 'taken' });
    append('b');
    await vi.waitFor(() => expect(place.got).toEqual([['a'], ['b']]), PATIENT);
    expect(log.join('')).toContain("target 'central' refused 1 records, which are gone: HTTP status 400");
  });

  it('keeps what is on the way until it is confirmed, and sends it again when it is not', async () => {
    await open();
    place.answer = () => ({ kind: 'sent' });
    place.confirmation = 'the other end closed the connection';
    append('a', 'b');
    await vi.waitFor(() => expect([place.got.flat(), clock.pending]).toEqual([['a', 'b'], 1]), PATIENT);
    expect(target.waiting).toBe(2);
    clock.advance(3000);
    await vi.waitFor(() => expect([place.asked.length, target.failures, clock.pending]).toEqual([1, 1, 1]), PATIENT);
    place.confirmation = undefined;
    clock.advance(250);
    await vi.waitFor(() => expect([place.got.flat(), clock.pending]).toEqual([['a', 'b', 'a', 'b'], 1]), PATIENT);
    clock.advance(3000);
    await vi.waitFor(() => expect([target.waiting, target.taken]).toEqual([0, 2]), PATIENT);
  });

  it('goes on after a restart with what was not taken', async () => {
    await open();
    place.answer = () => ({ kind: 'failed', reason: 'down' });
    append('a', 'b', 'c', 'd');
    await target.flush();
    await target.close();
    expect(place.closed).toBe(1);
    place = new FakePlace();
    await open();
    await vi.waitFor(() => expect([place.got.flat(), target.waiting]).toEqual([['a', 'b', 'c', 'd'], 0]), PATIENT);
  });
});

describe('an answer over HTTP', () => {
  it.each([
    [200, 'taken'],
    [204, 'taken'],
    [301, 'failed'],
    [400, 'refused'],
    [401, 'failed'],
    [404, 'failed'],
    [413, 'refused'],
    [429, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
  ])('%d means %s', (status, kind) => {
    expect(resultOfAnswer(status, 'why\n\u001b[31m', undefined).kind).toBe(kind);
  });

  it('says of a redirection that it is not followed, and shows no control characters', () => {
    expect(resultOfAnswer(302, '', undefined)).toMatchObject({ reason: 'HTTP status 302, a redirection, which is not followed' });
    expect(resultOfAnswer(500, 'a\n\u001b[31mb', undefined)).toMatchObject({ reason: 'HTTP status 500: a [31mb' });
  });
});
