import { after, earliest, type Instant, type Now } from '../../base/units.ts';
import { type ControlBody, MAX_ACKS, MAX_PIGGYBACK_ACKS } from '../control-body.ts';
import type { KeySource } from '../prf.ts';
import { decodeKeyMethod2, encodeKeyMethod2, type KeyMethod2 } from '../negotiate/key-method2.ts';
import { type ControlOpcode, OP } from '../opcodes.ts';
import { AckQueue } from '../reliable/acks.ts';
import { ReceiveWindow } from '../reliable/receive-window.ts';
import { SendWindow } from '../reliable/send-window.ts';
import type { TlsEvent, TlsPeer, TlsRole } from '../tls.ts';
import { MessageSplitter } from './message-splitter.ts';
import type { KeyFailure, SessionOutput, SessionTiming } from './types.ts';

/**
 * One key id of a session: its reliable channel, its TLS session, and how far the negotiation of its data keys has come.
 *
 *   resetting -> handshaking -> exchanging -> active
 *
 * Each phase owns what only it has, so nobody can ask for keys too early; any phase may end in `failed`.
 */
export type KeyPhase =
  /** Our reset is not acknowledged yet. */
  | { readonly kind: 'resetting' }
  | { readonly kind: 'handshaking' }
  /** TLS stands; the two key messages cross. */
  | { readonly kind: 'exchanging'; readonly peer: TlsPeer; readonly mine: KeySource | undefined; readonly theirs: KeySource | undefined }
  /** `sources` until data keys are made of them. */
  | { readonly kind: 'active'; readonly peer: TlsPeer; readonly sources: KeySources | undefined; readonly since: Instant }
  | { readonly kind: 'failed' };

/** What both ends gave for data keys by PRF. */
export interface KeySources {
  readonly mine: KeySource;
  readonly theirs: KeySource;
}

/** How a key state begins. */
export interface KeyStateStart {
  readonly keyId: number;
  readonly role: TlsRole;
  /** The number of its TLS session. */
  readonly tls: number;
  /** The reset that we send, or undefined when the cookie exchange has done both. */
  readonly reset: ControlOpcode | undefined;
  /** The peer began: our reset waits for its packet to be handled, and acknowledges that. */
  readonly byPeer: boolean;
  readonly timing: SessionTiming;
}

/** Ciphertext that TLS produced and no packet carries yet is bounded: nobody makes TLS speak this much unheard. */
const MAX_WAITING_BYTES = 256 * 1024;

/** What a key state needs of its session to send a packet. */
export interface PacketSink {
  /** Payload bytes that fit into a control packet of this key. */
  payloadRoom(keyId: number, messageId: number): number;
  /** Acknowledgements go with the next message alone. */
  holdsAcks(keyId: number): boolean;
  send(keyId: number, opcode: ControlOpcode, body: ControlBody): void;
  output(out: SessionOutput): void;
  /** The receiver's session id that goes with acks. */
  remoteId(): Buffer | undefined;
}

/** See the file's head. Driven by `Session`, which owns the wraps and the timers' host. */
export class KeyState {
  readonly keyId: number;
  readonly tls: number;
  #phase: KeyPhase;
  /** When data keys of this state were made; set by the session. */
  keyedAt: Instant | undefined;
  readonly #role: TlsRole;
  readonly #sink: PacketSink;
  readonly #send: SendWindow;
  readonly #receive: ReceiveWindow;
  readonly #acks = new AckQueue();
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  readonly #splitter = new MessageSplitter();
  #owedReset: ControlOpcode | undefined;
  /** When the negotiation must be done. */
  #giveUpAt: Instant | undefined;
  #ackAt: Instant | undefined;

  constructor(start: KeyStateStart, sink: PacketSink, now: Now) {
    const first = start.reset === undefined ? 1 : 0;
    this.keyId = start.keyId;
    this.tls = start.tls;
    this.#role = start.role;
    this.#sink = sink;
    this.#send = new SendWindow({ firstId: first, timeout: start.timing.tlsTimeout });
    this.#receive = new ReceiveWindow(first);
    this.#giveUpAt = after(now.at, start.timing.handWindow);
    this.#phase = { kind: 'resetting' };
    if (start.reset === undefined) this.#openTls();
    else if (start.byPeer) this.#owedReset = start.reset;
    else this.#transmit(start.reset, Buffer.alloc(0), now);
  }

