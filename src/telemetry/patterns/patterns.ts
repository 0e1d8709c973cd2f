import { createHmac } from 'node:crypto';
import { type Duration, type Now, seconds } from '../../base/units.ts';
import type { LogEventName } from '../../messages/row.ts';
import type { FleetEvent, SourceKind } from '../facts.ts';
import { SOURCES } from '../facts.ts';
import { labelText } from '../labels.ts';
import type { FailureNotice, FleetWatcher, SessionNotice } from '../notices.ts';
import type { DaemonView, FleetView, SessionView } from '../views.ts';
import { Recent } from './recent.ts';
import { SteadyTime } from './steady-time.ts';
import { type KnownUser, type Pattern, placeOf, Users } from './users.ts';
import { Usual, type UsualHour } from './usual.ts';

/** Events of the log that tell of trouble, counted from 0 on as soon as a log is read. */
export const INCIDENTS = [
  'interface-failed',
  'reload-failed',
  'option-error',
  'daemon-fatal',
  'listen-failed',
  'script-failed',
  'crl-failed',
] as const satisfies readonly LogEventName[];

type Incident = (typeof INCIDENTS)[number];

/** How far back refused logins count, and unusual connections. */
const FAILURES_FOR: Duration = seconds(300);
const UNUSUAL_FOR: Duration = seconds(900);
/** Words that are remembered of each, and shown. */
const MOST_REMEMBERED = 1000;
const MOST_SHOWN = 20;
const MOST_USERS = 20_000;
const HASH_DIGITS = 16;

/** What of a fleet strikes, as metrics show it. */
export interface PatternsView {
  /** Refused logins of the last five minutes, by address and by user. */
  recentFailures(): Iterable<{ readonly daemon: string; readonly by: 'address' | 'user'; readonly who: string; readonly count: number }>;
  /** Connections of the last 15 minutes that were not as usual for their users. */
  unusual(): Iterable<{
    readonly daemon: string;
    readonly pattern: Pattern;
    readonly user: string;
    readonly network: string;
    readonly count: number;
  }>;
  /** Users with more than one session. */
  concurrent(): Iterable<{ readonly daemon: string; readonly user: string; readonly count: number }>;
  /** Starts that were seen, of daemons whose process or log is. */
  restarts(): Iterable<{ readonly daemon: string; readonly count: number }>;
  incidents(): Iterable<{ readonly daemon: string; readonly event: string; readonly count: number }>;
  /** Bytes a second that are usual now. */
  usual(): Iterable<{ readonly daemon: string; readonly rate: number }>;
}

/** What is kept over a restart of the monitor; plain, so that it can be written as JSON. */
export interface PatternsSnapshot {
  readonly daemons: readonly { readonly name: string; readonly users: readonly KnownUser[]; readonly usual: readonly UsualHour[] }[];
}

/** What is remembered of one daemon. */
class Memory {
  readonly failures = { address: new Recent(FAILURES_FOR, MOST_REMEMBERED), user: new Recent(FAILURES_FOR, MOST_REMEMBERED) };
  readonly unusual = new Recent(UNUSUAL_FOR, MOST_REMEMBERED);
  readonly users = new Users(MOST_USERS);
  readonly usual = new Usual();
  readonly incidents = new Map<Incident, number>();
  /** The sources that bring its log, and those that are up of them. */
  readonly logs = new Set<SourceKind>();
  /** Common names of certificates by where they came from: a login is refused before the log shows the name. */
  readonly #names = new Map<string, string>();
  /** Its process as it was told last, and what told it. */
  pid: number | undefined;
  restarts: number | undefined;

