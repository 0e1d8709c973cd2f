import { bitsMask, formatIp } from '../base/ip.ts';
import type { DataCipher } from '../protocol/data/plane.ts';
import { IV_PROTO } from '../protocol/negotiate/peer-info.ts';
import type { ClientInstance } from './instance.ts';
import type { ClientConfig, ServerSettings } from './settings.ts';

/** What the tunnel of one client is made of. */
export interface TunnelParts {
  readonly cipher: DataCipher;
  readonly address4: Buffer | undefined;
  readonly bits4: number | undefined;
  readonly address6: Buffer | undefined;
  readonly bits6: number | undefined;
}

/**
 * The options of a client's PUSH_REPLY in stock's order: configured ones, then its own (facts: wire 13). `push-remove
 * route` takes away whatever begins so, `route-gateway` too, as stock 2.6.14 was seen to do.
 */
export function clientPushOptions(settings: ServerSettings, client: ClientInstance, config: ClientConfig, parts: TunnelParts): string[] {
  const configured = config.pushReset ? [] : settings.pushes;
  const kept = configured.filter((option) => !config.pushRemove.some((prefix) => option.startsWith(prefix)));
  return [...kept, ...config.pushes, ...addressOptions(settings, parts), ...negotiatedOptions(settings, client, parts)];
}

function addressOptions(settings: ServerSettings, parts: TunnelParts): string[] {
  const options: string[] = [];
  if (parts.address6 !== undefined && settings.tunnel6 !== undefined) {
    const bits = parts.bits6 ?? settings.tunnel6.bits;
    options.push(`ifconfig-ipv6 ${formatIp(parts.address6)}/${bits} ${formatIp(settings.tunnel6.address)}`);
  }
  if (parts.address4 !== undefined && parts.bits4 !== undefined) {
    options.push(`ifconfig ${formatIp(parts.address4)} ${formatIp(bitsMask(parts.bits4))}`);
  }
  return options;
}

function negotiatedOptions(settings: ServerSettings, client: ClientInstance, parts: TunnelParts): string[] {
  const options: string[] = [];
  if (client.announces(IV_PROTO.dataV2)) options.push(`peer-id ${client.slot.peerId}`);
  if (client.tokenText !== undefined) options.push(`auth-token ${client.tokenText}`);
  const knowsCiphers = client.peerInfo?.ciphers !== undefined;
  if (knowsCiphers) options.push(`cipher ${parts.cipher}`);
  const flags = protocolFlags(client);
  if (flags !== undefined) options.push(`protocol-flags ${flags}`);
  else if (client.announces(IV_PROTO.tlsKeyExport)) options.push('key-derivation tls-ekm');
  if (client.peerInfo?.maxTunMtu !== undefined) options.push(`tun-mtu ${settings.tunMtu}`);
  return options;
}

/** `cc-exit tls-ekm dyn-tls-crypt` as far as the peer announced it; undefined for peers that do not know the option. */
export function protocolFlags(client: ClientInstance): string | undefined {
  if (!client.announces(IV_PROTO.ccExitNotify)) return undefined;
  const flags = ['cc-exit'];
  if (client.announces(IV_PROTO.tlsKeyExport)) flags.push('tls-ekm');
  if (client.announces(IV_PROTO.dynamicTlsCrypt)) flags.push('dyn-tls-crypt');
  return flags.join(' ');
}
