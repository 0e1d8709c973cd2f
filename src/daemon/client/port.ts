import { Secret } from '../../base/secret.ts';
import { tokenize } from '../../base/tokenize.ts';
import type { Profile } from '../../engine/client/configuration.ts';
import type { AuthRetry } from '../../engine/client/configuration.ts';
import type { DaemonEvent, DaemonInfo, DaemonPort, DaemonReply, DaemonRequest } from '../../model/daemon-port.ts';
import type { ClientStatus } from '../../model/status-report.ts';
import type { Questions } from './questions.ts';

/** What the client lends to its port. */
export interface ClientControls {
  readonly title: string;
  readonly pid: number;
  readonly questions: Questions;
  verb(set?: number): number;
  mute(set?: number): number;
  reopenLog(): boolean;
  hold(action: Extract<DaemonRequest, { kind: 'hold' }>['action']): DaemonReply;
  /** Gives the signal that it was mapped to; undefined when it is not taken. */
  signal(name: string): string | undefined;
  status(): ClientStatus;
  /** Bytes since the start of the process. */
  totals(): { readonly received: number; readonly sent: number };
  authRetry(set?: AuthRetry): AuthRetry;
  forgetPasswords(): void;
  profiles(): readonly Profile[];
  /** Answers CR_TEXT, in base64; false without a session. */
  respond(base64: string): boolean;
}

/** A client daemon as its management server sees it. Commands that only clients know come as lines, and are read here. */
export class ClientPort implements DaemonPort {
  readonly #controls: ClientControls;
  readonly #listeners = new Set<(event: DaemonEvent, number: number) => void>();
  #count = 0;

  constructor(controls: ClientControls) {
    this.#controls = controls;
  }

  info(): DaemonInfo {
    return { title: this.#controls.title, mode: 'client', statusVersion: 1, connected: true };
  }

  subscribe(listener: (event: DaemonEvent, number: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Passes an event on to all who listen, numbered. */
  emit(event: DaemonEvent): void {
    const number = ++this.#count;
    for (const listener of this.#listeners) listener(event, number);
  }

  /** A notification that has no event of its own, without the `>`. */
  notify(text: string): void {
    this.emit({ kind: 'unknown', line: Buffer.from(`>${text}`) });
  }

  pending(): readonly DaemonEvent[] {
    return [];
  }

  request(request: DaemonRequest, reply: (reply: DaemonReply) => void): void {
    reply(this.#answer(request));
  }

  #answer(request: DaemonRequest): DaemonReply {
    const controls = this.#controls;
    switch (request.kind) {
      case 'pid':
        return { kind: 'value', value: controls.pid };
      case 'verb':
        return setOrShown(request.set, controls.verb(request.set));
      case 'mute':
        return setOrShown(request.set, controls.mute(request.set));
      case 'log-reopen':
        return controls.reopenLog() ? DONE : { kind: 'refused', text: 'the log goes to no file' };
      case 'signal':
        return thrown(controls.signal(request.name), request.name);
      case 'hold':
        return controls.hold(request.action);
      case 'status':
        return { kind: 'status', report: controls.status() };
      case 'load-stats':
        return { kind: 'load', clients: 0, ...controls.totals() };
      case 'auth-retry':
        return request.set === undefined
          ? { kind: 'done', text: `auth-retry=${controls.authRetry()}` }
          : (controls.authRetry(request.set), DONE);
      case 'forget-passwords':
        controls.forgetPasswords();
        return DONE;
      case 'password':
        return controls.questions.give('password', request.type, request.password);
      case 'unknown':
        return this.#line(request.line);
      default:
        return REFUSED;
    }
  }

  /** Commands of client mode, as they came. */
  #line(line: Buffer): DaemonReply {
    const words = tokenize(line.toString('utf8'), 'TCP:0');
    const [name, ...args] = words.ok ? words.value : [];
    const { questions } = this.#controls;
    const [first = '', second = ''] = args;
    switch (name) {
      case 'username':
      case 'password':
        return questions.give(name, first, new Secret(second));
      case 'needok':
        return questions.tell('ok', first, second);
      case 'needstr':
        return questions.tell('string', first, second);
      case 'remote':
        return questions.chooseRemote(args);
      case 'proxy':
        return questions.chooseProxy(args);
      case 'cr-response':
        return this.#controls.respond(first) ? { kind: 'done', text: 'command succeeded' } : REFUSED;
      case 'remote-entry-count':
        return { kind: 'lines', lines: [String(this.#controls.profiles().length)] };
      case 'remote-entry-get':
        return { kind: 'lines', lines: this.#entries(first, args[1]) };
      default:
        return REFUSED;
    }
  }

  #entries(from: string, to: string | undefined): string[] {
    const profiles = this.#controls.profiles();
    const start = from === 'all' ? 0 : Math.max(0, Number.parseInt(from, 10) || 0);
    const end = from === 'all' ? profiles.length : to === undefined ? start + 1 : Number.parseInt(to, 10) || 0;
    return profiles.slice(start, Math.max(start, end)).map((profile, index) => {
      return `${start + index},${profile.host},${profile.port},${protoOf(profile)},enabled`;
    });
  }
}

/** `udp`, `tcp-client`, `udp4`, `tcp6-client`: a server's protocol as the interface shows it. */
export function protoOf({ transport, family }: Pick<Profile, 'transport' | 'family'>): string {
  return `${transport}${family ?? ''}${transport === 'tcp' ? '-client' : ''}`;
}

const DONE: DaemonReply = { kind: 'done', text: '' };
const REFUSED: DaemonReply = { kind: 'refused', text: '' };

/** A setting that was set is done; one that was asked for is told. */
function setOrShown(set: number | undefined, value: number): DaemonReply {
  return set === undefined ? { kind: 'value', value } : DONE;
}

/** Another signal than the one that was asked for is named. */
function thrown(signal: string | undefined, asked: string): DaemonReply {
  if (signal === undefined) return REFUSED;
  return signal === asked ? DONE : { kind: 'done', text: `signal ${signal} thrown` };
}
