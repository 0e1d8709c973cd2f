import { row } from './row.ts';

/** Status files and the status dump that SIGUSR2 writes to the log (facts: logging 9, status). */
export const STATUS = {
  /** What we write of a dump, a line each. It has no text of its own: the rows below recognise the lines. */
  line: row('status.line', 'M_INFO', '{line:line}'),
  cannotOpen: row('status.cannot-open', 'M_WARN', 'Note: cannot open {file:text} for WRITE'),
  listTitle: row('status.list-title', 'M_INFO', 'OpenVPN CLIENT LIST'),
  updated: row('status.updated', 'M_INFO', 'Updated,{time:rest}'),
  listHeader: row('status.list-header', 'M_INFO', 'Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since'),
  client: row('status.client', 'M_INFO', '{commonName:field},{address:endpoint},{received:int},{sent:int},{since:field}'),
  routingTitle: row('status.routing-title', 'M_INFO', 'ROUTING TABLE'),
  routingHeader: row('status.routing-header', 'M_INFO', 'Virtual Address,Common Name,Real Address,Last Ref'),
  route: row('status.route', 'M_INFO', '{destination:ip},{commonName:field},{address:endpoint},{reference:field}'),
  globalTitle: row('status.global-title', 'M_INFO', 'GLOBAL STATS'),
  queueLength: row('status.queue-length', 'M_INFO', 'Max bcast/mcast queue length,{length:int}'),
  offload: row('status.offload', 'M_INFO', 'dco_enabled,{enabled:int}'),
  end: row('status.end', 'M_INFO', 'END'),
  statisticsTitle: row('status.statistics-title', 'M_INFO', 'OpenVPN STATISTICS'),
  tunRead: row('status.tun-read', 'M_INFO', 'TUN/TAP read bytes,{bytes:int}'),
  tunWrite: row('status.tun-write', 'M_INFO', 'TUN/TAP write bytes,{bytes:int}'),
  linkRead: row('status.link-read', 'M_INFO', 'TCP/UDP read bytes,{bytes:int}'),
  linkWrite: row('status.link-write', 'M_INFO', 'TCP/UDP write bytes,{bytes:int}'),
  authRead: row('status.auth-read', 'M_INFO', 'Auth read bytes,{bytes:int}'),
  titleRecord: row('status.title-record', 'M_INFO', 'TITLE,{title:rest}', { also: ['TITLE\t{title:rest}'] }),
  timeRecord: row('status.time-record', 'M_INFO', 'TIME,{time:rest}', { also: ['TIME\t{time:rest}'] }),
  headerRecord: row('status.header-record', 'M_INFO', 'HEADER,{columns:rest}', { also: ['HEADER\t{columns:rest}'] }),
  clientRecord: row('status.client-record', 'M_INFO', 'CLIENT_LIST,{columns:rest}', { also: ['CLIENT_LIST\t{columns:rest}'] }),
  routeRecord: row('status.route-record', 'M_INFO', 'ROUTING_TABLE,{columns:rest}', { also: ['ROUTING_TABLE\t{columns:rest}'] }),
  globalRecord: row('status.global-record', 'M_INFO', 'GLOBAL_STATS,{columns:rest}', { also: ['GLOBAL_STATS\t{columns:rest}'] }),
} as const;
