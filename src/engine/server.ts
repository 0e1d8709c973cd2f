import { DeadlineQueue } from '../base/deadline-queue.ts';
import type { Machine } from '../base/machine.ts';
import type { Random } from '../base/random.ts';
import { after, earliest, type Instant, type Now } from '../base/units.ts';
import { LINK } from '../messages/link.ts';
import { MULTI } from '../messages/multi.ts';
import { Notes } from '../messages/notes.ts';
import { PUSH } from '../messages/push.ts';
import { formatAddress, formatFamilyAddress } from '../model/address.ts';
import type { EnvList } from '../model/env-list.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import type { Link, PeerSlot, PlaneCounters, PlaneEvent, PlaneView } from '../protocol/data/plane.ts';
import { redactControlMessage } from '../protocol/negotiate/redact.ts';
import type { TlsEvent } from '../protocol/tls.ts';
import type { CrlCheck } from '../protocol/verify/crl.ts';
import { prepareWrap } from '../protocol/wrap/prepare.ts';
import type { TlsCryptCiphers } from '../protocol/wrap/tls-crypt-ciphers.ts';
import { Approvals, countedEnv } from './approvals.ts';
import { Connector } from './connect.ts';
import { Conversation } from './conversation.ts';
import type { EngineContext } from './context.ts';
import { Doorman } from './doorman.ts';
import { Farewell } from './farewell.ts';
import { IdleLinks } from './idle-links.ts';
import { InnerOwners } from './inner-owners.ts';
import { ClientInstance, type ClientTimer } from './instance.ts';
import { Lifetimes } from './lifetimes.ts';
import { LoginDesk } from './login.ts';
import { Negotiator } from './negotiator.ts';
import { Numbers } from './numbers.ts';
import { openSession } from './open-session.ts';
import { AddressPool, type PoolEntry } from './pool.ts';
import { Questions } from './questions.ts';
import { Rejections } from './rejections.ts';
import { Rivals } from './rivals.ts';
import { Roster } from './roster.ts';
import type { ServerSettings } from './settings.ts';
import { clientRecord } from './status-view.ts';
import type { Answer, EngineOutput } from './types.ts';

export { Numbers };

/** What an engine is made of. */
export interface ServerEngineConfig {
  readonly settings: ServerSettings;
  readonly random: Random;
  /** What the configured key of tls-crypt is put to work by, if not by node:crypto. */
  readonly tlsCrypt?: TlsCryptCiphers;
  readonly verb: number;
  /** What every script is told of the daemon. */
  readonly env: EnvList;
  /** Counters of the data plane, readable at once. */
  readonly plane: PlaneView;
  /** What an earlier run remembered of its pool. */
  readonly poolEntries: readonly PoolEntry[];
  /** Numbers that go on over a restart: client ids, sessions, TLS sessions. */
  readonly numbers: Numbers;
}

/**
 * OpenVPN's multi-client server as a sans-IO machine. The world speaks by `handlePlane`, `handleTls`, `handleAnswer` and
 * `handleDeadline`; operators by `kill*`, `stop`, `setCrl`; everything to do comes out of `poll`, in order. Status and
 * counters are read by `clients()`.
 */
export class ServerEngine implements Machine {
  readonly settings: ServerSettings;
  readonly notes: Notes;
  readonly pool: AddressPool;
  /** Logins that management clients decide about. */
  readonly approvals: Approvals;
  readonly #config: ServerEngineConfig;
  readonly #outputs: EngineOutput[] = [];
  readonly #roster: Roster;
  readonly #deadlines = new DeadlineQueue<ClientInstance>();
  readonly #doorman: Doorman;
  readonly #rejections: Rejections;
  readonly #negotiator: Negotiator;
  readonly #logins: LoginDesk;
  readonly #lifetimes: Lifetimes;
  readonly #connector: Connector;
  readonly #wrap;
  readonly #context: EngineContext;
  readonly #farewell: Farewell;
  readonly #rivals: Rivals;
  readonly #conversation: Conversation;
  readonly #questions = new Questions((id, question) => this.#outputs.push({ kind: 'ask', id, question }));
  readonly #idleLinks = new IdleLinks();
  readonly #crl: { lists: CrlCheck | undefined } = { lists: undefined };

