import { reasonOf } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Duration } from '../base/units.ts';
import type { Reply } from '../management/client.ts';
import type { Notification } from '../management/understood.ts';
import { EventQueue } from './event-queue.ts';
import { type LinkOptions, ManagementLink } from './management-link.ts';

/** Where a daemon's management interface is, and how to keep to it. */
export interface ManagementClientOptions extends LinkOptions {
  /** Events kept for a slow taker; 10,000 unless given. */
  readonly buffer?: number;
}

/** What happens to a connection, beside what the daemon says. */
export type ClientEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly why: string; readonly againIn: Duration | undefined }
  | Notification;

/** A reply that was an error, in the daemon's words; `lost` when nobody answered. */
export class ManagementError extends Error {
  readonly lost: boolean;
  /** All lines of the reply. */
  readonly lines: readonly string[];

  constructor(text: string, lost: boolean, lines: readonly string[] = []) {
    super(text);
    this.name = 'ManagementError';
    this.lost = lost;
    this.lines = lines;
  }
}

const DEFAULT_BUFFER = 10_000;

/** A row of `clients` or `who`: fields by the names of its columns. */
export type ReplyRow = ReadonlyMap<string, string>;

/** A server of a client's configuration. */
export interface RemoteEntry {
  readonly index: number;
  readonly host: string;
  readonly port: number;
  /** `udp`, `tcp-client`, `udp4`, `tcp6-client`. */
  readonly proto: string;
  readonly enabled: boolean;
}

/** What a daemon can be asked to report; asked again after each reconnection. */
export type Subscription = 'log' | 'state' | 'echo' | 'events';

/**
 * A management client over a socket, TLS or not: connects, comes back with growing pauses, subscribes again, and gives events
 * to iterate over. Commands that were under way when a connection ended are lost: whoever asked decides whether to ask again.
 */
export class ManagementClient {
  readonly events: EventQueue<ClientEvent>;
  readonly #link: ManagementLink;
  readonly #subscriptions = new Set<Subscription>();
  #byteSeconds = 0;
  readonly #ready: (() => void)[] = [];

