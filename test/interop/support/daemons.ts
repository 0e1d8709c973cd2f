import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { ROOT } from '../../support/sources.ts';
import type { Host, Network } from './network.ts';
import type { Identity, TestPki } from './pki.ts';
import { eventually, type Running } from './running.ts';
import { connectUnix } from './unix-socket.ts';

/** The port of all tests' servers. */
export const PORT = 1194;
/** The server's own address inside the tunnel. */
export const TUNNEL_SERVER4 = '10.8.0.1';
/** The same for IPv6. */
export const TUNNEL_SERVER6 = 'fd00:8::1';

/** What a server or client says when it is up. */
export const READY = 'Initialization Sequence Completed';

/** Which program: stock OpenVPN or ours. */
export type Program = 'stock' | 'ours';

/**
 * Who plays the server where a test does not care to name it. TUNNELSCOPE_INTEROP_SERVER=stock runs all such tests
 * against stock OpenVPN: what fails then is a wrong test.
 */
export const SERVER: Program = process.env['TUNNELSCOPE_INTEROP_SERVER'] === 'stock' ? 'stock' : 'ours';

/**
 * What carries the packets of our servers and clients where a test does not care to say it: TUNNELSCOPE_INTEROP_DATA_PLANE runs all
 * tests on another adapter than the usual one, or without some of its steps (`batched no-gso`).
 */
const DATA_PLANE = process.env['TUNNELSCOPE_INTEROP_DATA_PLANE'];

/** How the control channel is protected, on both ends. */
export type Wrap = 'tls-crypt' | 'tls-auth' | 'none';

/** One end's lines for a protection. */
export function wrapLines(pki: TestPki, wrap: Wrap, end: 'server' | 'client'): string[] {
  if (wrap === 'none') return [];
  return wrap === 'tls-crypt' ? [`tls-crypt ${pki.staticKey}`] : [`tls-auth ${pki.staticKey} ${end === 'server' ? 0 : 1}`];
}

/** How a server is started. */
export interface ServerOptions {
  readonly program?: Program;
  /** Default `udp`. */
  readonly proto?: string;
  readonly wrap?: Wrap;
  /** Lines of the configuration beside the usual ones. */
  readonly lines?: readonly string[];
  /** Usual lines to leave out, by their first word. */
  readonly without?: readonly string[];
  /** A command that runs the server, given behind it; its mounts are the server's alone. */
  readonly wrapper?: readonly string[];
  /** False: do not wait until it is up. */
  readonly wait?: boolean;
}

/** A running server. */
export class Server {
  readonly process: Running;
  readonly host: Host;
  readonly configPath: string;
  readonly statusPath: string;
  readonly managementPath: string;

  constructor(running: Running, host: Host, paths: { readonly config: string; readonly status: string; readonly management: string }) {
    this.process = running;
    this.host = host;
    this.configPath = paths.config;
    this.statusPath = paths.status;
    this.managementPath = paths.management;
  }

  /** Opens its management interface. */
  management(): Promise<Management> {
    return Management.open(this.managementPath);
  }
}

let servers = 0;

/** Starts a server and waits until it is up. */
export async function startServer(network: Network, host: Host, pki: TestPki, options: ServerOptions = {}): Promise<Server> {
  const program = options.program ?? SERVER;
  const base = join(network.folder, `server${++servers}`);
  const paths = { config: `${base}.conf`, status: `${base}.status`, management: `${base}.sock` };
  writeFileSync(paths.config, serverConfig(pki, paths, options));
  const command = program === 'stock' ? ['openvpn', '--config', paths.config] : [...OUR_COMMAND, 'run', '--config', paths.config];
  const server = new Server(network.start(host, `${program} server`, [...(options.wrapper ?? []), ...command]), host, paths);
  if (options.wait !== false) await server.process.waitFor(READY);
  return server;
}

/** How our program is started. */
export const OUR_COMMAND: readonly string[] = [process.execPath, join(ROOT, 'dist/cli/main.js')];

function serverConfig(pki: TestPki, paths: { readonly status: string; readonly management: string }, options: ServerOptions): string {
  const usual = [
    'mode server',
    'tls-server',
    'dev tun',
    'topology subnet',
    `server ${TUNNEL_SERVER4.replace(/1$/, '0')} 255.255.255.0`,
    `server-ipv6 ${TUNNEL_SERVER6.replace(/1$/, '')}/64`,
    `proto ${options.proto ?? 'udp'}`,
    `port ${PORT}`,
    `ca ${pki.server.ca}`,
    `cert ${pki.server.cert}`,
    `key ${pki.server.key}`,
    'dh none',
    'keepalive 10 60',
    'persist-key',
    'persist-tun',
    'verb 4',
    `status ${paths.status} 1`,
    'status-version 2',
    `management ${paths.management} unix`,
    // Tests connect many clients in a short time from one address.
    'connect-freq-initial 1000 10',
    ...wrapLines(pki, options.wrap ?? 'tls-crypt', 'server'),
  ];
  if ((options.program ?? SERVER) === 'ours' && DATA_PLANE !== undefined) usual.push(`data-plane ${DATA_PLANE}`);
  const kept = usual.filter((line) => options.without?.includes(line.split(' ')[0] ?? '') !== true);
  return [...kept, ...(options.lines ?? []), ''].join('\n');
}

