import type { Random } from '../base/random.ts';
import { after, between, type Instant, milliseconds, type Now } from '../base/units.ts';
import type { Notes } from '../messages/notes.ts';
import { TLS } from '../messages/tls.ts';
import { Cookies } from '../protocol/cookie.ts';
import type { Link } from '../protocol/data/plane.ts';
import { RateLimiter } from '../protocol/rate.ts';
import { Greeter } from '../protocol/session/first-contact.ts';
import type { DropReason } from '../protocol/session/types.ts';
import type { PreparedWrap } from '../protocol/wrap/prepare.ts';
import type { ServerSettings } from './settings.ts';

/** What becomes of a packet from nobody known. */
export type Admission =
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  | { readonly kind: 'admit'; readonly localId: Buffer; readonly remoteId: Buffer }
  | { readonly kind: 'drop'; readonly reason: DropReason; readonly detail: string }
  /** More than `connect-freq` allows. */
  | { readonly kind: 'too-frequent' }
  /** Refused by `connect-freq-initial`, which was said. */
  | { readonly kind: 'limited' };

/** Cookies of sessions that ended are remembered, so that a late packet does not make a session anew. */
const MAX_ENDED = 4096;

/** Decides who may become a client: cookies, `connect-freq-initial`, `connect-freq`. Keeps nothing per stranger. */
export class Doorman {
  readonly #greeter: Greeter;
  readonly #notes: Notes;
  readonly #settings: ServerSettings;
  readonly #initial: RateLimiter;
  readonly #completed: RateLimiter | undefined;
  #announcedUntil: Instant | undefined;
  /** Session ids that ended, with the time until which their cookie would be valid. */
  readonly #ended = new Map<string, Instant>();

  constructor(settings: ServerSettings, wrap: PreparedWrap, notes: Notes, random: Random) {
    const cookies = settings.transport === 'udp' ? new Cookies(random.bytes(32), settings.control.handWindow) : undefined;
    this.#greeter = new Greeter(wrap, cookies, random);
    this.#settings = settings;
    this.#notes = notes;
    this.#initial = new RateLimiter(settings.connectFreqInitial.count, settings.connectFreqInitial.per);
    this.#completed =
      settings.connectFreq === undefined ? undefined : new RateLimiter(settings.connectFreq.count, settings.connectFreq.per);
  }

  admit(packet: Buffer, link: Link, now: Now): Admission {
    const contact = this.#greeter.greet(packet, link.key, now);
    switch (contact.kind) {
      case 'drop':
        return contact;
      case 'reply':
        return this.#takeInitial(now) ? contact : { kind: 'limited' };
      case 'accept': {
        if (this.#hasEnded(contact.localId, now)) return { kind: 'drop', reason: 'session-id', detail: 'ended' };
        this.#initial.giveBack();
        if (this.#completed?.take(now.at) === false) return { kind: 'too-frequent' };
        return { kind: 'admit', localId: contact.localId, remoteId: contact.remoteId };
      }
    }
  }

  /** A session with this id ended; its cookie is worth nothing from now on. */
  retire(localId: Buffer, now: Now): void {
    for (const [id, until] of this.#ended) {
      if (until > now.at && this.#ended.size < MAX_ENDED) break;
      this.#ended.delete(id);
    }
    // A cookie is valid for at most three of its half-window buckets.
    this.#ended.set(localId.toString('hex'), after(now.at, milliseconds(this.#settings.control.handWindow * 2)));
  }

  #hasEnded(localId: Buffer, now: Now): boolean {
    const until = this.#ended.get(localId.toString('hex'));
    return until !== undefined && until > now.at;
  }

  #takeInitial(now: Now): boolean {
    const { count, per } = this.#settings.connectFreqInitial;
    if (this.#initial.take(now.at)) {
      const dropped = this.#initial.takeRefused();
      if (dropped > 0) this.#notes.add(TLS.connectFreqInitialDropped, { dropped, count, period: per / 1000 });
      return true;
    }
    if (this.#announcedUntil !== undefined && now.at < this.#announcedUntil) return false;
    this.#announcedUntil = this.#initial.endsAt;
    const left = this.#announcedUntil === undefined ? 0 : Math.ceil(between(now.at, this.#announcedUntil) / 1000);
    this.#notes.add(TLS.connectFreqInitial, { count, period: per / 1000, seconds: left });
    return false;
  }
}
