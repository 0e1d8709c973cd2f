import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { seconds } from '../../base/units.ts';
import { SystemClock } from '../../host/clock.ts';
import type { Fact } from '../../telemetry/facts.ts';
import type { Collector, CollectorContext } from './collector.ts';
import { LogSource } from './log-source.ts';
import { MachineSource } from './machine-source.ts';
import { StatusSource } from './status-source.ts';

const WHOLE = readFileSync(new URL('../../../test/golden/status/server-v2.txt', import.meta.url), 'utf8');

let folder: string;
let open: Collector[];
let facts: Fact[];
let troubles: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-sources-'));
  open = [];
  facts = [];
  troubles = [];
});

afterEach(async () => {
  for (const collector of open) await collector.close();
  rmSync(folder, { recursive: true });
});

const context: CollectorContext = {
  clock: new SystemClock(),
  tell: (_source, fact) => void facts.push(fact),
  trouble: (text) => void troubles.push(text),
};

function run(collector: Collector): void {
  open.push(collector);
  collector.start();
}

function of<K extends Fact['kind']>(kind: K): Extract<Fact, { kind: K }>[] {
  return facts.filter((fact): fact is Extract<Fact, { kind: K }> => fact.kind === kind);
}

/** Waits until a source has told so many of a kind. */
async function told(kind: Fact['kind'], count: number): Promise<void> {
  await vi.waitFor(() => expect(of(kind)).toHaveLength(count), { timeout: 4000, interval: 20 });
}

describe('a status file', () => {
  it('is read when it comes and whenever it changes, and told to be gone', async () => {
    const path = join(folder, 'status');
    run(new StatusSource(path, seconds(180), context));
    await told('source-down', 1);
    expect(of('source-down')).toEqual([{ kind: 'source-down', where: path, fault: 'missing', text: 'No such file or directory' }]);
    writeFileSync(path, WHOLE);
    await told('status', 1);
    expect(of('source-up')).toEqual([{ kind: 'source-up', where: path }]);
    expect(of('status')[0]?.status.clients.map(({ commonName }) => commonName)).toEqual(['bob', 'alice']);
    writeFileSync(path, WHOLE.replaceAll('alice', 'carol'));
    await told('status', 2);
    expect(of('status')[1]?.status.clients.some(({ commonName }) => commonName === 'carol')).toBe(true);
    unlinkSync(path);
    await told('source-down', 2);
    expect(of('collected')).toHaveLength(2);
  });

  it('that is being written is read again before it is believed', async () => {
    const path = join(folder, 'status');
    writeFileSync(path, WHOLE.slice(0, 300));
    run(new StatusSource(path, seconds(180), context));
    await told('status', 1);
    expect(of('status')[0]?.status.complete).toBe(false);
    writeFileSync(path, WHOLE);
    await told('status', 2);
    expect(of('status')[1]?.status.complete).toBe(true);
  });

  it.each([
    ['no status file', 'some words\n', 'foreign'],
    ['empty', '', 'truncated'],
  ])('that is %s is told to be so', async (_what, content, fault) => {
    const path = join(folder, 'status');
    writeFileSync(path, content);
    run(new StatusSource(path, seconds(180), context));
    await told('source-down', 1);
    expect(of('source-down')[0]?.fault).toBe(fault);
  });

  it('that is a folder, too long or old tells nothing', async () => {
    run(new StatusSource(folder, seconds(180), context));
    const long = join(folder, 'long');
    writeFileSync(long, '');
    truncateSync(long, (16 << 20) + 1);
    run(new StatusSource(long, seconds(180), context));
    const old = join(folder, 'old');
    writeFileSync(old, WHOLE);
    utimesSync(old, new Date(0), new Date(0));
    run(new StatusSource(old, seconds(180), context));
    await told('source-down', 3);
    expect(new Map(of('source-down').map(({ where, fault }) => [where, fault]))).toEqual(
      new Map([
        [folder, 'foreign'],
        [long, 'too-long'],
        [old, 'timeout'],
      ]),
    );
    expect(of('status')).toEqual([]);
  });
});

