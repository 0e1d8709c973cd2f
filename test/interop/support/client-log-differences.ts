import type { ListedLines } from './log-differences.ts';

/** One row a cause: the lines of clients that may differ. */
export const CLIENT_LISTED_LINES: readonly ListedLines[] = [
  { difference: 'log.data-plane', lines: ['ours ours.data-plane 1', 'ours ours.data-plane-step-on 1'] },
  { difference: 'log.interrupted-wait', lines: ['stock start.event-wait-interrupted 1000021'] },
  { difference: 'log.kernel-offload', lines: ['stock start.dco-version 1', 'stock start.kernel-support-missing 3'] },
  { difference: 'log.interface-set-once', lines: ['stock interface.mtu-set 1', 'stock interface.up 1'] },
  {
    difference: 'log.parameter-dump',
    lines: [
      'stock start.parameter 32000004',
      'stock start.parameter-other 32000004',
      'stock start.profiles-begin 32000004',
      'stock start.profiles-end 32000004',
    ],
  },
  {
    difference: 'log.library-internals',
    lines: [
      'stock tls.cipher-initialised 41000004',
      'stock tls.hmac-initialised 41000004',
      'stock tls.control-mtu 3d000004',
      'stock tls.context-reused 3c000004',
      'stock data.mtu 3d000004',
      'stock data.cipher-initialised 41000004',
    ],
  },
  {
    difference: 'log.routes-of-ipv6',
    scenarios: ['a good session'],
    lines: [
      'stock interface.gateway6-lookup 3',
      'stock interface.best-gateway-query-6 3',
      'stock interface.netlink-error 40',
      'stock interface.route6-default 3',
      'stock interface.route6-adding 3',
      'stock interface.route6-deleting 3',
    ],
  },
  {
    difference: 'log.socket-buffers',
    scenarios: ['a session over TCP', 'a server that ends over TCP', 'nobody who answers over TCP'],
    lines: ['stock link.socket-buffers 2b000003'],
  },
  {
    difference: 'log.order-at-start',
    scenarios: ['a wrong password'],
    lines: ['ours client.caches-passwords 40', 'stock client.caches-passwords 40'],
  },
  {
    difference: 'log.server-refused-by-us',
    scenarios: ['a server of another authority', 'a server of another name', 'a certificate that is not a server’s'],
    lines: [
      'stock tls.alert-sent 14000003',
      'stock tls.library 3000021',
      'stock tls.bio-error 3000021',
      'stock tls.plaintext-read-error 3000021',
    ],
  },
  { difference: 'log.ignored-options', scenarios: ['a renegotiation'], lines: ['ours ours.option-ignored 40'] },
  {
    difference: 'log.network-errors',
    lines: ['stock link.read-error 1000021', 'ours link.read-error 1000021'],
  },
];
