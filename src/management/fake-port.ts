import type { DaemonEvent, DaemonInfo, DaemonPort, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';

/** A daemon that answers from a script, for whoever tests something that talks to a daemon port. */
export class FakeDaemonPort implements DaemonPort {
  /** What it was asked, in order. */
  readonly requests: DaemonRequest[] = [];
  readonly #answer: (request: DaemonRequest) => DaemonReply | undefined;
  readonly #listeners = new Set<(event: DaemonEvent, number: number) => void>();
  readonly #open: ((reply: DaemonReply) => void)[] = [];
  #info: DaemonInfo;
  #events = 0;

  /** `answer` gives the reply to a request, or undefined to leave it open until `settle`. */
  constructor(info: DaemonInfo, answer: (request: DaemonRequest) => DaemonReply | undefined) {
    this.#info = info;
    this.#answer = answer;
  }

  /** The logins that wait. */
  waiting: readonly DaemonEvent[] = [];

  pending(): readonly DaemonEvent[] {
    return this.waiting;
  }

  /** What the script says it is. */
  info(): DaemonInfo {
    return this.#info;
  }

  request(request: DaemonRequest, reply: (reply: DaemonReply) => void): void {
    this.requests.push(request);
    const answer = this.#answer(request);
    if (answer === undefined) this.#open.push(reply);
    else reply(answer);
  }

  subscribe(listener: (event: DaemonEvent, number: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Answers the oldest open request; false when there is none. */
  settle(reply: DaemonReply): boolean {
    const open = this.#open.shift();
    open?.(reply);
    return open !== undefined;
  }

  /** Lets something happen. */
  emit(event: DaemonEvent): void {
    this.#events++;
    for (const listener of this.#listeners) listener(event, this.#events);
  }

  /** Changes what it says of itself. */
  become(info: Partial<DaemonInfo>): void {
    this.#info = { ...this.#info, ...info };
  }
}
