import { parseIp } from '../base/ip.ts';
import { runThrough } from '../base/steps.ts';
import type { Secret } from '../base/secret.ts';
import { type Now, seconds } from '../base/units.ts';
import type { DaemonEvent, DaemonInfo, DaemonPort, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import type { ServerStatus } from '../model/status-report.ts';
import type { PlaneView } from '../protocol/data/plane.ts';
import type { ClientInstance } from './instance.ts';
import { pushUpdate } from './push-update.ts';
import type { ServerEngine } from './server.ts';
import { serverStatusRows, serverStatusSteps } from './status-view.ts';

/** What the daemon around the engine lends to its port. */
export interface NativeControls {
  readonly title: string;
  readonly pid: number;
  readonly plane: PlaneView;
  /** Runs a command on the engine that is current, then lets the driver carry out what follows from it; undefined between engines. */
  run<T>(command: (engine: ServerEngine, now: Now) => T): T | undefined;
  /** Runs long work with pauses and hands over what comes of it, at once or later; at a stroke where there is none. */
  pace?<T>(steps: Generator<void, T, void>, use: (result: T) => void): void;
  verb(set?: number): number;
  mute(set?: number): number;
  /** Opens the log file anew; false when there is none. */
  reopenLog(): boolean;
  /** Shows or sets the hold flag, or releases. */
  hold(action: Extract<DaemonRequest, { kind: 'hold' }>['action']): DaemonReply;
  /** Takes the pass phrase that was asked for. */
  password(type: string, password: Secret): DaemonReply;
  /** Forgets the pass phrase that was given. */
  forgetPasswords(): void;
  /** Raises a signal as if the process got it. Gives the one that it was mapped to; undefined when it is not taken. */
  signal(name: string): string | undefined;
}

/** The port of our own daemon: what its management server and everything else that looks into it talks to. */
export class NativePort implements DaemonPort {
  readonly #controls: NativeControls;
  readonly #listeners = new Set<(event: DaemonEvent, number: number) => void>();
  readonly #kills = new Set<Kill>();
  #count = 0;
  #authRetry: 'none' | 'interact' | 'nointeract' = 'none';
  /** The engine's, for replies before the first start. */
  statusVersion: 1 | 2 | 3 = 1;

  constructor(controls: NativeControls) {
    this.#controls = controls;
  }

  info(): DaemonInfo {
    return {
      title: this.#controls.title,
      mode: 'server',
      statusVersion: this.statusVersion,
      connected: this.#controls.run(() => true) ?? false,
    };
  }

  subscribe(listener: (event: DaemonEvent, number: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Passes an event on to all who listen, numbered. */
  emit(event: DaemonEvent): void {
    const number = ++this.#count;
    for (const listener of this.#listeners) listener(event, number);
    if (event.kind === 'client' && event.what === 'DISCONNECT') this.#gone(event.clientId);
  }

  pending(): readonly DaemonEvent[] {
    return this.#controls.run((engine) => engine.approvals.pending()) ?? [];
  }

  request(request: DaemonRequest, reply: (reply: DaemonReply) => void): void {
    switch (request.kind) {
      case 'status':
        return request.rows === true ? this.#statusRows(reply) : this.#status(reply);
      case 'kill-name':
        return this.#kill((client) => (client.shownName ?? client.commonName ?? 'UNDEF') === request.commonName, reply);
      case 'kill-address':
        return this.#kill(({ link }) => sameIp(link.address.ip, request.ip) && link.address.port === request.port, reply);
      default:
        return reply(this.#answer(request));
    }
  }

  #statusRows(reply: (reply: DaemonReply) => void): void {
    const { plane, title } = this.#controls;
    const report = this.#controls.run((engine, now) => serverStatusRows(engine, plane, title, now));
    reply(report === undefined ? REFUSED : { kind: 'status-rows', report });
  }

  #status(reply: (reply: DaemonReply) => void): void {
    const { plane, title } = this.#controls;
    const steps = this.#controls.run((engine, now) => serverStatusSteps(engine, plane, title, now));
    if (steps === undefined) return reply(REFUSED);
    const use = (report: ServerStatus): void => reply({ kind: 'status', report });
    if (this.#controls.pace === undefined) use(runThrough(steps));
    else this.#controls.pace(steps, use);
  }

  #answer(request: Exclude<DaemonRequest, { kind: 'status' | 'kill-name' | 'kill-address' }>): DaemonReply {
    const controls = this.#controls;
    switch (request.kind) {
      case 'pid':
        return { kind: 'value', value: controls.pid };
      case 'verb':
        return setOrShown(request.set, controls.verb(request.set));
      case 'mute':
        return setOrShown(request.set, controls.mute(request.set));
      case 'log-reopen':
        return controls.reopenLog() ? { kind: 'done', text: '' } : { kind: 'refused', text: 'the log goes to no file' };
      case 'signal':
        return thrown(controls.signal(request.name), request.name);
      case 'hold':
        return controls.hold(request.action);
      case 'load-stats':
        // Stock counts for the process: also while nobody is served.
        return controls.run((engine) => loadStats(engine)) ?? { kind: 'load', clients: 0, received: 0, sent: 0 };
      case 'client-bytes':
        return this.#onEngine((engine) => clientBytes(engine));
      case 'client-kill':
        return this.#onEngine((engine, now) =>
          engine.clientKill(request.clientId, request.message, now) ? { kind: 'done', text: '' } : { kind: 'refused', text: '' },
        );
      case 'client-auth':
      case 'client-deny':
      case 'client-pending-auth':
        return this.#onEngine((engine, now) => (decide(engine, request, now) ? DONE : REFUSED));
      case 'auth-retry':
        // What a client does when its login fails; a server keeps the word, and nothing comes of it.
        this.#authRetry = request.set ?? this.#authRetry;
        return request.set === undefined ? { kind: 'done', text: `auth-retry=${this.#authRetry}` } : DONE;
      case 'password':
        return controls.password(request.type, request.password);
      case 'forget-passwords':
        controls.forgetPasswords();
        return DONE;
      case 'push-update':
        return this.#onEngine((engine, now) => pushUpdate(engine, request.clientId, request.options, now));
      default:
        return REFUSED;
    }
  }

  /** Answers when the ends of those that are known to management clients were told, as in stock. */
  #kill(which: (client: ClientInstance) => boolean, reply: (reply: DaemonReply) => void): void {
    const leaving = new Set<number>();
    const kill: Kill = { leaving, reply, answer: undefined };
    this.#kills.add(kill);
    const chosen = (client: ClientInstance): boolean => {
      const doomed = which(client);
      if (doomed && client.planeOpen && (client.announced || client.referred)) leaving.add(client.clientId);
      return doomed;
    };
    kill.answer = this.#onEngine((engine, now) => ({ kind: 'killed', count: engine.kill(chosen, now) }));
    this.#checkKills();
  }

  #gone(clientId: number): void {
    for (const { leaving } of this.#kills) leaving.delete(clientId);
    this.#checkKills();
  }

  #checkKills(): void {
    for (const kill of this.#kills) {
      if (kill.answer === undefined || kill.leaving.size > 0) continue;
      this.#kills.delete(kill);
      kill.reply(kill.answer);
    }
  }

  #onEngine(command: (engine: ServerEngine, now: Now) => DaemonReply): DaemonReply {
    return this.#controls.run(command) ?? { kind: 'refused', text: '' };
  }
}

