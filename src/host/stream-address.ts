import { isIPv6 } from 'node:net';
import type { StreamAddress } from './net-listener.ts';

const MAX_PORT = 65_535;
/** Longer paths fit into no socket address. */
const MAX_PATH = 107;

/** Reads `127.0.0.1:7505`, `vpn.example.org:7505`, `[::1]:7505`, or the path of a unix socket, which has a slash. Undefined for else. */
export function streamAddressFrom(text: string): StreamAddress | undefined {
  if (text.includes('/')) return text.length > MAX_PATH || text.includes('\0') ? undefined : { kind: 'unix', path: text };
  const [, inBrackets, plain, digits = ''] = /^(?:\[([0-9a-fA-F:.%\w]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = inBrackets ?? plain;
  if (host === undefined || digits === '' || port > MAX_PORT) return undefined;
  if (inBrackets !== undefined && !isIPv6(inBrackets)) return undefined;
  return { kind: 'tcp', host, port };
}

/** `127.0.0.1:7505`, `[::1]:7505`, or the path. */
export function streamAddressText(address: StreamAddress): string {
  if (address.kind === 'unix') return address.path;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** True when only this machine reaches it. */
export function isLocalOnly(address: StreamAddress): boolean {
  return address.kind === 'unix' || address.host === 'localhost' || address.host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address.host);
}
