import type { CommandAudit } from '../management/server-options.ts';
import type { AlertNotice } from '../telemetry/alerts/notice.ts';
import type { FleetEvent } from '../telemetry/facts.ts';
import type { FleetWatcher, Fleet, FailureNotice, SessionNotice, StateNotice } from '../telemetry/index.ts';
import type { NewEvent } from './history/records.ts';

/** Hears what is worth keeping. What it does must neither throw nor wait. */
export interface HappeningListener {
  /** A session is connected, or has ended. */
  session(notice: SessionNotice): void;
  event(event: NewEvent): void;
}

/** What happens in the fleet and to it, in one form for all who keep it or pass it on. */
export class Happenings implements FleetWatcher {
  readonly #listeners = new Set<HappeningListener>();
  readonly #unwatch: () => void;
  /** Whether each source of each daemon is up. */
  readonly #sources = new Map<string, boolean>();

  constructor(fleet: Pick<Fleet, 'watch'>) {
    this.#unwatch = fleet.watch(this);
  }

  /** From now on `listener` hears it; what is given ends that. */
  listen(listener: HappeningListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The fleet is not watched any more. */
  close(): void {
    this.#unwatch();
    this.#listeners.clear();
  }

  session(notice: SessionNotice): void {
    for (const listener of this.#listeners) listener.session(notice);
  }

  failure({ daemon, what, reason, username, commonName, address, now }: FailureNotice): void {
    const user = username ?? commonName;
    this.#tell({ ...NOTHING, kind: 'auth-failure', time: now.wall, daemon, user, address, what: reason, status: what });
  }

  state({ daemon, state, now }: StateNotice): void {
    const { name, detail, remote } = state;
    this.#tell({ ...NOTHING, kind: 'state', time: now.wall, daemon, address: remote, what: name, detail });
  }

  fact({ daemon, source, fact, now }: FleetEvent): void {
    if (fact.kind !== 'source-up' && fact.kind !== 'source-down') return;
    const up = fact.kind === 'source-up';
    const key = `${source} ${daemon}`;
    if (this.#sources.get(key) === up) return;
    this.#sources.set(key, up);
    const detail = `${source}: ${fact.where}${fact.kind === 'source-down' ? `: ${fact.text}` : ''}`;
    this.#tell({ ...NOTHING, kind: 'state', time: now.wall, daemon, what: fact.kind, detail });
  }

  /** An alert fires or is over. */
  alert({ rule, state, labels, annotations, since, ended }: AlertNotice): void {
    this.#tell({
      kind: 'alert',
      time: ended ?? since,
      daemon: labels.get('daemon'),
      user: labels.get('user'),
      address: labels.get('address'),
      what: rule,
      level: labels.get('severity'),
      status: state,
      detail: annotations.get('summary'),
    });
  }

  /** A client of a gateway sent a command. */
  audit(daemon: string, { now, from, role, line, refused }: CommandAudit): void {
    const status = refused === undefined ? 'taken' : 'refused';
    this.#tell({ kind: 'audit', time: now.wall, daemon, user: undefined, address: from, what: line, level: role, status, detail: refused });
  }

  #tell(event: NewEvent): void {
    for (const listener of this.#listeners) listener.event(event);
  }

  /** Forgets daemons that are watched no more. */
  keepOnly(daemons: ReadonlySet<string>): void {
    for (const key of this.#sources.keys()) if (!daemons.has(key.slice(key.indexOf(' ') + 1))) this.#sources.delete(key);
  }
}

const NOTHING = { daemon: undefined, user: undefined, address: undefined, level: undefined, status: undefined, detail: undefined };
