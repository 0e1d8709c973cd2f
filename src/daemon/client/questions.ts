import type { Secret } from '../../base/secret.ts';
import { MANAGEMENT } from '../../messages/management.ts';
import type { Notes } from '../../messages/notes.ts';
import { START } from '../../messages/start.ts';
import type { DaemonEvent, DaemonReply } from '../../model/daemon-port.ts';

/** What asking takes. */
export interface QuestionWorld {
  readonly notes: Notes;
  emit(event: DaemonEvent): void;
  /** True when a management client is there to answer. */
  attended(): boolean;
}

/** A name with a password, either of which may not have been asked for. */
export interface GivenLogin {
  readonly username: string;
  readonly password: Secret;
}

/** How `remote` was answered. */
export type RemoteAnswer =
  | { readonly kind: 'accept' }
  | { readonly kind: 'skip'; readonly count: number }
  | { readonly kind: 'mod'; readonly host: string; readonly port: number };

/** How `proxy` was answered. */
export type ProxyAnswer =
  | { readonly kind: 'none' }
  | { readonly kind: 'http' | 'socks'; readonly host: string; readonly port: number; readonly noClearText: boolean };

/** The one question that is open. `type` is what answers name: `Auth`. */
type Open =
  | {
      readonly kind: 'login' | 'password';
      readonly type: string;
      username?: string;
      password?: Secret;
      readonly done: (given: GivenLogin) => void;
    }
  | { readonly kind: 'ok' | 'string'; readonly type: string; readonly done: (text: string) => void }
  | { readonly kind: 'remote'; readonly done: (answer: RemoteAnswer) => void }
  | { readonly kind: 'proxy'; readonly done: (answer: ProxyAnswer | undefined) => void };

/**
 * Questions to management clients, one at a time: each is told to whoever connects until it is answered (facts: management 5, 14).
 * Whoever waits gives up by `cancel`.
 */
export class Questions {
  readonly #world: QuestionWorld;
  #open: Open | undefined;

  constructor(world: QuestionWorld) {
    this.#world = world;
  }

  /** `challenge` is what follows the usual words: `SC:1,Your PIN`. */
  login(type: string, challenge = ''): Promise<GivenLogin> {
    const more = challenge === '' ? '' : ` ${challenge}`;
    return this.#ask(`PASSWORD:Need '${type}' username/password${more}`, (done) => ({ kind: 'login', type, done }));
  }

  async password(type: string): Promise<Secret> {
    const given = await this.#ask<GivenLogin>(`PASSWORD:Need '${type}' password`, (done) => ({ kind: 'password', type, done }));
    return given.password;
  }

  /** True for `ok`. */
  async confirm(type: string, message: string): Promise<boolean> {
    const text = await this.#ask<string>(`NEED-OK:Need '${type}' confirmation MSG:${message}`, (done) => ({ kind: 'ok', type, done }));
    return text === 'ok';
  }

  text(type: string, message: string): Promise<string> {
    return this.#ask(`NEED-STR:Need '${type}' string MSG:${message}`, (done) => ({ kind: 'string', type, done }));
  }

  remote(host: string, port: number, proto: string): Promise<RemoteAnswer> {
    return this.#ask(`REMOTE:${host},${port},${proto}`, (done) => ({ kind: 'remote', done }));
  }

  /** Undefined for an answer that makes no sense: the connection then goes on without a proxy, as in stock. */
  proxy(index: number, transport: 'udp' | 'tcp', host: string): Promise<ProxyAnswer | undefined> {
    return this.#ask(`PROXY:${index},${transport.toUpperCase()},${host}`, (done) => ({ kind: 'proxy', done }));
  }

