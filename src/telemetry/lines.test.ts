import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stripStamp } from '../messages/stamp.ts';
import { severityOf } from './lines.ts';
import { Rig } from './testing.ts';

/** What a recording of stock counts: all that is not zero. */
interface Counted {
  readonly connects?: number;
  readonly disconnects?: Readonly<Record<string, number>>;
  readonly handshakes?: Readonly<Record<string, number>>;
  readonly auth?: Readonly<Record<string, number>>;
  readonly renegotiations?: number;
  readonly replays?: number;
  readonly rejected?: Readonly<Record<string, number>>;
}

function nonZero(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].filter(([, count]) => count > 0));
}

/** Replays a recording at its own pace. */
function replay(file: string): Rig {
  const rig = new Rig();
  rig.up('log', 0, true);
  let first: number | undefined;
  let seconds = 0;
  for (const line of readFileSync(new URL(`../../test/golden/log/${file}`, import.meta.url), 'utf8').split('\n')) {
    const time = stripStamp(line).time;
    if (time !== undefined) {
      first ??= time;
      seconds = (time - first) / 1000;
    }
    if (line !== '') rig.line('log', seconds, line);
  }
  return rig;
}

const OK = { 'succeeded|': 1 };

// One line a recording: what happened in it is told by test/golden/log/README.md and its name.
const RECORDINGS: readonly (readonly [file: string, counted: Counted])[] = [
  ['ok-verb1.server.log', { connects: 1, disconnects: { 'daemon-exit': 1 }, handshakes: OK }],
  ['ok-verb2.server.log', { connects: 1, disconnects: { 'daemon-exit': 1 }, handshakes: OK }],
  ['ok-verb3.server.log', { connects: 1, disconnects: { 'daemon-exit': 1 }, handshakes: OK }],
  ['ok-verb7.server.log', { connects: 1, disconnects: { 'daemon-exit': 1 }, handshakes: OK }],
  ['ok-verb3.client.log', { connects: 1, disconnects: { 'daemon-exit': 1 }, handshakes: OK }],
  ['ipv6.server.log', { connects: 2, disconnects: { 'daemon-exit': 2 }, handshakes: { 'succeeded|': 2 } }],
  ['revoked.server.log', { handshakes: { 'failed|certificate-revoked': 1 } }],
  ['wrongca.server.log', { handshakes: { 'failed|certificate-untrusted': 1 } }],
  ['badeku.server.log', { handshakes: { 'failed|certificate-purpose': 1 } }],
  ['badtlsver.server.log', { handshakes: { 'failed|tls-version': 2 } }],
  ['badtlsver.client.log', { handshakes: { 'failed|timeout': 1 } }],
  ['no-shared-suite.server.log', { handshakes: { 'failed|no-shared-cipher': 1 } }],
  ['serververifyfail.client.log', { handshakes: { 'failed|certificate-name': 1 } }],
  [
    'password-refused.server.log',
    {
      handshakes: { 'succeeded|': 1, 'failed|credentials-missing': 1 },
      auth: { credentials: 1, 'not-provided': 1 },
      rejected: { 'multi.invalid-session': 2 },
    },
  ],
  ['password-refused.client.log', { handshakes: OK, auth: { 'by-server': 1 } }],
  ['cipherfail.server.log', { handshakes: OK, auth: { 'no-shared-cipher': 1 } }],
  ['disabled.server.log', { handshakes: OK, auth: { disabled: 1 } }],
  ['client-connect-fails.server.log', { handshakes: OK }],
  ['auth-token.server.log', { connects: 1, disconnects: { 'daemon-exit': 1 }, handshakes: OK, renegotiations: 1 }],
  [
    'ping-restart.server.log',
    { connects: 3, disconnects: { 'ping-restart': 1, replaced: 1, 'daemon-exit': 1 }, handshakes: { 'succeeded|': 3 } },
  ],
  ['ping-restart.client.log', { connects: 3, disconnects: { 'ping-restart': 2, 'daemon-exit': 1 }, handshakes: { 'succeeded|': 3 } }],
  ['session-timeout.server.log', { connects: 1, disconnects: { 'session-timeout': 1 }, handshakes: OK }],
  ['tcp-limits.server.log', { connects: 1, disconnects: { 'connection-reset': 1 }, handshakes: OK }],
  [
    'timestamps-verb4.server.log',
    { connects: 2, disconnects: { 'remote-exit': 1, 'management-kill': 1 }, handshakes: { 'succeeded|': 2 } },
  ],
  ['replay-and-signals.server.log', { connects: 1, disconnects: { 'daemon-restart': 1 }, handshakes: OK, replays: 10 }],
  ['notlscrypt.server.log', { rejected: { 'tls.crypt-unwrap-failed': 2 } }],
  ['tls-auth-mismatch.server.log', { rejected: { 'tls.hmac-failed': 2, 'tls.hmac-missing': 1 } }],
];

