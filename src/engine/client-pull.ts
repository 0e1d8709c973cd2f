import { TimerTable } from '../base/machine.ts';
import { after, type Instant, milliseconds, type Now, seconds } from '../base/units.ts';
import { CLIENT } from '../messages/client.ts';
import type { Notes } from '../messages/notes.ts';
import { MAX_COLLECTED, PushCollector, type PushPart } from '../protocol/negotiate/push.ts';
import type { FilteredPush } from './client-types.ts';
import type { SessionTiming } from '../protocol/session/types.ts';
import { type Pulled, readPulled } from './pulled.ts';

/** Between PUSH_REQUESTs (facts: wire 24). */
const INTERVAL = seconds(5);

/** A server that pushes unasked has this long before it is asked. */
const PATIENCE = seconds(1);

/** What a client's pulling has come to. */
export type PullStep = 'ask' | 'give-up';

/** A client's way to its pushed options: when to ask for them, how long to wait, what they say. */
export class Puller {
  readonly #timing: SessionTiming;
  readonly #notes: Notes;
  readonly #timers = new TimerTable<PullStep>();
  readonly #parts = new PushCollector();
  readonly #filter: (options: readonly string[], notes: Notes) => FilteredPush;

  constructor(timing: SessionTiming, notes: Notes, filter: (options: readonly string[], notes: Notes) => FilteredPush) {
    this.#filter = filter;
    this.#timing = timing;
    this.#notes = notes;
  }

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  /** The session stands: options may come, and will be asked for. */
  begin(now: Now): void {
    this.#timers.set('ask', after(now.at, PATIENCE));
    // AUTH_PENDING may have come before.
    if (this.#timers.get('give-up') === undefined) this.#timers.set('give-up', after(now.at, this.#timing.handWindow));
  }

  /** What has to be done now. Call until it gives undefined. */
  takeDue(now: Now): PullStep | undefined {
    const step = this.#timers.takeDue(now.at);
    if (step === 'ask') this.#timers.set('ask', after(now.at, INTERVAL));
    if (step === 'give-up') this.#notes.add(CLIENT.noPushReply, { seconds: this.#timing.handWindow / 1000 });
    return step;
  }

  /** Takes one PUSH_REPLY; gives the options when the last has come. */
  take(part: PushPart): Pulled | { readonly refused: string } | undefined {
    const all = this.#parts.add(part);
    if (all === undefined) return undefined;
    if (all === 'overflow') {
      this.#notes.add(CLIENT.optionsError, { text: `the server pushed more than ${MAX_COLLECTED} options` });
      return { refused: 'too many options' };
    }
    const filtered = this.#filter(all, this.#notes);
    if ('refused' in filtered) return filtered;
    const { pulled, refused } = readPulled(filtered.options);
    for (const option of refused) this.#notes.add(CLIENT.optionsError, { text: `the pushed option '${option}' cannot be used` });
    return pulled;
  }

  /** The server still asks somebody about us: AUTH_PENDING. It may say so before options are asked for. */
  waitLonger(timeoutSeconds: number | undefined, now: Now): void {
    if (timeoutSeconds === undefined) return;
    const { handWindow, renegotiateAfter } = this.#timing;
    const wait = milliseconds(Math.min(Math.max(renegotiateAfter / 2, handWindow), timeoutSeconds * 1000));
    this.#notes.add(CLIENT.authPending, { from: handWindow / 1000, to: wait / 1000 });
    this.#timers.set('give-up', after(now.at, wait));
  }

  /** Nothing more to wait for. */
  stop(): void {
    this.#timers.clearAll();
  }
}
