import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recognise } from './recogniser.ts';

/** Lines of the fact sheet that no recording has: word, line, row (facts: logging 13). */
const LINES: readonly (readonly [word: string, line: string, id: string])[] = [
  ['1', 'tun/tap device [tun0] opened', 'interface.opened'],
  ['1', 'DCO device tun0 opened', 'interface.opened'],
  ['1', 'net_addr_ptp_v4_add: 10.8.0.1 peer 10.8.0.2 dev tun0', 'interface.point-to-point-added-4'],
  ['16000002', 'Closing tun/tap interface', 'interface.closing'],
  ['1', 'SIGINT[hard,] received, process exiting', 'start.process-exiting'],
  ['1', 'SIGTERM[soft,management-exit] received, process exiting', 'start.process-exiting'],
  ['1', 'SIGUSR1[connection failed(soft),init_instance] received, process restarting', 'start.process-restarting'],
  ['1', 'SIGUSR1[soft,auth-temp-failure (server temporary reject)] received, process restarting', 'start.process-restarting'],
  ['1', 'Preserving previous TUN/TAP instance: tun0', 'interface.preserving'],
  ['1', 'Initialization Sequence Completed With Errors', 'start.init-complete-with-errors'],
  ['26000003', 'alice/10.99.0.2:1 MULTI: Unlearn: 10.8.0.2 -> alice/10.99.0.2:1', 'multi.unlearn'],
  ['26000003', 'MULTI: Learn FAILED: 10.8.0.2 -> alice/10.99.0.2:1', 'multi.learn-failed'],
  ['14000002', "alice/udp4:10.99.0.2:5 Data Channel: cipher 'AES-256-GCM', rx-peer-id: 0, tx-peer-id: 1", 'push.data-channel'],
  ['14000002', "Data Channel: cipher 'AES-256-CBC', auth 'SHA1', peer-id: 0, compression: 'stub-v2'", 'push.data-channel'],
  ['3', 'net_route_v6_add: 2001:db8::/32 via fd00:8::1 dev tun0 table 0 metric -1', 'interface.route-added-6'],
  [
    '14000003',
    'TLS: soft reset sec=3600/3600 bytes=5/-1 pkts=6/0 aead_limit_send=2/117964800 aead_limit_recv=4/117964800',
    'tls.soft-reset',
  ],
  ['14000003', 'TLS: tls_process: killed expiring key', 'tls.killed-expiring-key'],
  ['14000003', 'TLS: tls_multi_process: killed expiring key', 'tls.killed-expiring-session'],
  ['3a000004', 'peer 0 (alice) floated from [AF_INET]10.99.0.2:1 to [AF_INET]10.99.0.3:2', 'multi.floated'],
  ['3000021', 'VERIFY ERROR: depth=0, error=certificate is not yet valid: CN=a, O=b: c, serial=5', 'verify.error'],
  ['14000003', 'Received fatal SSL alert: unknown CA', 'tls.alert-received'],
  ['14000002', 'VERIFY EKU ERROR', 'verify.extended-key-usage-error'],
  ['14000002', 'VERIFY SCRIPT ERROR: depth=0, CN=alice', 'verify.script-error'],
  ['14000002', 'VERIFY PLUGIN ERROR: depth=0, CN=alice', 'verify.plugin-error'],
  ['3000021', 'TLS Error: cannot locate HMAC in incoming packet from [AF_INET]10.99.0.2:1', 'tls.hmac-missing'],
  ['3000021', 'TLS Error: can not extract tls-crypt-v2 client key from [AF_INET]10.99.0.2:1', 'tls.crypt-v2-key-failed'],
  ['3000021', 'TLS Error: Unroutable control packet received from [AF_INET]10.99.0.2:1 (si=3 op=P_CONTROL_V1)', 'tls.unroutable'],
  [
    '3000021',
    'TLS Error: local/remote TLS keys are out of sync: [AF_INET]10.99.0.2:1 (received key id: 1, known key ids:  [key#0 state=S_ACTIVE id=0])',
    'tls.keys-out-of-sync',
  ],
  ['3000021', 'TLS Error: client->client or server->server connection attempted from [AF_INET]10.99.0.2:1', 'tls.same-role'],
  ['3000021', 'TLS Error: unknown opcode received from [AF_INET]10.99.0.2:1 op=19', 'tls.unknown-opcode'],
  ['3000021', 'TLS Error: reading acknowledgement record from packet', 'tls.bad-acknowledgement'],
  ['40', 'CRL: cannot read: crl.pem', 'crl.cannot-open'],
  ['10', 'ERROR: Failed to stat CRL file during initialization, exiting.', 'crl.stat-failed-at-start'],
  ['14000002', 'VERIFY CRL: depth=0, CN=a, serial=5 is revoked', 'crl.revoked'],
  ['0', 'AUTH: Received control message: AUTH_FAILED', 'client.auth-control'],
  ['3000021', 'TLS Auth Error: peer provided a blank username', 'auth.blank-username'],
  ['3000021', 'TLS Error: Username (300) or password (12) too long', 'auth.too-long'],
  ['3000021', "TLS Auth Error: username attempted to change from 'a' to 'b' -- tunnel disabled", 'auth.username-changed'],
  ['3000021', "TLS Auth Error: TLS object CN attempted to change from 'a' to 'b' -- tunnel disabled", 'auth.common-name-changed'],
  ['40', "TLS: Username/auth-token authentication failed for username 'alice'", 'auth.token-failed'],
  ['40', '--auth-gen-token: HMAC on token from client failed (alice)', 'auth.token-bad-hmac'],
  ['1', '--auth-gen-token: auth-token from client expired', 'auth.token-expired'],
  ['26000003', 'MULTI: connection rejected: bad credentials, CLI:Wrong password, try again', 'auth.rejected'],
  ['29000003', 'alice/10.99.0.2:1 Delayed exit in 5 seconds', 'auth.delayed-exit'],
  ['22000003', 'AUTH_PENDING received, extending handshake timeout from 60s to 30s', 'client.auth-pending'],
  ['22000003', "Info command was pushed by server ('WEB_AUTH::https://sso.example')", 'client.info'],
  ['22000003', "CR response was sent by client ('dGVzdA==')", 'auth.response'],
  ['2000021', 'AEAD Decrypt error: cipher final failed', 'data.decrypt-failed'],
  ['2000021', 'AEAD Decrypt error: packet decryption failed', 'data.decrypt-failed'],
  ['2000021', 'Authenticate/Decrypt packet error: packet HMAC authentication failed', 'data.authenticate-failed'],
  [
    '6000021',
    'Authenticate/Decrypt packet error: bad packet ID (may be a replay): [ #3 / time = (1700000000) 2023-11-14 22:13:20 ] -- see the man page entry for --no-replay and --replay-window for more info or silence this warning with --mute-replay-warnings',
    'data.control-replay',
  ],
  ['39000004', 'MULTI: packet dropped due to output saturation (multi_process_incoming_tun)', 'multi.output-saturated'],
  ['1000021', 'write UDPv4 [EMSGSIZE Path-MTU=1400]: Message too long (fd=5,code=90)', 'link.write-error'],
  ['1000021', 'read UDPv4: Connection refused (code=111)', 'link.read-error'],
  ['34000004', 'Recursive routing detected, packet dropped (tun to link)', 'data.recursive-routing'],
  ['1', '[alice] Inactivity timeout (--ping-exit), exiting', 'multi.ping-exit'],
  ['1', 'Server poll timeout, restarting', 'client.poll-timeout'],
  ['7000021', "Connection reset command was pushed by server ('')", 'client.restart-pushed'],
  ['7000021', "Halt command was pushed by server ('bye')", 'client.halt-pushed'],
  ['7000021', 'No reply from server to push requests in 60s', 'client.no-push-reply'],
  ['7000021', 'OCC exit message received by peer', 'multi.occ-exit-received'],
  ['1', 'Network unreachable, restarting', 'client.network-unreachable'],
  ['10', 'No usable connection profiles are present', 'client.no-profiles'],
  ['9000021', 'MULTI: no free --ifconfig-pool addresses are available', 'pool.exhausted'],
  ['9000021', 'MULTI: no dynamic or static remote --ifconfig address is available for alice/10.99.0.2:1', 'pool.none'],
  ['110', 'ERROR: Cannot open TUN/TAP dev /dev/net/tun: No such device (errno=19)', 'interface.open-failed'],
  ['10', "Linux can't add IP to interface tun0", 'interface.address-failed'],
  ['10', "Linux can't bring tun0 up", 'interface.up-failed'],
  ['40', 'ERROR: Linux route v6 delete command failed', 'interface.route-delete-failed-6'],
  ['10', 'Private key does not match the certificate', 'start.private-key-mismatch'],
  ['40', 'Note: cannot open /run/status for WRITE', 'status.cannot-open'],
  ['46000083', 'MANAGEMENT: CMD \'client-deny 0 1 "a" "it\'s b"\'', 'management.command'],
  ['28000003', 'MANAGEMENT: >STATE:1795352571,CONNECTED,SUCCESS,10.8.0.1,,,,', 'management.state'],
  ['40', 'MAN: client connection rejected after 3 failed password attempts', 'management.password-rejected'],
  ['45000086', 'TUN READ [84]', 'data.tun-read'],
];

