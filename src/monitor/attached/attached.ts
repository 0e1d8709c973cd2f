import { after, between, type Duration, type Now, seconds } from '../../base/units.ts';
import { addressText } from '../../host/net-listener.ts';
import type { Notification } from '../../management/understood.ts';
import { INTERFACE_VERSION } from '../../management/notifications.ts';
import { Notes } from '../../messages/notes.ts';
import { MANAGEMENT } from '../../messages/management.ts';
import { OURS } from '../../messages/ours.ts';
import { recognise } from '../../messages/recogniser.ts';
import type { DaemonEvent, DaemonInfo, DaemonPort, DaemonReply, DaemonRequest, DaemonState } from '../../model/daemon-port.ts';
import { type LinkOptions, ManagementLink } from '../../service/management-link.ts';
import { type ParsedStatus, parseStatus } from '../../status/parse.ts';
import type { Fact } from '../../telemetry/facts.ts';
import { factOfEvent } from '../../telemetry/from-port.ts';
import { ByteCounts } from './bytes.ts';
import { type AskedRequest, questionOf, replyOf } from './commands.ts';
import { eventOf, shownCommand } from './events.ts';
import { faultOf } from './facts.ts';
import { type LastLine, missedEchoes, missedLines, missedStates } from './history.ts';
import type { SourceTap } from '../sources/line-tap.ts';
import { Logins } from './logins.ts';
import { OpenPrompt } from './prompt.ts';
import { type Question, UpstreamQueue } from './queue.ts';

/** How a daemon is attached to. */
export interface AttachedOptions extends LinkOptions {
  /** Every fact that the daemon tells, for the fleet state. */
  readonly fact?: (fact: Fact, now: Now) => void;
  /** Has to have every line of the log, those too that were written before. */
  readonly lines?: SourceTap<LastLine>;
  /** For the log of who attaches. */
  readonly notes?: Notes;
  /** How often status and load are asked for; never unless given. */
  readonly pollEvery?: Duration;
  /** Byte counts are wanted every so many seconds, whatever clients of a gateway want; 0 is not at all. */
  readonly byteSeconds?: number;
}

/** What is known of the daemon, over connections. */
interface Known {
  title: string;
  mode: 'server' | 'client' | undefined;
  pid: number | undefined;
  version: number;
  confirmsVersion: boolean;
  state: DaemonState | undefined;
  line: LastLine | undefined;
  echo: DaemonState['time'] | undefined;
}

/** Stock forgets the logins that come while nobody is connected: a daemon that is back is not to wait for long. */
const LONGEST_PAUSE = seconds(5);

/** Interface versions below this take `version` for a question only (facts: management 20). */
const FIRST_CLIENT_VERSION = 3;

/**
 * A daemon behind its own management interface, stock's or ours, as a `DaemonPort`: keeps the connection, its subscriptions and what
 * it has told; asks one thing at a time; survives a daemon that lies, stops or is slow by ending the connection and coming back.
 * While it is away, requests are refused.
 */
