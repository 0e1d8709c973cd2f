import type { Now } from '../base/units.ts';
import type { ClientInstance } from './instance.ts';
import type { Answer, Question } from './types.ts';

/** What goes on when a question was answered. */
export type Continuation = (answer: Answer, now: Now) => void;

interface Open {
  /** Undefined for questions that nobody waits for. */
  readonly client: ClientInstance | undefined;
  readonly proceed: Continuation;
}

/** The questions that the host has not answered yet. */
export class Questions {
  readonly #emit: (id: number, question: Question) => void;
  readonly #open = new Map<number, Open>();
  #next = 1;

  constructor(emit: (id: number, question: Question) => void) {
    this.#emit = emit;
  }

  ask(client: ClientInstance | undefined, question: Question, proceed: Continuation): void {
    const id = this.#next++;
    this.#open.set(id, { client, proceed });
    this.#emit(id, question);
  }

  /** Takes an open question off the list; undefined for an id that is not on it. */
  take(id: number): Open | undefined {
    const open = this.#open.get(id);
    this.#open.delete(id);
    return open;
  }
}
