import { TunnelscopeError } from '../../base/errors.ts';
import { formatIp } from '../../base/ip.ts';
import type { ClientEnding } from '../../engine/client-types.ts';
import type { Profile } from '../../engine/client/configuration.ts';
import { clientFromOptions } from '../../engine/client/settings-from-options.ts';
import { Numbers } from '../../engine/numbers.ts';
import { isOpenToOthers, readText, whyUnusable } from '../../host/access.ts';
import { SystemClock } from '../../host/clock.ts';
import { systemRandom } from '../../host/random.ts';
import { resolveHost } from '../../host/resolve.ts';
import type { Tun, TunReceiver } from '../../host/tun.ts';
import { renderRow } from '../../messages/row.ts';
import { type Directive, parseText } from '../../options/parse.ts';
import { Secret } from '../../base/secret.ts';
import { Attempt, type AttemptBytes, type ConnectedOutput, type EndedOutput } from './attempt.ts';
import { dial } from './dial.ts';
import { clientMaterial } from './material.ts';
import { sessionSettings } from './session-settings.ts';

/** What a session is begun with. */
export interface ConnectOptions {
  /** A client's configuration, as in a file; `dev null` is assumed. */
  readonly config: string;
  /** For `auth-user-pass` without a file. */
  readonly login?: { readonly username: string; readonly password: string };
  /** Of the private key, where it has one. */
  readonly passphrase?: string;
  /** Hears each IP packet out of the tunnel. The bytes are its own. */
  readonly onPacket?: (packet: Buffer) => void;
  /** Hears what OpenVPN would log, a line each; at `verb` 3 unless the configuration says otherwise. */
  readonly onLog?: (line: string) => void;
}

/** How a session ended: one of the reasons, and the server's own words where it had some. */
export interface SessionEnd {
  readonly reason: ClientEnding;
  readonly text: string | undefined;
}

/** A session with a server, without device, routes or root: packets go in and come out. */
export interface VpnSession {
  /** The own addresses inside the tunnel; undefined where the server gave none. */
  readonly address4: string | undefined;
  readonly address6: string | undefined;
  /** All that the server pushed, tokens left out. */
  readonly options: readonly string[];
  /** Bytes so far. */
  readonly bytes: AttemptBytes;
  /** Settles when the session is over, however it ended. */
  readonly ended: Promise<SessionEnd>;
  /** Sends one IP packet into the tunnel; false when the session is over. */
  send(packet: Buffer): boolean;
  /** Leaves the server; settles when everything is closed. */
  close(): Promise<void>;
}

/** The inside of a tunnel as two functions. */
class PacketTun implements Tun {
  readonly name = undefined;
  readonly descriptor = undefined;
  readonly dropped = 0;
  readonly #deliver: (packet: Buffer) => void;
  #receiver: TunReceiver | undefined;

  constructor(deliver: (packet: Buffer) => void) {
    this.#deliver = deliver;
  }

  start(receiver: TunReceiver): void {
    this.#receiver = receiver;
  }

  stop(): Promise<void> {
    this.#receiver = undefined;
    return Promise.resolve();
  }

  write(packet: Buffer): void {
    this.#deliver(Buffer.from(packet));
  }

  close(): void {
    this.#receiver = undefined;
  }

  send(packet: Buffer): boolean {
    this.#receiver?.packet(Buffer.from(packet));
    return this.#receiver !== undefined;
  }
}

/**
 * Connects to the first server of a configuration and settles when the tunnel carries packets. Rejects with OPTIONS for a
 * configuration that cannot run, KEY_MATERIAL, LISTEN when the server cannot be reached, and SESSION when it ends the session first.
 */