  /** Somebody comes with a certificate. */
  comes(address: string, subject: string): void {
    const [, name] = /(?:^|[,/] ?)CN=([^,/]+)/.exec(subject) ?? [];
    if (name === undefined) return;
    this.#names.delete(address);
    this.#names.set(address, name);
    if (this.#names.size > MOST_REMEMBERED) for (const oldest of this.#names.keys()) return void this.#names.delete(oldest);
  }

  nameAt(address: string | undefined): string | undefined {
    return address === undefined ? undefined : this.#names.get(address);
  }
}

/** Watches a fleet for what is unlike before. It remembers no more than a bound of each, and reads dates off a clock without jumps. */
export class Patterns implements PatternsView, FleetWatcher {
  readonly #fleet: Pick<FleetView, 'daemons' | 'daemon'>;
  readonly #hashKey: () => Buffer | undefined;
  readonly #time = new SteadyTime();
  readonly #memories = new Map<string, Memory>();
  /** What a former run learnt, until the first word of each daemon. */
  #restored: ReadonlyMap<string, PatternsSnapshot['daemons'][number]> = new Map();
  #now: Now | undefined;

  /** With a key, names and addresses are shown hashed, as in the series of users. */
  constructor(fleet: Pick<FleetView, 'daemons' | 'daemon'>, hashKey: () => Buffer | undefined) {
    this.#fleet = fleet;
    this.#hashKey = hashKey;
  }

  #of(daemon: string): Memory {
    let known = this.#memories.get(daemon);
    if (known === undefined) {
      known = new Memory();
      const restored = this.#restored.get(daemon);
      known.users.restore(restored?.users ?? []);
      known.usual.restore(restored?.usual ?? []);
      this.#memories.set(daemon, known);
    }
    return known;
  }

  fact({ daemon, source, fact, now }: FleetEvent): void {
    const memory = this.#of(daemon);
    if (fact.kind === 'source-up') this.#logBegins(memory, source, fact.lines ?? false);
    else if (fact.kind === 'source-down') memory.logs.delete(source);
    else if (fact.kind === 'identity' && fact.pid !== undefined) processSeen(memory, fact.pid);
    else if (fact.kind === 'process' && fact.process !== undefined) processSeen(memory, fact.process.pid);
    else if (fact.kind === 'line' && source === SOURCES.find((kind) => memory.logs.has(kind))) {
      const { event, id, address, fields } = fact.line;
      if (id === 'verify.ok' && Number(fields['depth']) === 0 && address !== undefined)
        memory.comes(address.text, String(fields['subject']));
      // Where the process is known, that says more surely whether it is another.
      if (event === 'daemon-started' && memory.pid === undefined) memory.restarts = (memory.restarts ?? 0) + 1;
      if (isIncident(event)) memory.incidents.set(event, (memory.incidents.get(event) ?? 0) + 1);
    }
    this.#now = now;
  }

