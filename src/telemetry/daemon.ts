import type { Instant, Now, WallTime } from '../base/units.ts';
import { unreachable } from '../base/errors.ts';
import type { ClientPhase } from '../model/status-report.ts';
import { Events } from './events.ts';
import type {
  ClientStep,
  DaemonMode,
  Fact,
  FleetEvent,
  ManagementSide,
  SeenCertificate,
  SeenDataPlane,
  SeenProcess,
  SeenRoom,
  SeenRoute,
  SeenState,
  SeenStatus,
  SourceKind,
} from './facts.ts';
import { Tally } from './figures.ts';
import type { FleetOptions } from './options.ts';
import { Lines } from './lines.ts';
import { Lists } from './lists.ts';
import { Machine } from './machine.ts';
import type { NoticeSink } from './notices.ts';
import { type SeriesBudget, SeriesTable } from './series.ts';
import { type EndReason, endReasonOf } from './session.ts';
import { type Numbers, Sessions } from './sessions.ts';
import { Cell, type Source, Sources } from './sources.ts';
import { Traffic } from './traffic.ts';
import type { CountView, DaemonView, Figure, SeriesView, SessionView } from './views.ts';

type FactOf<K extends Fact['kind']> = Extract<Fact, { kind: K }>;

/** The state of one daemon. Facts come in by `apply`; all else only reads. */
export class Daemon implements DaemonView {
  readonly name: string;
  readonly #options: FleetOptions;
  readonly #sources: Sources;
  readonly #title: Cell<string>;
  readonly #mode: Cell<DaemonMode>;
  readonly #state: Cell<SeenState>;
  readonly #counters: Cell<ReadonlyMap<string, number>>;
  readonly #statusTime: Cell<WallTime>;
  readonly #presence: Cell<'sessions' | number>;
  readonly #poolSize: Cell<number>;
  readonly #dataPlane: Cell<SeenDataPlane>;
  readonly #machine: Machine;
  readonly #managementClients: Readonly<Record<ManagementSide, Cell<number>>>;
  readonly #refused: Readonly<Record<ManagementSide, Tally>>;
  readonly events: Events;
  readonly #traffic: Traffic;
  readonly #series: SeriesTable;
  readonly #sessions: Sessions;
  readonly #lists: Lists;
  readonly #lines: Lines;
  readonly #notices: NoticeSink;
  #routes: readonly SeenRoute[] = [];
  /** When a client's daemon began to connect. */
  #attempt: Instant | undefined;
  #listed = false;