  constructor(config: ServerEngineConfig) {
    const { settings } = config;
    this.#config = config;
    this.settings = settings;
    this.notes = new Notes(config.verb, (note) => this.#outputs.push(note));
    this.pool = new AddressPool(settings.pool4, settings.pool6, !settings.duplicateCn);
    this.pool.load(config.poolEntries);
    this.#roster = new Roster(settings.maxClients);
    this.#wrap = { config: settings.control.wrap, prepared: prepareWrap(settings.control.wrap, 'server', config.tlsCrypt) };
    this.#doorman = new Doorman(settings, this.#wrap.prepared, this.notes, config.random);
    this.#rejections = new Rejections(settings, this.notes);
    this.#context = this.#makeContext();
    this.#negotiator = new Negotiator(this.#context);
    this.#lifetimes = new Lifetimes(this.#context, (client) => this.countersOf(client));
    this.#connector = new Connector(this.#context, this.pool, new InnerOwners(), (client, now) =>
      this.#conversation.connected(client, now),
    );
    this.approvals = new Approvals({
      context: this.#context,
      clients: () => this.#roster.all(),
      clientOf: (clientId) => this.#roster.ofClientId(clientId),
      turn: (client, now) => this.#conversation.turn(client, now),
    });
    this.#logins = new LoginDesk(this.#context, this.approvals, (client, keyId, now) =>
      this.#conversation.loginAccepted(client, keyId, now),
    );
    this.#farewell = new Farewell({
      context: this.#context,
      roster: this.#roster,
      doorman: this.#doorman,
      connector: this.#connector,
      bytesOf: (client) => this.bytesOf(client),
      turn: (client, now) => this.#conversation.turn(client, now),
      stopped: () => this.#outputs.push({ kind: 'stopped' }),
    });
    this.#rivals = new Rivals(this.#context, this.#roster, this.#rejections);
    this.#conversation = new Conversation({
      context: this.#context,
      roster: this.#roster,
      negotiator: this.#negotiator,
      logins: this.#logins,
      approvals: this.approvals,
      lifetimes: this.#lifetimes,
      connector: this.#connector,
      farewell: this.#farewell,
      rivals: this.#rivals,
      rejections: this.#rejections,
      tls: (command) => this.#outputs.push({ kind: 'tls', command }),
      wake: (client) => this.#deadlines.set(client, this.#roster.has(client) ? client.nextDeadline() : undefined),
      connected: (client, now) => this.#announce(client, now),
    });
  }

  #makeContext(): EngineContext {
    const crl = this.#crl;
    return {
      settings: this.settings,
      notes: this.notes,
      random: this.#config.random,
      get crl() {
        return crl.lists;
      },
      event: (event) => this.#outputs.push({ kind: 'event', event }),
      plane: (command) => this.#outputs.push({ kind: 'plane', command }),
      ask: (client, question, proceed) => this.#questions.ask(client, question, proceed),
      tell: (question) => this.#questions.ask(undefined, question, () => {}),
      say: (client, message) => this.#say(client, message),
      dismiss: (client, message, reason, now) => this.#farewell.dismiss(client, message, reason, now),
      remove: (client, signal, reason, now) => this.#farewell.remove(client, signal, reason, now),
    };
  }

  // --- getters ----------------------------------------------------------------------------------------------------

  /** All client instances, those in handshake too. */
  clients(): Iterable<ClientInstance> {
    return this.#roster.all();
  }

  /** Totals since the start, of clients that have gone too. */
  totals(): { readonly received: number; readonly sent: number } {
    let { received, sent } = this.#farewell.gone;
    for (const client of this.#roster.all()) {
      const bytes = this.bytesOf(client);
      received += bytes.received;
      sent += bytes.sent;
    }
    return { received, sent };
  }

  /** Link bytes of one client, control and data. */
  bytesOf(client: ClientInstance): { readonly received: number; readonly sent: number } {
    const control = client.session.counters;
    const received = control.bytesReceived + this.#counterOf(client, 'bytesReceived');
    return { received, sent: control.bytesSent + this.#counterOf(client, 'bytesSent') };
  }

  #counterOf({ finalCounters, planeOpen, slot }: ClientInstance, name: keyof PlaneCounters): number {
    return finalCounters?.[name] ?? (planeOpen ? (this.#config.plane.counter(slot, name) ?? 0) : 0);
  }

  /** What the data plane counts for one client; undefined before it carried anything. */
  countersOf(client: ClientInstance): PlaneCounters | undefined {
    return client.finalCounters ?? (client.planeOpen ? this.#config.plane.counters(client.slot) : undefined);
  }

  /** The client of a management client id. */
  clientOf(clientId: number): ClientInstance | undefined {
    return this.#roster.ofClientId(clientId);
  }

  /** Whose slot of the data plane it is, for the log. */
  refOf(slot: PeerSlot): PeerRef | undefined {
    return this.#roster.ofSlot(slot)?.ref;
  }

  nextDeadline(): Instant | undefined {
    const clients = earliest(this.#deadlines.next(), this.#farewell.nextDeadline());
    return earliest(clients, earliest(this.#rejections.nextDeadline(), this.#idleLinks.nextDeadline()));
  }

  // --- the world speaks -------------------------------------------------------------------------------------------

  handlePlane(event: PlaneEvent, now: Now): void {
    switch (event.kind) {
      case 'control':
        return this.#handleControl(event.bytes, event.link, now);
      case 'link-opened':
        this.notes.add(LINK.tcpEstablished, { address: formatFamilyAddress(event.link.address) });
        this.#idleLinks.add(event.link, after(now.at, this.settings.control.handWindow));
        return;
      case 'link-closed':
        this.#idleLinks.delete(event.link);
        this.#rejections.stream(event, this.#roster.onLink(event.link)[0]?.ref, now);
        for (const client of this.#roster.onLink(event.link)) {
          this.notes.add(LINK.connectionReset, { status: 0 }, client.ref);
          this.#farewell.remove(client, 'SIGUSR1', 'connection-reset', now);
        }
        return;
      case 'closed': {
        const client = this.#roster.ofSlot(event.slot);
        if (client !== undefined) this.#farewell.finish(client, event.counters, now);
        return;
      }
      case 'rejected': {
        const peer = event.slot === undefined ? undefined : this.#roster.ofSlot(event.slot);
        return this.#rejections.data(event, peer?.ref, now);
      }
      default:
        return this.#handlePeerEvent(event, now);
    }
  }

  #handlePeerEvent(event: Extract<PlaneEvent, { kind: 'float-asked' | 'ping-lost' | 'key-near-end' | 'exit-seen' }>, now: Now): void {
    const client = this.#roster.ofSlot(event.slot);
    if (client === undefined) return;
    switch (event.kind) {
      case 'float-asked':
        return this.#rivals.float(client, event.link, now);
      case 'ping-lost':
        this.notes.add(MULTI.pingRestart, { commonName: client.commonName ?? '' }, client.ref);
        return this.#farewell.remove(client, 'SIGUSR1', 'ping-restart', now);
      case 'key-near-end':
        if (event.keyId === client.session.currentKey.keyId) client.session.renegotiate(now);
        return this.#conversation.turn(client, now);
      case 'exit-seen':
        this.notes.add(MULTI.occExitReceived, {}, client.ref);
        return this.#farewell.remove(client, 'SIGTERM', 'remote-exit', now);
    }
  }

  handleTls(tls: number, event: TlsEvent, now: Now): void {
    const client = this.#roster.ofTls(tls);
    if (client === undefined) return;
    client.session.handleTls(tls, event, now);
    this.#conversation.turn(client, now);
  }

  /** The host's answer to a question; late ones for clients that have gone are dropped. */
  handleAnswer(id: number, answer: Answer, now: Now): void {
    const question = this.#questions.take(id);
    if (question === undefined) return;
    const { client } = question;
    if (client !== undefined && (!this.#roster.has(client) || client.phase === 'closing')) return;
    question.proceed(answer, now);
    if (client !== undefined) this.#conversation.turn(client, now);
  }

  handleDeadline(now: Now): void {
    for (;;) {
      const client = this.#deadlines.takeDue(now.at);
      if (client === undefined) break;
      client.session.handleDeadline(now);
      for (;;) {
        const timer = client.timers.takeDue(now.at);
        if (timer === undefined) break;
        this.#handleTimer(client, timer, now);
      }
      this.#conversation.turn(client, now);
    }
    this.#rejections.handleDeadline(now);
    for (const link of this.#idleLinks.takeDue(now.at)) this.#outputs.push({ kind: 'plane', command: { kind: 'close-link', link } });
    this.#farewell.handleDeadline(now);
  }

  #handleTimer(client: ClientInstance, timer: ClientTimer, now: Now): void {
    if (timer === 'login') return this.approvals.handleDeadline(client, now);
    if (timer === 'token') return this.#negotiator.sendToken(client, now);
    if (timer === 'exit') return this.#farewell.remove(client, 'SIGTERM', 'delayed-exit', now);
    this.#lifetimes.handleTimer(client, timer, now);
  }

  // --- operators speak --------------------------------------------------------------------------------------------

  /** The revocation lists now in force; undefined without `crl-verify`. */
  setCrl(crl: CrlCheck | undefined): void {
    this.#crl.lists = crl;
  }

  /** Ends clients at once, without a message, as `kill` does. Gives how many. */
  kill(which: (client: ClientInstance) => boolean, now: Now): number {
    const doomed = [...this.#roster.all()].filter((client) => client.phase !== 'closing' && which(client));
    for (const client of doomed) this.#farewell.remove(client, 'SIGTERM', 'management-kill', now);
    return doomed.length;
  }

  /** Sends a client a message (`RESTART`, `HALT`, ...) and ends it when it had time to read that. */
  clientKill(clientId: number, message: string, now: Now): boolean {
    const client = this.#roster.ofClientId(clientId);
    if (client === undefined || client.phase === 'closing') return false;
    this.#farewell.dismiss(client, message, 'client-kill', now);
    this.#conversation.turn(client, now);
    return true;
  }

  /** Sends control messages to a client. */
  tell(client: ClientInstance, messages: readonly string[], now: Now): void {
    for (const message of messages) this.#say(client, message);
    this.#conversation.turn(client, now);
  }

  /** Tells all clients to come back later, ends them, and gives `stopped` when the last one's counters are in. */
  stop(now: Now): void {
    this.#farewell.stop(now);
  }

  /** The next thing to do or to know. */
  poll(): EngineOutput | undefined {
    return this.#outputs.shift();
  }

  // --- packets ----------------------------------------------------------------------------------------------------

  #handleControl(bytes: Buffer, link: Link, now: Now): void {
    const sessionId = bytes.subarray(1, 9);
    for (const client of this.#roster.onLink(link)) {
      if (client.session.remoteId?.equals(sessionId) !== true) continue;
      if (client.session.handlePacket(bytes, now)) {
        client.lastControlHeard = now;
        if (client.planeOpen) this.#outputs.push({ kind: 'plane', command: { kind: 'control-heard', slot: client.slot } });
      }
      return this.#conversation.turn(client, now);
    }
    this.#firstContact(bytes, link, now);
  }

  #firstContact(bytes: Buffer, link: Link, now: Now): void {
    const client = formatAddress(link.address);
    if (this.#farewell.stopping) return this.#rejections.limited('shutting down', now, MULTI.shuttingDown, { client });
    const admission = this.#doorman.admit(bytes, link, now);
    switch (admission.kind) {
      case 'limited':
        return;
      case 'too-frequent':
        return this.#rejections.limited('connect-freq', now, MULTI.connectFreq, { client });
      case 'drop':
        return this.#rejections.control(admission.reason, admission.detail, link, undefined, now);
      case 'reply':
        this.#outputs.push({ kind: 'plane', command: { kind: 'send-control', link, bytes: admission.bytes, slot: undefined } });
        return;
      case 'admit':
        return this.#admit(bytes, link, admission.localId, admission.remoteId, now);
    }
  }

  #admit(bytes: Buffer, link: Link, localId: Buffer, remoteId: Buffer, now: Now): void {
    const slot = this.#roster.freeSlot();
    if (slot === undefined) return this.#rejections.limited('max-clients', now, MULTI.maxClients, { limit: this.settings.maxClients });
    this.#idleLinks.delete(link);
    const { numbers, random } = this.#config;
    // Session notes name the client, which does not exist before its session.
    const owner: { client?: ClientInstance } = {};
    const parts = { settings: this.settings, wrap: this.#wrap, link, ids: { localId, remoteId }, random, numbers, notes: this.notes };
    const session = openSession({ ...parts, peer: () => owner.client?.ref }, now);
    const env = this.#config.env.clone();
    const client = new ClientInstance({ number: ++numbers.session, clientId: numbers.clientId++, slot, link, session, env, now });
    owner.client = client;
    this.#roster.add(client);
    this.notes.add(MULTI.createInstance, {}, client.ref);
    session.handlePacket(bytes, now);
    this.#conversation.turn(client, now);
  }

  #announce(client: ClientInstance, now: Now): void {
    this.#outputs.push({ kind: 'pool-changed' });
    const env = countedEnv(client, this.#roster.all());
    const record = clientRecord(this, client, now);
    this.#context.event({ kind: 'client', what: 'ESTABLISHED', clientId: client.clientId, env, record });
  }

  #say(client: ClientInstance, message: string): void {
    this.notes.add(PUSH.sent, { commonName: client.label, message: redactControlMessage(message), status: 1 }, client.ref);
    client.session.send(message);
  }
}
