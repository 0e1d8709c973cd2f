import { row } from './row.ts';

/** Client instances of a server: limits, inner routes, end (facts: logging 13). */
export const MULTI = {
  init: row('multi.init', 'D_MULTI_LOW', 'MULTI: multi_init called, r={realHash:int} v={virtualHash:int}', { side: 'server' }),
  tcpInit: row('multi.tcp-init', 'D_MULTI_LOW', 'MULTI: TCP INIT maxclients={clients:int} maxevents={events:int}', { side: 'server' }),
  createInstance: row('multi.create-instance', 'D_MULTI_MEDIUM', 'MULTI: multi_create_instance called', { side: 'server' }),
  closeInstance: row('multi.close-instance', 'D_DEBUG7', 'MULTI: multi_close_instance called', { side: 'server' }),
  learn: row('multi.learn', 'D_MULTI_LOW', 'MULTI: Learn: {route:word} -> {client:rest}', { side: 'server', event: 'route-learned' }),
  learnFailed: row('multi.learn-failed', 'D_MULTI_LOW', 'MULTI: Learn FAILED: {route:word} -> {client:rest}', {
    side: 'server',
    also: ['MULTI: Learn FAILED: {text:rest}'],
  }),
  unlearn: row('multi.unlearn', 'D_MULTI_LOW', 'MULTI: Unlearn: {route:word} -> {client:rest}', {
    side: 'server',
    also: ['MULTI: Unlearn: {text:rest}'],
  }),
  primary4: row('multi.primary-4', 'D_MULTI_LOW', 'MULTI: primary virtual IP for {client:text}: {address:ip}', {
    side: 'server',
    event: 'peer-connected',
  }),
  primary6: row('multi.primary-6', 'D_MULTI_LOW', 'MULTI: primary virtual IPv6 for {client:text}: {address:ip}', { side: 'server' }),
  internalRoute: row('multi.internal-route', 'D_MULTI_LOW', 'MULTI: internal route {route:ip} -> {client:rest}', { side: 'server' }),
  displaced: row(
    'multi.displaced',
    'D_MULTI_LOW',
    "MULTI: new connection by client '{commonName}' will cause previous active sessions by this client to be dropped.  Remember to use the --duplicate-cn option if you want multiple clients using the same certificate or username to concurrently connect.",
    { side: 'server' },
  ),
  maxClients: row(
    'multi.max-clients',
    'D_MULTI_ERRORS',
    'MULTI: new incoming connection would exceed maximum number of clients ({limit:int})',
    { side: 'server', event: 'limit-reached' },
  ),
  connectFreq: row(
    'multi.connect-freq',
    'D_MULTI_ERRORS',
    'MULTI: Connection from {client:text} would exceed new connection frequency limit as controlled by --connect-freq',
    { side: 'server', event: 'rate-limited' },
  ),
  shuttingDown: row(
    'multi.shutting-down',
    'D_MULTI_ERRORS',
    'MULTI: Connection attempt from {client:text} ignored while server is shutting down',
    { side: 'server', event: 'client-rejected' },
  ),
  routeQuota: row(
    'multi.route-quota',
    'D_ROUTE_QUOTA',
    'MULTI ROUTE: route quota ({quota:int}) exceeded for {client:text} (see --max-routes-per-client option)',
    { side: 'server', event: 'limit-reached' },
  ),
  badSource: row('multi.bad-source', 'D_MULTI_DROPPED', 'MULTI: bad source address from client [{address:word}], packet dropped', {
    side: 'server',
    event: 'packet-rejected',
  }),
  outputSaturated: row('multi.output-saturated', 'D_MULTI_DROPPED', 'MULTI: packet dropped due to output saturation ({where:word})', {
    side: 'server',
  }),
  floated: row('multi.floated', 'D_MULTI_MEDIUM', 'peer {peerId:int} ({commonName:text}) floated from {from:address} to {to:address}', {
    side: 'server',
    event: 'peer-floated',
  }),
  floatRefused: row('multi.float-refused', 'D_MULTI_LOW', 'Disallow float to an address taken by another client {address:address}', {
    side: 'server',
    also: ['Disallow float to an address taken by another client{rest:rest}'],
  }),
  instanceExiting: row('multi.instance-exiting', 'D_MULTI_LOW', '{signal:signal}[{source},{reason}] received, client-instance exiting', {
    side: 'server',
    event: 'peer-disconnected',
  }),
  instanceRestarting: row(
    'multi.instance-restarting',
    'D_MULTI_LOW',
    '{signal:signal}[{source},{reason}] received, client-instance restarting',
    { side: 'server', event: 'peer-disconnected' },
  ),
  pingRestart: row('multi.ping-restart', 'M_INFO', '[{commonName}] Inactivity timeout (--ping-restart), restarting', {
    event: 'peer-timeout',
  }),
  pingExit: row('multi.ping-exit', 'M_INFO', '[{commonName}] Inactivity timeout (--ping-exit), exiting', { event: 'peer-timeout' }),
  inactive: row('multi.inactive', 'M_INFO', 'Inactivity timeout (--inactive), exiting', { event: 'peer-timeout' }),
  sessionTimeout: row('multi.session-timeout', 'M_INFO', 'Session timeout, exiting', { event: 'peer-timeout' }),
  exitReceived: row('multi.exit-received', 'D_STREAM_ERRORS', 'CC-EEN exit message received by peer', { event: 'peer-exited' }),
  occExitReceived: row('multi.occ-exit-received', 'D_STREAM_ERRORS', 'OCC exit message received by peer', { event: 'peer-exited' }),
  invalidSession: row(
    'multi.invalid-session',
    'D_MULTI_MEDIUM',
    'Packet ({opcode:word}) with invalid or missing SID from {address:address} or wrong packet id',
    { side: 'server', event: 'packet-rejected' },
  ),
} as const;
