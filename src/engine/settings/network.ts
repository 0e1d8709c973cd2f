import {
  addToIp,
  bitsMask,
  compareIp,
  containsIp,
  formatIp,
  ipDistance,
  lastOf,
  maskBits,
  networkOf,
  parseIp,
  parsePrefix,
} from '../../base/ip.ts';
import { type Duration, seconds } from '../../base/units.ts';
import { OPTIONS } from '../../messages/options.ts';
import { OURS } from '../../messages/ours.ts';
import { START } from '../../messages/start.ts';
import type { AddressRange, ServerSettings, TunnelAddress } from '../settings.ts';
import type { Collected } from './collected.ts';
import { configuredPushes } from './pushes.ts';

/** Addresses inside the tunnel, what is pushed, and how silence is noticed. */
export type NetworkSettings = Pick<ServerSettings, 'tunnel4' | 'tunnel6' | 'pool4' | 'pool6' | 'pushes' | 'keepalive'>;

/** One family's share. */
interface Family {
  readonly tunnel: TunnelAddress | undefined;
  readonly pool: AddressRange | undefined;
  /** What `server` and `server-ipv6` push on their own. */
  readonly pushes: readonly string[];
}

const NOTHING: Family = { tunnel: undefined, pool: undefined, pushes: [] };

/** The most addresses that a pool holds. */
const MAX_POOL = 65536;

/** Expands `server`, `server-ipv6` and `keepalive` as stock does (facts: wire 13). */
export function networkSettings(collected: Collected): NetworkSettings {
  checkTopology(collected);
  const four = collected.has('server') ? server4(collected) : plain4(collected);
  const six = collected.has('server-ipv6') ? server6(collected) : plain6(collected);
  const silence = keepaliveSettings(collected);
  const ours = collected.has('tcp-nodelay') ? ['socket-flags TCP_NODELAY'] : [];
  return {
    tunnel4: four.tunnel,
    pool4: four.pool,
    tunnel6: six.tunnel,
    pool6: six.pool,
    pushes: [...configuredPushes(collected), ...six.pushes, ...four.pushes, ...silence.pushes, ...ours],
    keepalive: silence.keepalive,
  };
}

function checkTopology(collected: Collected): void {
  const directive = collected.last('topology');
  const value = directive?.values[0];
  if (value !== undefined && value !== 'subnet') {
    collected.error(
      `--topology ${value} gives each client a network of its own and is not in this release; use --topology subnet`,
      directive,
    );
  }
  if (value === undefined && (collected.has('server') || collected.has('ifconfig-pool'))) collected.warn(OURS.topologyAssumed, {});
}

/** `server 10.8.0.0 255.255.255.0`: own address .1, pool .2 to .254. */
function server4(collected: Collected): Family {
  const directive = collected.last('server');
  const [network = '', netmask = '', nopool] = directive?.values ?? [];
  const bytes = parseIp(network)?.bytes ?? Buffer.alloc(4);
  const bits = maskBits(parseIp(netmask)?.bytes ?? Buffer.alloc(4));
  const wrong = serverProblem(bytes, bits);
  if (bits === undefined || wrong !== undefined) {
    collected.error(wrong ?? '', directive);
    return NOTHING;
  }
  if (collected.has('ifconfig-pool')) {
    const text = "--server already defines an ifconfig-pool, so you can't also specify --ifconfig-pool explicitly";
    collected.error(text, collected.last('ifconfig-pool'));
  }
  const address = addToIp(bytes, 1);
  return {
    tunnel: { address, bits },
    pool: nopool === undefined ? { first: addToIp(bytes, 2), last: addToIp(lastOf(bytes, bits), -1), bits } : undefined,
    pushes: [`route-gateway ${formatIp(address)}`, 'topology subnet'],
  };
}

/** What stock holds against a network for `server`. */
function serverProblem(network: Buffer, bits: number | undefined): string | undefined {
  if (bits === undefined || !networkOf(network, bits).equals(network)) return '--server directive network/netmask combination is invalid';
  if (bits === 32) return '--server directive netmask is invalid';
  if (bits > 29) return '--server directive when used with --dev tun must define a subnet of 255.255.255.248 (/29) or lower';
  if (bits < 16) return '--server directive netmask allows for too many host addresses (subnet must be 255.255.0.0 (/16) or higher)';
  return undefined;
}

/** `ifconfig` with `ifconfig-pool`, for who does not use `server`. */
function plain4(collected: Collected): Family {
  const directive = collected.last('ifconfig');
  const [local = '', netmask = ''] = directive?.values ?? [];
  const bits = maskBits(parseIp(netmask)?.bytes ?? Buffer.alloc(4));
  const address = parseIp(local)?.bytes;
  if (directive !== undefined && bits === undefined)
    collected.error(`--ifconfig: '${netmask}' is not a netmask, as --topology subnet needs`, directive);
  const tunnel = address === undefined || bits === undefined ? undefined : { address, bits };
  return { tunnel, pool: plainPool4(collected, tunnel), pushes: [] };
}

