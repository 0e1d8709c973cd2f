import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientRecord, RouteRecord } from '../model/status-report.ts';
import type { StatusCompat } from './fields.ts';
import { parseStatus } from './parse.ts';
import { readAddress, readTime } from './parse-fields.ts';
import { clientRecord, recordedServer, unix } from './testing.ts';
import { statusText } from './write.ts';

function recording(name: string): string {
  return readFileSync(new URL(`../../test/golden/status/${name}`, import.meta.url), 'utf8');
}

const HEADER =
  'HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username,Client ID,Peer ID,Data Channel Cipher\n';

beforeEach(() => vi.stubEnv('TZ', 'UTC'));
afterEach(() => vi.unstubAllEnvs());

describe('parseStatus', () => {
  it.each(['v1', 'v2', 'v3'] as const)('reads a recorded %s file', (form) => {
    const status = parseStatus(recording(`server-${form}.txt`));
    expect(status).toMatchObject({ form, complete: true, problems: [] });
    expect(status.time?.wall).toBe(1_795_352_491_000);
    expect(status.clients.map((client) => client.commonName)).toEqual(['bob', 'alice']);
    expect(status.clients[0]).toMatchObject({
      realAddress: { ip: '10.99.0.3', port: 45370, protocol: undefined },
      bytesReceived: 2587,
      bytesSent: 2568,
      since: { wall: 1_795_352_446_000, exact: form !== 'v1' },
      clientId: form === 'v1' ? undefined : 1,
      cipher: form === 'v1' ? undefined : 'AES-256-GCM',
      username: undefined,
    });
    expect(status.routes.map((route) => route.destination)).toEqual(['10.8.0.3', 'fd00:8::1001', '10.8.0.2', 'fd00:8::1000']);
    expect(status.counters.get('Max bcast/mcast queue length')).toBe(2);
  });

  it('reads a client’s statistics', () => {
    const status = parseStatus(recording('client.txt'));
    expect(status).toMatchObject({ form: 'statistics', complete: true, problems: [] });
    expect([...status.counters]).toEqual([
      ['TUN/TAP read bytes', 96],
      ['TUN/TAP write bytes', 0],
      ['TCP/UDP read bytes', 2405],
      ['TCP/UDP write bytes', 2650],
      ['Auth read bytes', 0],
    ]);
  });

  it('reads a management reply, CR LF and all', () => {
    expect(parseStatus(recording('server-v2.txt').replaceAll('\n', '\r\n'))).toEqual(parseStatus(recording('server-v2.txt')));
  });

  it('goes by the header: 2.3 and 2.4 have fewer columns and ctime dates', () => {
    const status = parseStatus(
      [
        'TITLE,OpenVPN 2.3.18 x86_64',
        'TIME,Wed Aug  5 13:04:02 2026,1785935042',
        'HEADER,CLIENT_LIST,Common Name,Real Address,Virtual Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t),Username',
        'CLIENT_LIST,client1,10.99.0.2:1194,10.8.0.6,10,20,Wed Aug  5 13:00:00 2026,1785934800,UNDEF',
        'END',
        '',
      ].join('\n'),
    );
    expect(status.problems).toEqual([]);
    expect(status.clients[0]).toMatchObject({ commonName: 'client1', virtual4: '10.8.0.6', clientId: undefined, virtual6: undefined });
  });

  const AT = '2026-11-22 13:22:06,1795353726';
  const CTIME = 'Sun Nov 22 13:22:06 2026,1795353726';
  const COLUMNS = 'Common Name,Real Address,Virtual Address';
  const COUNTS = 'Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t)';

  /** What each release writes, bridged clients (TAP) and handshakes among them (facts: status 9). */
  it.each([
    ['2.3', `${COLUMNS},${COUNTS},Username`, `10.9.0.2:1194,,1,2,${CTIME},UNDEF`, 'aa:bb:cc:dd:ee:ff', CTIME, {}],
    [
      '2.4',
      `${COLUMNS},Virtual IPv6 Address,${COUNTS},Username,Client ID,Peer ID`,
      `10.9.0.2:1194,,,1,2,${CTIME},UNDEF,4,4294967295`,
      'aa:bb:cc:dd:ee:ff',
      CTIME,
      { clientId: 4 },
    ],
    [
      '2.5',
      `${COLUMNS},Virtual IPv6 Address,${COUNTS},Username,Client ID,Peer ID,Data Channel Cipher`,
      `10.9.0.2:1194,,,1,2,${AT},UNDEF,4,4294967295,BF-CBC`,
      'aa:bb:cc:dd:ee:ff@0',
      AT,
      { clientId: 4, cipher: 'BF-CBC' },
    ],
    [
      '2.6',
      `${COLUMNS},Virtual IPv6 Address,${COUNTS},Username,Client ID,Peer ID,Data Channel Cipher`,
      `10.9.0.2:1194,,,1,2,${AT},UNDEF,4,4294967295,AES-256-GCM`,
      'aa:bb:cc:dd:ee:ff@0',
      AT,
      { clientId: 4, cipher: 'AES-256-GCM' },
    ],
    [
      '2.7',
      `${COLUMNS},Virtual IPv6 Address,${COUNTS},Username,Client ID,Peer ID,Data Channel Cipher`,
      `udp6:10.9.0.2:1194,,,1,2,${AT},UNDEF,4,16777215,AES-256-GCM`,
      'aa:bb:cc:dd:ee:ff@7',
      AT,
      { clientId: 4, cipher: 'AES-256-GCM' },
    ],
  ])('reads what %s writes, with commas and with tabs', (release, columns, row, mac, time, more) => {
    const lines = [
      `TITLE,OpenVPN ${release}`,
      `TIME,${time}`,
      `HEADER,CLIENT_LIST,${columns}`,
      `CLIENT_LIST,UNDEF,${row}`,
      'HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)',
      `ROUTING_TABLE,${mac},bridged,${row.split(',')[0]},${time}`,
      'GLOBAL_STATS,Max bcast/mcast queue length,3',
      'END',
      '',
    ];
    for (const separator of [',', '\t']) {
      const status = parseStatus(lines.join('\n').replaceAll(',', separator));
      expect(status).toMatchObject({ form: separator === ',' ? 'v2' : 'v3', complete: true, problems: [] });
      expect(status.clients).toMatchObject([
        { commonName: undefined, username: undefined, peerId: undefined, virtual4: undefined, bytesReceived: 1, bytesSent: 2, ...more },
      ]);
      expect(status.clients[0]).toMatchObject({ realAddress: { ip: '10.9.0.2', port: 1194 }, since: { wall: 1_795_353_726_000 } });
      expect(status.routes).toMatchObject([
        { destination: mac, cached: false, commonName: 'bridged', lastReference: { wall: 1_795_353_726_000 } },
      ]);
      expect(status.counters.get('Max bcast/mcast queue length')).toBe(3);
    }
  });

  it('reads 2.7 addresses, cached routes, MACs and commas in names', () => {
    const status = parseStatus(
      `TITLE,OpenVPN 2.7.2\n${HEADER}` +
        'CLIENT_LIST,weird,name,udp6:[fd99::2]:36295,10.8.0.77,fd00:8::1000,3382,3426,2026-11-22 13:22:06,1795353726,a,b,0,0,AES-256-GCM\n' +
        'CLIENT_LIST,UNDEF,tcp4-server:10.99.0.2:45358,,,1,2,2026-11-22 13:22:06,1795353726,UNDEF,1,16777215,\n' +
        'HEADER,ROUTING_TABLE,Virtual Address,Common Name,Real Address,Last Ref,Last Ref (time_t)\n' +
        'ROUTING_TABLE,10.66.0.5C,weird,name,udp6:[fd99::2]:36295,2026-11-22 13:22:06,1795353726\n' +
        'ROUTING_TABLE,aa:bb:cc:dd:ee:ff@0,x,udp6:10.99.0.2:57026,2026-11-22 13:22:06,1795353726\n' +
        'GLOBAL_STATS,dco_enabled,0\nEND\n',
    );
    expect(status.problems).toEqual([]);
    expect(status.clients).toMatchObject([
      { commonName: 'weird,name', username: 'a,b', realAddress: { protocol: 'udp6', ip: 'fd99::2', port: 36295 }, clientId: 0 },
      { commonName: undefined, username: undefined, peerId: undefined, cipher: undefined, virtual4: undefined },
    ]);
    expect(status.routes).toMatchObject([
      { destination: '10.66.0.5', cached: true, commonName: 'weird,name' },
      { destination: 'aa:bb:cc:dd:ee:ff@0', cached: false, realAddress: { protocol: 'udp6', ip: '10.99.0.2', port: 57026 } },
    ]);
  });

  it('ignores the tail of an older, longer file', () => {
    const status = parseStatus(`${recording('server-v1.txt')}fd00:8::1000,alice,10.99.0.2:37930,2026-11-22 13:00:45\nEND\n`);
    expect(status).toMatchObject({ complete: true, problems: [] });
    expect(status.routes).toHaveLength(4);
  });

  it.each([
    ['an empty file', '', 1],
    ['no status at all', 'hello\nworld\n', 3],
    ['a binary', '\0\xff\n'.repeat(500), 100],
  ])('says what is wrong with %s', (_what, text, problems) => {
    expect(parseStatus(text)).toMatchObject({ form: 'unknown', complete: false, clients: [] });
    expect(parseStatus(text).problems).toHaveLength(problems);
  });

  it.each(['server-v1.txt', 'server-v2.txt', 'server-v3.txt', 'client.txt'])('keeps only whole lines of a %s cut anywhere', (name) => {
    const whole = parseStatus(recording(name));
    const text = recording(name);
    for (let cut = 0; cut < text.length; cut++) {
      const part = parseStatus(text.slice(0, cut));
      expect(part.complete).toBe(cut === text.length - 1);
      expect(part.clients).toEqual(whole.clients.slice(0, part.clients.length));
      expect(part.routes).toEqual(whole.routes.slice(0, part.routes.length));
      for (const [counter, value] of part.counters) expect(whole.counters.get(counter)).toBe(value);
      if (!part.complete) expect(part.problems).toHaveLength(1);
    }
  });

  it('takes any bytes', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'OpenVPN CLIENT LIST',
        'TITLE,x',
        'TITLE\tx',
        'ROUTING TABLE',
        'HEADER,CLIENT_LIST',
        'HEADER,CLIENT_LIST,Username',
        'END',
      ),
      fc.array(fc.string({ maxLength: 4 }), { maxLength: 20 }).map((fields) => `CLIENT_LIST,${fields.join(',')}`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), (lines) => {
        expect(parseStatus(lines.join('\n')).problems.length).toBeLessThanOrEqual(lines.length + 2);
      }),
      { numRuns: 500 },
    );
  });
});

