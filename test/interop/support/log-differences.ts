/** The lines of a listed difference from stock, as the comparison of logs names them. */
export interface ListedLines {
  /** The id of the row in `src/base/differences.ts` that gives the cause. */
  readonly difference: string;
  /** The scenarios where they may differ; all without it. */
  readonly scenarios?: readonly string[];
  /** `stock ID WORD` for a line that only stock writes there, `ours ID WORD` for one that only we write. */
  readonly lines: readonly string[];
}

/** One row a cause. */
export const LISTED_LINES: readonly ListedLines[] = [
  { difference: 'log.session-summary', lines: ['ours ours.session-summary 1'] },
  { difference: 'log.data-plane', lines: ['ours ours.data-plane 1'] },
  {
    difference: 'log.every-end-of-a-client',
    lines: ['ours multi.instance-exiting 26000003', 'ours push.received 22000003', 'ours push.sent 22000003'],
  },
  { difference: 'log.interrupted-wait', lines: ['stock start.event-wait-interrupted 1000021'] },
  { difference: 'log.kernel-offload', lines: ['stock start.dco-version 1', 'stock start.kernel-support-missing 3'] },
  {
    difference: 'log.interface-set-once',
    lines: [
      'stock interface.mtu-set 1',
      'stock interface.up 1',
      'stock interface.ifconfig 34000004',
      'stock interface.best-gateway-query-4 3',
      'stock interface.best-gateway-result-4 3',
    ],
  },
  { difference: 'log.socket-buffers', lines: ['stock link.socket-buffers 2b000003'] },
  { difference: 'log.pool-sizes', lines: ['stock pool.size-note 1'] },
  {
    difference: 'log.parameter-dump',
    lines: ['stock start.parameter 32000004', 'stock start.profiles-begin 32000004', 'stock start.profiles-end 32000004'],
  },
  {
    difference: 'log.library-internals',
    lines: [
      'stock tls.cipher-initialised 41000004',
      'stock tls.hmac-initialised 41000004',
      'stock tls.tls-auth-mtu 3d000004',
      'stock tls.control-mtu 3d000004',
      'stock tls.context-reused 3c000004',
      'stock data.mtu 3d000004',
      'stock data.cipher-initialised 41000004',
      'stock data.packet-id-error 40000004',
    ],
  },
  { difference: 'log.ignored-options', scenarios: ['a renegotiation'], lines: ['ours ours.option-ignored 40'] },
  {
    difference: 'log.order-at-start',
    scenarios: ['a revoked certificate', 'a wrong password', 'a script that refuses'],
    lines: ['stock crl.loaded 1', 'ours crl.loaded 1', 'ours start.script-security 40', 'stock start.script-security 40'],
  },
  {
    difference: 'log.refused-after-handshake',
    scenarios: ['a revoked certificate', 'an expired certificate'],
    lines: [
      'stock tls.library 3000021',
      'stock tls.bio-error 3000021',
      'stock tls.plaintext-read-error 3000021',
      'stock tls.alert-sent 14000003',
      'stock multi.instance-restarting 26000003',
      'ours peer-info.value 1',
      'ours auth.delayed-exit 29000003',
      'ours push.sent 22000003',
    ],
  },
  {
    difference: 'log.refused-before-connecting',
    scenarios: ['a wrong password'],
    lines: [
      'stock tls.peer-connection-initiated 1',
      'stock tls.move-session 14000003',
      'stock tls.promoted-to-semi-trusted 14000003',
      'stock tls.control-channel 14000002',
    ],
  },
  {
    difference: 'log.refused-before-address',
    scenarios: ['no cipher in common'],
    lines: ['stock pool.returned 1', 'stock multi.learn 26000003', 'stock multi.primary-4 26000003', 'stock multi.primary-6 26000003'],
  },
  {
    difference: 'log.refusal-sent-once',
    scenarios: [
      'a wrong password',
      'no cipher in common',
      'a client file that is missing',
      'a client that is disabled',
      'a script that refuses',
    ],
    lines: ['stock push.sent 22000003'],
  },
  {
    difference: 'log.client-file-required-later',
    scenarios: ['a client file that is missing'],
    lines: [
      'stock auth.client-config-required 3000021',
      'ours auth.client-config-required 3000021',
      'ours pool.returned 1',
      'stock tls.promoted-to-semi-trusted 14000003',
      'ours tls.promoted-to-trusted 14000003',
      'stock tls.peer-connection-initiated 1',
      'ours tls.peer-connection-initiated 1',
      'stock tls.control-channel 14000002',
      'ours tls.control-channel 14000002',
      'stock auth.delayed-exit 29000003',
      'ours auth.delayed-exit 29000003',
    ],
  },
  {
    difference: 'log.refused-clients-talk',
    scenarios: ['a client that is disabled', 'a script that refuses', 'a revoked certificate', 'an expired certificate'],
    lines: ['stock push.received 22000003', 'stock multi.invalid-session 3a000004'],
  },
  { difference: 'log.login-script-status', scenarios: ['a wrong password'], lines: ['ours script.failed 40'] },
  {
    difference: 'log.rejected-packets-summed',
    scenarios: ['a replay', 'a replay that is muted'],
    lines: [
      'stock data.control-replay 6000021',
      'stock tls.crypt-unwrap-failed 3000021',
      'stock tls.crypt-unwrap-error 2000021',
      'stock data.replay 6000021',
      'ours ours.rejections-summed 40',
    ],
  },
  { difference: 'log.network-errors', lines: ['stock link.read-error 1000021'] },
];
