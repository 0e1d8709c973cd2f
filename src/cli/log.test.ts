import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { log } from './log.ts';

const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-log-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => vi.stubEnv('TZ', 'UTC'));
afterEach(() => vi.unstubAllEnvs());

const LINES = [
  'rwRW2026-11-22 13:00:43 us=42 Initialization Sequence Completed',
  '2026-11-22 14:00:00 alice/10.99.0.2:1194 MULTI_sva: pool returned IPv4=10.8.0.2, IPv6=(Not enabled)',
  '2026-11-22 15:00:00 10.99.0.3:1194 TLS Error: TLS handshake failed',
  'something from a \u001b[31mscript',
];

interface Ran {
  readonly out: string[];
  readonly err: string[];
  readonly code: Promise<number>;
  stop(): void;
  /** Settles when so many lines are out. */
  lines(count: number): Promise<string[]>;
}

function run(argv: readonly string[], input: readonly string[] = LINES, colour = false): Ran {
  const out: string[] = [];
  const err: string[] = [];
  const end = new AbortController();
  let wake = (): void => {};
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${input.join('\n')}\n`);
  }
  const code = log(argv, {
    input: bytes(),
    out: (text) => {
      out.push(...text.trimEnd().split('\n'));
      wake();
    },
    err: (text) => err.push(text),
    colour,
    now: Date.parse('2026-11-22T15:30:00Z'),
    signal: end.signal,
  });
  const lines = async (count: number): Promise<string[]> => {
    while (out.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return out;
  };
  return { out, err, code, stop: () => end.abort(), lines };
}

describe('tunnelscope log', () => {
  it('shows columns, and says how many lines it did not recognise', async () => {
    const ran = run([]);
    expect(await ran.code).toBe(0);
    expect(ran.out).toEqual([
      '2026-11-22 13:00:43  I                         daemon-ready          Initialization Sequence Completed',
      '2026-11-22 14:00:00  I  alice                  address-assigned      MULTI_sva: pool returned IPv4=10.8.0.2, IPv6=(Not enabled)',
      '2026-11-22 15:00:00  N  10.99.0.3:1194         tls-failed            TLS Error: TLS handshake failed',
      '                                                                     something from a _[31mscript',
    ]);
    expect(ran.err).toEqual(['1 of 4 lines were not recognised\n']);
  });

  it('colours by kind', async () => {
    const ran = run([], LINES, true);
    await ran.code;
    expect(ran.out.map((line) => /^\u001b\[([\d;]+)m/.exec(line)?.[1])).toEqual(['32', undefined, '31', '2']);
  });

  it('gives JSON lines', async () => {
    const ran = run(['--json', '-']);
    await ran.code;
    expect(ran.out.map((line) => JSON.parse(line) as unknown)[1]).toEqual({
      time: '2026-11-22T14:00:00.000000Z',
      level: 1,
      flags: 'I',
      id: 'pool.returned',
      event: 'address-assigned',
      client: 'alice',
      address: '10.99.0.2:1194',
      text: 'MULTI_sva: pool returned IPv4=10.8.0.2, IPv6=(Not enabled)',
      fields: { address4: '10.8.0.2', address6: '(Not enabled)' },
    });
  });

  it.each([
    [['--event', 'tls-failed'], [2]],
    [
      ['--event', 'tls-failed', '--event', 'daemon-ready'],
      [0, 2],
    ],
    [['--client', 'alice'], [1]],
    [
      ['--since', '2h'],
      [1, 2, 3],
    ],
    [
      ['--since', '2026-11-22 14:30'],
      [2, 3],
    ],
    [['--since', '2026-11-23'], [3]],
  ])('%j', async (argv, kept) => {
    const ran = run([...argv, '--json']);
    await ran.code;
    const texts = ran.out.map((line) => (JSON.parse(line) as { text: string }).text);
    expect(texts).toEqual(kept.map((index) => (LINES[index] ?? '').replace(/^.*\d\d:\d\d:\d\d (?:us=\d+ )?(?:[\w/]*[\d.]+:1194 )?/, '')));
  });

  it('counts', async () => {
    const ran = run(['--stats']);
    await ran.code;
    expect(ran.out).toEqual([
      '       4  lines',
      '       1  not recognised',
      'by event',
      '       1  address-assigned',
      '       1  daemon-ready',
      '       1  tls-failed',
      'by client',
      '       1  alice',
    ]);
  });

  it('follows a file through rotation by rename and by truncation', async () => {
    const path = join(folder, 'followed');
    writeFileSync(path, 'one\n');
    const ran = run(['--follow', '--json', path]);
    const texts = async (count: number): Promise<string[]> =>
      (await ran.lines(count)).map((line) => (JSON.parse(line) as { text: string }).text);
    await texts(1);
    appendFileSync(path, 'two\n');
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, 'three\n');
    await texts(3);
    writeFileSync(path, 'four, longer than what comes\n');
    await texts(4);
    truncateSync(path);
    appendFileSync(path, 'five\n');
    expect(await texts(5)).toEqual(['one', 'two', 'three', 'four, longer than what comes', 'five']);
    ran.stop();
    expect(await ran.code).toBe(0);
  });

  it.each([
    [['--since', 'yesterday'], 'neither a date'],
    [['--nonsense'], 'Unknown option'],
    [['a', 'b'], 'give one FILE'],
  ])('refuses %j', async (argv, message) => {
    await expect(run(argv).code).rejects.toMatchObject({ code: 'CLI', message: expect.stringContaining(message) });
  });

  it.each([join(folder, 'none'), folder])('says why it cannot read %s', async (path) => {
    await expect(run([path]).code).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining(`cannot open ${path}`) });
  });
});
