import { START } from '../messages/start.ts';
import type { Notes } from '../messages/notes.ts';
import type { DaemonEvent, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';

/** What the hold needs of the daemon. */
export interface HoldWorld {
  readonly notes: Notes;
  emit(event: DaemonEvent): void;
  /** True when a management client is there to release it. */
  attended(): boolean;
}

/**
 * `management-hold` and the command `hold`: starts and restarts wait for `hold release` (facts: management 12). A release
 * counts until the next restart.
 */
export class HoldGate {
  readonly #world: HoldWorld;
  #flag = false;
  #released = false;
  #open: (() => void) | undefined;

  constructor(world: HoldWorld) {
    this.#world = world;
  }

  /** The option: counts at the first start alone. */
  set(flag: boolean): void {
    this.#flag = flag;
  }

  /** True while a start waits: what would restart it is refused meanwhile. */
  get holding(): boolean {
    return this.#open !== undefined;
  }

  /** A release that was given is used up. */
  rearm(): void {
    this.#released = false;
  }

  /** True when a start has to wait. */
  get closed(): boolean {
    return this.#flag && !this.#released;
  }

  /** Waits for the release, telling management clients how many seconds the pause would take; gives how to give up. */
  wait(seconds: number, released: () => void): () => void {
    if (!this.#world.attended()) this.#world.notes.add(START.holdWaiting, {});
    this.#prompt(seconds);
    this.#open = () => {
      this.#open = undefined;
      this.#world.emit({ kind: 'prompt', text: undefined });
      released();
    };
    return () => {
      this.#open = undefined;
      this.#world.emit({ kind: 'prompt', text: undefined });
    };
  }

  /** `hold`, `hold on`, `hold off`, `hold release`. */
  handle(action: Extract<DaemonRequest, { kind: 'hold' }>['action']): DaemonReply {
    switch (action) {
      case 'show':
        return { kind: 'value', value: this.#flag ? 1 : 0 };
      case 'on':
      case 'off':
        this.#flag = action === 'on';
        return { kind: 'done', text: '' };
      case 'release':
        this.#released = true;
        this.#open?.();
        return { kind: 'done', text: '' };
    }
  }

  /** Says again what is waited for, as stock does after a signal that it ignores. */
  remind(): void {
    if (this.holding) this.#prompt(0);
  }

  #prompt(seconds: number): void {
    this.#world.emit({ kind: 'prompt', text: `HOLD:Waiting for hold release:${seconds}` });
  }
}
