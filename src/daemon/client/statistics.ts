import type { WallTime } from '../../base/units.ts';
import type { ClientStatus } from '../../model/status-report.ts';
import type { AttemptBytes } from './attempt.ts';

/** Where bytes are counted now. */
interface Counting {
  readonly bytes: AttemptBytes | undefined;
}

const NOTHING: AttemptBytes = { linkRead: 0, linkWrite: 0, tunRead: 0, tunWrite: 0 };

/** What crossed: of the present session for the status, over all sessions for byte counts, as in stock. */
export class Statistics {
  #before = { received: 0, sent: 0 };
  #counting: Counting | undefined;
  #last: AttemptBytes = NOTHING;

  /** A session begins. */
  begin(session: Counting): void {
    this.#counting = session;
    this.#last = NOTHING;
  }

  /** It is over: its bytes stay. */
  end(): void {
    this.#last = this.#now;
    this.#before = { received: this.#before.received + this.#last.linkRead, sent: this.#before.sent + this.#last.linkWrite };
    this.#counting = undefined;
  }

  /** Since the start of the process. */
  get totals(): { readonly received: number; readonly sent: number } {
    if (this.#counting === undefined) return this.#before;
    const { linkRead, linkWrite } = this.#now;
    return { received: this.#before.received + linkRead, sent: this.#before.sent + linkWrite };
  }

  report(title: string, time: WallTime): ClientStatus {
    const { linkRead, linkWrite, tunRead, tunWrite } = this.#now;
    return { kind: 'client', title, time, tunRead, tunWrite, linkRead, linkWrite, authRead: tunWrite };
  }

  get #now(): AttemptBytes {
    return this.#counting?.bytes ?? this.#last;
  }
}
