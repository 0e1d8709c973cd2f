import { describe, expect, it } from 'vitest';
import { type Health, healthOf, pluginLine, PLUGIN_STATUS, type Thresholds, type Verdict, worstVerdict } from './health.ts';
import { at, client, list, Rig, wall } from './testing.ts';

/** A server that is well. */
function well(): Rig {
  const rig = new Rig();
  rig.up('management', 0);
  rig.tell('management', 0, { kind: 'state', state: { time: wall(0), name: 'CONNECTED', detail: 'SUCCESS' } });
  rig.tell('management', 1, list([client(1), client(2)]));
  return rig;
}

const CASES: readonly (readonly [
  what: string,
  change: (rig: Rig) => void,
  verdict: Verdict,
  check: string,
  limits?: Partial<Thresholds>,
])[] = [
  [
    'its only source is gone',
    (rig) => rig.tell('management', 2, { kind: 'source-down', where: 'x:1', fault: 'refused', text: 'refused' }),
    'down',
    'sources',
  ],
  [
    'one source of two is gone',
    (rig) => rig.tell('log', 2, { kind: 'source-down', where: 'a.log', fault: 'missing', text: 'no such file' }),
    'degraded',
    'sources',
  ],
  ['its process is gone', (rig) => rig.tell('process', 2, { kind: 'process', process: undefined }), 'down', 'process'],
  [
    'it is exiting',
    (rig) => rig.tell('management', 2, { kind: 'state', state: { time: wall(2), name: 'EXITING', detail: 'SIGTERM' } }),
    'down',
    'state',
  ],
  [
    'routes failed',
    (rig) => rig.tell('management', 2, { kind: 'state', state: { time: wall(2), name: 'CONNECTED', detail: 'ROUTE_ERROR' } }),
    'degraded',
    'state',
  ],
  [
    'a server is in hold',
    (rig) => rig.tell('management', 2, { kind: 'state', state: { time: wall(-900), name: 'CONNECTING' } }),
    'degraded',
    'state',
  ],
  [
    'a client cannot connect',
    (rig) => {
      rig.tell('management', 2, { kind: 'identity', mode: 'client' });
      rig.tell('management', 2, { kind: 'state', state: { time: wall(-900), name: 'RECONNECTING', detail: 'tls-error' } });
    },
    'down',
    'state',
  ],
  ['nothing was heard for long', () => undefined, 'degraded', 'age', { ageSeconds: 5 }],
  ['too few clients', () => undefined, 'degraded', 'clients', { minClients: 3 }],
  ['too many clients', () => undefined, 'degraded', 'clients', { maxClients: 1 }],
  ['the pool is full', (rig) => rig.tell('management', 2, { kind: 'pool', size: 2 }), 'degraded', 'pool'],
  [
    'a list is overdue',
    (rig) =>
      rig.tell('process', 2, {
        kind: 'certificates',
        certificates: [{ role: 'crl', file: 'crl.pem', subject: 'CN=CA', notAfter: wall(-86_400) }],
      }),
    'degraded',
    'certificates',
  ],
  [
    'a certificate ends soon',
    (rig) =>
      rig.tell('process', 2, {
        kind: 'certificates',
        certificates: [{ role: 'certificate', file: 's.crt', subject: 'CN=s', notAfter: wall(3 * 86_400) }],
      }),
    'degraded',
    'certificates',
  ],
  [
    'the disk is full',
    (rig) => rig.tell('process', 2, { kind: 'rooms', rooms: [{ use: 'log', path: '/var/log', freeBytes: 1, sizeBytes: 100 }] }),
    'degraded',
    'rooms',
  ],
  [
    'files run out',
    (rig) =>
      rig.tell('process', 2, {
        kind: 'process',
        process: { pid: 1, started: wall(0), cpuSeconds: 0, residentBytes: 0, openFiles: 99, maxOpenFiles: 100 },
      }),
    'degraded',
    'files',
  ],
];

describe('the health of a daemon', () => {
  it('is ok with nothing wrong', () => {
    expect(healthOf(well().vpn, at(10))).toMatchObject({ daemon: 'vpn', verdict: 'ok', reasons: [] });
  });

  it('is not known before a source told anything', () => {
    expect(healthOf(new Rig().vpn, at(10)).verdict).toBe('no-data');
    const rig = new Rig();
    rig.tell('management', 1, { kind: 'source-down', where: '127.0.0.1:7505', fault: 'refused', text: 'connection refused' });
    expect(healthOf(rig.vpn, at(10)).reasons[0]?.text).toBe('127.0.0.1:7505: connection refused');
    expect(healthOf(rig.vpn, at(10)).verdict).toBe('no-data');
  });

  it.each(CASES.map(([what, change, verdict, check, limits = {}]) => ({ what, change, verdict, check, limits })))(
    'when $what',
    ({ change, verdict, check, limits }) => {
      const rig = well();
      change(rig);
      const health = healthOf(rig.vpn, at(10), limits);
      expect(health.verdict).toBe(verdict);
      expect(health.reasons.map((reason) => reason.check)).toEqual([check]);
    },
  );

  it('goes by the date of a status file that nobody writes any more', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    rig.tell('status-file', 1000, list([], { time: { wall: wall(100) } }));
    expect(healthOf(rig.vpn, at(1001)).reasons).toEqual([{ check: 'age', verdict: 'degraded', text: 'its figures are 901 s old' }]);
  });

  it('is printed as monitoring plugins are, whatever the names', () => {
    const rig = well();
    rig.tell('management', 2, { kind: 'pool', size: 253 });
    expect(pluginLine(healthOf(rig.vpn, at(11), { maxClients: 100 }))).toBe(
      'OPENVPN OK - vpn: ok | clients=2;100;;0 pool=2;240;;0;253 received=0c sent=0c age=9s;180;;0',
    );
    rig.tell('log', 3, { kind: 'source-down', where: 'a|b\n', fault: 'missing', text: 'gone' });
    expect(pluginLine(healthOf(rig.vpn, at(11))).split('|')).toHaveLength(2);
    expect(PLUGIN_STATUS).toEqual({ ok: 0, degraded: 1, down: 2, 'no-data': 3 });
  });

  it('of several is the worst', () => {
    const of = (verdict: Verdict): Health => ({ daemon: 'x', verdict, reasons: [], measures: [] });
    expect(worstVerdict([])).toBe('ok');
    expect(worstVerdict([of('ok'), of('degraded')])).toBe('degraded');
    expect(worstVerdict([of('no-data'), of('degraded')])).toBe('no-data');
    expect(worstVerdict([of('no-data'), of('down'), of('ok')])).toBe('down');
  });
});
