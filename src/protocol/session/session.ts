import type { Machine } from '../../base/machine.ts';
import { randomBelow } from '../../base/random.ts';
import { after, between, type Duration, earliest, type Instant, milliseconds, type Now } from '../../base/units.ts';
import { type ControlBody, decodeControlBody, encodeControlBody } from '../control-body.ts';
import { type DataKeys, type DataCipher, dataKeysFrom } from '../data/keys.ts';
import type { KeyMethod2 } from '../negotiate/key-method2.ts';
import { type ControlOpcode, nextKeyId, OP } from '../opcodes.ts';
import { keysFromPrf } from '../prf.ts';
import type { TlsEvent } from '../tls.ts';
import type { WrapConfig } from '../wrap/config.ts';
import { type ControlWrap, isWrapFailure } from '../wrap/control-wrap.ts';
import { dynamicWrap, prepareWrap } from '../wrap/prepare.ts';
import { KeyState } from './key-state.ts';
import { type DropReason, type SessionConfig, type SessionOutput, tlsRole } from './types.ts';
import { WrappedKey } from './wrapped-key.ts';

/** Exporter labels (facts: wire 14, 6.6). */
const DATA_KEYS_LABEL = 'EXPORTER-OpenVPN-datakeys';
const DYNAMIC_WRAP_LABEL = 'EXPORTER-OpenVPN-dynamic-tls-crypt';
const KEY_MATERIAL_BYTES = 256;

/** Text messages waiting while a renegotiation runs; more than this nobody sends. */
const MAX_QUEUED_MESSAGES = 64;

/**
 * One peer's TLS-mode session: its key ids, who of them is current, and when that changes. Sans-IO, both roles.
 *
 * Getters: `localId`, `remoteId`, `counters`, `currentKey`. The world speaks through `handlePacket`, `handleTls` and
 * `handleDeadline`. The application speaks through `writeKeyMethod2`, `makeKeys`, `send`, `renegotiate`, `close`. After
 * any of these, `poll` until it gives undefined.
 *
 * At most two key states live: the current one and, after a renegotiation began, the one before it (the lame duck),
 * until its transition window ends (facts: wire 18). Data keys of one more may outlive it while a renegotiation runs.
 */
export class Session implements Machine {
  readonly localId: Buffer;
  #remoteId: Buffer | undefined;
  readonly #config: SessionConfig;
  readonly #wrap: ControlWrap;
  /** Of a client with a tls-crypt-v2 key. */
  readonly #wrappedKey: WrappedKey | undefined;
  /** Protects control packets of renegotiations once the peers agreed on it (facts: wire 6.6). */
  #dynamicKey: WrapConfig | undefined;
  #dynamicWrap: ControlWrap | undefined;
  #current: KeyState;
  /** The newest key id used: it counts on also when that negotiation failed. */
  #lastKeyId = 0;
  #lameDuck: KeyState | undefined;
  #lameDuckDiesAt: Instant | undefined;
  #renegotiateAt: Instant | undefined;
  #keyLifetime: Duration;
  /** Key ids whose TLS is closed while their data keys still receive. */
  readonly #retired: number[] = [];
  /** When the data plane turns from the lame duck's key to the current one. */
  #switchAt: Instant | undefined;
  readonly #queued: string[] = [];
  readonly #outputs: SessionOutput[] = [];
  #closed = false;
  #now: Now;
  #bytesReceived = 0;
  #bytesSent = 0;
  #renegotiations = 0;
  #retransmitsBefore = 0;
  #roundTripMs: number | undefined;

