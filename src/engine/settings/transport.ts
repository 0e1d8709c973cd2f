import { parseIp } from '../../base/ip.ts';
import { OPTIONS } from '../../messages/options.ts';
import type { Directive } from '../../options/parse.ts';
import type { MssFix } from '../../protocol/data/plane.ts';
import type { DeviceSettings, ListenSettings } from '../daemon-settings.ts';
import type { ServerSettings } from '../settings.ts';
import type { Collected } from './collected.ts';

/** What `port` is when nothing says otherwise. */
const DEFAULT_PORT = 1194;

/** Where the server listens, from `proto`, `local`, `port`, `lport` and `bind`. */
export function listenSettings(collected: Collected): ListenSettings {
  const directive = collected.last('proto');
  const proto = directive?.values[0] ?? 'udp';
  if (proto.endsWith('-client')) collected.error('--remote MUST be used in TCP Client mode', directive);
  const host = collected.value('local');
  const port = collected.number('lport') ?? collected.number('port') ?? DEFAULT_PORT;
  const family = familyOf(collected, proto, host);
  return { transport: proto.startsWith('tcp') ? 'tcp' : 'udp', family: family ?? 4, familyAssumed: family === undefined, host, port };
}

/** As stock: IPv6 sockets take IPv4 too, unless `bind ipv6only` says no. Undefined when nothing names a family: that means IPv4. */
function familyOf(collected: Collected, proto: string, host: string | undefined): ListenSettings['family'] | undefined {
  if (/^(?:udp|tcp)4/.test(proto)) return 4;
  const literal = host === undefined ? undefined : parseIp(host)?.family;
  if (literal === 4) return 4;
  if (literal === undefined && !/^(?:udp|tcp)6/.test(proto)) return undefined;
  return collected.value('bind') === 'ipv6only' ? 6 : 'dual';
}

/** The device, from `dev` and `dev-type`. */
export function deviceSettings(collected: Collected): DeviceSettings {
  const directive = collected.last('dev');
  const name = directive?.values[0] ?? '';
  const kind = collected.value('dev-type') ?? /^(?:tun|tap|null)/.exec(name)?.[0];
  if (kind === 'null') return { kind: 'null' };
  if (kind === 'tap') collected.error('--dev tap: tap devices are not in this release; use --dev tun', directive);
  else if (name === '' || kind === undefined)
    collected.error('--server directive only makes sense with --dev tun or --dev null', directive);
  return {
    kind: 'tun',
    name: name === 'tun' || name === '' ? undefined : name,
    setAddresses: !collected.has('ifconfig-noexec'),
    setRoutes: !collected.has('route-noexec'),
  };
}

/** Sizes of packets, and the little that depends on the transport. */
export type PacketSettings = Pick<ServerSettings, 'tunMtu' | 'mssFix' | 'explicitExitNotify' | 'replayWindow' | 'muteReplayWarnings'>;

/** What the data plane has to know (facts: wire 16, 20). */
export function packetSettings(collected: Collected, transport: 'udp' | 'tcp'): PacketSettings {
  const tunMtu = collected.number('tun-mtu') ?? 1500;
  const window = collected.last('replay-window');
  const [size = 64, windowSeconds = 15] = window?.values.map(Number) ?? [];
  if (window?.values.length === 0) collected.error('replay-window option is missing window size parameter', window);
  return {
    tunMtu,
    mssFix: mssFix(collected.last('mssfix'), tunMtu),
    explicitExitNotify: exitNotify(collected, transport),
    replayWindow: { size, seconds: windowSeconds },
    muteReplayWarnings: collected.has('mute-replay-warnings'),
  };
}

/** Without a size, 1492 bytes on the wire, or what fits a device that has another MTU than 1500. */
function mssFix(directive: Directive | undefined, tunMtu: number): MssFix | undefined {
  const [size, flag] = directive?.values ?? [];
  if (size === undefined) return tunMtu === 1500 ? { size: 1492, counts: 'mtu' } : { size: tunMtu, counts: 'fixed' };
  if (Number(size) === 0) return undefined;
  return { size: Number(size), counts: flag === 'mtu' || flag === 'fixed' ? flag : 'payload' };
}

function exitNotify(collected: Collected, transport: 'udp' | 'tcp'): 0 | 1 | 2 {
  const directive = collected.last('explicit-exit-notify');
  if (directive === undefined) return 0;
  if (transport === 'tcp') {
    collected.warn(OPTIONS.exitNotifyOverTcp, {});
    return 0;
  }
  const value = Number(directive.values[0] ?? 1);
  if (value === 0) return 0;
  return value === 2 ? 2 : 1;
}

/** A buffer size in bytes; 0 leaves the system's, as in stock. */
export function bufferSize(collected: Collected, name: 'sndbuf' | 'rcvbuf'): number | undefined {
  return collected.number(name) || undefined;
}
