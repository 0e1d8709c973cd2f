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
  { difference: 'log.every-end-of-a-client', lines: ['ours multi.instance-exiting 26000003', 'ours push.received 22000003'] },
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
    lines: [
      'stock start.parameters-begin 32000004',
      'stock start.parameter 32000004',
      'stock start.profiles-begin 32000004',
      'stock start.profiles-end 32000004',
    ],
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
    scenarios: ['a revoked certificate', 'a wrong password'],
    lines: ['stock crl.loaded 1', 'ours crl.loaded 1', 'ours start.script-security 40', 'stock start.script-security 40'],
  },
  {
    difference: 'log.refused-after-handshake',
    scenarios: ['a revoked certificate'],
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
    scenarios: ['a wrong password', 'no cipher in common'],
    lines: [
      'ours script.failed 40',
      'stock tls.peer-connection-initiated 1',
      'stock tls.move-session 14000003',
      'stock tls.promoted-to-semi-trusted 14000003',
      'stock tls.control-channel 14000002',
      'stock push.sent 22000003',
      'stock pool.returned 1',
      'stock multi.learn 26000003',
      'stock multi.primary-4 26000003',
      'stock multi.primary-6 26000003',
    ],
  },
  {
    difference: 'log.rejected-packets-summed',
    scenarios: ['a replay'],
    lines: [
      'stock data.control-replay 6000021',
      'stock tls.crypt-unwrap-failed 3000021',
      'stock tls.crypt-unwrap-error 2000021',
      'stock data.replay 6000021',
      'ours ours.rejections-summed 40',
    ],
  },
  /** What the network and the clients do while a server is watched comes at moments of their own. */
  {
    difference: 'log.timing',
    lines: [
      'stock link.read-error 1000021',
      'ours link.read-error 1000021',
      'ours multi.bad-source 39000004',
      'stock multi.bad-source 39000004',
      'stock multi.invalid-session 3a000004',
      'ours push.data-channel 14000002',
      'ours push.timers 14000002',
      'ours push.protocol-options 14000002',
      'stock push.data-channel 14000002',
      'stock push.timers 14000002',
      'stock push.protocol-options 14000002',
      'ours push.sent 22000003',
      'stock push.sent 22000003',
      'stock multi.exit-received 7000021',
      'ours multi.exit-received 7000021',
      'stock auth.delayed-exit 29000003',
      'ours auth.delayed-exit 29000003',
    ],
  },
];
