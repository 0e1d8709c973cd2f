import type { Socket } from 'node:net';
import { TunnelscopeError } from '../base/errors.ts';
import { parseIp } from '../base/ip.ts';
import type { Secret } from '../base/secret.ts';

/** Whom to reach through a proxy. */
export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/** A name and password for a proxy. */
export interface ProxyLogin {
  readonly username: string;
  readonly password: Secret;
}

/** Details of HTTP's CONNECT. */
export interface HttpProxyOptions {
  readonly version: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly login: ProxyLogin | undefined;
}

/** How a proxy ended the talk: it wants a name and password, or it will not. */
export type ProxyOutcome = 'connected' | 'login-needed' | { readonly refused: string };

/** The longest head of an answer that is read. */
const MAX_HEAD = 8192;

/** Asks an HTTP proxy on this connection for a way to the target. What comes behind its answer stays in the socket. */
export async function httpConnect(socket: Socket, target: ProxyTarget, options: HttpProxyOptions, timeout: number): Promise<ProxyOutcome> {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const lines = [`CONNECT ${host}:${target.port} HTTP/${options.version}`, `Host: ${host}`];
  for (const [name, value] of options.headers) lines.push(`${name}: ${value}`);
  if (options.login !== undefined) {
    const { username, password } = options.login;
    lines.push(`Proxy-Authorization: Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`);
  }
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const head = await new Reading(socket, timeout).until('\r\n\r\n', MAX_HEAD);
  const [, status = ''] = /^HTTP\/\d\.\d (\d{3})/.exec(head.toString('latin1')) ?? [];
  if (status === '200') return 'connected';
  return status === '407' ? 'login-needed' : { refused: `HTTP proxy returned: '${head.toString('latin1').split('\r\n')[0] ?? ''}'` };
}

const SOCKS = { version: 5, connect: 1, none: 0, password: 2, ip4: 1, name: 3, ip6: 4 } as const;

/** What a SOCKS proxy's answer stands for (RFC 1928). */
const SOCKS_ERRORS = ['', 'general failure', 'not allowed', 'network unreachable', 'host unreachable', 'connection refused', 'TTL expired'];

/** Asks a SOCKS5 proxy on this connection for a way to the target. */
export async function socksConnect(
  socket: Socket,
  target: ProxyTarget,
  login: ProxyLogin | undefined,
  timeout: number,
): Promise<ProxyOutcome> {
  const reading = new Reading(socket, timeout);
  const methods = login === undefined ? [SOCKS.none] : [SOCKS.none, SOCKS.password];
  socket.write(Buffer.from([SOCKS.version, methods.length, ...methods]));
  const [, method] = await reading.exactly(2);
  if (method === SOCKS.password && login !== undefined) {
    const name = Buffer.from(login.username);
    const password = Buffer.from(login.password.reveal());
    if (name.length > 255 || password.length > 255) return { refused: 'SOCKS name or password is too long' };
    socket.write(Buffer.concat([Buffer.from([1, name.length]), name, Buffer.from([password.length]), password]));
    const [, status] = await reading.exactly(2);
    if (status !== 0) return { refused: 'socks_username_password_auth: server refused the authentication' };
  } else if (method === SOCKS.password) return 'login-needed';
  else if (method !== SOCKS.none) return { refused: 'socks_handshake: Socks proxy returned bad status' };
  socket.write(Buffer.concat([Buffer.from([SOCKS.version, SOCKS.connect, 0]), socksAddress(target)]));
  const [, reply = 1, , kind] = await reading.exactly(4);
  const rest = kind === SOCKS.ip4 ? 4 : kind === SOCKS.ip6 ? 16 : ((await reading.exactly(1))[0] ?? 0);
  await reading.exactly(rest + 2);
  return reply === 0 ? 'connected' : { refused: `recv_socks_reply: Socks proxy returned bad reply: ${SOCKS_ERRORS[reply] ?? reply}` };
}

function socksAddress({ host, port }: ProxyTarget): Buffer {
  const address = parseIp(host);
  const name = Buffer.from(host).subarray(0, 255);
  const end = Buffer.from([port >> 8, port & 0xff]);
  if (address === undefined) return Buffer.concat([Buffer.from([SOCKS.name, name.length]), name, end]);
  return Buffer.concat([Buffer.from([address.family === 4 ? SOCKS.ip4 : SOCKS.ip6]), address.bytes, end]);
}

/** Reads a socket piece by piece; what is left over goes back into it. */
class Reading {
  readonly #socket: Socket;
  readonly #timeout: number;

  constructor(socket: Socket, timeout: number) {
    this.#socket = socket;
    this.#timeout = timeout;
  }

  exactly(count: number): Promise<Buffer> {
    return this.#take((bytes) => (bytes.length >= count ? count : undefined));
  }

  until(mark: string, most: number): Promise<Buffer> {
    return this.#take((bytes) => {
      const at = bytes.indexOf(mark);
      if (at >= 0) return at + mark.length;
      if (bytes.length > most) throw failed('the answer is too long');
      return undefined;
    });
  }

  #take(lengthOf: (bytes: Buffer) => number | undefined): Promise<Buffer> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      let bytes = Buffer.alloc(0);
      const timer = setTimeout(() => finish(() => reject(failed('it did not answer in time'))), this.#timeout);
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        socket.off('readable', read).off('end', ended).off('error', ended).off('close', ended);
        settle();
      };
      const ended = (): void => finish(() => reject(failed('it closed the connection')));
      const read = (): void => {
        try {
          for (let piece: Buffer | null = socket.read(); piece !== null; piece = socket.read()) bytes = Buffer.concat([bytes, piece]);
          const length = lengthOf(bytes);
          if (length === undefined) return;
          const rest = bytes.subarray(length);
          finish(() => resolve(bytes.subarray(0, length)));
          if (rest.length > 0) socket.unshift(rest);
        } catch (error) {
          finish(() => reject(error instanceof Error ? error : failed(String(error))));
        }
      };
      socket.on('readable', read).once('end', ended).once('error', ended).once('close', ended);
      read();
    });
  }
}

function failed(why: string): TunnelscopeError {
  return new TunnelscopeError('LISTEN', `the proxy failed: ${why}`);
}
