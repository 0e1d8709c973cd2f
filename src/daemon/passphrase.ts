import type { Secret } from '../base/secret.ts';
import { CLIENT } from '../messages/client.ts';
import type { Notes } from '../messages/notes.ts';
import { START } from '../messages/start.ts';
import type { DaemonEvent, DaemonReply } from '../model/daemon-port.ts';

/** What asking takes. */
export interface PassphraseWorld {
  readonly notes: Notes;
  emit(event: DaemonEvent): void;
  /** True when a management client is there to answer. */
  attended(): boolean;
}

const TYPE = 'Private Key';

/**
 * The pass phrase of the private key, typed at the terminal or asked of management clients (facts: management 14): kept for restarts until it is to be
 * forgotten, or turns out wrong.
 */
export class Passphrase {
  readonly #world: PassphraseWorld;
  #kept: Secret | undefined;
  #given: (() => void) | undefined;
  #warned = false;

  constructor(world: PassphraseWorld) {
    this.#world = world;
  }

  /** What was given last; undefined when nothing was, or it is forgotten. */
  get kept(): Secret | undefined {
    return this.#kept;
  }

  /** What was typed at the terminal. */
  know(typed: Secret): void {
    this.#kept = typed;
  }

  /** Asks, and calls back when there is an answer; gives how to give up. */
  wait(given: () => void): () => void {
    const world = this.#world;
    if (!world.attended()) world.notes.add(START.passwordWaiting, {});
    world.emit({ kind: 'prompt', text: `PASSWORD:Need '${TYPE}' password` });
    const over = (): void => {
      this.#given = undefined;
      world.emit({ kind: 'prompt', text: undefined });
    };
    this.#given = () => {
      over();
      given();
    };
    return over;
  }

  /** The command `password`. */
  handle(type: string, password: Secret): DaemonReply {
    if (this.#given === undefined) return { kind: 'refused', text: '' };
    if (type !== TYPE) return { kind: 'refused', text: `password of type '${type}' entered, but we need one of type '${TYPE}'` };
    this.#kept = password;
    this.#given();
    return { kind: 'done', text: '' };
  }

  /** What was given does not open the key. */
  refuse(): void {
    this.forget();
    this.#world.emit({ kind: 'password-refused', type: TYPE });
  }

  /** What was given opens the key, and stays for restarts if it may. */
  accept(keeps: boolean): void {
    if (!keeps) return this.forget();
    if (!this.#warned) this.#world.notes.add(CLIENT.cachesPasswords, {});
    this.#warned = true;
  }

  forget(): void {
    this.#kept = undefined;
  }
}