function plainPool4(collected: Collected, tunnel: TunnelAddress | undefined): AddressRange | undefined {
  const directive = collected.last('ifconfig-pool');
  if (directive === undefined) return undefined;
  const [start = '', end = '', netmask] = directive.values;
  const first = parseIp(start)?.bytes ?? Buffer.alloc(4);
  const last = parseIp(end)?.bytes ?? Buffer.alloc(4);
  const bits = netmask === undefined ? tunnel?.bits : maskBits(parseIp(netmask)?.bytes ?? Buffer.alloc(4));
  if (compareIp(first, last) > 0) {
    collected.error(`--ifconfig-pool start IP [${start}] is greater than end IP [${end}]`, directive);
  } else if (ipDistance(first, last) >= MAX_POOL) {
    const limit = `Current maximum is ${MAX_POOL} addresses, as defined by IFCONFIG_POOL_MAX variable.`;
    collected.error(`--ifconfig-pool address range is too large [${start} -> ${end}].  ${limit}`, directive);
  } else if (tunnel === undefined || bits === undefined) {
    collected.error('--ifconfig-pool needs --ifconfig with a netmask', directive);
  } else if (!containsIp(tunnel.address, tunnel.bits, first) || !containsIp(tunnel.address, tunnel.bits, last)) {
    const own = `${formatIp(tunnel.address)} ${formatIp(bitsMask(tunnel.bits))}`;
    collected.error(`--ifconfig-pool ${start} to ${end} is not inside the server's own network, --ifconfig ${own}`, directive);
  } else {
    return { first, last, bits };
  }
  return undefined;
}

/** `server-ipv6 fd00::/64`: own address ::1, pool from ::1000 (in networks of 112 bits and more from ::2). */
function server6(collected: Collected): Family {
  const directive = collected.last('server-ipv6');
  const prefix = parsePrefix(directive?.values[0] ?? '');
  if (prefix === undefined || prefix.bits < 64 || prefix.bits > 124) {
    collected.error(`--server-ipv6 settings: network must be between /64 and /124 (not /${prefix?.bits ?? ''})`, directive);
    return NOTHING;
  }
  if (collected.has('ifconfig-ipv6-pool')) {
    const text = "--server-ipv6 already defines an ifconfig-ipv6-pool, so you can't also specify --ifconfig-pool explicitly";
    collected.error(text, collected.last('ifconfig-ipv6-pool'));
  }
  const { bytes, bits } = prefix;
  const first = addToIp(bytes, bits < 112 ? 0x1000 : 2);
  return { tunnel: { address: addToIp(bytes, 1), bits }, pool: pool6(first, bits), pushes: ['tun-ipv6'] };
}

function plain6(collected: Collected): Family {
  const own = parsePrefix(collected.value('ifconfig-ipv6') ?? '');
  const tunnel = own === undefined ? undefined : { address: own.bytes, bits: own.bits };
  const directive = collected.last('ifconfig-ipv6-pool');
  const base = parsePrefix(directive?.values[0] ?? '');
  if (base === undefined) return { tunnel, pool: undefined, pushes: [] };
  if (tunnel === undefined) collected.error('--ifconfig-ipv6-pool needs --ifconfig-ipv6', directive);
  return { tunnel, pool: pool6(base.bytes, base.bits), pushes: [] };
}

/** As many addresses as fit, at most 65536. */
function pool6(first: Buffer, bits: number): AddressRange {
  const room = ipDistance(first, lastOf(first, bits));
  return { first, last: addToIp(first, room < MAX_POOL - 1 ? room : MAX_POOL - 1), bits };
}

interface Silence {
  readonly keepalive: ServerSettings['keepalive'];
  readonly pushes: readonly string[];
}

/** `keepalive A B`: this end pings every A and waits 2 B; clients ping every A and wait B. */
function keepaliveSettings(collected: Collected): Silence {
  const directive = collected.last('keepalive');
  if (directive === undefined) return separatePings(collected);
  const [ping = 0, restart = 0] = directive.values.map(Number);
  if (ping <= 0 || restart <= 0) collected.error('--keepalive parameters must be > 0', directive);
  else if (restart < 2 * ping) {
    collected.error(
      `the second parameter to --keepalive (restart timeout=${restart}) must be at least twice the value of the first parameter (ping interval=${ping}).  A ratio of 1:5 or 1:6 would be even better.  Recommended setting is --keepalive 10 60.`,
      directive,
    );
  }
  if (['ping', 'ping-restart', 'ping-exit'].some((name) => collected.has(name))) {
    const text =
      "--keepalive conflicts with --ping, --ping-exit, or --ping-restart.  If you use --keepalive, you don't need any of the other --ping directives.";
    collected.error(text, directive);
  }
  return {
    keepalive: { ping: seconds(ping), pingRestart: seconds(2 * restart) },
    pushes: [`ping ${ping}`, `ping-restart ${restart}`],
  };
}

function separatePings(collected: Collected): Silence {
  const positive = (name: string): Duration | undefined => (collected.number(name) === 0 ? undefined : collected.duration(name));
  const keepalive = { ping: positive('ping'), pingRestart: positive('ping-restart') };
  if (keepalive.ping !== undefined && keepalive.pingRestart === undefined) collected.warn(OPTIONS.pingAlone, {});
  collected.warn(START.keepaliveMissing, {});
  return { keepalive, pushes: [] };
}
