import type { EnvList } from '../model/env-list.ts';

/** Which variables of a client a management client is shown (facts: management 16). */

/** What levels 1 and 2 let through, by prefix of `name=value`. */
const LISTED = [
  'username=',
  'password=',
  'X509_0_CN=',
  'tls_serial_',
  'untrusted_ip=',
  'ifconfig_local=',
  'ifconfig_netmask=',
  'daemon_start_time=',
  'daemon_pid=',
  'dev=',
  'ifconfig_pool_remote_ip=',
  'ifconfig_pool_netmask=',
  'time_duration=',
  'bytes_sent=',
  'bytes_received=',
  'session_id=',
  'session_state=',
];

/** What peers say of themselves. */
const PEER_INFO = /^(?:IV|UV)_/;

/**
 * The variables of a client at a filter level, newest first. 0 shows all; 1 the list and certificate fields; 2 the list;
 * 3 and more none; negative ones are as 1. Above 0, `withPeerInfo` puts what the peer said of itself in front, in the
 * peer's own order.
 */
export function filterEnv(env: EnvList, level: number, withPeerInfo: boolean): string[] {
  const all = env.newestFirst();
  if (level === 0) return all.map(assignment);
  const shown = all.map(assignment).filter((variable) => isShown(variable, level));
  if (!withPeerInfo || level < 0) return shown;
  const peerInfo = all.filter(([name]) => PEER_INFO.test(name)).map(assignment);
  return [...peerInfo.reverse(), ...shown];
}

function assignment([name, value]: readonly [string, string]): string {
  return `${name}=${value}`;
}

function isShown(variable: string, level: number): boolean {
  if (level > 2) return false;
  return (level < 2 && variable.startsWith('X509_')) || LISTED.some((prefix) => variable.startsWith(prefix));
}