  get phase(): KeyPhase {
    return this.#phase;
  }

  /** Of the last message that was acknowledged without a retransmission. */
  get roundTripMs(): number | undefined {
    return this.#send.roundTrip;
  }

  get retransmits(): number {
    return this.#send.retransmits;
  }

  // --- the world speaks -------------------------------------------------------------------------------------------

  /** A packet of this key id that passed the wrap and carried the right session ids. */
  handleBody(opcode: ControlOpcode, body: ControlBody, now: Now): 'taken' | 'window' {
    if (body.acks.length > 0) this.#handleAcks(body.acks, now);
    if (body.messageId === undefined) return 'taken';
    const verdict = this.#receive.accept(body.messageId, { opcode, payload: body.payload });
    if (verdict !== 'outside') {
      this.#acks.add(body.messageId);
      if (!this.#sink.holdsAcks(this.keyId)) this.#ackAt ??= now.at;
    }
    if (this.#owedReset !== undefined) this.#transmit(this.#owedReset, Buffer.alloc(0), now);
    this.#owedReset = undefined;
    if (verdict === 'outside') return 'window';
    for (;;) {
      const next = this.#receive.take();
      if (next === undefined) break;
      this.#deliver(next.opcode, next.payload);
    }
    return 'taken';
  }

  #handleAcks(acks: readonly number[], now: Now): void {
    this.#send.acknowledge(acks, now.at);
    for (const message of this.#send.takeDue(now.at)) this.#resend(message);
    if (this.#phase.kind === 'resetting' && this.#send.empty) this.#openTls();
    this.#fillWindow(now);
    this.#advance(now);
  }

  #deliver(opcode: ControlOpcode, payload: Buffer): void {
    // The payload of resets is reserved for extensions; it is not TLS (facts: wire 1).
    if (opcode !== OP.control || payload.length === 0) return;
    if (this.#phase.kind === 'failed') return;
    // TLS bytes prove that the peer saw our reset, though its ack was lost.
    if (this.#phase.kind === 'resetting') this.#openTls();
    this.#sink.output({ kind: 'tls-feed', tls: this.tls, bytes: payload });
  }

  handleTls(event: TlsEvent, now: Now): void {
    if (this.#phase.kind === 'failed') return;
    switch (event.kind) {
      case 'ciphertext':
        return this.#queue(event.bytes, now);
      case 'established':
        this.#phase = { kind: 'exchanging', peer: event.peer, mine: undefined, theirs: undefined };
        return this.#sink.output({ kind: 'tls-established', keyId: this.keyId, peer: event.peer });
      case 'plaintext':
        return this.#handlePlaintext(event.bytes, now);
      case 'failed':
        return this.fail({ kind: 'tls', reason: event.reason });
    }
  }

  #handlePlaintext(bytes: Buffer, now: Now): void {
    if (!this.#splitter.push(bytes)) return this.fail({ kind: 'key-method', why: 'too many bytes without a message' });
    if (this.#phase.kind === 'exchanging' && this.#phase.theirs === undefined) {
      const decoded = decodeKeyMethod2(this.#splitter.buffered, this.#role === 'server' ? 'client' : 'server');
      if (decoded.kind === 'need-more') return;
      if (decoded.kind === 'malformed') return this.fail({ kind: 'key-method', why: decoded.why });
      this.#splitter.skip(decoded.consumed);
      this.#phase = { ...this.#phase, theirs: sourceOf(decoded.message) };
      this.#sink.output({ kind: 'key-method2', keyId: this.keyId, message: decoded.message });
      this.#advance(now);
    }
    for (const text of this.#splitter.takeMessages()) this.#sink.output({ kind: 'message', text });
  }

  // --- the session speaks -----------------------------------------------------------------------------------------

  /** Sends our key message; allowed once, after TLS was established. */
  writeKeyMethod2(message: KeyMethod2): void {
    if (this.#phase.kind !== 'exchanging' || this.#phase.mine !== undefined) return;
    this.#phase = { ...this.#phase, mine: sourceOf(message) };
    this.#sink.output({ kind: 'tls-write', tls: this.tls, message: encodeKeyMethod2(message, this.#role) });
  }

  /** What data keys are made of, once: afterwards this state has forgotten it. */
  takeSources(): KeySources | undefined {
    if (this.#phase.kind !== 'active') return undefined;
    const { sources } = this.#phase;
    this.#phase = { ...this.#phase, sources: undefined };
    return sources;
  }

  /** One control message over this key's TLS session: NUL-terminated, a record of its own (facts: wire 7). */
  writeMessage(text: string): void {
    this.#sink.output({ kind: 'tls-write', tls: this.tls, message: Buffer.from(`${text}\0`, 'utf8') });
  }

  fail(failure: KeyFailure): void {
    if (this.#phase.kind === 'failed') return;
    this.#phase = { kind: 'failed' };
    this.#giveUpAt = undefined;
    this.#sink.output({ kind: 'key-failed', keyId: this.keyId, failure });
  }

  nextDeadline(): Instant | undefined {
    if (this.#phase.kind === 'failed') return undefined;
    return earliest(earliest(this.#giveUpAt, this.#ackAt), this.#send.nextDeadline());
  }

  handleDeadline(now: Now): void {
    if (this.#phase.kind === 'failed') return;
    if (this.#giveUpAt !== undefined && this.#giveUpAt <= now.at) return this.fail({ kind: 'timeout' });
    for (const message of this.#send.takeDue(now.at)) this.#resend(message);
    if (this.#ackAt !== undefined && this.#ackAt <= now.at) this.#sendAcks();
  }

  // --- inside -----------------------------------------------------------------------------------------------------

  #openTls(): void {
    this.#phase = { kind: 'handshaking' };
    this.#sink.output({ kind: 'tls-open', tls: this.tls, role: this.#role });
  }

  /** Active once both key messages crossed and the peer has acknowledged all that we sent. */
  #advance(now: Now): void {
    const phase = this.#phase;
    if (phase.kind !== 'exchanging' || phase.mine === undefined || phase.theirs === undefined) return;
    if (!this.#send.empty || this.#waiting.length > 0 || !this.#wroteKeyMethod2) return;
    this.#phase = { kind: 'active', peer: phase.peer, sources: { mine: phase.mine, theirs: phase.theirs }, since: now.at };
    this.#giveUpAt = undefined;
    this.#sink.output({ kind: 'key-active', keyId: this.keyId });
  }

  /** True when TLS has turned our key message into ciphertext: before, an empty window proves nothing. */
  #wroteKeyMethod2 = false;

  #queue(bytes: Buffer, now: Now): void {
    if (this.#phase.kind === 'exchanging' && this.#phase.mine !== undefined) this.#wroteKeyMethod2 = true;
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) return this.fail({ kind: 'tls', reason: 'the peer does not acknowledge' });
    this.#waiting.push(bytes);
    this.#fillWindow(now);
  }

  #fillWindow(now: Now): void {
    while (this.#waiting.length > 0 && this.#send.hasRoom) {
      this.#transmit(OP.control, this.#takeWaiting(this.#sink.payloadRoom(this.keyId, this.#send.nextId)), now);
    }
  }

  #takeWaiting(room: number): Buffer {
    const parts: Buffer[] = [];
    let left = room;
    while (left > 0) {
      const first = this.#waiting[0];
      if (first === undefined) break;
      parts.push(first.subarray(0, left));
      if (first.length <= left) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(left);
      left -= Math.min(first.length, left);
    }
    this.#waitingBytes -= room - left;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #transmit(opcode: ControlOpcode, payload: Buffer, now: Now): void {
    this.#resend(this.#send.add(opcode, payload, now.at));
  }

  #resend(message: { readonly id: number; readonly opcode: ControlOpcode; readonly payload: Buffer }): void {
    const acks = this.#acks.take(MAX_PIGGYBACK_ACKS);
    this.#ackAt = undefined;
    this.#sink.send(this.keyId, message.opcode, {
      acks,
      ackSession: acks.length > 0 ? this.#sink.remoteId() : undefined,
      messageId: message.id,
      payload: message.payload,
    });
    if (this.#acks.pending) this.#sendAcks();
  }

  #sendAcks(): void {
    this.#ackAt = undefined;
    while (this.#acks.pending) {
      const acks = this.#acks.take(MAX_ACKS);
      this.#sink.send(this.keyId, OP.ack, { acks, ackSession: this.#sink.remoteId(), messageId: undefined, payload: Buffer.alloc(0) });
    }
  }
}

/** Names and passwords of a key message are not kept. */
function sourceOf({ preMaster, random1, random2 }: KeyMethod2): KeySource {
  return { preMaster, random1, random2 };
}
