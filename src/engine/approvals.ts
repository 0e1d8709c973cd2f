import type { Secret } from '../base/secret.ts';
import { after, between, type Duration, type Instant, milliseconds, type Now } from '../base/units.ts';
import { AUTH } from '../messages/auth.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { EnvList } from '../model/env-list.ts';
import { IV_PROTO } from '../protocol/negotiate/peer-info.ts';
import type { EngineContext } from './context.ts';
import type { ClientInstance } from './instance.ts';

/** What a management client decided about a login. */
export type Decision =
  /** Lines as in a client's file; they count for the first login alone. */
  | { readonly kind: 'allow'; readonly config: readonly string[] }
  /** The reason that the peer is told. */
  | { readonly kind: 'deny'; readonly clientReason: string | undefined }
  /** Nobody decided in time. */
  | { readonly kind: 'timeout' };

/** A login that waits for a management client. */
export interface PendingApproval {
  /** `>CLIENT:CONNECT` or `>CLIENT:REAUTH`, for management clients that come later. */
  readonly event: DaemonEvent;
  readonly since: Instant;
  deadline: Instant;
  readonly proceed: (decision: Decision, now: Now) => void;
}

/** What approvals need of the engine. */
export interface ApprovalParts {
  readonly context: EngineContext;
  readonly clients: () => Iterable<ClientInstance>;
  readonly clientOf: (clientId: number) => ClientInstance | undefined;
  /** Works off what a client's session wants. */
  readonly turn: (client: ClientInstance, now: Now) => void;
}

/** How many clients are fully connected: `n_clients` of ENV blocks. */
export function connectedCount(clients: Iterable<ClientInstance>): number {
  let count = 0;
  for (const client of clients) if (client.phase === 'connected') count++;
  return count;
}

/** A client's environment of this moment with `n_clients` on top, as ENV blocks print it. */
export function countedEnv(client: ClientInstance, clients: Iterable<ClientInstance>): EnvList {
  return client.env.clone().set('n_clients', connectedCount(clients));
}

/**
 * `management-client-auth`: logins that a management client decides about (facts: management 16). Each waits until it is
 * decided or its time is up: `hand-window`, or what `client-pending-auth` asked for within bounds. The first decision
 * counts; a later one fails (a listed difference).
 */
export class Approvals {
  readonly #parts: ApprovalParts;

  constructor(parts: ApprovalParts) {
    this.#parts = parts;
  }

  /** Puts a login before the management clients. */
  ask(client: ClientInstance, password: Secret, proceed: PendingApproval['proceed'], now: Now): void {
    const keyId = client.keyCount;
    const { context, clients } = this.#parts;
    const env = client.env.clone().set('password', password.reveal()).set('n_clients', connectedCount(clients()));
    const what = client.phase === 'connected' ? 'REAUTH' : 'CONNECT';
    const event: DaemonEvent = { kind: 'client', what, clientId: client.clientId, keyId, env };
    const deadline = after(now.at, context.settings.control.handWindow);
    client.approvals.set(keyId, { event, since: now.at, deadline, proceed });
    client.referred = true;
    context.event(event);
    this.#arm(client);
  }

  /** The logins that wait, oldest client first, for a management client that has just come. */
  pending(): DaemonEvent[] {
    const waiting = [...this.#parts.clients()].filter((client) => client.phase !== 'closing');
    return waiting.flatMap((client) => [...client.approvals.values()].map(({ event }) => event));
  }

  /** `client-auth` and `client-auth-nt`. False when no such login waits. */
  allow(clientId: number, keyId: number, config: readonly string[], now: Now): boolean {
    return this.#decide(clientId, keyId, { kind: 'allow', config }, now);
  }

  /** `client-deny`. False when no such login waits. */
  deny(clientId: number, keyId: number, why: { readonly reason: string; readonly clientReason: string | undefined }, now: Now): boolean {
    if (this.#find(clientId, keyId) === undefined) return false;
    this.#parts.context.notes.add(AUTH.rejected, { reason: why.reason, clientReason: why.clientReason ?? '[NULL]' });
    return this.#decide(clientId, keyId, { kind: 'deny', clientReason: why.clientReason }, now);
  }

  /** `client-pending-auth`: tells the peer that its login goes on elsewhere, and gives it time. False when that cannot be. */
  defer(clientId: number, keyId: number, extra: string, timeout: Duration, now: Now): boolean {
    const found = this.#find(clientId, keyId);
    if (found === undefined) return false;
    const { client, pending } = found;
    const { context, turn } = this.#parts;
    const left = milliseconds(Math.min(timeout, this.#longestWait() - between(pending.since, now.at)));
    if (left <= 0) return false;
    pending.deadline = after(now.at, left);
    this.#arm(client);
    const keywords = client.announces(IV_PROTO.authPendingKeywords) ? `,timeout ${Math.floor(left / 1000)}` : '';
    context.say(client, `AUTH_PENDING${keywords}`);
    context.say(client, `INFO_PRE,${extra}`);
    turn(client, now);
    return true;
  }

  /** A message of the peer: `CR_RESPONSE,` carries its answer to a challenge, anything else is not for us. */
  handleMessage(client: ClientInstance, text: string): void {
    const [, response] = /^CR_RESPONSE,(.*)$/s.exec(text) ?? [];
    if (response === undefined) return;
    const { context, clients } = this.#parts;
    context.notes.add(AUTH.response, { response: '[redacted]' }, client.ref);
    const env = countedEnv(client, clients());
    context.event({ kind: 'client-response', clientId: client.clientId, keyId: client.keyCount, response, env });
  }

  /** The timer of a client's logins is due. */
  handleDeadline(client: ClientInstance, now: Now): void {
    for (const [keyId, pending] of client.approvals) {
      if (pending.deadline > now.at) continue;
      client.approvals.delete(keyId);
      pending.proceed({ kind: 'timeout' }, now);
    }
    this.#arm(client);
  }

  /** Stock's bound: half of `reneg-sec`, or the hand-window where that is longer. */
  #longestWait(): Duration {
    const { handWindow, renegotiate } = this.#parts.context.settings.control;
    return milliseconds(Math.max(renegotiate.after / 2, handWindow));
  }

  #find(clientId: number, keyId: number): { readonly client: ClientInstance; readonly pending: PendingApproval } | undefined {
    const client = this.#parts.clientOf(clientId);
    const pending = client?.approvals.get(keyId);
    return client === undefined || pending === undefined || client.phase === 'closing' ? undefined : { client, pending };
  }

  #decide(clientId: number, keyId: number, decision: Decision, now: Now): boolean {
    const found = this.#find(clientId, keyId);
    if (found === undefined) return false;
    const { client, pending } = found;
    client.approvals.delete(keyId);
    this.#arm(client);
    pending.proceed(decision, now);
    this.#parts.turn(client, now);
    return true;
  }

  #arm(client: ClientInstance): void {
    const deadlines = [...client.approvals.values()].map(({ deadline }) => deadline);
    if (deadlines.length === 0 || client.phase === 'closing') client.timers.clear('login');
    else client.timers.set('login', Math.min(...deadlines) as Instant);
  }
}
