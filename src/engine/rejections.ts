import { after, type Instant, type Now, seconds } from '../base/units.ts';
import { DATA } from '../messages/data.ts';
import { LINK } from '../messages/link.ts';
import { MULTI } from '../messages/multi.ts';
import type { Notes } from '../messages/notes.ts';
import type { Row, RowArgs } from '../messages/row.ts';
import { OURS } from '../messages/ours.ts';
import { TLS } from '../messages/tls.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import type { Link, PlaneEvent } from '../protocol/data/plane.ts';
import type { DropReason } from '../protocol/session/types.ts';
import type { WrapConfig } from '../protocol/wrap/config.ts';

/** After the first line of a kind, more of it are counted and summed up once in this time. */
const QUIET = seconds(10);

/** What the words of a refusal depend on; both ends have it. */
export interface RejectionSettings {
  readonly control: { readonly wrap: Pick<WrapConfig, 'kind'> };
  readonly muteReplayWarnings: boolean;
}

/** How a deframer says that it cannot go on. */
const BAD_LENGTH = /^bad encapsulated packet length from peer \((\d+)\), which must be > 0 and <= (\d+)$/;

/** `fe80::/10`. */
const LINK_LOCAL6 = /^fe[89ab][0-9a-f]:/;

interface Silence {
  readonly until: Instant;
  dropped: number;
}

/**
 * Says that packets were refused: the first of a kind at once with stock's text, then one line with the count of the rest.
 * Anybody can send anything; nobody shall fill the log by it (a listed difference).
 */
export class Rejections {
  readonly #notes: Notes;
  readonly #settings: RejectionSettings;
  readonly #silences = new Map<string, Silence>();
  /** Since the start, by reason. */
  readonly counts = new Map<string, number>();

  constructor(settings: RejectionSettings, notes: Notes) {
    this.#settings = settings;
    this.#notes = notes;
  }

  /** A control packet that no session took. */
  control(reason: DropReason, detail: string, link: Link, peer: PeerRef | undefined, now: Now): void {
    if (!this.#mayLog(`control ${reason}`, 1, now)) return;
    const address = formatFamilyAddress(link.address);
    switch (reason) {
      case 'unwrap':
        return this.#unwrapFailed(detail, address, peer);
      case 'replay':
        return this.#notes.add(TLS.cryptUnwrapError, { reason: detail }, peer);
      case 'malformed':
        return this.#notes.add(TLS.badAcknowledgement, {}, peer);
      case 'key-id':
        return this.#notes.add(OURS.controlPacketDropped, { address, reason: `key id ${detail}` }, peer);
      case 'opcode':
      case 'session-id':
      case 'window':
        return this.#notes.add(OURS.controlPacketDropped, { address, reason: `${reason} ${detail}` }, peer);
    }
  }

  #unwrapFailed(detail: string, address: string, peer: PeerRef | undefined): void {
    const { kind } = this.#settings.control.wrap;
    if (kind === 'tls-crypt') {
      this.#notes.add(TLS.cryptUnwrapError, { reason: detail }, peer);
      this.#notes.add(TLS.cryptUnwrapFailed, { address }, peer);
    } else if (kind === 'tls-auth') this.#notes.add(TLS.hmacFailed, { address }, peer);
    else this.#notes.add(OURS.controlPacketDropped, { address, reason: detail }, peer);
  }

  /** Turned away by a limit; `which` names it in the sum. */
  limited<T extends string>(which: string, now: Now, row: Row<T>, args: RowArgs<T>, peer?: PeerRef): void {
    if (this.#mayLog(`limit ${which}`, 1, now)) this.#notes.add(row, args, peer);
  }

  /** A TCP connection that closed, if it was because of a length that cannot be. */
  stream({ reason }: Extract<PlaneEvent, { kind: 'link-closed' }>, peer: PeerRef | undefined, now: Now): void {
    const [, length, limit] = BAD_LENGTH.exec(reason) ?? [];
    if (length === undefined || limit === undefined || !this.#mayLog('control stream', 1, now)) return;
    this.#notes.add(LINK.badEncapsulatedLength, { length, limit }, peer);
  }

  /** What the data plane refused. */
  data(event: Extract<PlaneEvent, { kind: 'rejected' }>, peer: PeerRef | undefined, now: Now): void {
    if (event.reason === 'replay' && this.#settings.muteReplayWarnings) return this.#countOnly('data replay', event.count);
    // What every system sends to its own link is nobody's mistake, and stock does not speak of it either.
    if (event.reason === 'bad-source' && LINK_LOCAL6.test(event.detail)) return this.#countOnly('data bad-source', event.count);
    if (!this.#mayLog(`data ${event.reason} ${peer?.session ?? ''}`, event.count, now)) return;
    if (event.reason === 'replay') this.#notes.add(DATA.replay, { packetId: Number(event.detail.slice(1)) || 0 }, peer);
    else if (event.reason === 'unauthentic') this.#notes.add(DATA.decryptFailed, {}, peer);
    else if (event.reason === 'bad-source') this.#notes.add(MULTI.badSource, { address: event.detail }, peer);
  }

  nextDeadline(): Instant | undefined {
    return this.#silences.values().next().value?.until;
  }

  handleDeadline(now: Now): void {
    for (const [kind, silence] of this.#silences) {
      if (silence.until > now.at) return;
      this.#silences.delete(kind);
      if (silence.dropped > 0) this.#notes.add(OURS.rejectionsSummed, { count: silence.dropped, kind });
    }
  }

  #countOnly(name: string, count: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + count);
  }

  #mayLog(kind: string, count: number, now: Now): boolean {
    this.#countOnly(kind.split(' ').slice(0, 2).join(' '), count);
    const silence = this.#silences.get(kind);
    if (silence === undefined || silence.until <= now.at) {
      this.#silences.delete(kind);
      this.#silences.set(kind, { until: after(now.at, QUIET), dropped: count - 1 });
      return true;
    }
    silence.dropped += count;
    return false;
  }
}