  #logBegins(memory: Memory, source: SourceKind, lines: boolean): void {
    if (!lines) return;
    memory.logs.add(source);
    memory.restarts ??= 0;
    for (const event of INCIDENTS) memory.incidents.set(event, memory.incidents.get(event) ?? 0);
  }

  failure({ daemon, what, reason, username, commonName, address, now }: FailureNotice): void {
    if (what !== 'login' || reason === 'no-address') return;
    const memory = this.#of(daemon);
    const { failures } = memory;
    if (address !== undefined) failures.address.add(this.#name(hostOf(address)), now);
    const user = userOf({ username, commonName }) ?? memory.nameAt(address);
    if (user !== undefined) failures.user.add(this.#name(user), now);
  }

  session({ daemon, session, now, end }: SessionNotice): void {
    const name = userOf(session);
    if (end !== undefined || name === undefined || session.address === undefined) return;
    const memory = this.#of(daemon);
    const user = this.#name(name);
    const network = this.#name(placeOf(session.address.ip));
    const wall = this.#time.read(now);
    const began = session.since ?? wall;
    // Who was there before is no news, nor is what a clock says that is wrong.
    const fresh = Math.abs(began - wall) <= UNUSUAL_FOR;
    const found = memory.users.connected(user, network, fresh ? wall : began);
    if (fresh) for (const pattern of found) memory.unusual.add(`${pattern}\0${user}\0${network}`, now);
  }

  #name(text: string): string {
    const key = this.#hashKey();
    const name = labelText(text);
    return key === undefined ? name : createHmac('sha256', key).update(name).digest('hex').slice(0, HASH_DIGITS);
  }

  /** Does what its time has come for; to be called before the view is read. */
  advance(now: Now): void {
    const steady = this.#time.steady(now);
    this.#now = now;
    for (const [name, memory] of this.#memories) {
      const daemon = this.#fleet.daemon(name);
      if (daemon === undefined) {
        this.#memories.delete(name);
        continue;
      }
      for (const recent of [memory.failures.address, memory.failures.user, memory.unusual]) recent.advance(now);
      memory.usual.look(bytesOf(daemon), steady);
    }
  }

  *recentFailures(): ReturnType<PatternsView['recentFailures']> & Generator {
    for (const [daemon, { failures }] of this.#memories)
      for (const by of ['address', 'user'] as const)
        for (const [who, count] of failures[by].top(MOST_SHOWN)) yield { daemon, by, who, count };
  }

  *unusual(): ReturnType<PatternsView['unusual']> & Generator {
    for (const [daemon, { unusual }] of this.#memories) {
      for (const [word, count] of unusual.top(MOST_SHOWN)) {
        const [pattern = '', user = '', network = ''] = word.split('\0');
        yield { daemon, pattern: pattern as Pattern, user, network, count };
      }
    }
  }

  *concurrent(): ReturnType<PatternsView['concurrent']> & Generator {
    for (const daemon of this.#fleet.daemons) {
      const counts = new Map<string, number>();
      for (const session of daemon.sessions) {
        const name = session.phase === 'connected' ? userOf(session) : undefined;
        if (name === undefined) continue;
        const user = labelText(name);
        counts.set(user, (counts.get(user) ?? 0) + 1);
      }
      const several = [...counts].filter(([, count]) => count > 1).toSorted(([, a], [, b]) => b - a);
      for (const [user, count] of several.slice(0, MOST_SHOWN)) yield { daemon: daemon.name, user: this.#name(user), count };
    }
  }

  *restarts(): ReturnType<PatternsView['restarts']> & Generator {
    for (const [daemon, { restarts }] of this.#memories) if (restarts !== undefined) yield { daemon, count: restarts };
  }

  *incidents(): ReturnType<PatternsView['incidents']> & Generator {
    for (const [daemon, { incidents }] of this.#memories) for (const [event, count] of incidents) yield { daemon, event, count };
  }

  *usual(): ReturnType<PatternsView['usual']> & Generator {
    if (this.#now === undefined) return;
    const wall = this.#time.read(this.#now);
    for (const [daemon, { usual }] of this.#memories) {
      const rate = usual.at({ wall });
      if (rate !== undefined) yield { daemon, rate };
    }
  }

  /** The time by the clock without jumps. */
  steady(now: Now): Now {
    return this.#time.steady(now);
  }

  /** What to keep over a restart. */
  snapshot(): PatternsSnapshot {
    const daemons = [...this.#memories].map(([name, { users, usual }]) => ({ name, users: users.snapshot(), usual: usual.snapshot() }));
    return { daemons };
  }

  /** Goes on with what a former run learnt. */
  restore(snapshot: PatternsSnapshot): void {
    this.#restored = new Map(snapshot.daemons.map((daemon) => [daemon.name, daemon]));
  }
}

/** Who it is. Where a login may be left out, stock tells an empty name of who did. */
function userOf({ username, commonName }: Pick<SessionView, 'username' | 'commonName'>): string | undefined {
  return username === undefined || username === '' ? commonName : username;
}

function isIncident(event: string | undefined): event is Incident {
  return (INCIDENTS as readonly (string | undefined)[]).includes(event);
}

function processSeen(memory: Memory, pid: number): void {
  memory.restarts ??= 0;
  if (memory.pid !== undefined && memory.pid !== pid) memory.restarts++;
  memory.pid = pid;
}

function bytesOf({ received, sent, speaker }: DaemonView): number | undefined {
  return speaker === undefined || received.by === undefined ? undefined : received.value + sent.value;
}

/** An address without its port and protocol, as the log shows it. */
function hostOf(address: string): string {
  const inBrackets = /\[([^\]]+)\]:\d+$/.exec(address)?.[1];
  return inBrackets ?? (/^[^:]+:\d+$/.test(address) ? address.slice(0, address.lastIndexOf(':')) : address);
}
