import { describe, expect, it } from 'vitest';
import { milliseconds, type WallTime } from '../../base/units.ts';
import type { ClientRecord } from '../../model/status-report.ts';
import { hintLines, type Moment, plainLine, tableLines } from './view.ts';

function record(commonName: string, more: Partial<ClientRecord> = {}): ClientRecord {
  return {
    session: 1,
    clientId: 0,
    peerId: 0,
    commonName,
    username: undefined,
    address: { transport: 'udp', family: 4, ip: '127.0.0.1', port: 40001 },
    virtual4: '10.8.0.2',
    virtual6: undefined,
    bytesReceived: 6123,
    bytesSent: 999,
    since: 0 as WallTime,
    cipher: 'AES-256-GCM',
    phase: 'connected',
    quality: {
      packets: 100,
      lost: 0,
      reordered: 0,
      replayed: 0,
      unauthentic: 0,
      roundTripMs: 2.25,
      retransmits: 0,
      renegotiations: 0,
      phaseMs: {},
      lastHeard: 0 as WallTime,
    },
    ...more,
  };
}

const MOMENT: Moment = {
  seconds: 7,
  server: '127.0.0.1:1194',
  own: [
    { name: 'client1', pingsSent: 6, pingsAnswered: 5, pingRoundTrip: milliseconds(1.04) },
    { name: 'client2', pingsSent: 0, pingsAnswered: 0, pingRoundTrip: undefined },
  ],
  clients: [record('client1'), record('guest', { virtual4: undefined, phase: 'connecting', cipher: undefined, bytesReceived: 2_500_000 })],
};

describe('the table', () => {
  it('shows our clients, connected or not, and every other client of the server', () => {
    expect(tableLines(MOMENT)).toEqual([
      'Server on UDP 127.0.0.1:1194, up 7 s, 2 clients',
      '',
      'CLIENT   INSIDE         FROM             CIPHER       RECEIVED  SENT   CONTROL RTT  PING    ANSWERED',
      'client1  10.8.0.2       127.0.0.1:40001  AES-256-GCM  6.1 kB    999 B  2.3 ms       1.0 ms  5/6',
      'client2  not connected                                                              -       0/0',
      'guest    connecting     127.0.0.1:40001               2.5 MB    999 B  2.3 ms',
    ]);
  });

  it('counts one client as one', () => {
    expect(tableLines({ ...MOMENT, clients: [record('client1')] })[0]).toBe('Server on UDP 127.0.0.1:1194, up 7 s, 1 client');
  });
});

describe('the plain line', () => {
  it('says the same in one line', () => {
    expect(plainLine(MOMENT)).toBe(
      '7 s: client1 10.8.0.2 ping 5/6 1.0 ms; client2 not connected ping 0/0 -; 2 clients, received 2.5 MB, sent 2.0 kB',
    );
  });
});

describe('the hints', () => {
  it('name every file and port there is to try', () => {
    const text = hintLines({
      managementPort: 7505,
      statusFile: '/tmp/x/status.log',
      logFile: '/tmp/x/server.log',
      guestProfile: '/tmp/x/guest.ovpn',
      insideAddress: '10.8.0.2',
      metricsUrl: 'http://127.0.0.1:9176/metrics',
    }).join('\n');
    for (const word of [
      'nc 127.0.0.1 7505',
      'curl http://127.0.0.1:9176/metrics',
      '/tmp/x/status.log',
      '/tmp/x/server.log',
      '/tmp/x/guest.ovpn',
      'ping 10.8.0.2',
      'Ctrl-C',
    ]) {
      expect(text).toContain(word);
    }
  });
});