export async function connect(options: ConnectOptions): Promise<VpnSession> {
  const configuration = read(options.config);
  const { client, daemon } = configuration;
  const [profile] = client.profiles;
  if (profile === undefined) throw new TunnelscopeError('OPTIONS', 'the configuration names no server (remote)');
  if (profile.proxy !== undefined) throw new TunnelscopeError('OPTIONS', 'proxies are for the daemon: connect() goes to the server itself');
  const clock = new SystemClock();
  const tun = new PacketTun((packet) => options.onPacket?.(packet));
  const dialled = await dialFirst(profile);
  let connected: (output: ConnectedOutput) => void = () => {};
  const opened = new Promise<ConnectedOutput>((resolve) => {
    connected = resolve;
  });
  const attempt = new Attempt({
    open: dialled.open,
    remote: dialled.remote,
    settings: sessionSettings(client, profile, credentialsOf(options, client.login)),
    mssFix: profile.mssFix,
    replayWindow: client.replayWindow,
    material: clientMaterial(configuration, options.passphrase === undefined ? client.tls.passphrase : new Secret(options.passphrase)),
    tun,
    clock,
    random: systemRandom,
    numbers: new Numbers(),
    verb: daemon.log.verb,
    log: ({ row, args }) => options.onLog?.(renderRow(row, args)),
    onStep: () => {},
    onConnected: (output) => connected(output),
    onTrouble: () => {},
  });
  await attempt.start();
  return openSession(attempt, tun, opened);
}

async function openSession(attempt: Attempt, tun: PacketTun, opened: Promise<ConnectedOutput>): Promise<VpnSession> {
  const ended = attempt.ended.then(async ({ reason, text }: EndedOutput) => {
    await attempt.close();
    return { reason, text };
  });
  const first = await Promise.race([opened, ended]);
  if ('reason' in first)
    throw new TunnelscopeError(
      'SESSION',
      `the server ended the session: ${first.reason}${first.text === undefined ? '' : ` (${first.text})`}`,
    );
  const { address4, address6, options } = first;
  return {
    address4: address4 && formatIp(address4.address),
    address6: address6 && formatIp(address6.address),
    options,
    get bytes() {
      return attempt.bytes;
    },
    ended,
    send: (packet) => tun.send(packet),
    close: async () => {
      attempt.run((engine, now) => engine.leave('SIGTERM', now));
      await ended;
    },
  };
}

async function dialFirst(profile: Profile) {
  const found = await resolveHost(profile.host, profile.family);
  const [to] = found.ok ? found.value : [];
  if (to === undefined) {
    throw new TunnelscopeError(
      'LISTEN',
      `RESOLVE: Cannot resolve host address: ${profile.host} (${found.ok ? 'no addresses' : found.error})`,
    );
  }
  return dial(profile, to, {
    batched: false,
    sendBuffer: undefined,
    receiveBuffer: undefined,
    signal: new AbortController().signal,
    askProxyLogin: () => Promise.reject(new TunnelscopeError('BUG', 'no proxy is used here')),
    onConnecting: () => {},
  });
}

function credentialsOf(
  options: ConnectOptions,
  login: { readonly username: string | undefined; readonly password: Secret | undefined } | undefined,
) {
  if (login === undefined) return undefined;
  const username = options.login?.username ?? login.username;
  const password = options.login === undefined ? login.password : new Secret(options.login.password);
  if (username === undefined || password === undefined) {
    throw new TunnelscopeError('OPTIONS', 'auth-user-pass has no name and password: give them as login');
  }
  return { username, password };
}

/** Throws OPTIONS with every error that was found. */
function read(text: string) {
  const directives: Directive[] = [];
  for (const event of parseText(`dev null\n${text}`, 'config', { permission: 'config', readFile: readText })) {
    if (event.kind === 'error') throw new TunnelscopeError('OPTIONS', renderRow(event.note.row, event.note.args));
    if (event.kind === 'directive') directives.push(event.directive);
  }
  const files = { read: readText, check: whyUnusable, isOpenToOthers };
  const made = clientFromOptions(
    directives.filter(({ name }, index) => name !== 'dev' || index === 0),
    { files, random: systemRandom },
  );
  if (made.ok) return made.value;
  throw new TunnelscopeError('OPTIONS', made.error.errors.map(({ row, args }) => renderRow(row, args)).join('; '));
}
