import { between, type Duration, type Instant, seconds } from '../../base/units.ts';
import type { Fleet } from '../../telemetry/index.ts';
import type { SessionRecord } from './records.ts';

/** Two clocks tell when a session began, both in whole seconds. */
const SAME_MS = 2000;
/** How long a daemon's sources may be silent about who is there: a log alone never says. */
const GIVEN_UP_AFTER: Duration = seconds(300);

/** Sessions of an earlier run of the monitor whose end nobody has seen: each is still there, or ended meanwhile, for what is known at its last word. */
export class Leftovers {
  /** By daemon. */
  readonly #sessions = new Map<string, Set<SessionRecord>>();
  readonly #since: Instant;

  constructor(open: Iterable<SessionRecord>, now: Instant) {
    this.#since = now;
    for (const session of open) {
      const set = this.#sessions.get(session.daemon) ?? new Set();
      this.#sessions.set(session.daemon, set.add(session));
    }
  }

  /** The one that a session which is there now goes on with. */
  take(session: SessionRecord): SessionRecord | undefined {
    const left = this.#sessions.get(session.daemon);
    for (const each of left ?? []) {
      if (each.address !== session.address || each.commonName !== session.commonName) continue;
      if (Math.abs(each.started - session.started) > SAME_MS) continue;
      left?.delete(each);
      return each;
    }
    return undefined;
  }

  /** Those that are gone: their daemon has told who is there, is watched no more, or does not tell. Each once, ended. */
  *given(fleet: Pick<Fleet, 'daemon'>, now: Instant): Generator<SessionRecord> {
    for (const [daemon, sessions] of this.#sessions) {
      const view = fleet.daemon(daemon);
      const told = view?.listed === true;
      const silent = view?.speaker !== undefined && between(this.#since, now) > GIVEN_UP_AFTER;
      if (view !== undefined && !told && !silent) continue;
      this.#sessions.delete(daemon);
      for (const session of sessions) yield { ...session, ended: session.updated, reason: 'unknown' };
    }
  }

  clear(): void {
    this.#sessions.clear();
  }
}
