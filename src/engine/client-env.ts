import { bitsMask, formatIp } from '../base/ip.ts';
import { formatLocalTime } from '../base/local-time.ts';
import { type Now, unixSeconds } from '../base/units.ts';
import type { Address } from '../model/address.ts';
import type { EnvList } from '../model/env-list.ts';
import type { PeerInfo } from '../protocol/negotiate/peer-info.ts';
import type { CertificateFacts } from '../protocol/verify/certificate.ts';
import type { Lease } from './pool.ts';

/**
 * What scripts and ENV blocks are told of a client, in the order that stock sets it: blocks print the newest first
 * (facts: management 16, wire 23).
 */

/** The chain, root first: `X509_N_*`, `tls_id_N`, digests and serials. */
export function setCertificateEnv(env: EnvList, chain: readonly CertificateFacts[]): void {
  for (const [depth, facts] of [...chain.entries()].reverse()) {
    for (const [name, value] of facts.subjectFields) env.set(`X509_${depth}_${name}`, value);
    env.set(`tls_id_${depth}`, facts.subject);
    env.set(`tls_digest_${depth}`, facts.sha1);
    env.set(`tls_digest_sha256_${depth}`, facts.sha256);
    env.set(`tls_serial_${depth}`, facts.serial);
    env.set(`tls_serial_hex_${depth}`, facts.serialHex);
  }
}

/** `IV_*` and `UV_*`, in the peer's order. */
export function setPeerInfoEnv(env: EnvList, info: PeerInfo): void {
  for (const [name, value] of info.entries) env.set(name, value);
}

/** Who tries to log in, and from where. The password is not among it: it goes beside (facts: management 22). */
export function setLoginEnv(env: EnvList, username: string | undefined, commonName: string | undefined, address: Address): void {
  if (username !== undefined) env.set('username', username);
  env.set('common_name', commonName ?? '');
  setAddress(env, 'untrusted', address);
}

/** Once the login stands. */
export function setTrustedEnv(env: EnvList, commonName: string | undefined, address: Address): void {
  env.set('common_name', commonName ?? '');
  setAddress(env, 'trusted', address);
}

/** When the client's first packet came. */
export function setTimeEnv(env: EnvList, started: Now): void {
  env.set('time_ascii', formatLocalTime(started.wall));
  env.set('time_unix', unixSeconds(started.wall));
}

/** The addresses that the client gets. */
export function setLeaseEnv(
  env: EnvList,
  lease: Pick<Lease, 'address4' | 'address6'>,
  bits4: number | undefined,
  bits6: number | undefined,
  local6: Buffer | undefined,
): void {
  if (lease.address4 !== undefined) {
    env.set('ifconfig_pool_remote_ip', formatIp(lease.address4));
    env.set('ifconfig_pool_netmask', bits4 === undefined ? undefined : formatIp(bitsMask(bits4)));
  }
  if (lease.address6 !== undefined) {
    env.set('ifconfig_pool_remote_ip6', formatIp(lease.address6));
    env.set('ifconfig_pool_local_ip6', local6 === undefined ? undefined : formatIp(local6));
    env.set('ifconfig_pool_ip6_netbits', bits6);
  }
}

/** How long it lasted and what crossed; where it was comes anew, as in stock. */
export function setEndEnv(
  env: EnvList,
  address: Address,
  end: { readonly received: number; readonly sent: number; readonly seconds: number },
): void {
  if (env.get('trusted_port') !== undefined) setAddress(env, 'trusted', address);
  env.set('bytes_received', end.received);
  env.set('bytes_sent', end.sent);
  env.set('time_duration', end.seconds);
}

function setAddress(env: EnvList, kind: 'trusted' | 'untrusted', address: Address): void {
  env.set(`${kind}_ip${address.family === 6 ? '6' : ''}`, address.ip);
  env.set(`${kind}_port`, address.port);
}
