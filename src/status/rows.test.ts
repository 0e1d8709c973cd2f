import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LocalTimes } from '../base/local-time.ts';
import type { ClientRecord, RouteRecord } from '../model/status-report.ts';
import { Rows } from './rows.ts';
import { ALICE, clientRecord, recordedServer, unix } from './testing.ts';
import { statusText } from './write.ts';

const ROUTE: RouteRecord = {
  destination: '10.8.0.2',
  cached: false,
  commonName: 'alice',
  address: ALICE.address,
  lastReference: unix(1_795_352_445),
};

beforeEach(() => vi.stubEnv('TZ', 'UTC'));
afterEach(() => vi.unstubAllEnvs());

describe('Rows', () => {
  it.each<[string, Partial<ClientRecord>, string]>([
    ['bytes', { bytesReceived: 3000, bytesSent: 4000 }, '\t3000\t4000\t'],
    ['a name', { commonName: 'bob' }, 'CLIENT_LIST\tbob\t'],
    ['a user', { username: 'carol' }, '\tcarol\t0\t0\t'],
    ['a float', { address: { transport: 'udp', family: 4, ip: '10.99.0.9', port: 1 } }, '\t10.99.0.9:1\t'],
    ['a cipher', { cipher: 'CHACHA20-POLY1305' }, '\tCHACHA20-POLY1305'],
    ['an IPv4 address', { virtual4: '10.8.0.77' }, '\t10.8.0.77\tfd00:8::1000\t'],
    ['an IPv6 address', { virtual6: 'fd00:8::77' }, '\t10.8.0.2\tfd00:8::77\t'],
    ['another start', { since: unix(1_795_352_446) }, '\t2026-11-22 13:00:46\t1795352446\t'],
    ['another client id', { clientId: 7 }, '\tUNDEF\t7\t0\t'],
    ['another peer id', { peerId: undefined }, '\tUNDEF\t0\t4294967295\t'],
  ])('shows %s that changed since the row was written', (_what, change, shown) => {
    const rows = new Rows({ version: 3, compat: '2.6' });
    const times = new LocalTimes();
    const before = rows.client(ALICE, times);
    expect(rows.client({ ...ALICE }, times)).toBe(before);
    expect(before).not.toContain(shown);
    expect(rows.client({ ...ALICE, ...change }, times)).toContain(shown);
    expect(rows.client(ALICE, times)).toBe(before);
  });

  it.each<[string, Partial<RouteRecord>, string]>([
    ['a use', { lastReference: unix(1_795_352_446) }, '2026-11-22 13:00:46,1795352446'],
    ['a name', { commonName: undefined }, '10.8.0.2,UNDEF,'],
    ['another destination', { destination: '10.66.0.0/24' }, 'ROUTING_TABLE,10.66.0.0/24,alice'],
    ['a cached host', { cached: true }, 'ROUTING_TABLE,10.8.0.2C,'],
    ['a float', { address: { transport: 'udp', family: 4, ip: '10.99.0.9', port: 1 } }, ',10.99.0.9:1,'],
  ])('shows %s of a route', (_what, change, shown) => {
    const rows = new Rows({ version: 2, compat: '2.6' });
    const times = new LocalTimes();
    const before = rows.route(ROUTE, times);
    expect(rows.route({ ...ROUTE }, times)).toBe(before);
    expect(before).not.toContain(shown);
    expect(rows.route({ ...ROUTE, ...change }, times)).toContain(shown);
    expect(rows.route(ROUTE, times)).toBe(before);
  });

  it('tells any number of routes at one address apart', () => {
    const rows = new Rows({ version: 1, compat: '2.6' });
    const times = new LocalTimes();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 20; i++) {
        expect(rows.route({ ...ROUTE, destination: `10.66.${i}.0/24` }, times)).toBe(
          `10.66.${i}.0/24,alice,10.99.0.2:37930,2026-11-22 13:00:45`,
        );
      }
    }
  });

  it('goes by the time zone of the moment, and by the style', () => {
    const text = (version: 1 | 2, compat: '2.6' | '2.7'): string => statusText(recordedServer(1_795_352_491, [ALICE]), { version, compat });
    expect(text(2, '2.6')).toContain(',10.99.0.2:37930,10.8.0.2,fd00:8::1000,2588,2567,2026-11-22 13:00:45,');
    vi.stubEnv('TZ', 'Asia/Kolkata');
    expect(text(2, '2.6')).toContain(',2026-11-22 18:30:45,1795352445,UNDEF,');
    expect(text(2, '2.7')).toContain(',udp4:10.99.0.2:37930,');
    expect(text(1, '2.6')).toContain('alice,10.99.0.2:37930,2588,2567,2026-11-22 18:30:45\n');
  });

  it('are written of rows that are made meanwhile as of those of a list', () => {
    const clients = Array.from({ length: 300 }, (_, index) => clientRecord({ clientId: index, commonName: `client${index}` }));
    const report = recordedServer(1_795_352_491, clients);
    const made = { ...report, clients: report.clients.values(), routes: report.routes.values() };
    expect(statusText(made, { version: 3, compat: '2.6' })).toBe(statusText(report, { version: 3, compat: '2.6' }));
  });
});
