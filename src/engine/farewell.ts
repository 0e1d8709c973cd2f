import { after, between, type Instant, milliseconds, type Now, seconds } from '../base/units.ts';
import { AUTH } from '../messages/auth.ts';
import { MULTI } from '../messages/multi.ts';
import { OURS } from '../messages/ours.ts';
import type { RowArgs } from '../messages/row.ts';
import { formatFamilyAddress } from '../model/address.ts';
import { EnvList } from '../model/env-list.ts';
import type { PlaneCounters } from '../protocol/data/plane.ts';
import { setEndEnv } from './client-env.ts';
import type { Connector } from './connect.ts';
import type { EngineContext } from './context.ts';
import type { Doorman } from './doorman.ts';
import type { ClientInstance } from './instance.ts';
import type { Roster } from './roster.ts';
import { clientRecord } from './status-view.ts';

/** A client that was told to go has this long to read it (facts: wire 11). */
const EXIT_DELAY = seconds(5);

/** How long the end waits for RESTART to reach clients: without and with `explicit-exit-notify`. */
const GOODBYE = { plain: milliseconds(300), notified: seconds(2) };

/** What the end of clients needs of the engine. */
export interface FarewellParts {
  readonly context: EngineContext;
  readonly roster: Roster;
  readonly doorman: Doorman;
  readonly connector: Connector;
  /** Link bytes of one client, control and data. */
  readonly bytesOf: (client: ClientInstance) => { readonly received: number; readonly sent: number };
  /** Works off what a client's session still wants. */
  readonly turn: (client: ClientInstance, now: Now) => void;
  /** The last client is gone after `stop`. */
  readonly stopped: () => void;
}

type SummaryTemplate = (typeof OURS.sessionSummary)['template'];

/** How clients end: told and given time, at once, or all together. A client is gone when the data plane has let go of it. */
export class Farewell {
  /** Bytes of clients that have gone, for the totals of `load-stats`. */
  readonly gone = { received: 0, sent: 0 };
  readonly #parts: FarewellParts;
  #stage: 'serving' | 'saying-goodbye' | 'ending' | 'stopped' = 'serving';
  #stopAt: Instant | undefined;

  constructor(parts: FarewellParts) {
    this.#parts = parts;
  }

  get stopping(): boolean {
    return this.#stage !== 'serving';
  }

  nextDeadline(): Instant | undefined {
    return this.#stopAt;
  }

  handleDeadline(now: Now): void {
    if (this.#stopAt !== undefined && this.#stopAt <= now.at) this.#endAll(now);
  }

  /** Refuses a client with a message, and removes it when it has had time to read that. */
  dismiss(client: ClientInstance, message: string, reason: string, now: Now): void {
    if (client.phase === 'closing') return;
    const { context } = this.#parts;
    context.notes.add(AUTH.delayedExit, { seconds: EXIT_DELAY / 1000 }, client.ref);
    context.say(client, message);
    this.#closeSoon(client, reason, now);
  }

  /** The client said that it goes: its instance stays to acknowledge what is repeated. */
  exitReceived(client: ClientInstance, now: Now): void {
    const { notes } = this.#parts.context;
    notes.add(MULTI.exitReceived, {}, client.ref);
    notes.add(AUTH.delayedExit, { seconds: EXIT_DELAY / 1000 }, client.ref);
    this.#parts.context.event({ kind: 'notify', type: 'remote-exit', text: 'EXIT' });
    this.#closeSoon(client, 'remote-exit', now);
  }

  #closeSoon(client: ClientInstance, reason: string, now: Now): void {
    client.phase = 'closing';
    client.ending = { signal: 'SIGTERM', reason };
    client.timers.clearAll();
    client.timers.set('exit', after(now.at, EXIT_DELAY));
    if (client.planeOpen) this.#parts.context.plane({ kind: 'set-open', slot: client.slot, open: false });
  }

