import { keptCopy } from '../../base/bytes.ts';
import type { Random } from '../../base/random.ts';
import type { Now } from '../../base/units.ts';
import { decodeControlBody, encodeControlBody } from '../control-body.ts';
import type { Cookies } from '../cookie.ts';
import { OP } from '../opcodes.ts';
import { isWrapFailure } from '../wrap/control-wrap.ts';
import type { PreparedWrap } from '../wrap/prepare.ts';
import { freshSessionId } from './session-id.ts';
import type { DropReason } from './types.ts';

/** What to do with a control packet that belongs to no session. */
export type FirstContact =
  /** Send this; nothing is remembered. */
  | { readonly kind: 'reply'; readonly bytes: Buffer }
  /** Make a session with these ids, then hand it the packet. */
  | { readonly kind: 'accept'; readonly localId: Buffer; readonly remoteId: Buffer }
  | { readonly kind: 'drop'; readonly reason: DropReason; readonly detail: string };

/**
 * The server's side of first packets (facts: wire 5.1, 5.2). On UDP nothing is kept until the peer has shown that it
 * receives at its address: our session id in the reply is a cookie, and only a packet that acknowledges a valid one makes a
 * session. On TCP the connection is the proof.
 */
export class Greeter {
  readonly #wrap: PreparedWrap;
  readonly #cookies: Cookies | undefined;
  readonly #random: Random;

  /** `cookies` is undefined on TCP. */
  constructor(wrap: PreparedWrap, cookies: Cookies | undefined, random: Random) {
    this.#wrap = wrap;
    this.#cookies = cookies;
    this.#random = random;
  }

  /** `linkKey` stands for the peer's address in the cookie. */
  greet(packet: Buffer, linkKey: string, now: Now): FirstContact {
    if (((packet[0] ?? 0) & 7) !== 0) return { kind: 'drop', reason: 'key-id', detail: 'not of a first key' };
    const wrap = this.#wrap.open();
    const unwrapped = wrap.unwrap(packet, now);
    if (isWrapFailure(unwrapped)) return { kind: 'drop', reason: 'unwrap', detail: unwrapped.text };
    const body = decodeControlBody(unwrapped.opcode, unwrapped.body);
    if (body === 'malformed') return { kind: 'drop', reason: 'malformed', detail: 'control body' };
    const remoteId = keptCopy(unwrapped.sessionId);
    if (unwrapped.opcode === OP.hardResetClient) {
      if (body.messageId !== 0) return { kind: 'drop', reason: 'malformed', detail: 'reset with a message id other than 0' };
      if (this.#cookies === undefined) return { kind: 'accept', localId: freshSessionId(this.#random), remoteId };
      const localId = this.#cookies.make(linkKey, remoteId, now);
      const reply = encodeControlBody(OP.hardResetServer, { acks: [0], ackSession: remoteId, messageId: 0, payload: Buffer.alloc(0) });
      return { kind: 'reply', bytes: wrap.wrap({ opcode: OP.hardResetServer, keyId: 0, sessionId: localId }, reply, now) };
    }
    const answers = (unwrapped.opcode === OP.control || unwrapped.opcode === OP.ack) && body.ackSession !== undefined;
    if (!answers || this.#cookies === undefined) return { kind: 'drop', reason: 'opcode', detail: String(unwrapped.opcode) };
    const cookie = keptCopy(body.ackSession);
    if (!this.#cookies.valid(cookie, linkKey, remoteId, now)) return { kind: 'drop', reason: 'session-id', detail: 'cookie' };
    return { kind: 'accept', localId: cookie, remoteId };
  }
}
