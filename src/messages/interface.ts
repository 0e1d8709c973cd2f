import { row } from './row.ts';

/** The tunnel interface, its addresses and the system's routes (facts: logging 13). */
export const INTERFACE = {
  opened: row('interface.opened', 'M_INFO', 'TUN/TAP device {device:word} opened', {
    event: 'interface-up',
    also: ['tun/tap device [{device:word}] opened', 'DCO device {device:word} opened'],
  }),
  mtuSet: row('interface.mtu-set', 'M_INFO', 'net_iface_mtu_set: mtu {mtu:int} for {device:word}'),
  up: row('interface.up', 'M_INFO', 'net_iface_up: set {device:word} up'),
  down: row('interface.down', 'M_INFO', 'net_iface_up: set {device:word} down'),
  addressAdded4: row('interface.address-added-4', 'M_INFO', 'net_addr_v4_add: {address:ip} dev {device:word}'),
  addressAdded6: row('interface.address-added-6', 'M_INFO', 'net_addr_v6_add: {address:ip} dev {device:word}'),
  pointToPointAdded4: row(
    'interface.point-to-point-added-4',
    'M_INFO',
    'net_addr_ptp_v4_add: {local:ip} peer {remote:ip} dev {device:word}',
  ),
  addressDeleted4: row('interface.address-deleted-4', 'M_INFO', 'net_addr_v4_del: {address:ip} dev {device:word}'),
  addressDeleted6: row('interface.address-deleted-6', 'M_INFO', 'net_addr_v6_del: {address:ip} dev {device:word}'),
  pointToPointDeleted4: row('interface.point-to-point-deleted-4', 'M_INFO', 'net_addr_ptp_v4_del: {local:ip} dev {device:word}'),
  routeAdded4: row(
    'interface.route-added-4',
    'D_ROUTE',
    'net_route_v4_add: {network:ip} via {gateway:word} dev {device:word} table {table:int} metric {metric:int}',
  ),
  routeAdded6: row(
    'interface.route-added-6',
    'D_ROUTE',
    'net_route_v6_add: {network:ip} via {gateway:word} dev {device:word} table {table:int} metric {metric:int}',
  ),
  routeDeleted4: row(
    'interface.route-deleted-4',
    'D_ROUTE',
    'net_route_v4_del: {network:ip} via {gateway:word} dev {device:word} table {table:int} metric {metric:int}',
  ),
  routeDeleted6: row(
    'interface.route-deleted-6',
    'D_ROUTE',
    'net_route_v6_del: {network:ip} via {gateway:word} dev {device:word} table {table:int} metric {metric:int}',
  ),
  bestGatewayQuery4: row('interface.best-gateway-query-4', 'D_ROUTE', 'net_route_v4_best_gw query: dst {destination:ip}'),
  bestGatewayResult4: row('interface.best-gateway-result-4', 'D_ROUTE', 'net_route_v4_best_gw result: via {gateway:ip} dev {device:rest}'),
  bestGatewayQuery6: row('interface.best-gateway-query-6', 'D_ROUTE', 'net_route_v6_best_gw query: dst {destination:ip}'),
  bestGatewayResult6: row('interface.best-gateway-result-6', 'D_ROUTE', 'net_route_v6_best_gw result: via {gateway:ip} dev {device:rest}'),
  routeGateway: row('interface.route-gateway', 'D_ROUTE', 'ROUTE_GATEWAY {text:rest}'),
  route6Gateway: row('interface.route6-gateway', 'D_ROUTE', 'ROUTE6_GATEWAY {text:rest}'),
  ifconfig: row('interface.ifconfig', 'D_LOW', 'do_ifconfig, ipv4={ipv4:int}, ipv6={ipv6:int}'),
  closing: row('interface.closing', 'D_CLOSE', 'Closing TUN/TAP interface', {
    also: ['Closing tun/tap interface', 'Closing DCO interface'],
  }),
  preserving: row('interface.preserving', 'M_INFO', 'Preserving previous TUN/TAP instance: {device:word}'),
  openFailed: row('interface.open-failed', 'M_FATAL_ERRNO', 'ERROR: Cannot open TUN/TAP dev {device:word}: {reason} (errno={errno:int})', {
    event: 'interface-failed',
  }),
  attachFailed: row(
    'interface.attach-failed',
    'M_FATAL_ERRNO',
    'ERROR: Cannot ioctl TUNSETIFF {device:word}: {reason} (errno={errno:int})',
    {
      event: 'interface-failed',
    },
  ),
  addressFailed: row('interface.address-failed', 'M_FATAL', "Linux can't add IP to interface {device:word}", { event: 'interface-failed' }),
  address6Failed: row('interface.address6-failed', 'M_FATAL', "Linux can't add IPv6 to interface {device:word}", {
    event: 'interface-failed',
  }),
  upFailed: row('interface.up-failed', 'M_FATAL', "Linux can't bring {device:word} up", { event: 'interface-failed' }),
  mtuFailed: row('interface.mtu-failed', 'M_FATAL', "Linux can't set mtu ({mtu:int}) on {device:word}", { event: 'interface-failed' }),
  netlinkError: row('interface.netlink-error', 'M_WARN', 'sitnl_send: rtnl: generic error ({code:int}): {reason:rest}'),
  routeExists: row('interface.route-exists', 'D_ROUTE', 'NOTE: Linux route add command failed because route exists'),
  routeAddFailed4: row('interface.route-add-failed-4', 'M_WARN', 'ERROR: Linux route add command failed'),
  routeAddFailed6: row('interface.route-add-failed-6', 'M_WARN', 'ERROR: Linux route -6 add command failed', {
    also: ['ERROR: Linux route v6 add command failed'],
  }),
  routeDeleteFailed4: row('interface.route-delete-failed-4', 'M_WARN', 'ERROR: Linux route delete command failed'),
  routeDeleteFailed6: row('interface.route-delete-failed-6', 'M_WARN', 'ERROR: Linux route v6 delete command failed'),
  routeUnresolved: row(
    'interface.route-unresolved',
    'M_WARN',
    'OpenVPN ROUTE: failed to parse/resolve route for host/network: {route:rest}',
  ),
  routeNoGateway: row('interface.route-no-gateway', 'M_WARN', 'OpenVPN ROUTE: {text:rest}'),
  readError: row('interface.read-error', 'D_LINK_ERRORS', 'read from TUN/TAP : {reason} (fd={fd:int},code={code:int})', {
    also: ['read from TUN/TAP : {reason} (code={code:int})', 'read from TUN/TAP [{name}]: {reason} (fd={fd:int},code={code:int})'],
  }),
  writeError: row('interface.write-error', 'D_LINK_ERRORS', 'write to TUN/TAP : {reason} (fd={fd:int},code={code:int})', {
    also: ['write to TUN/TAP : {reason} (code={code:int})', 'write to TUN/TAP [{name}]: {reason} (fd={fd:int},code={code:int})'],
  }),
  netlinkChecking: row('interface.netlink-checking', 'D_RTNL', 'sitnl_send: checking for received messages'),
  netlinkReceived: row('interface.netlink-received', 'D_RTNL', 'sitnl_send: rtnl: received {length:int} bytes'),
  offloadMissing: row('interface.offload-missing', 'D_LINK_RW', 'Cannot find {module:word} netlink component: {reason:rest}'),
  route6Adding: row('interface.route6-adding', 'D_ROUTE', 'add_route_ipv6({text:rest}'),
  route6Deleting: row('interface.route6-deleting', 'D_ROUTE', 'delete_route_ipv6({text:rest}'),
  route6Default: row('interface.route6-default', 'D_ROUTE', 'ROUTE6: {text:rest}'),
  gateway6Lookup: row('interface.gateway6-lookup', 'D_ROUTE', 'GDG6: {text:rest}'),
} as const;
