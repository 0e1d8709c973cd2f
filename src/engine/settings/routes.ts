import { addToIp, maskBits, networkOf, parseIp, parsePrefix } from '../../base/ip.ts';
import type { Directive } from '../../options/parse.ts';
import type { TunnelRoute } from '../daemon-settings.ts';
import type { Collected } from './collected.ts';

/** Words that stand for the gateway of the tunnel. */
const OWN_GATEWAY = new Set(['default', 'vpn_gateway', '']);

/**
 * What `route` and `route-ipv6` ask the system to send into the tunnel. A route without a gateway goes to that of `route-gateway`,
 * else to the second address of `server`, else straight to the device.
 */
export function tunnelRoutes(collected: Collected): TunnelRoute[] {
  const four = collected.all('route').map((directive) => route4(collected, directive));
  const six = collected.all('route-ipv6').map((directive) => route6(collected, directive));
  return [...four, ...six].filter((route) => route !== undefined);
}

function route4(collected: Collected, directive: Directive): TunnelRoute | undefined {
  const [network = '', netmask = 'default', gateway = 'default', metric] = directive.values;
  const address = parseIp(network);
  const mask = parseIp(netmask === 'default' || netmask === '' ? '255.255.255.255' : netmask);
  const bits = mask?.family === 4 ? maskBits(mask.bytes) : undefined;
  if (address?.family !== 4) {
    collected.error(`--route: '${network}' is not an IPv4 network; names are not looked up`, directive);
  } else if (bits === undefined) {
    collected.error(`--route: '${netmask}' is not a netmask`, directive);
  } else {
    const common = { gateway: gatewayOf(collected, directive, gateway, 4), metric: metricOf(collected, directive, metric) };
    return { family: 4, network: networkOf(address.bytes, bits), bits, ...common };
  }
  return undefined;
}

function route6(collected: Collected, directive: Directive): TunnelRoute | undefined {
  const [network = '', gateway = 'default', metric] = directive.values;
  const prefix = parsePrefix(network);
  if (prefix?.family !== 6) {
    collected.error(`--route-ipv6: '${network}' is not an IPv6 network; names are not looked up`, directive);
    return undefined;
  }
  const common = { gateway: gatewayOf(collected, directive, gateway, 6), metric: metricOf(collected, directive, metric) };
  return { family: 6, network: networkOf(prefix.bytes, prefix.bits), bits: prefix.bits, ...common };
}

function gatewayOf(collected: Collected, directive: Directive, text: string, family: 4 | 6): Buffer | undefined {
  const given = OWN_GATEWAY.has(text) ? commonGateway(collected, family) : text;
  if (given === undefined) return serverGateway(collected, family);
  const gateway = parseIp(given);
  if (gateway?.family === family) return gateway.bytes;
  collected.error(`--${directive.name}: gateway '${given}' is not an IPv${family} address`, directive);
  return undefined;
}

/** A server has nobody to ask by DHCP. */
function commonGateway(collected: Collected, family: 4 | 6): string | undefined {
  const value = collected.value(family === 4 ? 'route-gateway' : 'route-ipv6-gateway');
  return value === 'dhcp' ? undefined : value;
}

function serverGateway(collected: Collected, family: 4 | 6): Buffer | undefined {
  const value = collected.value(family === 4 ? 'server' : 'server-ipv6') ?? '';
  const network = family === 4 ? parseIp(value) : parsePrefix(value);
  return network?.family === family ? addToIp(network.bytes, 2) : undefined;
}

function metricOf(collected: Collected, directive: Directive, text: string | undefined): number | undefined {
  if (text === undefined || text === 'default') return collected.number('route-metric');
  if (/^\d{1,9}$/.test(text)) return Number(text);
  collected.error(`--${directive.name}: metric '${text}' is not a whole number`, directive);
  return undefined;
}
