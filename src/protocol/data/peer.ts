import { after, type Duration, earliest, type Instant } from '../../base/units.ts';
import { type DataFormat, NEAR_END_ID, Opener, Sealer } from './aead.ts';
import { hostOf } from './link.ts';
import { type MssLimits, mssLimits } from './mss.ts';
import type { DataKeys, Link, PeerSlot, PlaneCounters, PlaneSettings } from './plane.ts';
import { RejectLog } from './rejects.ts';
import { ReplayWindow } from './replay.ts';

/** Both directions of one key id. */
export interface KeyPair {
  readonly keyId: number;
  readonly sealer: Sealer;
  readonly opener: Opener;
  readonly replay: ReplayWindow;
  nearEndTold: boolean;
}

/** How long the engine has to answer a float before it is asked again. */
const FLOAT_PATIENCE = 1000;

/** What the plane knows of one peer. The forwarder writes the public counters in place. */
export class PeerState {
  readonly slot: PeerSlot;
  readonly format: DataFormat;
  readonly rejects: RejectLog = new RejectLog();
  open = false;
  sendKey: KeyPair | undefined;
  bytesReceived = 0;
  bytesSent = 0;
  packetsReceived = 0;
  packetsSent = 0;
  unauthentic = 0;
  badSource = 0;
  innerBytes = 0;
  lastInner: Instant;
  lastSent: Instant;
  readonly #settings: PlaneSettings;
  readonly #keys: (KeyPair | undefined)[] = Array.from({ length: 8 }, () => undefined);
  /** Tallies of the windows of dropped keys. */
  #lost = 0;
  #reordered = 0;
  #replayed = 0;
  #link: Link;
  #host: string;
  #mss: MssLimits | undefined;
  #lastHeard: Instant;
  #pingEvery: Duration | undefined;
  #lostAfter: Duration | undefined;
  #silentSince: Instant;
  #lostTold = false;
  #floatKey: string | undefined;
  #floatAskedAt: Instant;

  constructor(slot: PeerSlot, link: Link, format: DataFormat, settings: PlaneSettings, at: Instant) {
    this.slot = slot;
    this.format = format;
    this.#settings = settings;
    this.#link = link;
    this.#host = hostOf(link);
    this.#mss = this.#mssOf(link);
    this.#lastHeard = at;
    this.#silentSince = at;
    this.#floatAskedAt = at;
    this.lastSent = at;
    this.lastInner = at;
  }

  get link(): Link {
    return this.#link;
  }

  /** What TCP connections inside the tunnel are held to. */
  get mss(): MssLimits | undefined {
    return this.#mss;
  }

  /** An inner packet passed, either way. */
  carried(bytes: number, at: Instant): void {
    this.innerBytes += bytes;
    this.lastInner = at;
  }

  /** Whether a UDP packet came from where the peer is. */
  isAt(host: string, port: number): boolean {
    return port === this.#link.address.port && host === this.#host;
  }

  moveTo(link: Link): void {
    this.#link = link;
    this.#host = hostOf(link);
    this.#mss = this.#mssOf(link);
    this.#floatKey = undefined;
  }

  /** Whether the engine is to be asked about another address now: once, and again when it let a second pass. */
  wantsToFloat(key: string, at: Instant): boolean {
    if (this.#floatKey === key && at - this.#floatAskedAt < FLOAT_PATIENCE) return false;
    this.#floatKey = key;
    this.#floatAskedAt = at;
    return true;
  }

  key(keyId: number): KeyPair | undefined {
    return this.#keys[keyId];
  }

  setKeys(keyId: number, keys: DataKeys): void {
    this.dropKey(keyId);
    const { size, seconds } = this.#settings.replayWindow;
    this.#keys[keyId & 7] = {
      keyId,
      sealer: new Sealer(keys.cipher, keys.send, this.slot.peerId, keyId),
      opener: new Opener(keys.cipher, keys.receive),
      replay: new ReplayWindow(size, seconds),
      nearEndTold: false,
    };
  }

  dropKey(keyId: number): void {
    const key = this.#keys[keyId & 7];
    if (key === undefined) return;
    key.replay.close();
    this.#lost += key.replay.lost;
    this.#reordered += key.replay.reordered;
    this.#replayed += key.replay.replayed;
    if (this.sendKey === key) this.sendKey = undefined;
    this.#keys[keyId & 7] = undefined;
  }

  /** True once for each key, when it is due for replacement. */
  isNearEnd(key: KeyPair): boolean {
    if (key.nearEndTold || (key.sealer.lastId < NEAR_END_ID && key.replay.highest < NEAR_END_ID)) return false;
    key.nearEndTold = true;
    return true;
  }

  /** Something authentic came. True when that ended a silence that was told of: its timer runs again. */
  heard(at: Instant): boolean {
    this.#lastHeard = at;
    this.#silentSince = at;
    const wasLost = this.#lostTold;
    this.#lostTold = false;
    return wasLost;
  }

  /** `every` counts from the last packet sent, `lostAfter` from now or the last packet heard after now. */
  setPing(every: Duration | undefined, lostAfter: Duration | undefined, at: Instant): void {
    this.#pingEvery = every;
    this.#lostAfter = lostAfter;
    this.#silentSince = at;
    this.#lostTold = false;
  }

  /** When the next ping has to go; undefined while there is nothing to seal it with. */
  pingDue(): Instant | undefined {
    return this.#pingEvery === undefined || this.sendKey === undefined ? undefined : after(this.lastSent, this.#pingEvery);
  }

  /** True once for each silence that is too long. */
  isLost(at: Instant): boolean {
    const due = this.#lostDue();
    if (due === undefined || at < due) return false;
    this.#lostTold = true;
    return true;
  }

  nextDeadline(): Instant | undefined {
    return earliest(earliest(this.pingDue(), this.#lostDue()), this.rejects.nextDeadline());
  }

  /** Forgets the keys; the counters are final afterwards. */
  close(): void {
    for (let keyId = 0; keyId < this.#keys.length; keyId++) this.dropKey(keyId);
  }

  counters(): PlaneCounters {
    let [lost, reordered, replayed] = [this.#lost, this.#reordered, this.#replayed];
    for (const key of this.#keys) {
      if (key === undefined) continue;
      lost += key.replay.lost;
      reordered += key.replay.reordered;
      replayed += key.replay.replayed;
    }
    return {
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      packetsReceived: this.packetsReceived,
      packetsSent: this.packetsSent,
      lost,
      reordered,
      replayed,
      unauthentic: this.unauthentic,
      badSource: this.badSource,
      innerBytes: this.innerBytes,
      lastInner: this.lastInner,
      lastHeard: this.#lastHeard,
    };
  }

  #lostDue(): Instant | undefined {
    return this.#lostAfter === undefined || this.#lostTold ? undefined : after(this.#silentSince, this.#lostAfter);
  }

  #mssOf(link: Link): MssLimits | undefined {
    const { mssFix, transport } = this.#settings;
    if (mssFix === undefined) return undefined;
    // A mapped IPv4 peer is reached by IPv4 packets: its `family` says so.
    return mssLimits(mssFix, { transport, family: link.address.family, format: this.format });
  }
}
