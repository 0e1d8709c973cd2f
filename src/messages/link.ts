import { row } from './row.ts';

/** Sockets and what goes wrong on them (facts: logging 13). */
export const LINK = {
  socketBuffers: row(
    'link.socket-buffers',
    'D_OSBUF',
    'Socket Buffers: R=[{receiveBefore:int}->{receive:int}] S=[{sendBefore:int}->{send:int}]',
  ),
  localBound: row('link.local-bound', 'M_INFO', '{proto:proto} link local (bound): {address:address}'),
  localUnbound: row('link.local-unbound', 'M_INFO', '{proto:proto} link local: (not bound)'),
  local: row('link.local', 'M_INFO', '{proto:proto} link local: {address:address}'),
  remote: row('link.remote', 'M_INFO', '{proto:proto} link remote: {address:address}'),
  listening: row('link.listening', 'M_INFO', 'Listening for incoming TCP connection on {address:address}', { side: 'server' }),
  tcpEstablished: row('link.tcp-established', 'M_INFO', 'TCP connection established with {address:address}', { event: 'peer-seen' }),
  bindFailed: row(
    'link.bind-failed',
    'M_FATAL_ERRNO',
    'TCP/UDP: Socket bind failed on local address {address:address}: {reason} (errno={errno:int})',
    { event: 'listen-failed' },
  ),
  listenFailed: row('link.listen-failed', 'M_FATAL_ERRNO', 'TCP: listen() failed: {reason} (errno={errno:int})', {
    event: 'listen-failed',
  }),
  acceptFailed: row('link.accept-failed', 'D_LINK_ERRORS', 'TCP: accept({fd:int}) failed: {reason} (errno={errno:int})', {
    also: ['TCP: accept({fd:int}) failed'],
  }),
  connectionReset: row('link.connection-reset', 'D_STREAM_ERRORS', 'Connection reset, restarting [{status:int}]', {
    event: 'peer-disconnected',
  }),
  badEncapsulatedLength: row(
    'link.bad-encapsulated-length',
    'M_WARN',
    'WARNING: Bad encapsulated packet length from peer ({length:int}), which must be > 0 and <= {limit:int} -- please ensure that --tun-mtu or --link-mtu is equal on both peers -- this condition could also indicate a possible active attack on the TCP link -- [Attempting restart...]',
    {
      event: 'packet-rejected',
      also: ['WARNING: Bad encapsulated packet length from peer ({length:int}), which must be > 0 and <= {limit:int} {advice:rest}'],
    },
  ),
  readError: row('link.read-error', 'D_LINK_ERRORS', 'read {proto:proto} [{name}]: {reason} (fd={fd:int},code={code:int})', {
    also: [
      'read {proto:proto}: {reason} (fd={fd:int},code={code:int})',
      'read {proto:proto} [{name}]: {reason} (code={code:int})',
      'read {proto:proto}: {reason} (code={code:int})',
    ],
  }),
  writeError: row('link.write-error', 'D_LINK_ERRORS', 'write {proto:proto} [{name}]: {reason} (fd={fd:int},code={code:int})', {
    also: [
      'write {proto:proto}: {reason} (fd={fd:int},code={code:int})',
      'write {proto:proto} [{name}]: {reason} (code={code:int})',
      'write {proto:proto}: {reason} (code={code:int})',
    ],
  }),
  packetFromStranger: row(
    'link.packet-from-stranger',
    'D_LINK_ERRORS',
    'TCP/UDP: Incoming packet rejected from {address:address}[{family:int}], expected peer address: {expected:address} (allow this incoming source address/port by removing --remote or adding --float)',
    { event: 'packet-rejected' },
  ),
  closing: row('link.closing', 'D_LOW', 'TCP/UDP: Closing socket'),
  clientLocal: row('link.client-local', 'D_INIT_MEDIUM', '{proto:proto} link local: (not bound)', { side: 'server' }),
  clientRemote: row('link.client-remote', 'D_INIT_MEDIUM', '{proto:proto} link remote: {address:address}', { side: 'server' }),
  dualStack: row('link.dual-stack', 'M_INFO', 'setsockopt(IPV6_V6ONLY={value:int})'),
  socketOptionFailed: row('link.socket-option-failed', 'M_WARN', 'NOTE: setsockopt {option:word} failed'),
} as const;
