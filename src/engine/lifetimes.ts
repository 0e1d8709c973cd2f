import { after, between, type Duration, type Now, seconds } from '../base/units.ts';
import { MULTI } from '../messages/multi.ts';
import type { PlaneCounters } from '../protocol/data/plane.ts';
import type { EngineContext } from './context.ts';
import { noteRenegotiation } from './describe.ts';
import type { ClientInstance } from './instance.ts';
import { keyUseFrom, usedOf } from './key-use.ts';

/** Amounts are looked at this often: a limit on them is met up to so much late. */
const LOOK_EVERY = seconds(1);

/** What can end a client or its key by its length or its amount. */
export type LifetimeTimer = 'session-timeout' | 'inactive' | 'key-use';

/**
 * What a connected client, and each of its keys, may last and carry: `session-timeout`, `inactive`, `reneg-bytes` and
 * `reneg-pkts`. `reneg-sec` is the session's own.
 */
export class Lifetimes {
  readonly #context: EngineContext;
  readonly #countersOf: (client: ClientInstance) => PlaneCounters | undefined;

  constructor(context: EngineContext, countersOf: (client: ClientInstance) => PlaneCounters | undefined) {
    this.#context = context;
    this.#countersOf = countersOf;
  }

  /** The client is connected: its time runs. */
  begin(client: ClientInstance, now: Now): void {
    const { sessionTimeout, inactive, control } = this.#context.settings;
    client.activity = { since: now.at, bytes: 0 };
    if (sessionTimeout !== undefined) client.timers.set('session-timeout', after(now.at, sessionTimeout));
    if (inactive !== undefined) client.timers.set('inactive', after(now.at, lookInterval(inactive)));
    if (control.renegotiate.bytes > 0 || control.renegotiate.packets > 0) client.timers.set('key-use', after(now.at, LOOK_EVERY));
    this.keyed(client, now);
  }

  /** A new key is in use. */
  keyed(client: ClientInstance, now: Now): void {
    client.keyUse = keyUseFrom(now.at, this.#countersOf(client));
  }

  /** A renegotiation begins: who begins it says what the key before it came to, which is counted anew if nothing comes of it. */
  renegotiating(client: ClientInstance, byPeer: boolean, now: Now): void {
    const { bytes, packets } = this.#context.settings.control.renegotiate;
    const limits = { after: client.session.keyLifetime, bytes, packets };
    if (!byPeer)
      noteRenegotiation(this.#context.notes, { limits, used: usedOf(client.keyUse, now.at, this.#countersOf(client)) }, client.ref);
    this.keyed(client, now);
  }

  handleTimer(client: ClientInstance, timer: LifetimeTimer, now: Now): void {
    switch (timer) {
      case 'session-timeout':
        this.#context.notes.add(MULTI.sessionTimeout, {}, client.ref);
        return this.#context.remove(client, 'SIGTERM', 'session-timeout', now);
      case 'inactive':
        return this.#checkActivity(client, now);
      case 'key-use':
        return this.#checkKeyUse(client, now);
    }
  }

  /** As in stock, the time starts again whenever so many inner bytes have passed, whatever it had run before. */
  #checkActivity(client: ClientInstance, now: Now): void {
    const { inactive } = this.#context.settings;
    const counters = this.#countersOf(client);
    if (inactive === undefined || counters === undefined) return;
    const passed = counters.innerBytes - client.activity.bytes;
    if (passed > 0 && passed >= inactive.bytes) client.activity = { since: counters.lastInner, bytes: counters.innerBytes };
    const silent = between(client.activity.since, now.at);
    if (silent >= inactive.after) {
      this.#context.notes.add(MULTI.inactive, {}, client.ref);
      return this.#context.remove(client, 'SIGTERM', 'inactive', now);
    }
    const left = (inactive.after - silent) as Duration;
    client.timers.set('inactive', after(now.at, inactive.bytes > 0 && left > LOOK_EVERY ? LOOK_EVERY : left));
  }

  #checkKeyUse(client: ClientInstance, now: Now): void {
    const limits = this.#context.settings.control.renegotiate;
    const { bytes, packets } = usedOf(client.keyUse, now.at, this.#countersOf(client));
    client.timers.set('key-use', after(now.at, LOOK_EVERY));
    const isUsedUp = (limits.bytes > 0 && bytes >= limits.bytes) || (limits.packets > 0 && packets >= limits.packets);
    if (isUsedUp) client.session.renegotiate(now);
  }
}

function lookInterval({ after: whole, bytes }: { readonly after: Duration; readonly bytes: number }): Duration {
  return bytes > 0 && whole > LOOK_EVERY ? LOOK_EVERY : whole;
}