describe('the log of stock', () => {
  it.each(RECORDINGS)('%s is counted', (file, counted) => {
    const { events } = replay(file).vpn;
    expect({
      connects: events.connects.value,
      disconnects: nonZero(events.disconnects),
      handshakes: nonZero(events.handshakes),
      auth: nonZero(events.authFailures),
      renegotiations: events.renegotiations.value,
      replays: events.replays.value,
      rejected: nonZero(events.rejectedPackets),
    }).toEqual({ connects: 0, disconnects: {}, handshakes: {}, auth: {}, renegotiations: 0, replays: 0, rejected: {}, ...counted });
  });

  it('tells the state, the title, the pool and the mode', () => {
    const { vpn } = replay('ok-verb3.server.log');
    expect(vpn.state?.value.name).toBe('EXITING');
    expect(vpn.title?.value).toMatch(/^OpenVPN 2\.6\.14 x86_64/);
    expect(vpn.poolSize?.value).toBe(253);
    expect(vpn.mode?.value).toBe('server');
    expect(replay('ok-verb3.client.log').vpn.mode?.value).toBe('client');
  });

  it('tells how long a handshake and a connection take', () => {
    // 1795352742.732437 VERIFY OK to .733692 Peer Connection Initiated, and to .733932 PUSH_REPLY.
    const { events } = replay('ok-verb3.server.log').vpn;
    expect(events.handshakeSeconds.count).toBe(1);
    expect(events.handshakeSeconds.sum).toBeCloseTo(0.001255, 5);
    expect(events.connectSeconds.sum).toBeCloseTo(0.001495, 5);
  });

  it('tells of management clients and of those that were turned away', () => {
    const { vpn } = replay('management-password.server.log');
    expect(vpn.refusedLogins.get('daemon')?.value).toBe(1);
    expect(vpn.management.get('daemon')?.value).toBe(0);
  });

  it('is counted by severity and event', () => {
    const { lines } = replay('replay-and-signals.server.log').vpn.events;
    expect(lines.get('error|replay')).toBe(10);
    expect(lines.get('info|daemon-started')).toBeGreaterThan(0);
  });
});

describe('a line', () => {
  it('has the severity of its flags', () => {
    expect(['F', 'N', 'W', 'D', 'I', '', 'FN', 'NW'].map(severityOf)).toEqual([
      'fatal',
      'error',
      'warning',
      'debug',
      'info',
      'info',
      'fatal',
      'error',
    ]);
    expect([0x10, 0x3000021, 0x40, 0x46000087, 1, 0xb000].map(severityOf)).toEqual(['fatal', 'error', 'warning', 'debug', 'info', 'fatal']);
  });

  it('counts from one source only, from the better one as long as it is there', () => {
    const rig = new Rig();
    const refused = '10.99.0.2:4000 TLS Auth Error: Auth Username/Password verification failed for peer';
    rig.up('log', 0, true);
    rig.up('management', 0, true);
    rig.line('log', 1, refused);
    rig.line('management', 1, refused, 'N');
    expect(rig.vpn.events.authFailures.get('credentials')).toBe(1);
    rig.tell('management', 2, { kind: 'source-down', where: 'x', fault: 'closed', text: 'closed' });
    rig.line('log', 3, refused);
    expect(rig.vpn.events.authFailures.get('credentials')).toBe(2);
  });

  it('about a failed handshake is forgotten when too many others fail meanwhile', () => {
    const rig = new Rig();
    rig.up('log', 0, true);
    const expired = (host: number): string =>
      `10.${host >> 8}.${host & 255}.1:4000 VERIFY ERROR: depth=0, error=certificate has expired: CN=x, serial=1`;
    for (let host = 0; host < 5000; host++) rig.line('log', 1, expired(host));
    rig.line('log', 1, '10.0.0.1:4000 TLS Error: TLS handshake failed');
    rig.line('log', 1, '10.19.135.1:4000 TLS Error: TLS handshake failed');
    expect(rig.vpn.events.handshakes.get('failed|tls-error')).toBe(1);
    expect(rig.vpn.events.handshakes.get('failed|certificate-expired')).toBe(1);
  });

  it('that ends a session gives the reason to an end that came without one', () => {
    const rig = new Rig();
    rig.up('management', 0, true);
    rig.tell('management', 1, {
      kind: 'client',
      what: 'established',
      client: { clientId: 3, address: { text: '10.99.0.2:4000', ip: '10.99.0.2', port: 4000 } },
    });
    rig.tell('management', 5, { kind: 'client', what: 'gone', client: { clientId: 3 } });
    expect(nonZero(rig.vpn.events.disconnects)).toEqual({});
    rig.line('management', 6, 'alice/10.99.0.2:4000 SIGTERM[soft,remote-exit] received, client-instance exiting', '');
    expect(nonZero(rig.vpn.events.disconnects)).toEqual({ 'remote-exit': 1 });
  });

  it('is not waited for longer than two seconds', () => {
    const rig = new Rig();
    rig.up('management', 0, true);
    rig.tell('management', 1, { kind: 'client', what: 'established', client: { clientId: 3 } });
    rig.tell('management', 5, { kind: 'client', what: 'gone', client: { clientId: 3 } });
    rig.up('management', 8, true);
    expect(nonZero(rig.vpn.events.disconnects)).toEqual({ unknown: 1 });
  });
});