describe('a log file', () => {
  const ready = '2026-11-22 13:01:30 Initialization Sequence Completed\n';
  const json = '{"time":"2026-11-22T13:01:31.000000Z","level":1,"flags":"I","text":"10.99.0.2:1194 TLS Error: TLS handshake failed"}\n';

  it('is followed from its end on, over a rotation, in any form', async () => {
    const path = join(folder, 'log');
    writeFileSync(path, ready.repeat(3));
    run(new LogSource(path, context));
    await told('source-up', 1);
    expect(of('source-up')).toEqual([{ kind: 'source-up', where: path, lines: true }]);
    appendFileSync(path, `${ready}WRwr\n\n${json}`);
    await told('line', 2);
    renameSync(path, `${path}.1`);
    writeFileSync(path, ready);
    await told('line', 3);
    const lines = of('line').map(({ line }) => [line.event, line.address?.text]);
    expect(lines).toEqual([
      ['daemon-ready', undefined],
      ['tls-failed', '10.99.0.2:1194'],
      ['daemon-ready', undefined],
    ]);
  });

  it('that comes later is read from its beginning', async () => {
    const path = join(folder, 'log');
    run(new LogSource(path, context));
    await told('source-down', 1);
    expect(of('source-down')).toEqual([{ kind: 'source-down', where: path, fault: 'missing', text: 'No such file or directory' }]);
    writeFileSync(path, ready);
    await told('line', 1);
  });
});

describe('the machine', () => {
  const pem = (name: string): string => fileURLToPath(new URL(`../../../test/golden/verify/${name}`, import.meta.url));

  it('knows when certificates of a chain and revocation lists end', async () => {
    const certificates = [
      { role: 'certificate', path: pem('leaf2chain.crt') },
      { role: 'ca', path: pem('ca.crt') },
      { role: 'crl', path: pem('ca.crl') },
      { role: 'crl', path: pem('garbage.crl') },
      { role: 'ca', path: pem('README.md') },
    ] as const;
    run(new MachineSource({ pid: undefined, certificates, rooms: [] }, context));
    await told('certificates', 1);
    const [{ certificates: seen } = { certificates: [] }] = of('certificates');
    // As `openssl x509 -enddate` and `openssl crl -nextupdate` print them.
    expect(seen.map(({ role, subject, notAfter }) => [role, subject, new Date(notAfter).toISOString()])).toEqual([
      ['certificate', 'CN=leaf2', '2026-12-22T15:30:41.000Z'],
      ['certificate', 'CN=Inter CA', expect.any(String)],
      ['ca', 'CN=Test CA', '2026-12-22T15:28:48.000Z'],
      ['crl', 'CN=Test CA', '2026-12-22T15:30:41.000Z'],
    ]);
    expect(of('fault').map(({ fault }) => fault)).toEqual(['malformed', 'malformed']);
  });

  it('knows process, certificates and rooms, and counts once what it cannot look at', async () => {
    const pidFile = join(folder, 'pid');
    writeFileSync(pidFile, `${process.pid}\n`);
    const missing = join(folder, 'none.pem');
    const machine = new MachineSource(
      {
        pid: { kind: 'file', path: pidFile },
        certificates: [{ role: 'certificate', path: missing }],
        rooms: [{ use: 'status', path: join(folder, 'none') }],
      },
      context,
    );
    run(machine);
    await told('process', 1);
    await told('certificates', 1);
    await told('rooms', 1);
    const [seen] = of('process');
    expect(seen?.process).toMatchObject({ pid: process.pid });
    const { started = 0, residentBytes = 0, openFiles = 0, maxOpenFiles = 0, cpuSeconds = 0 } = seen?.process ?? {};
    expect(Math.abs(started - (Date.now() - process.uptime() * 1000))).toBeLessThan(5000);
    expect(residentBytes / process.memoryUsage.rss()).toBeCloseTo(1, 0);
    expect(openFiles).toBeGreaterThan(2);
    expect(maxOpenFiles).toBeGreaterThan(openFiles);
    expect(cpuSeconds).toBeGreaterThan(0);
    expect(of('rooms')[0]?.rooms).toMatchObject([{ use: 'status' }]);
    expect(of('rooms')[0]?.rooms[0]?.sizeBytes).toBeGreaterThan(of('rooms')[0]?.rooms[0]?.freeBytes ?? Infinity);
    expect([of('fault'), troubles]).toEqual([[{ kind: 'fault', fault: 'missing' }], [`${missing}: No such file or directory`]]);
  });

  it('tells that a process is gone', async () => {
    run(new MachineSource({ pid: { kind: 'number', pid: 999_999_999 }, certificates: [], rooms: [] }, context));
    await told('process', 1);
    expect(of('process')[0]?.process).toBeUndefined();
  });
});
