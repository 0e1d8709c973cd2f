import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/units.ts';
import { expose, exposition, formatFor } from './expose.ts';
import type { Fact } from './facts.ts';
import { Fleet } from './fleet.ts';
import { METRICS, sampleName } from './metrics/table.ts';
import { at, client, list, Rig, wall } from './testing.ts';

/** A reader of the format that knows nothing of the writer: samples by series, with the type of their family. */
function parse(page: string, open: boolean): Map<string, { readonly type: string; readonly value: number }> {
  // What cannot be encoded would come back as another text.
  expect(Buffer.from(page).toString()).toBe(page);
  const found = new Map<string, { type: string; value: number }>();
  const types = new Map<string, string>();
  const lines = page.split('\n');
  expect(lines.pop()).toBe('');
  if (open) expect(lines.pop()).toBe('# EOF');
  let family = '';
  for (const line of lines) {
    const type = /^# TYPE ([a-z_]+) (counter|gauge|histogram|info)$/.exec(line);
    if (type !== null) {
      family = type[1] ?? '';
      if (types.has(family)) throw new Error(`family ${family} twice`);
      types.set(family, type[2] ?? '');
      continue;
    }
    if (/^# (?:HELP|UNIT) [a-z_]+ .+$/.test(line)) continue;
    const sample = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*\})? ([0-9.e+-]+|\+Inf|NaN)$/.exec(line);
    if (sample === null) throw new Error(`not a line: ${line}`);
    const [, name = '', labels = '', value = ''] = sample;
    if (!name.startsWith(family)) throw new Error(`${name} in family ${family}`);
    if (found.has(name + labels)) throw new Error(`${name}${labels} twice`);
    found.set(name + labels, { type: types.get(family) ?? '', value: Number(value.replace('+Inf', 'Infinity')) });
  }
  return found;
}

/** A daemon of which everything is known. */
function busy(): Rig {
  const rig = new Rig({ series: { mode: 'user', top: 0, max: 100 } });
  // Users and traffic are not as they were known to be.
  const hours = Array.from({ length: 24 }, (_all, hour) => ({ hour, rate: 1000, days: 3 }));
  const known = { name: 'c4000', first: wall(-8 * 86_400), hours: 0, networks: ['192.0.2.0/24'] };
  rig.fleet.patterns.restore({ daemons: [{ name: 'vpn', users: [known], usual: hours }] });
  rig.fleet.alerting = {
    counts: () => [{ daemon: 'vpn', rule: 'OpenVPNDown', severity: 'critical', state: 'firing', count: 1 }],
    withoutData: () => new Map([['vpn', ['OpenVPNHighCpu']]]),
    took: milliseconds(5),
    seriesLeftOut: 0,
  };
  rig.fleet.targets.add({
    name: 'central',
    purpose: 'ship',
    where: 'udp://192.0.2.1:514',
    trouble: undefined,
    taken: 1,
    failures: 0,
    refused: 0,
    dropped: 0,
    waiting: 0,
    waitingBytes: 0,
    spoolTrouble: undefined,
  });
  rig.up('management', 0, true);
  rig.up('process', 0);
  rig.tell('management', 1, list([]));
  const quality = {
    packets: 100,
    lost: 3,
    reordered: 0,
    replayed: 2,
    unauthentic: 0,
    roundTripMs: 12,
    retransmits: 0,
    renegotiations: 1,
    phaseMs: { tls: 30, connected: 60 },
    lastHeard: wall(2),
  };
  const counters = new Map([['Max bcast/mcast queue length', 2]]);
  rig.tell(
    'management',
    2,
    list([client(4000, { clientId: 0, bytesReceived: 10, bytesSent: 20, quality }), client(4001, { clientId: 1, commonName: 'c4000' })], {
      time: { wall: wall(2) },
      counters,
      dataPlane: { adapter: 'batched', steps: ['native-crypto', 'gro'] },
    }),
  );
  rig.tell('management', 2, { kind: 'state', state: { time: wall(0), name: 'CONNECTED', detail: 'SUCCESS' } });
  rig.tell('management', 2, { kind: 'pool', size: 253 });
  rig.tell('management', 2, { kind: 'management', at: 'gateway', clients: 3, refused: 4 });
  rig.tell('management', 2, { kind: 'collected', took: 20 as never });
  rig.tell('management', 2, { kind: 'fault', fault: 'malformed', count: 2 });
  rig.tell('process', 2, {
    kind: 'process',
    process: { pid: 1, started: wall(-100), cpuSeconds: 4.5, residentBytes: 9_000_000, openFiles: 12, maxOpenFiles: 1024 },
  });
  rig.tell('process', 2, {
    kind: 'certificates',
    certificates: [{ role: 'ca', file: 'ca.crt', subject: 'CN=Test CA', notAfter: wall(86_400) }],
  });
  rig.tell('process', 2, { kind: 'rooms', rooms: [{ use: 'log', path: '/var/log', freeBytes: 5, sizeBytes: 10 }] });
  rig.line('management', 3, '10.99.0.9:1 TLS Error: TLS handshake failed', 'N');
  rig.line('management', 3, '10.99.0.9:1 TLS Auth Error: Auth Username/Password verification failed for peer', 'N');
  rig.line('management', 3, '10.99.0.9:1 TLS Error: cannot locate HMAC in incoming packet from [AF_INET]10.99.0.9:1', 'N');
  return rig;
}

