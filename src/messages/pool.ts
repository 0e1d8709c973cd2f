import { row } from './row.ts';

/** Tunnel addresses handed to clients (facts: logging 13). */
export const POOL = {
  base4: row('pool.base-4', 'D_IFCONFIG_POOL', 'IFCONFIG POOL IPv4: base={base:ip} size={size:int}', { side: 'server' }),
  base6: row('pool.base-6', 'D_IFCONFIG_POOL', 'IFCONFIG POOL IPv6: base={base:ip} size={size:int} netbits={bits:int}', { side: 'server' }),
  list: row('pool.list', 'D_IFCONFIG_POOL', 'IFCONFIG POOL LIST', { side: 'server' }),
  listEntry: row('pool.list-entry', 'D_IFCONFIG_POOL', '{commonName:field},{address4:ip},{address6:field}', {
    side: 'server',
    also: ['{commonName:field},{address4:ip}'],
  }),
  persistRead: row('pool.persist-read', 'M_INFO', 'ifconfig_pool_read(), in={line:text}', { side: 'server' }),
  sizeNote: row(
    'pool.size-note',
    'M_INFO',
    'NOTE: IPv4 pool size is {size4:int}, IPv6 pool size is {size6:int}. {limiting:word} pool size limits the number of clients that can be served from the pool',
    { side: 'server' },
  ),
  returned: row('pool.returned', 'M_INFO', 'MULTI_sva: pool returned IPv4={address4:text}, IPv6={address6:rest}', {
    side: 'server',
    event: 'address-assigned',
  }),
  exhausted: row('pool.exhausted', 'D_MULTI_ERRORS', 'MULTI: no free --ifconfig-pool addresses are available', {
    side: 'server',
    event: 'limit-reached',
  }),
  none: row('pool.none', 'D_MULTI_ERRORS', 'MULTI: no dynamic or static remote --ifconfig address is available for {client:rest}', {
    side: 'server',
    event: 'client-rejected',
  }),
  tooSmall: row('pool.too-small', 'M_FATAL', 'IPv4 pool size is too small ({size:int}), must be at least {minimum:int}', {
    side: 'server',
    event: 'daemon-fatal',
  }),
} as const;