  constructor(config: SessionConfig, now: Now) {
    this.#config = config;
    this.#keyLifetime = config.timing.renegotiateAfter;
    this.#now = now;
    this.localId = config.localId;
    this.#remoteId = config.remoteId;
    const afterCookie = config.start.kind === 'server-after-cookie';
    this.#wrap = config.wrap.prepared.open(afterCookie ? { sentBefore: 1 } : undefined);
    const wrap = config.wrap.config;
    this.#wrappedKey = wrap.kind === 'tls-crypt' && wrap.wrapped !== undefined ? new WrappedKey(wrap.wrapped) : undefined;
    const resets = {
      client: this.#wrappedKey === undefined ? OP.hardResetClient : OP.hardResetClientV3,
      server: OP.hardResetServer,
      'server-after-cookie': undefined,
    };
    this.#current = this.#newKeyState(0, resets[config.start.kind], false, now);
  }

  // --- getters ----------------------------------------------------------------------------------------------------

  get remoteId(): Buffer | undefined {
    return this.#remoteId;
  }

  /** The newest key state's phase and id. */
  get currentKey(): { readonly keyId: number; readonly phase: KeyState['phase']['kind'] } {
    return { keyId: this.#current.keyId, phase: this.#current.phase.kind };
  }

  /** How long the current key is used before we renegotiate; 0 for no such limit. */
  get keyLifetime(): Duration {
    return this.#keyLifetime;
  }

  /** What was measured: control-channel bytes and quality. */
  get counters(): {
    readonly bytesReceived: number;
    readonly bytesSent: number;
    readonly retransmits: number;
    readonly renegotiations: number;
    readonly roundTripMs: number | undefined;
  } {
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      retransmits: this.#retransmitsBefore + this.#current.retransmits + (this.#lameDuck?.retransmits ?? 0),
      renegotiations: this.#renegotiations,
      roundTripMs: this.#current.roundTripMs ?? this.#roundTripMs,
    };
  }

  // --- the world speaks -------------------------------------------------------------------------------------------

