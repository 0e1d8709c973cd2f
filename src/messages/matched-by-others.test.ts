import { describe, expect, it } from 'vitest';
import { peerPrefix } from '../model/peer-ref.ts';
import { AUTH } from './auth.ts';
import { CLIENT } from './client.ts';
import { LINK } from './link.ts';
import { MULTI } from './multi.ts';
import { PEER_INFO } from './peer-info.ts';
import { POOL } from './pool.ts';
import { renderRow, type Row } from './row.ts';
import { START } from './start.ts';
import { TLS } from './tls.ts';
import { VERIFY } from './verify.ts';

/**
 * What programs look for in OpenVPN's log, in their own terms: filters that ban addresses, patterns of log shippers, and
 * desktop programs that watch a client. A text that changes here breaks somebody.
 */
const ADDRESS = { transport: 'udp', family: 4, ip: '192.0.2.7', port: 40_000 } as const;
const BEFORE_LOGIN = `${peerPrefix({ session: 1, clientId: 0, address: ADDRESS, commonName: undefined })} `;
const CONNECTED = `${peerPrefix({ session: 1, clientId: 0, address: ADDRESS, commonName: 'alice' })} `;
const FROM = '[AF_INET]192.0.2.7:40000';

interface Match {
  readonly who: string;
  readonly pattern: RegExp;
  readonly prefix: string;
  readonly row: Row;
  readonly args?: Readonly<Record<string, string | number>>;
}

const MATCHES: readonly Match[] = [
  { who: 'fail2ban', pattern: /^192\.0\.2\.7:\d+ TLS Error: TLS handshake failed$/, prefix: BEFORE_LOGIN, row: TLS.handshakeFailed },
  {
    who: 'fail2ban',
    pattern: /TLS Error: incoming packet authentication failed from \[AF_INET6?\]192\.0\.2\.7:\d+$/,
    prefix: '',
    row: TLS.hmacFailed,
    args: { address: FROM },
  },
  {
    who: 'fail2ban',
    pattern: /TLS Error: cannot locate HMAC in incoming packet from \[AF_INET6?\]192\.0\.2\.7:\d+$/,
    prefix: '',
    row: TLS.hmacMissing,
    args: { address: FROM },
  },
  {
    who: 'fail2ban',
    pattern: /TLS Error: tls-crypt unwrapping failed from \[AF_INET6?\]192\.0\.2\.7:\d+$/,
    prefix: '',
    row: TLS.cryptUnwrapFailed,
    args: { address: FROM },
  },
  {
    who: 'fail2ban',
    pattern: /^192\.0\.2\.7:\d+ TLS Auth Error: Auth Username\/Password verification failed for peer$/,
    prefix: BEFORE_LOGIN,
    row: AUTH.failed,
  },
  {
    who: 'fail2ban',
    pattern: /^192\.0\.2\.7:\d+ VERIFY ERROR: depth=\d+, error=[^:]+: CN=\w+, serial=\d+$/,
    prefix: BEFORE_LOGIN,
    row: VERIFY.error,
    args: { depth: 0, reason: 'certificate revoked', subject: 'CN=mallory', serial: 5 },
  },
  {
    who: 'fail2ban',
    pattern: /^192\.0\.2\.7:\d+ Connection reset, restarting \[-?\d+\]$/,
    prefix: BEFORE_LOGIN,
    row: LINK.connectionReset,
    args: { status: 0 },
  },
  {
    who: 'fail2ban',
    pattern: /^192\.0\.2\.7:\d+ WARNING: Bad encapsulated packet length from peer \(\d+\), which must be > 0 and <= \d+ /,
    prefix: BEFORE_LOGIN,
    row: LINK.badEncapsulatedLength,
    args: { length: 21331, limit: 1626 },
  },
  {
    who: 'log shippers',
    pattern: /^192\.0\.2\.7:\d+ \[alice\] Peer Connection Initiated with \[AF_INET\]192\.0\.2\.7:\d+$/,
    prefix: BEFORE_LOGIN,
    row: TLS.peerConnectionInitiated,
    args: { commonName: 'alice', address: FROM },
  },
  {
    who: 'log shippers',
    pattern: /^([^\s/]+)\/([\d.]+):(\d+) MULTI_sva: pool returned IPv4=([\d.]+), IPv6=\(Not enabled\)$/,
    prefix: CONNECTED,
    row: POOL.returned,
    args: { address4: '10.8.0.2', address6: '(Not enabled)' },
  },
  {
    who: 'log shippers',
    pattern: /^alice\/[\d.]+:\d+ MULTI: Learn: 10\.8\.0\.2 -> alice\/192\.0\.2\.7:40000$/,
    prefix: CONNECTED,
    row: MULTI.learn,
    args: { route: '10.8.0.2', client: 'alice/192.0.2.7:40000' },
  },
  {
    who: 'log shippers',
    pattern: /^192\.0\.2\.7:\d+ peer info: IV_VER=2\.6\.14$/,
    prefix: BEFORE_LOGIN,
    row: PEER_INFO.value,
    args: { name: 'IV_VER', value: '2.6.14' },
  },
  {
    who: 'log shippers',
    pattern: /TLS: Username\/Password authentication succeeded for username 'alice' $/,
    prefix: BEFORE_LOGIN,
    row: AUTH.succeeded,
    args: { username: 'alice', note: '' },
  },
  {
    who: 'log shippers',
    pattern: /^alice\/[\d.]+:\d+ \[alice\] Inactivity timeout \(--ping-restart\), restarting$/,
    prefix: CONNECTED,
    row: MULTI.pingRestart,
    args: { commonName: 'alice' },
  },
  {
    who: 'log shippers',
    pattern: /^alice\/[\d.]+:\d+ SIGUSR1\[soft,ping-restart\] received, client-instance restarting$/,
    prefix: CONNECTED,
    row: MULTI.instanceRestarting,
    args: { signal: 'SIGUSR1', source: 'soft', reason: 'ping-restart' },
  },
  { who: 'desktop programs', pattern: /^Initialization Sequence Completed$/, prefix: '', row: START.initComplete },
  {
    who: 'desktop programs',
    pattern: /^AUTH: Received control message: AUTH_FAILED(?:,.*)?$/,
    prefix: '',
    row: CLIENT.authControl,
    args: { message: 'AUTH_FAILED' },
  },
  {
    who: 'desktop programs',
    pattern: /^SIGTERM\[hard,\] received, process exiting$/,
    prefix: '',
    row: START.processExiting,
    args: { signal: 'SIGTERM', source: 'hard', reason: '' },
  },
  { who: 'desktop programs', pattern: /^Exiting due to fatal error$/, prefix: '', row: START.fatalExit },
];

describe('texts that other programs match on', () => {
  it.each(MATCHES)('$row.id, by $who', ({ pattern, prefix, row, args = {} }) => {
    expect(prefix + renderRow(row, args)).toMatch(pattern);
  });
});