  /** Removes a client at once. */
  remove(client: ClientInstance, signal: string, reason: string, now: Now): void {
    const { context, roster, doorman, connector, turn } = this.#parts;
    if (!roster.has(client) || client.removed) return;
    client.removed = true;
    client.phase = 'closing';
    client.ending ??= { signal, reason };
    const row = signal === 'SIGUSR1' ? MULTI.instanceRestarting : MULTI.instanceExiting;
    context.notes.add(row, { signal, source: 'soft', reason }, client.ref);
    doorman.retire(client.session.localId, now);
    client.timers.clearAll();
    client.session.close();
    turn(client, now);
    // Its addresses are free at once: who takes its place shall get them.
    connector.undo(client);
    if (client.planeOpen) context.plane({ kind: 'close-peer', slot: client.slot });
    else this.finish(client, undefined, now);
  }

  /** The data plane let go of it: its numbers are final. */
  finish(client: ClientInstance, counters: PlaneCounters | undefined, now: Now): void {
    const { context, roster, bytesOf } = this.#parts;
    client.finalCounters = counters;
    const { received, sent } = bytesOf(client);
    this.gone.received += received;
    this.gone.sent += sent;
    setEndEnv(client.env, client.link.address, { received, sent, seconds: Math.round(between(client.started.at, now.at) / 1000) });
    if (client.announced) {
      const record = clientRecord({ countersOf: () => counters, bytesOf }, client, now);
      context.event({ kind: 'client', what: 'DISCONNECT', clientId: client.clientId, env: client.env.clone(), record });
      if (context.settings.hooks.clientDisconnect) context.tell({ what: 'client-disconnect', env: client.env });
    } else if (client.referred) {
      // Stock's block for a client that never was connected is empty.
      context.event({ kind: 'client', what: 'DISCONNECT', clientId: client.clientId, env: new EnvList() });
    }
    context.notes.add(OURS.sessionSummary, summaryOf(client, { received, sent }, now), client.ref);
    roster.remove(client);
    if (client.link.connection !== undefined) context.plane({ kind: 'close-link', link: client.link });
    this.#checkStopped();
  }

  /** Tells all clients to come back later; when they had time to read that, all end. */
  stop(now: Now): void {
    if (this.#stage !== 'serving') return;
    this.#stage = 'saying-goodbye';
    const { context, roster, turn } = this.#parts;
    const notify = context.settings.explicitExitNotify;
    for (const client of roster.all()) {
      if (client.phase !== 'connected') continue;
      context.say(client, notify === 2 ? 'RESTART,[N]' : 'RESTART');
      turn(client, now);
    }
    const wait = roster.size === 0 ? milliseconds(0) : notify > 0 ? GOODBYE.notified : GOODBYE.plain;
    this.#stopAt = after(now.at, wait);
  }

  #endAll(now: Now): void {
    this.#stopAt = undefined;
    this.#stage = 'ending';
    // A set may lose members while it is walked.
    for (const client of this.#parts.roster.all()) this.remove(client, 'SIGTERM', 'server-stop', now);
    this.#checkStopped();
  }

  #checkStopped(): void {
    if (this.#stage !== 'ending' || this.#parts.roster.size > 0) return;
    this.#stage = 'stopped';
    this.#parts.stopped();
  }
}

/** What the log's one line about a whole session says. */
function summaryOf(
  client: ClientInstance,
  bytes: { readonly received: number; readonly sent: number },
  now: Now,
): RowArgs<SummaryTemplate> {
  const data = client.finalCounters;
  return {
    session: client.number,
    commonName: client.commonName ?? '',
    address: formatFamilyAddress(client.link.address),
    seconds: Math.round(between(client.started.at, now.at) / 1000),
    reason: client.ending?.reason ?? 'unknown',
    ...bytes,
    packetsReceived: data?.packetsReceived ?? 0,
    packetsSent: data?.packetsSent ?? 0,
    lost: data?.lost ?? 0,
  };
}