  /** A control packet from the peer's address. Gives true when it was authentic, for the ping timers. */
  handlePacket(bytes: Buffer, now: Now): boolean {
    if (this.#closed) return false;
    this.#now = now;
    const keyId = (bytes[0] ?? 0) & 7;
    const unwrapped = this.#wrapOf(keyId).unwrap(bytes, now);
    if (isWrapFailure(unwrapped)) return this.#drop(unwrapped.failure === 'replay' ? 'replay' : 'unwrap', unwrapped.text);
    const body = decodeControlBody(unwrapped.opcode, unwrapped.body);
    if (body === 'malformed') return this.#drop('malformed', 'control body');
    if (!this.#acceptIds(unwrapped.opcode, unwrapped.sessionId, body)) return false;
    if (keyId === 0) this.#wrappedKey?.handleAcks(body.acks);
    this.#bytesReceived += bytes.length;
    this.#config.onBody?.('received', unwrapped.opcode, unwrapped.keyId, body);
    const state = this.#stateFor(unwrapped.opcode, unwrapped.keyId, now);
    if (state === undefined) return this.#drop('key-id', String(unwrapped.keyId));
    if (state.handleBody(unwrapped.opcode, body, now) === 'window') return this.#drop('window', String(body.messageId));
    return true;
  }

  /** What TLS session `tls` says; ignored when it is none of ours any more. */
  handleTls(tls: number, event: TlsEvent, now: Now): void {
    if (this.#closed) return;
    this.#now = now;
    if (this.#current.tls === tls) this.#current.handleTls(event, now);
    else if (this.#lameDuck?.tls === tls) this.#lameDuck.handleTls(event, now);
  }

  nextDeadline(): Instant | undefined {
    if (this.#closed) return undefined;
    const own = earliest(earliest(this.#inUse ? this.#renegotiateAt : undefined, this.#lameDuckDiesAt), this.#switchAt);
    return earliest(own, earliest(this.#current.nextDeadline(), this.#lameDuck?.nextDeadline()));
  }

  handleDeadline(now: Now): void {
    if (this.#closed) return;
    this.#now = now;
    if (this.#switchAt !== undefined && this.#switchAt <= now.at) this.#switchSending();
    if (this.#lameDuckDiesAt !== undefined && this.#lameDuckDiesAt <= now.at) this.#dropLameDuck();
    if (this.#inUse && this.#renegotiateAt !== undefined && this.#renegotiateAt <= now.at) this.renegotiate(now);
    this.#lameDuck?.handleDeadline(now);
    this.#current.handleDeadline(now);
  }

  // --- the application speaks -------------------------------------------------------------------------------------

  /** Answers `tls-established` (client) or `key-method2` (server) with our own key message. */
  writeKeyMethod2(keyId: number, message: KeyMethod2): void {
    if (this.#current.keyId === keyId) this.#current.writeKeyMethod2(message);
  }

  /**
   * The data keys of an active key id; undefined when it is not active, or they were made before. Calling it says that they are in use from now on:
   * `send-with` follows when the peer can be expected to have them too.
   */
  makeKeys(keyId: number, method: 'exporter' | 'prf', cipher: DataCipher): DataKeys | undefined {
    const state = this.#current;
    const phase = state.phase;
    if (state.keyId !== keyId || phase.kind !== 'active' || this.#remoteId === undefined) return undefined;
    const role = tlsRole(this.#config.start);
    const sources = state.takeSources();
    if (sources === undefined) return undefined;
    const { mine, theirs } = sources;
    const ends = role === 'client' ? { client: mine, server: theirs } : { client: theirs, server: mine };
    const ids =
      role === 'client' ? { clientId: this.localId, serverId: this.#remoteId } : { clientId: this.#remoteId, serverId: this.localId };
    const exported = method === 'exporter' ? phase.peer.exportKey(DATA_KEYS_LABEL, KEY_MATERIAL_BYTES) : undefined;
    const material = exported ?? keysFromPrf({ ...ends, ...ids });
    const keys = dataKeysFrom(material, cipher, role);
    material.fill(0);
    if (keys === undefined) return undefined;
    state.keyedAt = this.#now.at;
    const before = this.#lameDuck?.keyedAt;
    if (before === undefined) this.#switchSending();
    else this.#switchAt = after(this.#now.at, this.#switchDelay(between(before, this.#now.at)));
    return keys;
  }

  /** Both ends agreed on `dyn-tls-crypt`: control packets of later key ids are wrapped with a key of the first TLS session. */
  enableDynamicWrap(): void {
    const phase = this.#current.phase;
    if (phase.kind !== 'active' || this.#dynamicKey !== undefined) return;
    this.#dynamicKey = dynamicWrap(phase.peer.exportKey(DYNAMIC_WRAP_LABEL, KEY_MATERIAL_BYTES), this.#config.wrap.config);
  }

  /** Sends a control message; held back while a renegotiation runs, as its TLS session could not carry it yet. */
  send(text: string): void {
    if (this.#closed) return;
    const { phase } = this.#current;
    // The peer reads our key message first, so that nothing may go before it.
    const ready = phase.kind === 'active' || (phase.kind === 'exchanging' && phase.mine !== undefined && this.#lameDuck === undefined);
    if (ready) this.#current.writeMessage(text);
    else if (this.#queued.length < MAX_QUEUED_MESSAGES) this.#queued.push(text);
  }

  /** Begins a renegotiation, unless one is under way or the current key is not in use yet. */
  renegotiate(now: Now): void {
    if (this.#closed || !this.#inUse) return;
    this.#now = now;
    this.#beginRenegotiation(nextKeyId(this.#lastKeyId), false, now);
  }

  /** Ends without another word: TLS sessions are closed, nothing is sent, nothing comes out but what is queued. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const state of [this.#lameDuck, this.#current]) {
      if (state !== undefined) this.#outputs.push({ kind: 'tls-close', tls: state.tls });
    }
  }

  /** The next thing to do or to know. */
  poll(): SessionOutput | undefined {
    return this.#outputs.shift();
  }

  // --- key states -------------------------------------------------------------------------------------------------

  #newKeyState(keyId: number, reset: ControlOpcode | undefined, byPeer: boolean, now: Now): KeyState {
    const start = { keyId, reset, byPeer, role: tlsRole(this.#config.start), tls: this.#config.nextTls(), timing: this.#config.timing };
    const sink = {
      payloadRoom: (id: number, messageId: number) => this.#payloadRoom(id, messageId),
      holdsAcks: (id: number) => id === 0 && this.#wrappedKey?.holdsAcks === true,
      send: (id: number, opcode: ControlOpcode, body: ControlBody) => this.#transmit(id, opcode, body),
      output: (out: SessionOutput) => this.#handleKeyOutput(out),
      remoteId: () => this.#remoteId,
    };
    return new KeyState(start, sink, now);
  }

  #stateFor(opcode: ControlOpcode, keyId: number, now: Now): KeyState | undefined {
    const isNew = opcode === OP.softReset && isAhead(keyId, this.#current.keyId);
    if (isNew && this.#inUse) this.#beginRenegotiation(keyId, true, now);
    if (this.#current.keyId === keyId) return this.#current;
    return this.#lameDuck?.keyId === keyId ? this.#lameDuck : undefined;
  }

  /** Data keys were made of the current key: before, who is let in by it is not decided, and no other takes its place (facts: wire 18). */
  get #inUse(): boolean {
    return this.#current.phase.kind === 'active' && this.#current.keyedAt !== undefined;
  }

  #beginRenegotiation(keyId: number, byPeer: boolean, now: Now): void {
    this.#retireLameDuck();
    const previous = this.#current;
    this.#roundTripMs = previous.roundTripMs ?? this.#roundTripMs;
    this.#lameDuck = previous;
    this.#lameDuckDiesAt = after(now.at, this.#config.timing.tranWindow);
    this.#renegotiateAt = undefined;
    this.#lastKeyId = keyId;
    this.#current = this.#newKeyState(keyId, OP.softReset, byPeer, now);
    this.#outputs.push({ kind: 'renegotiating', keyId, byPeer });
  }

  /** The current key must send before the older one goes, whatever its age. Gives the key id whose TLS is closed now. */
  #closeLameDuck(): number | undefined {
    const state = this.#lameDuck;
    if (state === undefined) return undefined;
    if (this.#switchAt !== undefined) this.#switchSending();
    this.#lameDuck = undefined;
    this.#lameDuckDiesAt = undefined;
    this.#retransmitsBefore += state.retransmits;
    this.#outputs.push({ kind: 'tls-close', tls: state.tls });
    return state.keyId;
  }

  #dropLameDuck(): void {
    const keyId = this.#closeLameDuck();
    if (keyId !== undefined) this.#outputs.push({ kind: 'key-dropped', keyId });
  }

  /** The peer may send with it until it hears of the renegotiation, so its data keys stay until that is decided. */
  #retireLameDuck(): void {
    const keyId = this.#closeLameDuck();
    if (keyId !== undefined) this.#retired.push(keyId);
  }

  #dropRetired(): void {
    for (const keyId of this.#retired.splice(0)) this.#outputs.push({ kind: 'key-dropped', keyId });
  }

  #handleKeyOutput(out: SessionOutput): void {
    this.#outputs.push(out);
    if (out.kind === 'key-active') this.#handleActive();
    if (out.kind === 'key-failed') this.#handleKeyFailure(out.keyId);
  }

  #handleActive(): void {
    this.#dropRetired();
    if (this.#lameDuck !== undefined) this.#renegotiations++;
    const every = this.#config.timing.renegotiateAfter;
    if (every > 0) {
      const early = tlsRole(this.#config.start) === 'server' ? randomBelow(this.#config.random, Math.floor(every / 10) + 1) : 0;
      this.#keyLifetime = milliseconds(every - early);
      this.#renegotiateAt = after(this.#now.at, this.#keyLifetime);
    }
    for (const text of this.#queued.splice(0)) this.#current.writeMessage(text);
  }

  /** A renegotiation that failed leaves the key before it in force; the owner ends the session when there is none. */
  #handleKeyFailure(keyId: number): void {
    const failed = this.#current;
    if (failed.keyId !== keyId) return;
    this.#outputs.push({ kind: 'tls-close', tls: failed.tls });
    this.#dropRetired();
    const before = this.#lameDuck;
    if (before?.phase.kind !== 'active') return;
    this.#lameDuck = undefined;
    this.#lameDuckDiesAt = undefined;
    this.#retransmitsBefore += failed.retransmits;
    this.#current = before;
    if (failed.keyedAt !== undefined) {
      this.#switchSending();
      this.#outputs.push({ kind: 'key-dropped', keyId });
    }
    this.#renegotiateAt = after(this.#now.at, this.#config.timing.handWindow);
  }

  /** The peer may need a while to have the new keys too. Where it renegotiates often, it may not wait for long (facts: wire 18). */
  #switchDelay(ageOfOld: Duration): Duration {
    const { handWindow, renegotiateAfter, tranWindow, tlsTimeout } = this.#config.timing;
    const half = renegotiateAfter > 0 ? renegotiateAfter / 2 : Number.POSITIVE_INFINITY;
    return milliseconds(Math.min(handWindow, half, tranWindow / 2, Math.max(ageOfOld / 2, tlsTimeout)));
  }

  #switchSending(): void {
    this.#switchAt = undefined;
    this.#outputs.push({ kind: 'send-with', keyId: this.#current.keyId });
  }

  // --- packets ----------------------------------------------------------------------------------------------------

  #wrapOf(keyId: number): ControlWrap {
    if (keyId === 0 || this.#dynamicKey === undefined) return this.#wrap;
    // Made when it is needed first: most sessions end before they renegotiate.
    this.#dynamicWrap ??= prepareWrap(this.#dynamicKey, tlsRole(this.#config.start)).open();
    return this.#dynamicWrap;
  }

  #payloadRoom(keyId: number, messageId: number): number {
    // Op, session id, four acks with their session id and the message id travel beside the payload.
    const carried = keyId === 0 ? (this.#wrappedKey?.room(messageId) ?? 0) : 0;
    return Math.max(64, this.#config.maxControlBytes - carried - this.#wrapOf(keyId).overhead - 1 - 8 - (1 + 16 + 8) - 4);
  }

  #transmit(keyId: number, plain: ControlOpcode, body: ControlBody): void {
    const carrier = keyId === 0 ? this.#wrappedKey?.carrier(plain, body.messageId) : undefined;
    const opcode = carrier ?? plain;
    const packet = this.#wrapOf(keyId).wrap({ opcode, keyId, sessionId: this.localId }, encodeControlBody(opcode, body), this.#now);
    const bytes = carrier === undefined || this.#wrappedKey === undefined ? packet : Buffer.concat([packet, this.#wrappedKey.bytes]);
    this.#bytesSent += bytes.length;
    this.#config.onBody?.('sent', opcode, keyId, body);
    this.#outputs.push({ kind: 'transmit', bytes });
  }

  #acceptIds(opcode: ControlOpcode, sessionId: Buffer, body: ControlBody): boolean {
    if (body.ackSession !== undefined && !body.ackSession.equals(this.localId))
      return this.#drop('session-id', 'acknowledges another session');
    if (this.#remoteId === undefined) {
      if (opcode !== OP.hardResetServer) return this.#drop('opcode', 'no reset from the server yet');
      this.#remoteId = Buffer.from(sessionId);
      this.#wrappedKey?.handleReset(body.payload);
      return true;
    }
    return this.#remoteId.equals(sessionId) || this.#drop('session-id', 'of another session');
  }

  #drop(reason: DropReason, detail: string): false {
    this.#outputs.push({ kind: 'dropped', reason, detail });
    return false;
  }
}

/**
 * True for the next few key ids: the peer may have counted renegotiations that failed before we heard of them. Older ones
 * are late packets.
 */
function isAhead(keyId: number, current: number): boolean {
  const steps = current === 0 ? keyId : (keyId - current + 7) % 7;
  return keyId > 0 && steps >= 1 && steps <= 3;
}
