import type { Now } from '../base/units.ts';
import { PUSH } from '../messages/push.ts';
import { TLS } from '../messages/tls.ts';
import { redactControlMessage } from '../protocol/negotiate/redact.ts';
import { IV_PROTO } from '../protocol/negotiate/peer-info.ts';
import type { SessionOutput } from '../protocol/session/types.ts';
import type { TlsCommand } from '../protocol/tls.ts';
import type { Approvals } from './approvals.ts';
import type { Connector } from './connect.ts';
import type { EngineContext } from './context.ts';
import type { Farewell } from './farewell.ts';
import type { ClientInstance } from './instance.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { LoginDesk } from './login.ts';
import type { Negotiator } from './negotiator.ts';
import type { Rejections } from './rejections.ts';
import type { Rivals } from './rivals.ts';
import type { Roster } from './roster.ts';
import { noteSessionStep } from './session-notes.ts';

/** Who a conversation passes things on to. */
export interface ConversationParts {
  readonly context: EngineContext;
  readonly roster: Roster;
  readonly negotiator: Negotiator;
  readonly logins: LoginDesk;
  readonly approvals: Approvals;
  readonly lifetimes: Lifetimes;
  readonly connector: Connector;
  readonly farewell: Farewell;
  readonly rivals: Rivals;
  readonly rejections: Rejections;
  readonly tls: (command: TlsCommand) => void;
  /** Notes when a client's next deadline is. */
  readonly wake: (client: ClientInstance) => void;
  /** The client is in, and has been told what to do. */
  readonly connected: (client: ClientInstance, now: Now) => void;
}

/**
 * What the sessions of clients say, and what follows from it: from the handshake by login and connecting to messages and further
 * keys.
 */
export class Conversation {
  readonly #parts: ConversationParts;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  /** Works off what a client's session wants, then notes when it wants to be woken. */
  turn(client: ClientInstance, now: Now): void {
    for (;;) {
      const out = client.session.poll();
      if (out === undefined) break;
      this.#handleOutput(client, out, now);
    }
    this.#parts.wake(client);
  }

  #handleOutput(client: ClientInstance, out: SessionOutput, now: Now): void {
    noteSessionStep(this.#parts.context.notes, out, client.ref);
    switch (out.kind) {
      case 'transmit': {
        const slot = client.planeOpen ? client.slot : undefined;
        this.#parts.context.plane({ kind: 'send-control', link: client.link, bytes: out.bytes, slot });
        return;
      }
      case 'tls-close':
        this.#parts.roster.dropTls(out.tls);
        this.#parts.tls(out);
        return;
      case 'tls-open':
        this.#parts.roster.addTls(out.tls, client);
        this.#parts.tls(out);
        return;
      case 'tls-feed':
      case 'tls-write':
        this.#parts.tls(out);
        return;
      case 'tls-established':
        return this.#parts.negotiator.established(client, out.keyId, out.peer, now);
      case 'key-method2':
        this.#parts.negotiator.answer(client, out.keyId);
        return this.#parts.logins.begin(client, out.keyId, out.message, now);
      case 'key-active':
        if (client.logins.get(out.keyId) === 'accepted') this.#keyReady(client, now);
        return;
      case 'message':
        return this.#handleMessage(client, out.text, now);
      case 'renegotiating':
        return this.#parts.lifetimes.renegotiating(client, out.byPeer, now);
      case 'key-failed':
        this.#parts.negotiator.failed(client, out.failure);
        if (client.session.currentKey.phase === 'failed') this.#parts.farewell.remove(client, 'SIGUSR1', 'tls-error', now);
        return;
      case 'send-with':
        if (client.planeOpen) this.#parts.context.plane({ kind: 'send-with', slot: client.slot, keyId: out.keyId });
        return;
      case 'key-dropped':
        client.logins.delete(out.keyId);
        client.verdicts.delete(out.keyId);
        this.#parts.context.notes.add(TLS.killedExpiringKey, {}, client.ref);
        if (client.planeOpen) this.#parts.context.plane({ kind: 'drop-key', slot: client.slot, keyId: out.keyId });
        return;
      case 'dropped':
        return this.#parts.rejections.control(out.reason, out.detail, client.link, client.ref, now);
    }
  }

  #handleMessage(client: ClientInstance, text: string, now: Now): void {
    this.#parts.context.notes.add(PUSH.received, { message: redactControlMessage(text) }, client.ref);
    if (client.phase === 'closing') return;
    if (text === 'PUSH_REQUEST') {
      client.pushWanted = true;
      return this.#parts.negotiator.push(client, now);
    }
    if (text === 'EXIT') return this.#parts.farewell.exitReceived(client, now);
    this.#parts.approvals.handleMessage(client, text);
  }

  /** A key id's login is decided in favour. */
  loginAccepted(client: ClientInstance, keyId: number, now: Now): void {
    const current = client.session.currentKey;
    if (current.keyId === keyId && current.phase === 'active') this.#keyReady(client, now);
  }

  /** Login and key exchange of the current key are both done. */
  #keyReady(client: ClientInstance, now: Now): void {
    if (client.phase === 'connected') {
      this.#parts.lifetimes.keyed(client, now);
      return this.#parts.negotiator.renegotiated(client, now);
    }
    if (client.phase !== 'authenticating') return;
    this.#parts.negotiator.announce(client);
    this.#parts.rivals.displace(client, now);
    this.#parts.negotiator.renewToken(client, now);
    this.#parts.connector.begin(client, now);
  }

  /** Everything that the client gets is put together. */
  connected(client: ClientInstance, now: Now): void {
    if (!this.#parts.negotiator.open(client, now)) return this.#parts.farewell.remove(client, 'SIGTERM', 'tls-error', now);
    client.announced = true;
    this.#parts.lifetimes.begin(client, now);
    if (client.pushWanted || client.announces(IV_PROTO.requestPush)) this.#parts.negotiator.push(client, now);
    this.#parts.connected(client, now);
  }
}
