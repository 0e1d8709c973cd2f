import { parseIp } from '../base/ip.ts';
import { atoi } from './numbers.ts';

/** Whom `kill` means: a client's address, or all clients of a name (facts: management 17). */
export type KillTarget =
  | { readonly kind: 'address'; readonly ip: string; readonly port: number; readonly transport: 'udp' | 'tcp' | undefined }
  | { readonly kind: 'name'; readonly commonName: string; readonly otherwise: string }
  | { readonly kind: 'wrong'; readonly text: string };

/** What 2.7 and status files put before an address. */
const PROTOCOL = /^(?:udp|tcp)[46]?(?:-server)?:(?=.*:)/;
const WITH_PORT = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/;

/**
 * Understands `CN`, `IP:PORT`, `[IP6]:PORT`, and those with a protocol in front (`udp:IP:PORT`). What has colons and is
 * no address may still be a name: then `otherwise` is the error for when nobody has it.
 */
export function parseKillTarget(text: string): KillTarget {
  const [head = '', tail] = text.split(':');
  if (head === '' && !text.startsWith('::')) return { kind: 'wrong', text: 'kill parse' };
  const [, six, four, digits] = WITH_PORT.exec(text.replace(PROTOCOL, '')) ?? [];
  const ip = parseIp(six ?? four ?? '');
  const port = Number(digits);
  if (ip !== undefined && port >= 1 && port <= 65_535)
    return { kind: 'address', ip: six ?? four ?? '', port, transport: transportOf(text) };
  return { kind: 'name', commonName: text, otherwise: notFound(text, head, tail) };
}

function transportOf(text: string): 'udp' | 'tcp' | undefined {
  if (!PROTOCOL.test(text)) return undefined;
  return text.startsWith('udp') ? 'udp' : 'tcp';
}

/** Stock takes everything with a colon for an address and says what is wrong with it. */
function notFound(text: string, head: string, tail: string | undefined): string {
  if (tail === undefined || tail === '' || parseIp(text) !== undefined) return `common name '${text}' not found`;
  if (parseIp(head) === undefined) return `error parsing IP address: ${head}`;
  const port = atoi(tail);
  return port < 1 || port > 65_535 ? `port number is out of range: ${tail}` : `client at address ${head}:${port} not found`;
}