/** A `kill` that waits for the ends of these clients. */
interface Kill {
  readonly leaving: Set<number>;
  readonly reply: (reply: DaemonReply) => void;
  /** Once the engine has them all. */
  answer: DaemonReply | undefined;
}

/** Compares addresses and not their spellings. */
function sameIp(one: string, other: string): boolean {
  const [a, b] = [parseIp(one), parseIp(other)];
  return a !== undefined && b !== undefined && a.bytes.equals(b.bytes);
}

type Decision = Extract<DaemonRequest, { kind: 'client-auth' | 'client-deny' | 'client-pending-auth' }>;

const DONE: DaemonReply = { kind: 'done', text: '' };
const REFUSED: DaemonReply = { kind: 'refused', text: '' };

function decide(engine: ServerEngine, request: Decision, now: Now): boolean {
  const { clientId, keyId } = request;
  switch (request.kind) {
    case 'client-auth':
      return engine.approvals.allow(clientId, keyId, request.config, now);
    case 'client-deny':
      return engine.approvals.deny(clientId, keyId, request, now);
    case 'client-pending-auth':
      return engine.approvals.defer(clientId, keyId, request.extra, seconds(request.timeoutSeconds), now);
  }
}

function connected(engine: ServerEngine): ClientInstance[] {
  return [...engine.clients()].filter((client) => client.phase === 'connected');
}

function loadStats(engine: ServerEngine): DaemonReply {
  const { received, sent } = engine.totals();
  return { kind: 'load', clients: connected(engine).length, received, sent };
}

function clientBytes(engine: ServerEngine): DaemonReply {
  return { kind: 'client-bytes', clients: connected(engine).map((client) => ({ clientId: client.clientId, ...engine.bytesOf(client) })) };
}

/** A setting that was set is done; one that was asked for is told. */
function setOrShown(set: number | undefined, value: number): DaemonReply {
  return set === undefined ? { kind: 'value', value } : { kind: 'done', text: '' };
}

/** Another signal than the one that was asked for is named. */
function thrown(signal: string | undefined, asked: string): DaemonReply {
  if (signal === undefined) return REFUSED;
  return signal === asked ? DONE : { kind: 'done', text: `signal ${signal} thrown` };
}