  /** Nobody waits for an answer any more. */
  cancel(): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    this.#world.emit({ kind: 'prompt', text: undefined });
  }

  // --- answers ----------------------------------------------------------------------------------------------------

  /** `username` and `password`: in either order, the last of each counts. */
  give(what: 'username' | 'password', type: string, value: Secret): DaemonReply {
    const open = this.#open;
    if (open === undefined || (open.kind !== 'login' && (open.kind !== 'password' || what === 'username'))) return REFUSED;
    if (type !== open.type) return wrongType(what, type, open.type);
    if (what === 'password') open.password = value;
    else open.username = value.reveal();
    const { username, password } = open;
    const complete = password !== undefined && (open.kind === 'password' || (username !== undefined && username !== ''));
    if (complete) this.#answered(() => open.done({ username: username ?? '', password }));
    return { kind: 'done', text: `'${type}' ${what} entered, but not yet verified` };
  }

  /** `needok` and `needstr`. */
  tell(what: 'ok' | 'string', type: string, text: string): DaemonReply {
    const open = this.#open;
    const word = what === 'ok' ? 'needok-confirmation' : 'needstr-string';
    if (open?.kind !== what) return REFUSED;
    if (type !== open.type) return wrongType(word, type, open.type);
    this.#answered(() => open.done(text));
    return { kind: 'done', text: `'${type}' ${word} entered, but not yet verified` };
  }

  /** `remote ACCEPT`, `remote SKIP [N]`, `remote MOD HOST PORT`. */
  chooseRemote([action, first, second]: readonly string[]): DaemonReply {
    const open = this.#open;
    if (open?.kind !== 'remote') return REFUSED;
    const answer = remoteAnswer(action, first, second);
    if (answer === undefined) return REFUSED;
    this.#answered(() => open.done(answer));
    return { kind: 'done', text: 'remote command succeeded' };
  }

  /** `proxy NONE`, `proxy HTTP HOST PORT [nct]`, `proxy SOCKS HOST PORT`. */
  chooseProxy(words: readonly string[]): DaemonReply {
    const open = this.#open;
    const answer = proxyAnswer(words);
    if (answer === undefined) this.#world.notes.add(MANAGEMENT.badProxyCommand, {});
    if (open?.kind === 'proxy') this.#answered(() => open.done(answer));
    return answer === undefined ? REFUSED : { kind: 'done', text: 'proxy command succeeded' };
  }

  #ask<T>(text: string, make: (done: (value: T) => void) => Open): Promise<T> {
    if (!this.#world.attended()) this.#world.notes.add(START.passwordWaiting, {});
    return new Promise((resolve) => {
      this.#open = make(resolve);
      this.#world.emit({ kind: 'prompt', text });
    });
  }

  #answered(tell: () => void): void {
    this.cancel();
    tell();
  }
}

const REFUSED: DaemonReply = { kind: 'refused', text: '' };

function wrongType(what: string, given: string, needed: string): DaemonReply {
  return { kind: 'refused', text: `${what} of type '${given}' entered, but we need one of type '${needed}'` };
}

function remoteAnswer(action: string | undefined, first: string | undefined, second: string | undefined): RemoteAnswer | undefined {
  if (action === 'ACCEPT') return { kind: 'accept' };
  if (action === 'SKIP') return { kind: 'skip', count: Math.max(1, Number.parseInt(first ?? '1', 10) || 1) };
  if (action !== 'MOD' || first === undefined || second === undefined) return undefined;
  const port = Number(second);
  return first.length < 80 && Number.isInteger(port) && port > 0 && port < 65536 ? { kind: 'mod', host: first, port } : undefined;
}

function proxyAnswer([kind, host, port, nct]: readonly string[]): ProxyAnswer | undefined {
  if (kind === 'NONE') return { kind: 'none' };
  if ((kind !== 'HTTP' && kind !== 'SOCKS') || host === undefined || !/^\d{1,5}$/.test(port ?? '')) return undefined;
  return { kind: kind === 'HTTP' ? 'http' : 'socks', host, port: Number(port), noClearText: nct === 'nct' };
}
