import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposition } from './expose.ts';
import { type Fact, SOURCES } from './facts.ts';
import { Fleet } from './fleet.ts';
import { lineSeen } from './lines.ts';
import { recognise } from '../messages/recogniser.ts';
import { at, client, list, wall } from './testing.ts';

/** Facts of few clients, names and addresses, so that they meet. */
const row = fc
  .record({
    port: fc.integer({ min: 1, max: 4 }),
    commonName: fc.constantFrom('alice', 'bob', undefined),
    clientId: fc.constantFrom(0, 1, 2, undefined),
    since: fc.constantFrom(0, 1, 100),
    bytesReceived: fc.integer({ min: 0, max: 1000 }),
    bytesSent: fc.integer({ min: 0, max: 1000 }),
    virtual4: fc.constantFrom('10.8.0.2', undefined),
  })
  .map(({ port, since, ...rest }) => client(port, { ...rest, since: { wall: wall(since) } }));

const fact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.array(row, { maxLength: 5 }), fc.boolean()).map(([rows, complete]) => list(rows, { complete })) },
  fc.record({
    kind: fc.constant('client' as const),
    what: fc.constantFrom('connecting' as const, 'established' as const, 'renewed' as const, 'gone' as const),
    client: row.map((seen) => ({
      clientId: seen.clientId ?? 0,
      commonName: seen.commonName,
      address: seen.realAddress,
      since: seen.since.wall,
      received: seen.bytesReceived,
      sent: seen.bytesSent,
    })),
  }),
  fc.integer({ min: 0, max: 9999 }).map((n): Fact => ({ kind: 'client-bytes', clients: [{ clientId: n % 3, received: n, sent: n }] })),
  fc.integer({ min: 0, max: 9999 }).map((n): Fact => ({ kind: 'load', clients: 1, received: n, sent: 9999 - n })),
  fc.integer({ min: 0, max: 9999 }).map((n): Fact => ({ kind: 'bytes', received: n, sent: 9999 - n })),
  fc.constantFrom<Fact>(
    { kind: 'source-up', where: 'x', lines: true },
    { kind: 'source-down', where: 'x', fault: 'closed', text: 'closed' },
    { kind: 'state', state: { time: wall(0), name: 'RECONNECTING' } },
    { kind: 'state', state: { time: wall(0), name: 'CONNECTED' } },
    { kind: 'identity', pid: 1, mode: 'client' },
    { kind: 'identity', pid: 2, mode: 'server' },
    { kind: 'management', at: 'daemon', clients: 1, refused: 3 },
    { kind: 'management', at: 'daemon', clients: 0, refused: 0 },
    { kind: 'process', process: undefined },
    {
      kind: 'process',
      process: { pid: 1, started: wall(0), cpuSeconds: 9, residentBytes: 1, openFiles: undefined, maxOpenFiles: undefined },
    },
    {
      kind: 'process',
      process: { pid: 2, started: wall(0), cpuSeconds: 1, residentBytes: 1, openFiles: undefined, maxOpenFiles: undefined },
    },
  ),
  fc
    .constantFrom(
      '10.99.0.2:1 [alice] Peer Connection Initiated with [AF_INET]10.99.0.2:1',
      'alice/10.99.0.2:1 MULTI_sva: pool returned IPv4=10.8.0.2, IPv6=(Not enabled)',
      'alice/10.99.0.2:1 SIGTERM[soft,remote-exit] received, client-instance exiting',
      'alice/10.99.0.2:2 TLS: soft reset sec=20/20 bytes=248/-1 pkts=4/0',
      "MULTI: new connection by client 'alice' will cause previous active sessions by this client to be dropped.  Remember",
      'SIGHUP[hard,] received, process restarting',
      '10.99.0.2:3 TLS Error: TLS handshake failed',
    )
    .map((text): Fact => ({ kind: 'line', line: lineSeen(recognise(text)) })),
);

function countersOf(page: string): Map<string, number> {
  const counters = new Map<string, number>();
  for (const line of page.split('\n')) {
    const sample = /^(\S+_(?:total|bucket|count)(?:\{.*\})?) (\S+)$/.exec(line);
    if (sample !== null) counters.set(sample[1] ?? '', Number(sample[2]));
  }
  return counters;
}

describe('counters', () => {
  it.each(['user', 'top', 'client'] as const)('never go backwards, whatever is told in whatever order, with series by %s', (mode) => {
    const told = fc.tuple(fc.constantFrom(...SOURCES), fc.integer({ min: 0, max: 200 }), fact);
    fc.assert(
      fc.property(fc.array(told, { maxLength: 40 }), (facts) => {
        const fleet = new Fleet({ series: { mode, top: 1, max: 2 } });
        fleet.setDaemons(['vpn']);
        let before = new Map<string, number>();
        let seconds = 0;
        for (const [source, pause, what] of facts) {
          seconds += pause;
          fleet.handle({ daemon: 'vpn', source, now: at(seconds), fact: what });
          const after = countersOf(exposition(fleet, at(seconds), { format: 'text' }));
          const back = [...after].filter(([series, value]) => value < (before.get(series) ?? 0));
          expect(back).toEqual([]);
          before = after;
          const phases: Readonly<Record<string, number>> = fleet.daemon('vpn')?.phases ?? {};
          const live = [...(fleet.daemon('vpn')?.sessions ?? [])].length;
          expect(Object.values(phases).reduce((sum, count) => sum + count, 0)).toBe(live);
          expect(fleet.daemon('vpn')?.poolUsed).toBeLessThanOrEqual(live);
        }
      }),
      { numRuns: 80 },
    );
  });
});
