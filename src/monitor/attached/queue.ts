import { reasonOf } from '../../base/errors.ts';
import { between, type Instant, seconds } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import type { ReplyTaker } from '../../management/client.ts';
import type { ManagementLink } from '../../service/management-link.ts';

/** What is asked of the daemon: a command and its words, or a line that somebody else made. */
export type Question =
  | { readonly name: string; readonly words: readonly (string | number)[]; readonly body?: readonly string[] }
  | { readonly line: Buffer; readonly body?: readonly string[] };

interface Waiting {
  readonly question: Question;
  /** The line, of a question of our own: the daemon's log of it is nobody's business. */
  readonly own: string | undefined;
  readonly at: Instant;
  readonly done: ReplyTaker;
}

/** Questions that may wait, and how long: whoever asked has given up by then. */
const LIMITS = { waiting: 1000, age: seconds(25) };

/** Questions to a daemon that answers one at a time: each goes out after the reply to the one before. */
export class UpstreamQueue {
  readonly #link: ManagementLink;
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  #current: Waiting | undefined;

  constructor(link: ManagementLink, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  /** How many have no reply yet. */
  get pending(): number {
    return this.#waiting.length + (this.#current === undefined ? 0 : 1);
  }

  /** Asks; `done` is called exactly once. Questions of our own are `own`. */
  ask(question: Question, done: ReplyTaker, own = false): void {
    if (this.#waiting.length >= LIMITS.waiting) {
      return done({ kind: 'error', text: 'too many commands wait for the daemon', lines: [] }, []);
    }
    const line = own && 'name' in question ? [question.name, ...question.words].join(' ') : undefined;
    this.#waiting.push({ question, own: line, at: this.#clock.now().at, done });
    this.#next();
  }

  /** True for a line that the daemon carries out now because we asked by ourselves. */
  isOwn(line: string): boolean {
    const current = this.#current;
    if (current === undefined) return false;
    // What ends a reply of unknown length is ours as well.
    const asksPid = 'name' in current.question && current.question.name === 'pid';
    return current.own === line || (line === 'pid' && !asksPid);
  }

  /** The connection is gone: nobody will answer. */
  lost(why: string): void {
    const current = this.#current;
    this.#current = undefined;
    const waiting = this.#waiting.splice(0);
    for (const { done } of current === undefined ? waiting : [current, ...waiting]) done({ kind: 'lost', why }, []);
  }

  #next(): void {
    while (this.#current === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (between(next.at, this.#clock.now().at) > LIMITS.age) {
        next.done({ kind: 'error', text: 'the daemon was busy for too long', lines: [] }, []);
        continue;
      }
      this.#current = next;
      this.#send(next);
    }
  }

  #send(asked: Waiting): void {
    const { question } = asked;
    const done: ReplyTaker = (reply, said) => {
      // Who was told already that the connection is gone is not told again.
      if (this.#current !== asked) return;
      this.#current = undefined;
      asked.done(reply, said);
      this.#next();
    };
    const body = question.body === undefined ? {} : { body: question.body };
    const sent = this.#link.use((machine, now) => {
      try {
        if ('line' in question) machine.relay(question.line, { ...body, done }, now);
        else machine.command(question.name, question.words, { ...body, done }, now);
      } catch (error) {
        done({ kind: 'error', text: reasonOf(error), lines: [] }, []);
      }
    });
    if (!sent) done({ kind: 'lost', why: 'the daemon is not connected' }, []);
  }
}
