import { after, type Duration, earliest, type Instant } from '../../base/units.ts';
import { type Ciphers, type DataFormat, NEAR_END_ID, type Opening, type Sealing } from './aead.ts';
import { addTo, CELL, type Cell, countersOf, TALLY } from './counters.ts';
import { hostOf } from './link.ts';
import { type MssLimits, mssLimits } from './mss.ts';
import type { DataKeys, Link, PeerSlot, PlaneCounters, PlaneSettings } from './plane.ts';
import { RejectLog } from './rejects.ts';
import { ReplayWindow } from './replay.ts';

/** Both directions of one key id. */
export interface KeyPair {
  readonly keyId: number;
  readonly sealer: Sealing;
  readonly opener: Opening;
  readonly replay: ReplayWindow;
  nearEndTold: boolean;
}

/** How long the engine has to answer a float before it is asked again. */
const FLOAT_PATIENCE = 1000;

/** What a peer's state is made with: whose ciphers, and where its counters are. */
export interface PeerParts {
  readonly ciphers: Ciphers;
  /** `PEER_CELLS` of them, all zero. */
  readonly cells: Float64Array;
}

/** What the plane knows of one peer. */
export class PeerState {
  readonly slot: PeerSlot;
  readonly format: DataFormat;
  readonly rejects: RejectLog = new RejectLog();
  open = false;
  sendKey: KeyPair | undefined;
  lastSent: Instant;
  readonly #ciphers: Ciphers;
  readonly #cells: Float64Array;
  /** Of the cells: what all replay windows of the peer add to. */
  readonly #tally: Float64Array;
  readonly #settings: PlaneSettings;
  readonly #keys: (KeyPair | undefined)[] = Array.from({ length: 8 }, () => undefined);
  #link: Link;
  #host: string;
  #mss: MssLimits | undefined;
  #pingEvery: Duration | undefined;
  #lostAfter: Duration | undefined;
  #silentSince: Instant;
  #lostTold = false;
  #floatKey: string | undefined;
  #floatAskedAt: Instant;

  constructor(slot: PeerSlot, link: Link, format: DataFormat, settings: PlaneSettings, { ciphers, cells }: PeerParts, at: Instant) {
    this.slot = slot;
    this.format = format;
    this.#settings = settings;
    this.#link = link;
    this.#host = hostOf(link);
    this.#mss = this.#mssOf(link);
    this.#ciphers = ciphers;
    this.#cells = cells;
    this.#tally = cells.subarray(CELL.lost, CELL.lost + Object.keys(TALLY).length);
    cells[CELL.lastHeard] = at;
    cells[CELL.lastInner] = at;
    this.#silentSince = at;
    this.#floatAskedAt = at;
    this.lastSent = at;
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
    addTo(this.#cells, CELL.innerBytes, bytes);
    this.#cells[CELL.lastInner] = at;
  }

  /** An authentic packet came. */
  received(bytes: number): void {
    addTo(this.#cells, CELL.packetsReceived, 1);
    addTo(this.#cells, CELL.bytesReceived, bytes);
  }

  /** A data packet went out. */
  sent(bytes: number, at: Instant): void {
    addTo(this.#cells, CELL.packetsSent, 1);
    addTo(this.#cells, CELL.bytesSent, bytes);
    this.lastSent = at;
  }

  /** One more of what a cell counts. */
  count(cell: Cell): void {
    addTo(this.#cells, cell, 1);
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
      sealer: this.#ciphers.sealing(keys.cipher, keys.send, this.slot.peerId, keyId),
      opener: this.#ciphers.opening(keys.cipher, keys.receive),
      replay: new ReplayWindow(size, seconds, this.#tally),
      nearEndTold: false,
    };
  }

  dropKey(keyId: number): void {
    const key = this.#keys[keyId & 7];
    if (key === undefined) return;
    key.replay.close();
    key.sealer.close();
    key.opener.close();
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
    this.#cells[CELL.lastHeard] = at;
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
    return countersOf(this.#cells);
  }

  counter(name: keyof PlaneCounters): number {
    return this.#cells[CELL[name]] ?? 0;
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