  constructor(name: string, options: FleetOptions, budget: SeriesBudget, number: Numbers, notices: NoticeSink) {
    this.name = name;
    this.#options = options;
    this.#notices = notices;
    this.#sources = new Sources(options);
    const cell = <T>(): Cell<T> => new Cell<T>(this.#sources);
    const told = (): Tally => new Tally(['told', 'log'], options);
    this.#title = cell();
    this.#mode = cell();
    this.#state = cell();
    this.#counters = cell();
    this.#statusTime = cell();
    this.#presence = cell();
    this.#poolSize = cell();
    this.#dataPlane = cell();
    this.#traffic = new Traffic(options);
    this.#machine = new Machine(options, this.#sources, () => this.#traffic.restart());
    this.#managementClients = { daemon: cell(), gateway: cell() };
    this.#refused = { daemon: told(), gateway: told() };
    this.events = new Events(options);
    this.#series = new SeriesTable(name, options, budget);
    this.#sessions = new Sessions(options, this.events, this.#series, () => this.#sources.reader !== undefined, number, notices);
    this.#lists = new Lists(this.#sessions, options);
    this.#lines = this.#linesOf('log');
  }

  get sources(): DaemonView['sources'] {
    return this.#sources.all;
  }

  get speaker(): Source | undefined {
    return this.#sources.speaker;
  }

  get title(): Figure<string> | undefined {
    return this.#title.figure;
  }

  get mode(): Figure<DaemonMode> | undefined {
    return this.#mode.figure;
  }

  get state(): Figure<SeenState> | undefined {
    return this.#state.figure;
  }

  get clients(): Figure<number> | undefined {
    const figure = this.#presence.figure;
    return figure === undefined ? undefined : { ...figure, value: figure.value === 'sessions' ? this.phases.connected : figure.value };
  }

  get phases(): Readonly<Record<ClientPhase, number>> {
    return this.#sessions.phases;
  }

  get sessions(): Iterable<SessionView> {
    return this.#sessions.live;
  }

  get listed(): boolean {
    return this.#lists.whole;
  }

  get routes(): readonly SeenRoute[] {
    return this.#routes;
  }

  get counters(): Figure<ReadonlyMap<string, number>> | undefined {
    return this.#counters.figure;
  }

  get statusTime(): Figure<WallTime> | undefined {
    return this.#statusTime.figure;
  }

  get received(): CountView {
    return this.#traffic.received;
  }

  get sent(): CountView {
    return this.#traffic.sent;
  }

  get cpuSeconds(): CountView {
    return this.#machine.cpuSeconds;
  }

  get dataPlane(): Figure<SeenDataPlane> | undefined {
    return this.#dataPlane.figure;
  }

  get poolSize(): Figure<number> | undefined {
    return this.#poolSize.figure;
  }

  get poolUsed(): number {
    return this.#sessions.addresses;
  }

  get management(): ReadonlyMap<ManagementSide, Figure<number>> {
    return new Map(SIDES.flatMap((side) => pairOf(side, this.#managementClients[side].figure)));
  }

  get refusedLogins(): ReadonlyMap<ManagementSide, CountView> {
    return new Map(SIDES.flatMap((side) => pairOf(side, this.#refused[side].by === undefined ? undefined : this.#refused[side])));
  }

  get certificates(): Figure<readonly SeenCertificate[]> | undefined {
    return this.#machine.certificates.figure;
  }

  get process(): Figure<SeenProcess | undefined> | undefined {
    return this.#machine.process.figure;
  }

  get rooms(): Figure<readonly SeenRoom[]> | undefined {
    return this.#machine.rooms.figure;
  }

  get series(): Iterable<SeriesView> {
    return this.#series;
  }

  get clientsLeftOut(): number {
    return this.#sessions.leftOut;
  }

  /** Takes a fact. */
  apply({ source, now, fact }: Omit<FleetEvent, 'daemon'>): void {
    const teller = this.#sources.of(source, now);
    if (fact.kind !== 'source-down') teller.heard = now;
    this.#sessions.advance(now);
    switch (fact.kind) {
      case 'source-up':
        return began(teller, fact, now);
      case 'source-down':
        return ended(teller, fact, now);
      case 'fault':
        return teller.failed(fact.fault, fact.count ?? 1);
      case 'collected':
        return teller.collection.observe(fact.took / 1000);
      case 'line':
        if (this.#sources.reader === source) this.#line(fact, source, now);
        return;
      case 'certificates':
      case 'process':
      case 'rooms':
        return this.#machine.apply(fact, source, now);
      case 'pool':
        return void this.#poolSize.offer(fact.size, source, now);
      case 'management':
        this.#managementClients[fact.at].offer(fact.clients, source, now);
        return this.#refused[fact.at].set('told', fact.refused, now);
      default:
        return this.#told(fact, source, now);
    }
  }

  /** Facts that the daemon itself tells. */
  #told(fact: FactOf<'identity' | 'state' | 'status' | 'load' | 'bytes' | 'client-bytes' | 'client'>, source: SourceKind, now: Now): void {
    switch (fact.kind) {
      case 'identity':
        return this.#identity(fact, source, now);
      case 'state':
        return this.#stateSeen(fact.state, source, now);
      case 'status':
        return this.#status(fact.status, source, now);
      case 'load':
        return this.#load(fact, source, now);
      case 'bytes':
        return this.#traffic.set('bytecount', fact.received, fact.sent, now);
      case 'client-bytes':
        for (const { clientId, received, sent } of fact.clients) {
          const session = this.#sessions.byId(clientId);
          if (session !== undefined) this.#sessions.count(session, received, sent);
        }
        return this.#clientBytes(now);
      case 'client':
        return this.#step(fact, source, now);
      default:
        return unreachable(fact);
    }
  }

  #identity({ title, mode, pid }: FactOf<'identity'>, source: SourceKind, now: Now): void {
    if (title !== undefined) this.#title.offer(title, source, now);
    if (mode !== undefined) this.#mode.offer(mode, source, now);
    if (pid !== undefined) this.#machine.isProcess(pid, source, now);
  }

  #stateSeen(state: SeenState, source: SourceKind, now: Now): void {
    const before = this.#state.figure?.value;
    if (!this.#state.offer(state, source, now) || (before?.name === state.name && before.time === state.time)) return;
    this.#notices.state({ state, now });
    const ends = state.name === 'RECONNECTING' || state.name === 'EXITING';
    if (ends) this.#sessions.endAll(state.name === 'EXITING' ? 'daemon-exit' : 'daemon-restart', now);
    const attempt = this.#attempt;
    this.#attempt = ends || state.name === 'CONNECTED' ? undefined : (attempt ?? now.at);
    if (this.#mode.figure?.value !== 'client') return;
    if (ends && before?.name === 'CONNECTED') this.events.disconnected(endOf(state));
    // What it was in when it was first looked at is no event.
    if (state.name !== 'CONNECTED' || before === undefined) return;
    this.events.connected(source, now);
    if (attempt !== undefined) this.events.connectSeconds.observe((now.at - attempt) / 1000);
  }

  #status(status: SeenStatus, source: SourceKind, now: Now): void {
    if (status.problems.length > 0)
      this.#sources.of(source, now).failed(status.complete ? 'malformed' : 'truncated', status.problems.length);
    if (status.form === 'unknown') return;
    if (status.title !== undefined) this.#title.offer(status.title, source, now);
    if (status.time !== undefined) this.#statusTime.offer(status.time.wall, source, now);
    this.#mode.offer(status.form === 'statistics' ? 'client' : 'server', source, now);
    if (status.complete || this.#counters.figure === undefined) this.#counters.offer(status.counters, source, now);
    if (status.form === 'statistics') {
      const read = status.counters.get('TCP/UDP read bytes');
      const written = status.counters.get('TCP/UDP write bytes');
      if (read !== undefined && written !== undefined) this.#traffic.set('statistics', read, written, now);
      return;
    }
    if (status.dataPlane !== undefined) this.#dataPlane.offer(status.dataPlane, source, now);
    const leads = this.#presence.offer('sessions', source, now);
    if (leads && this.#options.keepRoutes && (status.complete || status.routes.length > 0)) this.#routes = status.routes;
    this.#lists.apply(status, source, now, leads);
    this.#listed = true;
    this.#clientBytes(now);
  }

  #load({ clients, received, sent }: FactOf<'load'>, source: SourceKind, now: Now): void {
    if (!this.#listed) this.#presence.offer(clients, source, now);
    this.#traffic.set('load-stats', received, sent, now);
  }

  #clientBytes(now: Now): void {
    this.#traffic.set('clients', this.#sessions.received, this.#sessions.sent, now);
  }

  #step({ what, client }: FactOf<'client'>, source: SourceKind, now: Now): void {
    const sessions = this.#sessions;
    const known = sessions.find(client);
    const again = what === 'connecting' && (known?.wasConnected === true || known?.ended !== undefined);
    if (what === 'gone') {
      const session = known ?? sessions.byId(client.clientId);
      if (session === undefined) return;
      sessions.update(session, { ...client, phase: undefined }, source, now, true);
      sessions.end(session, undefined, now, true);
    } else {
      if (known !== undefined && again) sessions.end(known, 'replaced', now, true);
      const session = again ? undefined : known;
      const opened = session ?? sessions.open(source, now, what === 'connecting');
      if (opened !== undefined)
        sessions.update(opened, { ...client, phase: client.phase ?? phaseAt(what, opened.phase) }, source, now, true);
      if (what === 'renewed') this.events.renegotiations.add('management', 1, now);
    }
    if (!this.#listed) this.#presence.offer('sessions', source, now);
    this.#clientBytes(now);
  }

  #line({ line }: FactOf<'line'>, source: SourceKind, now: Now): void {
    this.#lines.apply(line, source, now);
    if (!this.#listed && line.address !== undefined) this.#presence.offer('sessions', source, now);
  }

  #linesOf(source: SourceKind): Lines {
    return new Lines({
      sessions: this.#sessions,
      events: this.events,
      state: (state, now) => this.#stateSeen(state, source, now),
      pool: (size, now) => void this.#poolSize.offer(size, source, now),
      title: (title, now) => void this.#title.offer(title, source, now),
      mode: (mode, now) => void this.#mode.offer(mode, source, now),
      managementClients: (change, now) => {
        const before = this.#managementClients.daemon.figure?.value ?? 0;
        this.#managementClients.daemon.offer(Math.max(0, before + change), source, now);
      },
      failed: (notice) => this.#notices.failure(notice),
      managementRefused: (now) => this.#refused.daemon.add('log', 1, now),
    });
  }

  /** The options have changed, which all here look at: what was made by the former ones is made anew. */
  configure(otherSeries: boolean): void {
    if (otherSeries) this.#sessions.reseat();
    if (!this.#options.keepRoutes) this.#routes = [];
  }

  /** Lets go of what the fleet shares: the daemon is taken out. */
  close(): void {
    this.#series.clear();
  }

  /** Does what its time has come for. */
  advance(now: Now): void {
    this.#sessions.advance(now);
  }
}

const SIDES: readonly ManagementSide[] = ['daemon', 'gateway'];

function pairOf<T>(side: ManagementSide, value: T | undefined): [ManagementSide, T][] {
  return value === undefined ? [] : [[side, value]];
}

function began(source: Source, fact: FactOf<'source-up'>, now: Now): void {
  if (!source.up) source.since = now;
  source.up = true;
  source.where = fact.where;
  source.lines = fact.lines ?? false;
  source.trouble = undefined;
  source.fault = undefined;
}

function ended(source: Source, fact: FactOf<'source-down'>, now: Now): void {
  if (source.up) source.since = now;
  source.up = false;
  source.where = fact.where;
  source.trouble = fact.text;
  source.fault = fact.fault;
  source.failed(fact.fault, 1);
}

/** Why a client's daemon left its server; a hard signal has its name, or nothing, for a reason. */
function endOf({ name, detail = '' }: SeenState): EndReason {
  if (detail !== '' && !detail.startsWith('SIG')) return endReasonOf(detail);
  return name === 'EXITING' ? 'daemon-exit' : 'daemon-restart';
}

function phaseAt(what: ClientStep, before: ClientPhase): ClientPhase {
  if (what === 'connecting') return 'authenticating';
  return what === 'established' ? 'connected' : before;
}