/** How a client is started. */
export interface ClientOptions {
  /** Default `stock`. */
  readonly program?: Program;
  /** Default: the server's IPv4 address. */
  readonly remote?: string;
  readonly port?: number;
  /** Default `udp`. */
  readonly proto?: string;
  readonly wrap?: Wrap;
  readonly lines?: readonly string[];
  readonly without?: readonly string[];
  /** A command that runs the client, given behind it; its mounts are the client's alone. */
  readonly wrapper?: readonly string[];
  /** False: do not wait until it is up. */
  readonly wait?: boolean;
  /** How long to wait until it is up, in milliseconds. */
  readonly within?: number;
}

/** A running client, stock or ours: both say the same of themselves. */
export class StockClient {
  readonly process: Running;
  readonly host: Host;

  constructor(running: Running, host: Host) {
    this.process = running;
    this.host = host;
  }

  /** Its address inside the tunnel, as its log tells. */
  get tunnel4(): string {
    return this.#last(/net_addr_v4_add: ([0-9.]+)\//);
  }

  get tunnel6(): string {
    return this.#last(/net_addr_v6_add: ([0-9a-f:]+)\//);
  }

  #last(pattern: RegExp): string {
    const found = this.process.matching(pattern).at(-1);
    const address = found === undefined ? undefined : pattern.exec(found)?.[1];
    if (address === undefined) throw new Error(`${this.process.name} has no address\n${this.process.tail()}`);
    return address;
  }
}

let clients = 0;

/** Starts a client and waits until it is up. */
export async function startClient(
  network: Network,
  host: Host,
  server: Host,
  pki: TestPki,
  identity: Identity,
  options: ClientOptions = {},
): Promise<StockClient> {
  const path = join(network.folder, `client${++clients}-${identity.name}.conf`);
  const usual = [
    'client',
    'dev tun',
    'nobind',
    `proto ${options.proto ?? 'udp'}`,
    `remote ${options.remote ?? server.ip4} ${options.port ?? PORT}`,
    `ca ${identity.ca}`,
    `cert ${identity.cert}`,
    `key ${identity.key}`,
    'remote-cert-tls server',
    'connect-retry 1 2',
    'persist-tun',
    'verb 4',
    ...wrapLines(pki, options.wrap ?? 'tls-crypt', 'client'),
  ];
  if (options.program === 'ours' && DATA_PLANE !== undefined) usual.push(`data-plane ${DATA_PLANE}`);
  const kept = usual.filter((line) => options.without?.includes(line.split(' ')[0] ?? '') !== true);
  writeFileSync(path, [...kept, ...(options.lines ?? []), ''].join('\n'));
  const program = options.program ?? 'stock';
  const command = program === 'stock' ? ['openvpn', '--config', path] : [...OUR_COMMAND, 'run', '--config', path];
  const running = network.start(host, `${program} client ${identity.name}`, [...(options.wrapper ?? []), ...command]);
  if (options.wait !== false) await running.waitFor(READY, options.within === undefined ? {} : { within: options.within });
  return new StockClient(running, host);
}

/** A connection to a management interface on a unix socket. Lines come without their ends. */
export class Management {
  readonly lines: string[] = [];
  readonly #socket: Socket;
  #partial = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#partial + text).split('\n');
      this.#partial = lines.pop() ?? '';
      this.lines.push(...lines.map((line) => line.replace(/\r$/, '')));
    });
    // A daemon that goes away may reset the connection; what tests look at is what it said before.
    socket.on('error', () => undefined);
  }

  /** Connects, once somebody listens there, and waits for the banner. */
  static async open(path: string): Promise<Management> {
    const management = new Management(await connectUnix(path));
    await management.waitFor(/^>INFO:/);
    return management;
  }

  send(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  /** The first line from `from` on that matches. */
  waitFor(pattern: RegExp, from = 0): Promise<string> {
    return eventually(`management line ${String(pattern)}`, () => this.lines.slice(from).find((line) => pattern.test(line)));
  }

  /** Sends a command and gives its reply: the one line of SUCCESS or ERROR, or the lines before END. Notifications are left out. */
  async command(line: string): Promise<string[]> {
    const from = this.lines.length;
    this.send(line);
    return eventually(`reply to ${line}`, () => {
      const said = this.lines.slice(from).filter((reply) => !reply.startsWith('>'));
      if (/^(?:SUCCESS|ERROR):/.test(said[0] ?? '')) return said.slice(0, 1);
      const end = said.indexOf('END');
      return end >= 0 && said.slice(0, end);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