export class AttachedDaemon implements DaemonPort {
  readonly #options: AttachedOptions;
  readonly #link: ManagementLink;
  readonly #queue: UpstreamQueue;
  readonly #logins = new Logins();
  readonly #bytes = new ByteCounts();
  readonly #prompt = new OpenPrompt();
  readonly #listeners = new Set<(event: DaemonEvent, number: number) => void>();
  readonly #notes: Notes;
  readonly #known: Known = {
    title: '',
    mode: undefined,
    pid: undefined,
    version: INTERFACE_VERSION,
    confirmsVersion: false,
    state: undefined,
    line: undefined,
    echo: undefined,
  };
  #count = 0;
  #attached = false;
  #attachments = 0;
  #malformed = 0;
  #clientsWant = 0;
  #byteSeconds = 0;
  #signals = false;
  #polling = false;
  #cancelPoll: (() => void) | undefined;

  constructor(options: AttachedOptions) {
    this.#options = options;
    this.#notes = options.notes ?? new Notes(0, () => undefined);
    this.#link = new ManagementLink(
      { longestPause: LONGEST_PAUSE, ...options, ordered: true },
      {
        entered: () => undefined,
        gone: (why) => this.#gone(why),
        notification: (notification, line) => this.#heard(notification, line),
      },
    );
    this.#queue = new UpstreamQueue(this.#link, options.clock);
  }

  /** Connects, and comes back until `close`. Gives why not, when it is not to come back. */
  open(): Promise<string | undefined> {
    return this.#link.connect();
  }

  /** Lets go of the daemon. Nothing is told any more. */
  close(): void {
    this.#cancelPoll?.();
    this.#listeners.clear();
    this.#attached = false;
    this.#link.close();
    this.#queue.lost('the connection was closed');
  }

  /** Lines that no daemon says. */
  get malformed(): number {
    return this.#malformed;
  }

  /** The daemon restarts, or ends, when we disconnect: it was seen to do so. */
  get signals(): boolean {
    return this.#signals;
  }

  info(): DaemonInfo {
    const { title, mode = 'server', version, confirmsVersion } = this.#known;
    return { title, mode, statusVersion: 1, connected: this.#attached, attached: { version, confirmsVersion } };
  }

  pending(): readonly DaemonEvent[] {
    return this.#logins.open();
  }

  subscribe(listener: (event: DaemonEvent, number: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watchBytes(everySeconds: number): void {
    this.#clientsWant = everySeconds;
    this.#askForBytes();
  }

  request(request: DaemonRequest, reply: (reply: DaemonReply) => void): void {
    if (!this.#attached) return reply({ kind: 'refused', text: 'the daemon is not connected' });
    if (request.kind === 'client-bytes') return reply(this.#bytes.reply(this.#now(), seconds(this.#byteSeconds)));
    if (request.kind !== 'client-auth' && request.kind !== 'client-deny') return this.#ask(request, reply);
    const { clientId, keyId } = request;
    if (!this.#logins.begin(clientId, keyId)) return reply({ kind: 'refused', text: '' });
    this.#ask(request, reply, (taken) => this.#logins.end(clientId, keyId, taken));
  }

  #ask(request: AskedRequest, reply: (reply: DaemonReply) => void, decided?: (taken: boolean) => void): void {
    const { title, version } = this.#known;
    this.#queue.ask(questionOf(request, title, version), (answer, said) => {
      decided?.(answer.kind === 'ok');
      if (answer.kind === 'ok' && this.#prompt.answered(request)) this.#emit({ kind: 'prompt', text: undefined });
      const missing = answer.kind === 'error' && answer.text.endsWith(' not found');
      // Which protocol an address is of has to be said from 2.7 on; who asked may not know.
      if (missing && request.kind === 'kill-address' && request.transport === undefined && said[0]?.includes('udp:') === true) {
        return this.#ask({ ...request, transport: 'tcp' }, reply);
      }
      reply(replyOf(request, answer, said));
    });
  }

  // The connection

  #heard(notification: Notification, line: string): void {
    if (notification.kind === 'info' && !this.#attached) return this.#attach(notification.text);
    if (notification.kind === 'bytecount') {
      this.#bytes.total(notification.received, notification.sent);
      this.#tell({ kind: 'bytes', received: notification.received, sent: notification.sent });
      return;
    }
    if (notification.kind === 'client-bytecount') {
      const { clientId, received, sent } = notification;
      this.#bytes.client({ clientId, received, sent }, this.#now());
      return this.#tell({ kind: 'client-bytes', clients: [{ clientId, received, sent }] });
    }
    const event = eventOf(notification, line);
    if (event === 'malformed') {
      this.#malformed++;
      this.#tell({ kind: 'fault', fault: 'malformed' });
    } else if (event !== undefined && !this.#isOwnLine(notification)) this.#happened(event);
  }

  /** The daemon's log of what we asked by ourselves. */
  #isOwnLine(notification: Notification): boolean {
    if (notification.kind !== 'log') return false;
    const command = shownCommand(notification.text);
    return command !== undefined && this.#queue.isOwn(command);
  }

  #happened(event: DaemonEvent): void {
    switch (event.kind) {
      case 'state':
        this.#stateChanged(event.state);
        break;
      case 'client':
        this.#logins.handle(event);
        if (event.what === 'DISCONNECT') this.#bytes.gone(event.clientId);
        break;
      case 'prompt':
        this.#prompt.set(event.text);
        break;
      default:
    }
    this.#learn(event);
    if (this.#options.fact !== undefined) this.#tell(factOfEvent(event));
    if (event.kind === 'log') this.#options.lines?.reached({ time: event.line.time, text: event.line.text });
    this.#emit(event);
  }

  /** Something that happened while nobody was connected; only when it is `news` it counts as a fact. */
  #missed(event: DaemonEvent, news: boolean): void {
    this.#learn(event);
    if (news) this.#tell(factOfEvent(event));
    if (news && event.kind === 'log') this.#options.lines?.reached({ time: event.line.time, text: event.line.text });
    this.#emit(event);
  }

  /** What is remembered of an event, whenever it was. */
  #learn(event: DaemonEvent): void {
    if (event.kind === 'log') {
      this.#known.line = event.line;
      if (event.line.text.startsWith('MANAGEMENT: Triggering management')) this.#warnOfSignal(event.line.text);
    } else if (event.kind === 'state') {
      this.#known.state = event.state;
      if (/^management-(?:disconnect|exit)$/.test(event.state.detail ?? '')) this.#warnOfSignal('');
    } else if (event.kind === 'echo') this.#known.echo = event.time;
  }

  #stateChanged(state: DaemonState): void {
    // It goes on, so it does not wait.
    if (this.#prompt.text !== undefined) {
      this.#prompt.set(undefined);
      this.#emit({ kind: 'prompt', text: undefined });
    }
    if (state.name === 'RECONNECTING' || state.name === 'EXITING') {
      this.#logins.clear();
      this.#bytes.clear();
    } else if (this.#known.mode === undefined && this.#attached) this.#poll();
  }

  #warnOfSignal(text: string): void {
    const { row } = recognise(text);
    if (this.#signals || (text !== '' && row !== MANAGEMENT.triggeringSignal && row !== MANAGEMENT.triggeringExit)) return;
    this.#signals = true;
    this.#notes.add(OURS.managementSignal, { where: this.#where() });
  }

  #gone(why: string): void {
    const was = this.#attached;
    this.#attached = false;
    this.#polling = false;
    this.#cancelPoll?.();
    this.#logins.clear();
    this.#bytes.clear();
    this.#prompt.set(undefined);
    this.#byteSeconds = 0;
    this.#queue.lost(why);
    this.#tell({ kind: 'source-down', where: this.#where(), fault: faultOf(why), text: why });
    if (was) this.#emit({ kind: 'link', up: false, why });
  }

  // What is asked on every new connection

  #attach(greeting: string): void {
    const known = this.#known;
    known.version = Number(/Version (\d{1,4})\b/.exec(greeting)?.[1] ?? 1);
    known.confirmsVersion = false;
    known.mode = undefined;
    this.#attached = true;
    this.#attachments++;
    this.#tell({ kind: 'source-up', where: this.#where(), lines: true });
    this.#emit({ kind: 'link', up: true, why: greeting });
    const own = (name: string, words: readonly (string | number)[], use: (lines: readonly string[]) => void): void =>
      this.#own({ name, words }, use);
    own('version', [], (lines) => {
      known.title = lines.find((line) => line.startsWith('OpenVPN Version: '))?.slice('OpenVPN Version: '.length) ?? '';
      this.#tell({ kind: 'identity', title: known.title });
    });
    own('env-filter', [0], () => undefined);
    if (known.version >= FIRST_CLIENT_VERSION) {
      own('version', [known.version], (lines) => (known.confirmsVersion = lines.length > 0));
    }
    own('pid', [], (lines) => this.#knowPid(lines[0] ?? ''));
    this.#askForHistories(own);
    this.#askForBytes();
    this.#poll();
  }

  #askForHistories(own: (name: string, words: readonly string[], use: (lines: readonly string[]) => void) => void): void {
    const first = this.#attachments === 1;
    own('state', ['on', 'all'], (lines) => {
      const missed = missedStates(lines.slice(1), this.#known.state);
      // What happened before we were there is history, and only how it stands is news.
      missed.forEach((state, index) => this.#missed({ kind: 'state', state }, !first || index === missed.length - 1));
    });
    own('log', ['on', 'all'], (lines) => {
      for (const line of missedLines(lines.slice(1), this.#known.line)) this.#missed({ kind: 'log', line }, !first);
      if (first) this.#resume(lines.slice(1));
    });
    own('echo', ['on', 'all'], (lines) => {
      for (const echo of missedEchoes(lines.slice(1), this.#known.echo)) this.#missed(echo, false);
    });
  }

  /** Who has to have every line gets those that were written since the end of the monitor before this one. */
  #resume(history: readonly string[]): void {
    const { lines } = this.#options;
    if (lines?.place !== undefined) {
      for (const line of missedLines(history, lines.place)) {
        const fact = factOfEvent({ kind: 'log', line });
        if (fact?.kind === 'line') lines.missed(fact.line);
      }
    }
    if (this.#known.line !== undefined) lines?.reached({ time: this.#known.line.time, text: this.#known.line.text });
  }

  #knowPid(line: string): void {
    const pid = Number(/^SUCCESS: pid=(\d{1,9})$/.exec(line)?.[1] ?? NaN);
    if (Number.isNaN(pid)) return;
    this.#known.pid = pid;
    this.#tell({ kind: 'identity', pid });
  }

  #askForBytes(): void {
    const wants = [this.#clientsWant, this.#options.byteSeconds ?? 0].filter((every) => every > 0);
    const every = wants.length === 0 ? 0 : Math.min(...wants);
    if (!this.#attached || every === this.#byteSeconds) return;
    this.#byteSeconds = every;
    this.#own({ name: 'bytecount', words: [every] }, () => undefined);
  }

  /** Asks for status, which tells the mode too, and load; again and again where that is wanted. */
  #poll(): void {
    if (this.#polling) return;
    this.#polling = true;
    this.#cancelPoll?.();
    const { clock, pollEvery } = this.#options;
    const began = clock.now();
    this.#own({ name: 'status', words: [3] }, (lines) => this.#statusCame(parseStatus(`${lines.join('\n')}\nEND\n`)));
    this.#own({ name: 'load-stats', words: [] }, (lines) => {
      const reply = replyOf({ kind: 'load-stats' }, { kind: 'ok', lines }, lines);
      if (reply.kind === 'load') this.#tell({ kind: 'load', clients: reply.clients, received: reply.received, sent: reply.sent });
      this.#tell({ kind: 'collected', took: between(began.at, clock.now().at) });
      this.#polling = false;
    });
    if (pollEvery !== undefined) this.#pollAfter(pollEvery);
  }

  /** A daemon that has not answered yet is not asked again. */
  #pollAfter(wait: Duration): void {
    const { clock } = this.#options;
    this.#cancelPoll = clock.schedule(after(clock.now().at, wait), () => {
      if (this.#polling) this.#pollAfter(wait);
      else this.#poll();
    });
  }

  #statusCame(status: ParsedStatus): void {
    if (status.form === 'unknown') return this.#tell({ kind: 'fault', fault: 'malformed' });
    this.#known.mode = status.form === 'statistics' ? 'client' : 'server';
    this.#tell({ kind: 'identity', mode: this.#known.mode });
    this.#tell({ kind: 'status', status });
    const ids = status.clients.flatMap(({ clientId }) => (clientId === undefined ? [] : [clientId]));
    if (ids.length === status.clients.length) this.#bytes.keep(new Set(ids));
  }

  /** A question of our own; an error of the daemon is counted, and that nobody answered is told by the end of the connection. */
  #own(question: Question, use: (lines: readonly string[]) => void): void {
    this.#queue.ask(
      question,
      (reply) => {
        if (reply.kind === 'ok') use(reply.lines);
        else if (reply.kind === 'error') {
          this.#polling = false;
          this.#tell({ kind: 'fault', fault: 'error-reply' });
        }
      },
      true,
    );
  }

  #where(): string {
    const { where } = this.#options;
    return where.kind === 'unix' ? where.path : addressText(where);
  }

  #now(): Now {
    return this.#options.clock.now();
  }

  #tell(fact: Fact | undefined): void {
    if (fact !== undefined) this.#options.fact?.(fact, this.#now());
  }

  #emit(event: DaemonEvent): void {
    const number = ++this.#count;
    for (const listener of this.#listeners) listener(event, number);
  }
}
