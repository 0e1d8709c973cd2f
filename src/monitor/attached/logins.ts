import type { DaemonEvent } from '../../model/daemon-port.ts';

type Login = Extract<DaemonEvent, { kind: 'client' }>;

/** Logins that are remembered at a time; a daemon has fewer clients. */
const MAX_LOGINS = 20_000;

/** The logins of an attached daemon's clients: who waits for a decision, and who has one. The first decision counts. */
export class Logins {
  /** By client id: the last login that it raised, and what came of it. */
  readonly #logins = new Map<number, { readonly event: Login; readonly keyId: number; state: 'open' | 'deciding' | 'decided' }>();

  /** Takes note of what a client does. */
  handle(event: Login): void {
    const { clientId, keyId, what } = event;
    if (what === 'DISCONNECT') this.#logins.delete(clientId);
    else if (what === 'ESTABLISHED') {
      const login = this.#logins.get(clientId);
      if (login?.event.what === 'CONNECT') login.state = 'decided';
    } else if (keyId !== undefined) {
      this.#logins.delete(clientId);
      this.#logins.set(clientId, { event, keyId, state: 'open' });
      if (this.#logins.size > MAX_LOGINS) this.#forgetOldest();
    }
  }

  /** Someone decides: false when it is decided already. Logins that we have not heard of are the daemon's to judge. */
  begin(clientId: number, keyId: number): boolean {
    const login = this.#logins.get(clientId);
    if (login === undefined || login.keyId !== keyId) return true;
    if (login.state !== 'open') return false;
    login.state = 'deciding';
    return true;
  }

  /** What the daemon said to the decision. */
  end(clientId: number, keyId: number, taken: boolean): void {
    const login = this.#logins.get(clientId);
    if (login?.keyId === keyId && login.state === 'deciding') login.state = taken ? 'decided' : 'open';
  }

  /** Those that wait, oldest first. */
  open(): readonly DaemonEvent[] {
    return [...this.#logins.values()].filter(({ state }) => state === 'open').map(({ event }) => event);
  }

  /** The daemon starts again: nobody is there. */
  clear(): void {
    this.#logins.clear();
  }

  #forgetOldest(): void {
    for (const clientId of this.#logins.keys()) return void this.#logins.delete(clientId);
  }
}