  constructor(options: ManagementClientOptions) {
    this.events = new EventQueue(options.buffer ?? DEFAULT_BUFFER);
    this.#link = new ManagementLink(options, {
      entered: () => this.#entered(),
      gone: (why, againIn) => {
        this.events.push({ kind: 'disconnected', why, againIn });
        if (againIn === undefined) this.events.end();
      },
      notification: (notification) => this.events.push(notification),
    });
  }

  /** Connects, and settles when the daemon let us in. Rejects with ManagementError when the first try fails and no other follows. */
  async open(): Promise<void> {
    const entered = new Promise<void>((resolve) => this.#ready.push(resolve));
    const failed = this.#link.connect();
    await Promise.race([entered, failed.then((why) => (why === undefined ? entered : Promise.reject(new ManagementError(why, true))))]);
  }

  /** Asks anything; words are quoted as needed. Rejects with ManagementError, or EncodeError for what cannot be said. */
  command(name: string, words: readonly (string | number)[] = [], body?: readonly string[]): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const done = (reply: Reply): void => {
        if (reply.kind === 'ok') resolve(reply.lines);
        else if (reply.kind === 'error') reject(new ManagementError(reply.text, false, reply.lines));
        else reject(new ManagementError(reply.why, true));
      };
      const sent = this.#link.use((machine, now) => {
        try {
          machine.command(name, words, body === undefined ? { done } : { done, body }, now);
        } catch (error) {
          reject(error instanceof Error ? error : new ManagementError(reasonOf(error), false));
        }
      });
      if (!sent) reject(new ManagementError('not connected', true));
    });
  }

  // --- typed commands ---------------------------------------------------------------------------------------------

  /** The text behind `SUCCESS: `. */
  async #said(name: string, ...words: readonly (string | number)[]): Promise<string> {
    const lines = await this.command(name, words);
    return (lines.at(-1) ?? '').replace(/^SUCCESS: ?/, '');
  }

  async #number(name: string, ...words: readonly (string | number)[]): Promise<number> {
    return Number(/(-?\d+)/.exec(await this.#said(name, ...words))?.[1]);
  }

  /** The process id of the daemon. */
  pid = (): Promise<number> => this.#number('pid');
  /** How much is logged; sets it when given. */
  verb = (set?: number): Promise<number> => (set === undefined ? this.#number('verb') : this.#number('verb', set).then(() => set));
  /** How many similar log lines in a row are shown; sets it when given. */
  mute = (set?: number): Promise<number> => (set === undefined ? this.#number('mute') : this.#number('mute', set).then(() => set));
  /** How many clients are connected. */
  nclients = (): Promise<number> => this.#number('nclients');

  /** The lines of `status`, for a parser of status files. */
  status = (version?: 1 | 2 | 3 | 'json'): Promise<readonly string[]> => this.command('status', version === undefined ? [] : [version]);

  /** Title and interface version. */
  async version(): Promise<{ readonly title: string; readonly management: number }> {
    const lines = await this.command('version');
    const field = (name: string): string => lines.find((line) => line.startsWith(name))?.slice(name.length) ?? '';
    const management = field('Management Version: ') || field('Management Interface Version: ');
    return { title: field('OpenVPN Version: '), management: Number(management) };
  }

  /** Clients and bytes of the whole daemon. */
  async loadStats(): Promise<{ readonly clients: number; readonly received: number; readonly sent: number }> {
    const [clients = 0, received = 0, sent = 0] = ((await this.#said('load-stats')).match(/\d+/g) ?? []).map(Number);
    return { clients, received, sent };
  }

  /** Says which version of the interface this client speaks: more is asked in forms that older ones do not know. Ends with the connection. */
  announceVersion = async (version: number): Promise<void> => void (await this.command('version', [version]));

  /** What was logged, stated or echoed; the newest `count`, or all. */
  history = (name: 'log' | 'state' | 'echo', count?: number): Promise<readonly string[]> => this.command(name, [count ?? 'all']);

  /** Whether the daemon waits for a release when it starts. */
  hold = async (set?: 'on' | 'off' | 'release'): Promise<boolean> => {
    if (set !== undefined) await this.#said('hold', set);
    return (await this.#number('hold')) === 1;
  };

  /** Does what the daemon does on a signal. */
  signal = (name: 'SIGHUP' | 'SIGTERM' | 'SIGUSR1' | 'SIGUSR2'): Promise<string> => this.#said('signal', name);
  /** Ends the sessions of a common name or an address. */
  kill = (whom: string): Promise<string> => this.#said('kill', whom);
  /** Sends a client a message (RESTART without one) and ends its session. */
  clientKill = (clientId: number, message?: string): Promise<string> =>
    this.#said('client-kill', clientId, ...(message === undefined ? [] : [message]));
  /** Lets a client in; `config` are lines as in its client file. */
  clientAuth = async (clientId: number, keyId: number, config: readonly string[] = []): Promise<void> => {
    if (config.length === 0) await this.#said('client-auth-nt', clientId, keyId);
    else await this.command('client-auth', [clientId, keyId], config);
  };
  /** Refuses a client; `clientReason` is told to it. */
  clientDeny = (clientId: number, keyId: number, reason: string, clientReason?: string): Promise<string> =>
    this.#said('client-deny', clientId, keyId, reason, ...(clientReason === undefined ? [] : [clientReason]));
  /** Tells a client that its login goes on elsewhere. */
  clientPendingAuth = (clientId: number, keyId: number, extra: string, timeoutSeconds: number): Promise<string> =>
    this.#said('client-pending-auth', clientId, keyId, extra, timeoutSeconds);
  /** Sends new options to one client, or to all that take them. */
  pushUpdate = (options: string, clientId?: number): Promise<readonly string[]> =>
    clientId === undefined ? this.command('push-update-broad', [options]) : this.command('push-update-cid', [clientId, options]);
  /** Gives a user name that was asked for. */
  username = (type: string, name: string): Promise<string> => this.#said('username', type, name);
  /** Gives a password that was asked for. */
  password = (type: string, password: Secret): Promise<string> => this.#said('password', type, password.reveal());
  /** Answers a NEED-OK request. */
  needOk = (type: string, ok: boolean): Promise<string> => this.#said('needok', type, ok ? 'ok' : 'cancel');
  /** Answers a NEED-STR request. */
  needStr = (type: string, text: string): Promise<string> => this.#said('needstr', type, text);
  /** Answers a challenge of the server. */
  crResponse = (base64: string): Promise<string> => this.#said('cr-response', base64);
  /** Answers a REMOTE request. */
  remote = (...action: readonly [string, ...(string | number)[]]): Promise<string> => this.#said('remote', ...action);
  /** Answers a PROXY request. */
  proxy = (...proxy: readonly [string, ...(string | number)[]]): Promise<string> => this.#said('proxy', ...proxy);
  /** Shows or sets what a client does when its login fails. */
  authRetry = (set?: 'none' | 'interact' | 'nointeract'): Promise<string> => this.#said('auth-retry', ...(set === undefined ? [] : [set]));
  /** Forgets passwords that were given. */
  forgetPasswords = (): Promise<string> => this.#said('forget-passwords');
  /** Chooses which variables of clients are shown: 0 all, 1 and 2 fewer, 3 none. */
  envFilter = (level: number): Promise<string> => this.#said('env-filter', level);
  /** A signature or certificate that was asked for, as lines. */
  answerRequest = (name: 'pk-sig' | 'rsa-sig' | 'certificate', lines: readonly string[]): Promise<readonly string[]> =>
    this.command(name, [], lines);

  /** The servers of a client's configuration, in order. */
  async remoteEntries(): Promise<readonly RemoteEntry[]> {
    const lines = await this.command('remote-entry-get', ['all']);
    return lines.flatMap((line) => {
      const [, index, host = '', port, proto = '', state] = /^(\d+),(.*),(\d+),([^,]*),(enabled|disabled)$/.exec(line) ?? [];
      return index === undefined ? [] : [{ index: Number(index), host, port: Number(port), proto, enabled: state === 'enabled' }];
    });
  }

  /** The number of those. */
  remoteEntryCount = async (): Promise<number> => Number((await this.command('remote-entry-count'))[0]);
  /** The number of certificates on PKCS#11 tokens. */
  pkcs11Count = async (): Promise<number> => Number(/:(\d+)/.exec((await this.command('pkcs11-id-count'))[0] ?? '')?.[1]);

  /** One of them, by its place from 0; undefined when there is none. */
  async pkcs11Entry(index: number): Promise<{ readonly id: string; readonly certificate: string } | undefined> {
    const [line = ''] = await this.command('pkcs11-id-get', [index]);
    const [, id, certificate] = /, ID:'(.*)', BLOB:'([^']*)'$/.exec(line) ?? [];
    return id === undefined || certificate === undefined ? undefined : { id, certificate };
  }

  /** What the daemon says of its commands, for people. */
  help = (): Promise<readonly string[]> => this.command('help');
  /** Interfaces and routes, for people; of daemons on Windows only. */
  net = (): Promise<readonly string[]> => this.command('net');
  /** So many lines that mean nothing. */
  test = (lines: number): Promise<readonly string[]> => this.command('test', [lines]);
  /** Every client with how far it has come: of daemons of ours. */
  clients = (phase?: string): Promise<readonly ReplyRow[]> => this.#table('clients', ...(phase === undefined ? [] : [phase]));
  /** Who is connected to the interface: of daemons of ours. */
  who = (): Promise<readonly ReplyRow[]> => this.#table('who');
  /** Opens the log file anew: daemons of ours. */
  logReopen = (): Promise<string> => this.#said('log-reopen');

  /** Rows with tabs between, by the names of the header. */
  async #table(name: string, ...words: readonly string[]): Promise<readonly ReplyRow[]> {
    const [header = '', ...rows] = await this.command(name, words);
    const columns = header.split('\t');
    return rows.map((row) => new Map(row.split('\t').map((field, place) => [columns[place] ?? String(place), field])));
  }

  /** Switches reports on or off, for this connection and those that follow. */
  async subscribe(name: Subscription, on = true): Promise<void> {
    if (on) this.#subscriptions.add(name);
    else this.#subscriptions.delete(name);
    await this.command(name, [on ? 'on' : 'off']);
  }

  /** Byte counts every so many seconds; 0 stops. For this connection and those that follow. */
  async bytecount(everySeconds: number): Promise<void> {
    this.#byteSeconds = everySeconds;
    await this.command('bytecount', [everySeconds]);
  }

  /** Ends the connection for good, and the iteration of events after what is left. */
  close(): void {
    this.#link.close();
    this.events.end();
  }

  #entered(): void {
    this.events.push({ kind: 'connected' });
    for (const ready of this.#ready.splice(0)) ready();
    const ignore = (): undefined => undefined;
    for (const name of this.#subscriptions) this.command(name, ['on']).catch(ignore);
    if (this.#byteSeconds > 0) this.command('bytecount', [this.#byteSeconds]).catch(ignore);
  }
}
