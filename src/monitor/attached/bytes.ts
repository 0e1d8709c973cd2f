import { after, type Duration, type Now, seconds } from '../../base/units.ts';
import type { ClientBytes, DaemonReply } from '../../model/daemon-port.ts';

/** Clients whose counts are kept; a daemon has fewer. */
const MAX_CLIENTS = 100_000;

/** Who has not been counted for so long is not shown: stock says nothing of idle clients, nor of those that are gone. */
const SHOWN_FOR = seconds(60);

/** The last byte counts that an attached daemon told. */
export class ByteCounts {
  readonly #clients = new Map<number, ClientBytes & { readonly now: Now }>();
  #total: { readonly received: number; readonly sent: number } | undefined;

  /** Of one client of a server. */
  client(bytes: ClientBytes, now: Now): void {
    this.#clients.delete(bytes.clientId);
    if (this.#clients.size < MAX_CLIENTS) this.#clients.set(bytes.clientId, { ...bytes, now });
  }

  /** Of a client daemon. */
  total(received: number, sent: number): void {
    this.#total = { received, sent };
  }

  /** A client is gone. */
  gone(clientId: number): void {
    this.#clients.delete(clientId);
  }

  /** Only these clients are there. */
  keep(clientIds: ReadonlySet<number>): void {
    for (const clientId of this.#clients.keys()) if (!clientIds.has(clientId)) this.#clients.delete(clientId);
  }

  clear(): void {
    this.#clients.clear();
    this.#total = undefined;
  }

  /** What there is to tell, in the form of a reply. */
  reply(now: Now, every: Duration): DaemonReply {
    if (this.#total !== undefined) return { kind: 'load', clients: 0, ...this.#total };
    const oldest = Math.max(SHOWN_FOR, 3 * every) as Duration;
    const shown = [...this.#clients.values()].filter(({ now: heard }) => after(heard.at, oldest) >= now.at);
    return { kind: 'client-bytes', clients: shown.map(({ clientId, received, sent }) => ({ clientId, received, sent })) };
  }
}