describe('writers and parser', () => {
  const second = fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }).map(unix);
  const name = fc.option(fc.string({ unit: fc.constantFrom('a', 'Z', ' ', '/', ',', ':', 'é', '9', '"'), minLength: 1, maxLength: 12 }), {
    nil: undefined,
  });
  const transport = fc.constantFrom('udp', 'tcp-server');
  const port = fc.integer({ min: 1, max: 65535 });
  const address = fc.oneof(
    fc.record({ transport, family: fc.constant(4), ip: fc.ipV4(), port, mapped: fc.boolean() }),
    fc.record({ transport, family: fc.constant(6), ip: fc.constantFrom('fd99::2', '2001:db8::1'), port }),
  );
  const client = fc
    .record({
      clientId: fc.nat(100_000),
      peerId: fc.option(fc.nat(0xff_fffe), { nil: undefined }),
      commonName: name,
      username: name,
      address,
      virtual4: fc.option(fc.ipV4(), { nil: undefined }),
      virtual6: fc.option(fc.constantFrom('fd00:8::1000', '::1'), { nil: undefined }),
      bytesReceived: fc.maxSafeNat(),
      bytesSent: fc.maxSafeNat(),
      since: second,
      cipher: fc.option(fc.constantFrom('AES-256-GCM', 'CHACHA20-POLY1305'), { nil: undefined }),
    })
    .map((fields) => clientRecord(fields as Partial<ClientRecord>));
  const route = fc.record({
    destination: fc.oneof(fc.ipV4(), fc.constantFrom('10.66.0.0/24', 'fd00:77::/64', 'aa:bb:cc:dd:ee:ff@0', '02:00:00:00:00:01@42')),
    cached: fc.boolean(),
    commonName: name,
    address,
    lastReference: second,
  });

  /** 2.6 shows no port behind IPv6. */
  const shown = ({ ip, port: number, family }: { ip: string; port: number; family: number }, compat: StatusCompat) => ({
    ip,
    port: family === 6 && compat === '2.6' ? undefined : number,
  });

  it('agree on a client\u2019s statistics', () => {
    const count = fc.maxSafeNat();
    fc.assert(
      fc.property(second, fc.tuple(count, count, count, count, count), (time, counts) => {
        const [tunRead, tunWrite, linkRead, linkWrite, authRead] = counts;
        const report = { kind: 'client', title: 'x', time, tunRead, tunWrite, linkRead, linkWrite, authRead } as const;
        const status = parseStatus(statusText(report, { version: 1, compat: '2.6' }));
        expect(status).toMatchObject({ form: 'statistics', complete: true, problems: [], time: { wall: time } });
        expect([...status.counters.values()]).toEqual(counts);
      }),
      { numRuns: 50 },
    );
  });

  it.each<[1 | 2 | 3, StatusCompat]>([
    [1, '2.6'],
    [2, '2.6'],
    [3, '2.6'],
    [1, '2.7'],
    [2, '2.7'],
    [3, '2.7'],
  ])('agree on version %d of %s', (version, compat) => {
    fc.assert(
      fc.property(fc.array(client, { maxLength: 5 }), fc.array(route, { maxLength: 5 }), second, (clients, routes, time) => {
        const report = { ...recordedServer(0, clients), routes: routes as RouteRecord[], time };
        const status = parseStatus(statusText(report, { version, compat }));
        expect(status).toMatchObject({ form: `v${version}`, complete: true, problems: [], time: { wall: time } });
        const sorted = [...clients].sort((a, b) => a.clientId - b.clientId);
        expect(status.clients).toMatchObject(
          sorted.map((expected) => ({
            commonName: expected.commonName,
            realAddress: shown(expected.address, compat),
            bytesReceived: expected.bytesReceived,
            bytesSent: expected.bytesSent,
            since: { wall: expected.since },
            ...(version === 1
              ? {}
              : {
                  virtual4: expected.virtual4,
                  virtual6: expected.virtual6,
                  username: expected.username,
                  clientId: expected.clientId,
                  peerId: expected.peerId,
                  cipher: expected.cipher,
                }),
          })),
        );
        expect(status.routes).toMatchObject(
          routes.map((expected) => ({
            destination: expected.destination,
            cached: expected.cached,
            commonName: expected.commonName,
            realAddress: shown(expected.address, compat),
            lastReference: { wall: expected.lastReference },
          })),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('readAddress', () => {
  it.each([
    ['10.99.0.2:1194', undefined, '10.99.0.2', 1194],
    ['fd99::2', undefined, 'fd99::2', undefined],
    ['udp4:10.99.0.2:57366', 'udp4', '10.99.0.2', 57366],
    ['tcp4-server:10.99.0.2:45358', 'tcp4-server', '10.99.0.2', 45358],
    ['udp6:[fd99::2]:36295', 'udp6', 'fd99::2', 36295],
    ['udp6:10.99.0.2:57026', 'udp6', '10.99.0.2', 57026],
  ])('%s', (text, protocol, ip, port) => {
    expect(readAddress(text)).toEqual({ text, protocol, ip, port });
  });

  it.each(['', 'alice', '10.99.0:1', '10.99.0.2:', '[fd99::2]', 'udp4:', '10.99.0.2:1194x'])('refuses %j', (text) => {
    expect(readAddress(text)).toBeUndefined();
  });
});

describe('readTime', () => {
  it.each([
    ['2026-11-22 13:01:31', 1_795_352_491, 1_795_352_491_000, true],
    ['2026-11-22 13:01:31', undefined, 1_795_352_491_000, false],
    ['Sun Nov 22 13:01:31 2026', undefined, 1_795_352_491_000, false],
    ['Sun Nov  1 00:00:00 2026', undefined, 1_793_491_200_000, false],
  ])('%s, %s', (text, seconds, wall, exact) => {
    expect(readTime(text, seconds)).toEqual({ text, wall, exact });
  });

  it.each(['', '2026-13-01 00:00:00', '2026-02-30 00:00:00', 'Sun Foo 22 13:01:31 2026', '2026-11-22'])('refuses %j', (text) => {
    expect(readTime(text)).toBeUndefined();
  });
});