describe.each([['text', false] as const, ['openmetrics', true] as const])('the page as %s', (format, open) => {
  it('has every metric of the table, with the type of its row', () => {
    const found = parse(exposition(busy().fleet, at(10), { format }), open);
    for (const metric of METRICS) {
      const name = metric.type === 'histogram' ? `${metric.name}_count` : sampleName(metric);
      const samples = [...found].filter(([series]) => series === name || series.startsWith(`${name}{`));
      expect(samples.length, name).toBeGreaterThan(0);
      const type = metric.type === 'info' && !open ? 'gauge' : metric.type;
      expect(samples.every(([, sample]) => sample.type === type)).toBe(true);
    }
  });

  it('has the figures', () => {
    const found = parse(exposition(busy().fleet, at(10), { format }), open);
    const value = (series: string): number | undefined => found.get(series)?.value;
    expect(value('tunnelscope_up{daemon="vpn"}')).toBe(1);
    const steps = ['batched', 'native-crypto', 'gso', 'gro', 'vnet-hdr'];
    expect(steps.map((step) => value(`tunnelscope_data_plane_step{daemon="vpn",step="${step}"}`))).toEqual([1, 1, 0, 1, 0]);
    expect(value('tunnelscope_source_age_seconds{daemon="vpn",source="management"}')).toBe(7);
    expect(value('tunnelscope_state{daemon="vpn",state="CONNECTED"}')).toBe(1);
    expect(value('tunnelscope_state{daemon="vpn",state="EXITING"}')).toBe(0);
    expect(value('tunnelscope_state_duration_seconds{daemon="vpn"}')).toBe(10);
    expect(value('tunnelscope_received_bytes_total{daemon="vpn"}')).toBe(10);
    expect(value('tunnelscope_clients{daemon="vpn",phase="connected"}')).toBe(2);
    expect(value('tunnelscope_connects_total{daemon="vpn"}')).toBe(2);
    expect(value('tunnelscope_handshakes_total{daemon="vpn",outcome="failed",reason="tls-error"}')).toBe(1);
    expect(value('tunnelscope_handshake_duration_seconds_bucket{daemon="vpn",le="0.025"}')).toBe(0);
    expect(value('tunnelscope_handshake_duration_seconds_bucket{daemon="vpn",le="0.05"}')).toBe(1);
    expect(value('tunnelscope_handshake_duration_seconds_sum{daemon="vpn"}')).toBe(0.03);
    expect(value('tunnelscope_connect_duration_seconds_bucket{daemon="vpn",le="1.0"}')).toBe(1);
    expect(value('tunnelscope_lost_packets_total{daemon="vpn"}')).toBe(3);
    expect(value('tunnelscope_replayed_packets_total{daemon="vpn"}')).toBe(2);
    expect(value('tunnelscope_management_clients{daemon="vpn",interface="gateway"}')).toBe(3);
    expect(value('tunnelscope_management_refused_logins_total{daemon="vpn",interface="gateway"}')).toBe(4);
    expect(value('tunnelscope_log_lines_total{daemon="vpn",level="error",event="packet-rejected"}')).toBe(1);
    expect(value('tunnelscope_process_cpu_seconds_total{daemon="vpn"}')).toBe(4.5);
    expect(value('tunnelscope_collection_errors_total{daemon="vpn",source="management",reason="malformed"}')).toBe(2);
    expect(value('tunnelscope_user_sent_bytes_total{daemon="vpn",user="c4000"}')).toBe(20);
    expect(value('tunnelscope_user_round_trip_seconds{daemon="vpn",user="c4000"}')).toBe(0.012);
    expect(value('tunnelscope_figure_age_seconds{daemon="vpn",figure="state",source="management"}')).toBe(8);
  });

  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(
      'a"b',
      'a\\',
      '\\n',
      'a\nb',
      'a_b',
      'x\ud800',
      'x\udc00',
      '\0',
      '(other)',
      'UNDEF',
      '',
      'é\u2028',
      'a\r\nb',
      '{},="',
      '\ufffd',
    ),
  );
  const mode = fc.constantFrom('user' as const, 'client' as const, 'top' as const);
  const source = fc.constantFrom('management' as const, 'status-file' as const);

  it('is valid whatever daemons, users, files and states are called', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 2 }),
        fc.array(name, { maxLength: 6 }),
        source,
        mode,
        (daemons, users, kind, by) => {
          const fleet = new Fleet({ series: { mode: by, top: 2, max: 6 } });
          fleet.setDaemons(new Set(daemons.map((text) => text.replace(/[^ -~\n]/g, '?'))));
          for (const { name: daemon } of fleet.daemons) {
            const tell = (fact: Fact): void => fleet.handle({ daemon, source: kind, now: at(1), fact });
            tell({ kind: 'source-up', where: users[0] ?? '' });
            const rows = users.map((user, index) =>
              client(index + 1, { commonName: user, username: users[index + 1], bytesReceived: index }),
            );
            tell(list(rows, { title: users[1] }));
            tell({ kind: 'state', state: { time: wall(0), name: users[2] ?? 'X', detail: users[3] } });
            const certificates = users.map((subject) => ({ role: 'crl' as const, file: subject, subject, notAfter: wall(0) }));
            tell({ kind: 'certificates', certificates });
            tell({ kind: 'rooms', rooms: users.map((path) => ({ use: 'log', path, freeBytes: 1, sizeBytes: 2 })) });
          }
          parse(exposition(fleet, at(2), { format, compat: 'kumina' }), open);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the page', () => {
  it('comes in pieces, and is the same as in one', () => {
    const rig = new Rig({ series: { mode: 'user', top: 0, max: 10_000 } });
    rig.up('management', 0);
    rig.tell('management', 1, list(Array.from({ length: 5000 }, (_, port) => client(port))));
    const pieces = [...expose(rig.fleet, at(2), { format: 'text' })];
    expect(pieces.length).toBeGreaterThan(5);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000);
    expect(Buffer.concat(pieces).toString()).toBe(exposition(rig.fleet, at(2), { format: 'text' }));
  });

  it.each([
    [undefined, 'text'],
    ['*/*', 'text'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openmetrics',
    ],
    ['application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.5', 'text'],
    ['application/openmetrics-text; version=0.0.1', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=x', 'text'],
  ])('for Accept %s is %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });

  it('escapes what has to be, and nothing else', () => {
    const rig = new Rig({ series: { mode: 'user', top: 0, max: 10 } });
    rig.up('management', 0);
    rig.tell('management', 1, list([client(1, { commonName: 'a"b\\c\nd,é\ud800' })]));
    expect(exposition(rig.fleet, at(2), { format: 'text' })).toContain(
      'tunnelscope_user_sessions{daemon="vpn",user="a\\"b\\\\c\\nd,é\ufffd"} 1\n',
    );
  });
});