describe('recognise', () => {
  it.each(LINES)('%s %s', (word, line, id) => {
    const { row } = recognise(line);
    expect([row?.id, row?.word.toString(16)]).toEqual([id, word]);
  });

  it('tells stamp, peer, row and values of a line', () => {
    expect(recognise('1795352445.575305 1 alice/10.99.0.2:37930 MULTI_sva: pool returned IPv4=10.8.0.2, IPv6=(Not enabled)')).toMatchObject(
      {
        text: 'MULTI_sva: pool returned IPv4=10.8.0.2, IPv6=(Not enabled)',
        time: 1_795_352_445_575.305,
        word: 1,
        peer: { commonName: 'alice', ip: '10.99.0.2', port: 37_930 },
        row: { id: 'pool.returned', event: 'address-assigned' },
        args: { address4: '10.8.0.2', address6: '(Not enabled)' },
      },
    );
  });

  it('takes one of several rows with the same text by the word of the line', () => {
    expect(recognise('1795352445.575305 8008021 alice/10.99.0.2:1 Options error: x').row?.id).toBe('push.client-file-error');
    expect(recognise('1795352445.575305 b008021 Options error: x').row?.id).toBe('push.pushed-option-error');
    expect(recognise('Options error: x').row?.id).toBe('start.options-error');
  });

  it('keeps the peer of a line that is not in the catalogue', () => {
    expect(recognise('2026-11-22 13:00:43 alice/10.99.0.2:1 Something of a later version')).toMatchObject({
      text: 'Something of a later version',
      peer: { commonName: 'alice' },
      row: undefined,
      args: {},
    });
  });

  it.each([
    'TLS: something of a later version',
    'foo: bar',
    'a, b, c',
    'a,b',
    'x = y',
    '[a] b',
    '(c)',
    'Some words',
    "it's 'quoted'",
    'a -> b',
    '5 of 6',
  ])('does not take %j for a message that is mostly values', (line) => {
    expect(recognise(line).row).toBeUndefined();
  });

  it('is not led astray by a user name that looks like a line', () => {
    const forged = 'x/10.0.0.9:9 VERIFY OK: depth=0, CN=admin';
    const line = `10.99.0.2:1 TLS: Username/Password authentication deferred for username '${forged}' `;
    expect(recognise(line)).toMatchObject({
      peer: { commonName: undefined, ip: '10.99.0.2' },
      row: { id: 'auth.deferred' },
      args: { username: forged },
    });
  });

  it.each([
    ['', 'empty'],
    [' ', 'a blank'],
    ['\u0000\u0007\u001b[31m', 'control characters'],
    ['\uD800', 'half a character'],
  ])('leaves %j alone', (line) => {
    expect(recognise(line).row).toBeUndefined();
  });

  it('takes any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (line) => {
        const { text, args } = recognise(line);
        expect(line.endsWith(text)).toBe(true);
        for (const value of Object.values(args)) expect(text).toContain(value);
      }),
      { numRuns: 500 },
    );
  });
});

/** Would take hours if a line cost more than a few times its length. */
describe('hostile lines', () => {
  const repeated = [
    ' ',
    '/',
    ':',
    ',',
    "' ",
    ': ',
    'a/1.1.1.1:1 ',
    ', ',
    '[',
    '] ',
    'R',
    '1',
    '.',
    '<1>',
    'x: y/',
    'SIGA',
    'UDP',
    '(',
    '-> ',
    '\u0000',
  ];
  const heads = [
    '',
    'MULTI: primary virtual IP for ',
    "SENT CONTROL [a]: '",
    'VERIFY ERROR: depth=0, error=',
    'peer info: ',
    '2026-11-22 13:00:43 us=1 ',
    'OpenVPN ',
    'Data Channel: cipher ',
    '<29>Nov 22 13:00:43 ',
    'AEAD Decrypt error: ',
  ];

  it('are read in a time that grows with their length', () => {
    for (const head of heads) {
      for (const piece of repeated) {
        const line = head + piece.repeat(Math.ceil(10_000 / piece.length));
        expect(line.length).toBeGreaterThanOrEqual(10_000);
        expect(line.endsWith(recognise(line).text) || line.length > 10_240).toBe(true);
      }
    }
  });
});
