import { type Machine, TimerTable } from '../base/machine.ts';
import type { Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import { after, earliest, type Instant, type Now, seconds } from '../base/units.ts';
import { CLIENT } from '../messages/client.ts';
import { LINK } from '../messages/link.ts';
import { MULTI } from '../messages/multi.ts';
import { Notes } from '../messages/notes.ts';
import { PUSH } from '../messages/push.ts';
import { TLS } from '../messages/tls.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { PeerSlot, PlaneCounters, PlaneEvent, PlaneView } from '../protocol/data/plane.ts';
import { classify, type ControlMessage } from '../protocol/negotiate/control-messages.ts';
import { parseOptionsString } from '../protocol/negotiate/options-string.ts';
import { PushCollector, type PushPart, updateOptions } from '../protocol/negotiate/push.ts';
import { redactControlMessage } from '../protocol/negotiate/redact.ts';
import { Session } from '../protocol/session/session.ts';
import { freshSessionId } from '../protocol/session/session-id.ts';
import type { SessionOutput } from '../protocol/session/types.ts';
import type { TlsEvent, TlsPeer } from '../protocol/tls.ts';
import { prepareWrap } from '../protocol/wrap/prepare.ts';
import { ClientHello } from './client-hello.ts';
import { Puller } from './client-pull.ts';
import { ClientTunnel } from './client-tunnel.ts';
import { CLIENT_ENDINGS, type ClientOutput, type ClientProgress, type ClientSettings, type ClientStep } from './client-types.ts';
import { type EndVerdict, endVerdict } from './client-verdict.ts';
import { noteKeyFailure, noteRenegotiation } from './describe.ts';
import { type KeyUse, keyUseFrom, usedOf } from './key-use.ts';
import type { Numbers } from './numbers.ts';
import type { Pulled } from './pulled.ts';
import { Rejections } from './rejections.ts';
import { noteControlBody, noteSessionStep } from './session-notes.ts';

/** What we say when we leave has this long to get away. */
const LEAVE_DELAY = seconds(1);

/** Stock's words for an update that cannot be done. */
const OFFENDING = 'Offending option received from server';

/** What a client engine is made of. */
export interface ClientEngineConfig {
  readonly settings: ClientSettings;
  readonly random: Random;
  readonly verb: number;
  /** What the data plane has carried. */
  readonly countersOf: PlaneView['counters'];
  /** Shared by all engines that use the same TLS device or data plane. */
  readonly numbers: Numbers;
}

/**
 * OpenVPN's client side as a sans-IO machine: one session with a server, from the first packet to the end. The world speaks
 * by `handlePlane`, `handleTls` and `handleDeadline`; the owner by `renegotiate` and `leave`; everything to do comes out of
 * `poll`, in order, `ended` last. A new attempt is a new engine.
 */
export class ClientEngine implements Machine {
  readonly settings: ClientSettings;
  readonly notes: Notes;
  readonly #random: Random;
  readonly #countersOf: PlaneView['counters'];
  readonly #outputs: ClientOutput[] = [];
  readonly #session: Session;
  readonly #hello: ClientHello;
  readonly #puller: Puller;
  readonly #updateParts = new PushCollector();
  readonly #tunnel: ClientTunnel;
  readonly #rejections: Rejections;
  readonly #timers = new TimerTable<'leave'>();
  #progress: ClientProgress = 'handshake';
  /** Options that came while a renegotiation kept the tunnel from being opened. */
  #pulled: Pulled | undefined;
  #verdict: EndVerdict | undefined;
  /** The owner makes the interface. */
  #interfacePending = false;
  #heard = false;
  #asked = false;
  /** Of the newest key that became active. */
  #keyUse: KeyUse;

  constructor(config: ClientEngineConfig, now: Now) {
    const { settings, random, numbers } = config;
    this.#keyUse = keyUseFrom(now.at, undefined);
    this.#countersOf = config.countersOf;
    this.settings = settings;
    this.#random = random;
    this.notes = new Notes(config.verb, (note) => this.#outputs.push(note));
    this.#hello = new ClientHello(settings, this.notes);
    this.#puller = new Puller(settings.timing, this.notes, settings.filter ?? ((options) => ({ options })));
    this.#rejections = new Rejections({ control: settings, muteReplayWarnings: settings.muteReplayWarnings }, this.notes);
    this.#session = new Session(
      {
        start: { kind: 'client' },
        wrap: { config: settings.wrap, prepared: prepareWrap(settings.wrap, 'client') },
        localId: freshSessionId(random),
        remoteId: undefined,
        timing: settings.timing,
        maxControlBytes: settings.maxPacketSize - (settings.remote.address.family === 6 ? 48 : 28),
        random,
        nextTls: () => ++numbers.tls,
        onBody: (direction, opcode, keyId, body) => noteControlBody(this.notes, direction, opcode, keyId, body),
      },
      now,
    );
    this.#tunnel = new ClientTunnel(settings, ++numbers.session, this.#session, this.notes, (command) =>
      this.#outputs.push({ kind: 'plane', command }),
    );
    this.#step({ what: 'state', name: 'WAIT' });
    this.#turn(now);
  }

  // --- getters ----------------------------------------------------------------------------------------------------

  get progress(): ClientProgress {
    return this.#progress;
  }

  /** Control-channel bytes and quality. */
  get counters(): Session['counters'] {
    return this.#session.counters;
  }

  /** What the data plane knows the server by, once the tunnel is open. */
  get slot(): PeerSlot | undefined {
    return this.#tunnel.slot;
  }

  /** True when the server shall hear that we leave. */
  get tellsExit(): boolean {
    return this.#tunnel.tellsExit;
  }

  nextDeadline(): Instant | undefined {
    if (this.#progress === 'ended') return undefined;
    const own = earliest(this.#timers.next(), this.#puller.nextDeadline());
    return earliest(earliest(this.#session.nextDeadline(), own), this.#rejections.nextDeadline());
  }

  // --- the world speaks -------------------------------------------------------------------------------------------

  handlePlane(event: PlaneEvent, now: Now): void {
    if (event.kind === 'closed') {
      if (this.#verdict !== undefined && this.#tunnel.isMine(event.slot)) this.#finish(this.#verdict, event.counters);
      return;
    }
    if (this.#progress === 'ended') return;
    if (event.kind === 'control') this.#handleControl(event, now);
    else if (event.kind === 'rejected') this.#rejections.data(event, undefined, now);
    else if (event.kind === 'link-closed') {
      this.notes.add(LINK.connectionReset, { status: 0 });
      this.#end({ reason: 'connection-reset' }, now);
    } else if ('slot' in event && this.#tunnel.isMine(event.slot)) this.#handleTunnelEvent(event, now);
    this.#turn(now);
  }

  #handleControl({ link, bytes }: Extract<PlaneEvent, { kind: 'control' }>, now: Now): void {
    if (link.key !== this.settings.remote.key) {
      return this.#rejections.control('session-id', 'not from the server', link, undefined, now);
    }
    if (!this.#session.handlePacket(bytes, now)) return;
    this.#tunnel.heard();
    if (this.#heard) return;
    this.#heard = true;
    this.#step({ what: 'state', name: 'AUTH' });
    const sid = this.#session.remoteId?.toString('hex') ?? '';
    this.notes.add(TLS.initialPacket, { address: formatFamilyAddress(link.address), sid1: sid.slice(0, 8), sid2: sid.slice(8) });
  }

  #handleTunnelEvent(event: PlaneEvent, now: Now): void {
    const { kind } = event;
    if (event.kind === 'key-near-end' && event.keyId === this.#session.currentKey.keyId) this.#session.renegotiate(now);
    if (kind === 'exit-seen') {
      this.notes.add(MULTI.occExitReceived, {});
      this.#end({ reason: 'remote-exit' }, now);
    }
    if (kind === 'ping-lost') {
      const reason = this.#tunnel.whenLost;
      this.notes.add(reason === 'ping-exit' ? MULTI.pingExit : MULTI.pingRestart, { commonName: this.#hello.serverName });
      this.#end({ reason }, now);
    }
  }

  handleTls(tls: number, event: TlsEvent, now: Now): void {
    this.#session.handleTls(tls, event, now);
    this.#turn(now);
  }

  handleDeadline(now: Now): void {
    this.#session.handleDeadline(now);
    for (let step = this.#puller.takeDue(now); step !== undefined; step = this.#puller.takeDue(now)) {
      if (step === 'give-up') this.#end({ reason: 'no-push-reply' }, now);
      else this.#ask();
    }
    if (this.#timers.takeDue(now.at) === 'leave') this.#end({ reason: 'left' }, now);
    this.#rejections.handleDeadline(now);
    this.#turn(now);
  }

  // --- the owner speaks -------------------------------------------------------------------------------------------

  /** Answers CR_TEXT, in base64; false while there is no session to answer in. */
  respond(base64: string, now: Now): boolean {
    if (this.#progress === 'handshake' || this.#progress === 'ended') return false;
    this.#session.send(`CR_RESPONSE,${base64}`);
    this.#turn(now);
    return true;
  }

  /** With `waitsForInterface`: the interface stands. */
  openTunnel(now: Now): void {
    if (!this.#interfacePending) return;
    this.#interfacePending = false;
    this.#openTunnel(now);
    this.#turn(now);
  }

  /** Begins a renegotiation, unless one is under way. */
  renegotiate(now: Now): void {
    this.#session.renegotiate(now);
    this.#turn(now);
  }

  /** Ends the session without a word: it will be begun anew. */
  abandon(now: Now): void {
    this.#end({ reason: 'left' }, now);
    this.#turn(now);
  }

  /** Ends the session, after a word to the server where that is configured. `signal` is what the log calls it: `SIGTERM`. */
  leave(signal: string, now: Now): void {
    if (this.#progress === 'leaving' || this.#progress === 'ended') return;
    if (this.#progress === 'connected' && this.#tunnel.tellsExit) {
      this.#progress = 'leaving';
      this.notes.add(CLIENT.sendingExit, { signal });
      if (this.#tunnel.exitsByControl) this.#say('EXIT');
      else this.#tunnel.sayExit();
      this.#timers.set('leave', after(now.at, LEAVE_DELAY));
    } else this.#end({ reason: 'left' }, now);
    this.#turn(now);
  }

  /** The next thing to do or to know. */
  poll(): ClientOutput | undefined {
    return this.#outputs.shift();
  }

  // --- the session ------------------------------------------------------------------------------------------------

  #turn(now: Now): void {
    for (let out = this.#session.poll(); out !== undefined; out = this.#session.poll()) this.#handleOutput(out, now);
  }

  #handleOutput(out: SessionOutput, now: Now): void {
    noteSessionStep(this.notes, out);
    switch (out.kind) {
      case 'transmit':
        return this.#tunnel.transmit(out.bytes);
      case 'tls-open':
      case 'tls-feed':
      case 'tls-write':
      case 'tls-close':
        this.#outputs.push({ kind: 'tls', command: out });
        return;
      case 'tls-established':
        return this.#established(out.keyId, out.peer, now);
      case 'key-method2':
        this.#hello.compare(out.message.options);
        this.#tunnel.remoteCipher ??= parseOptionsString(out.message.options).cipher;
        return;
      case 'key-active':
        return this.#keyActive(now);
      case 'message':
        return this.#handleMessage(out.text, now);
      case 'renegotiating':
        return out.byPeer ? undefined : this.#noteRenegotiation(now);
      case 'key-failed':
        noteKeyFailure(this.notes, out.failure, this.settings.timing.handWindow);
        if (this.#session.currentKey.phase === 'failed') this.#end({ reason: 'tls-error' }, now);
        return;
      case 'send-with':
        return this.#tunnel.sendWith(out.keyId);
      case 'key-dropped':
        this.notes.add(TLS.killedExpiringKey, {});
        return this.#tunnel.dropKey(out.keyId);
      case 'dropped':
        return this.#rejections.control(out.reason, out.detail, this.settings.remote, undefined, now);
    }
  }

  #noteRenegotiation(now: Now): void {
    const limits = { after: this.#session.keyLifetime, bytes: 0, packets: 0 };
    noteRenegotiation(this.notes, { limits, used: usedOf(this.#keyUse, now.at, this.#carried()) });
  }

  #carried(): PlaneCounters | undefined {
    const { slot } = this.#tunnel;
    return slot === undefined ? undefined : this.#countersOf(slot);
  }

  #established(keyId: number, peer: TlsPeer, now: Now): void {
    const refused = this.#hello.judge(peer, now);
    if (refused !== undefined) return this.#end({ reason: 'tls-error', text: refused }, now);
    this.#step({ what: 'verified', chain: this.#hello.chain, commonName: this.#hello.serverName });
    this.#session.writeKeyMethod2(keyId, this.#hello.keyMessage(this.#random));
  }

  #keyActive(now: Now): void {
    this.#keyUse = keyUseFrom(now.at, this.#carried());
    this.#hello.noteControlChannel();
    if (this.#tunnel.slot !== undefined) {
      if (!this.#tunnel.renewKeys()) this.#end({ reason: 'tls-error' }, now);
    } else if (this.#progress === 'handshake') {
      const address = formatFamilyAddress(this.settings.remote.address);
      this.notes.add(TLS.peerConnectionInitiated, { commonName: this.#hello.serverName, address });
      this.notes.add(TLS.moveSession, { destination: 'TM_ACTIVE', source: 'TM_INITIAL', reinitialise: 1 });
      this.notes.add(TLS.promotedToTrusted, {});
      this.#progress = 'pulling';
      this.#step({ what: 'trusted' });
      this.#puller.begin(now);
    } else this.#makeReady(now);
  }

  // --- control messages -------------------------------------------------------------------------------------------

  /** Asking once more is no new state. */
  #ask(): void {
    if (!this.#asked) this.#step({ what: 'state', name: 'GET_CONFIG' });
    this.#asked = true;
    this.#say('PUSH_REQUEST');
  }

  #step(step: ClientStep): void {
    this.#outputs.push({ kind: 'step', step });
  }

  #say(message: string): void {
    this.notes.add(PUSH.sent, { commonName: this.#hello.serverName, message, status: 1 });
    this.#session.send(message);
  }

  #handleMessage(text: string, now: Now): void {
    if (text.startsWith('PUSH_')) this.notes.add(PUSH.received, { message: redactControlMessage(text) });
    if (this.#progress === 'leaving' || this.#progress === 'ended') return;
    const message = classify(text, 'server');
    const verdict = endVerdict(message, this.#hello.token !== undefined);
    if (verdict !== undefined) {
      this.#noteEnding(message, text);
      return this.#end(verdict, now);
    }
    if (message.kind === 'push-reply') this.#takePush(message, now);
    else if (message.kind === 'push-update') this.#takeUpdate(message, now);
    else if (message.kind === 'auth-pending') this.#takePending(message.timeoutSeconds, now);
    else if (message.kind === 'info' || message.kind === 'info-pre') {
      this.#step({ what: 'info', text: message.text });
      this.notes.add(CLIENT.info, { text: message.text });
    }
  }

  #noteEnding(message: ControlMessage, text: string): void {
    const [, words = ''] = /^[A-Z]+,(.*)$/s.exec(text) ?? [];
    if (message.kind === 'restart') this.notes.add(CLIENT.restartPushed, { text: words });
    else if (message.kind === 'halt') this.notes.add(CLIENT.haltPushed, { text: words });
    else if (message.kind === 'exit') this.notes.add(MULTI.exitReceived, {});
    else this.notes.add(CLIENT.authControl, { message: redactControlMessage(text) });
  }

  /** After the first reply, only a new token is taken from later ones. */
  #takePush(part: PushPart, now: Now): void {
    const pulled = this.#puller.take(part);
    if (pulled === undefined) return;
    if ('refused' in pulled) return this.#end({ reason: 'push-failed', text: pulled.refused }, now);
    if (pulled.token !== undefined) this.#takeToken(pulled.token, pulled.tokenUser);
    if (this.#progress !== 'pulling' || this.#pulled !== undefined) return;
    this.#pulled = this.#withKeepalive(pulled);
    this.#makeReady(now);
  }

  /** The owner does what the new options say; filters look at what comes in. */
  #takeUpdate(part: PushPart, now: Now): void {
    const { updates, filter } = this.settings;
    if (updates === undefined || this.#progress !== 'connected' || this.#pulled === undefined) return;
    const items = this.#updateParts.add(part);
    if (items === undefined) return;
    if (items === 'overflow') return this.#end({ reason: 'push-failed', text: 'too many options' }, now);
    const changed = updateOptions(this.#pulled.options, items, updates);
    if ('offending' in changed) return this.#end({ reason: 'push-failed', text: OFFENDING }, now);
    const filtered = filter?.(changed.options, this.notes) ?? changed;
    if ('refused' in filtered) return this.#end({ reason: 'push-failed', text: filtered.refused }, now);
    this.#pulled = { ...this.#pulled, options: filtered.options };
    this.#step({ what: 'updated', options: filtered.options });
  }

  #withKeepalive(pulled: Pulled): Pulled {
    const { keepalive } = this.settings;
    const silence = pulled.lostAfter === undefined ? keepalive?.silence : undefined;
    const own = silence === undefined ? {} : { lostAfter: silence.after, whenLost: silence.outcome };
    return { ...pulled, ping: pulled.ping ?? keepalive?.ping, ...own };
  }

  #takeToken(token: Secret, username: string | undefined): void {
    this.#hello.token = token;
    this.#hello.tokenUser = username ?? this.#hello.tokenUser;
    this.#step({ what: 'token', token, username });
  }

  #takePending(timeoutSeconds: number | undefined, now: Now): void {
    this.#step({ what: 'state', name: 'AUTH_PENDING', ...(timeoutSeconds === undefined ? {} : { detail: `timeout ${timeoutSeconds}` }) });
    this.#puller.waitLonger(timeoutSeconds, now);
  }

  /** The options are here, and a key: the interface comes first where the owner makes one. */
  #makeReady(now: Now): void {
    if (this.#pulled === undefined || this.#interfacePending || this.#session.currentKey.phase !== 'active') return;
    this.#puller.stop();
    if (this.settings.waitsForInterface !== true) return this.#openTunnel(now);
    this.#interfacePending = true;
    this.#step({ what: 'pulled', pulled: this.#pulled });
  }

  #openTunnel(now: Now): void {
    if (this.#pulled === undefined) return;
    const failure = this.#tunnel.open(this.#pulled);
    if (failure !== undefined) return this.#end({ reason: 'push-failed', text: failure }, now);
    this.#progress = 'connected';
    const { address4, address6, options } = this.#pulled;
    this.#outputs.push({ kind: 'connected', address4, address6, options });
    this.#tunnel.noteOpened();
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  #end(verdict: EndVerdict, now: Now): void {
    if (this.#verdict !== undefined) return;
    this.#verdict = verdict;
    this.#progress = 'ended';
    this.#timers.clearAll();
    this.#puller.stop();
    this.#session.close();
    this.#turn(now);
    if (!this.#tunnel.close()) this.#finish(verdict, undefined);
  }

  #finish({ reason, text, backoffSeconds, advance }: EndVerdict, counters: PlaneCounters | undefined): void {
    const { again } = CLIENT_ENDINGS[reason];
    this.#outputs.push({ kind: 'ended', reason, again, backoffSeconds, advance, text, counters });
  }
}
