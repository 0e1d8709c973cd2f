import { type Machine, TimerTable } from '../base/machine.ts';
import type { Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import { after, earliest, type Instant, milliseconds, type Now, seconds } from '../base/units.ts';
import { AUTH } from '../messages/auth.ts';
import { CLIENT } from '../messages/client.ts';
import { LINK } from '../messages/link.ts';
import { MULTI } from '../messages/multi.ts';
import { Notes } from '../messages/notes.ts';
import { PUSH } from '../messages/push.ts';
import { TLS } from '../messages/tls.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { PlaneEvent } from '../protocol/data/plane.ts';
import { classify } from '../protocol/negotiate/control-messages.ts';
import { keySource } from '../protocol/negotiate/key-method2.ts';
import { parseOptionsString } from '../protocol/negotiate/options-string.ts';
import { PushCollector } from '../protocol/negotiate/push.ts';
import { redactControlMessage } from '../protocol/negotiate/redact.ts';
import { Session } from '../protocol/session/session.ts';
import type { SessionOutput } from '../protocol/session/types.ts';
import type { TlsEvent, TlsPeer } from '../protocol/tls.ts';
import { type CertificateFacts, sameChain } from '../protocol/verify/certificate.ts';
import { verifyPeer } from '../protocol/verify/verify.ts';
import { prepareWrap } from '../protocol/wrap/prepare.ts';
import { ownOptionsString, ownPeerInfo } from './client-hello.ts';
import { ClientTunnel } from './client-tunnel.ts';
import { CLIENT_ENDINGS, type ClientOutput, type ClientProgress, type ClientSettings } from './client-types.ts';
import { type EndVerdict, endVerdict } from './client-verdict.ts';
import { describePeer } from './describe.ts';
import type { Numbers } from './numbers.ts';
import { readPulled } from './pulled.ts';
import { Rejections } from './rejections.ts';

/** Between PUSH_REQUESTs (facts: wire 24). */
const PUSH_INTERVAL = seconds(5);

/** A server that pushes unasked has this long before it is asked. */
const PUSH_PATIENCE = seconds(1);

/** What we say when we leave has this long to get away. */
const LEAVE_DELAY = seconds(1);

const SESSION_ID_LENGTH = 8;

type ClientTimer = 'push-request' | 'push-deadline' | 'leave';

/** What a client engine is made of. */
export interface ClientEngineConfig {
  readonly settings: ClientSettings;
  readonly random: Random;
  readonly verb: number;
  /** Shared by all engines that use the same TLS device or data plane. */
  readonly numbers: Numbers;
}

/**
 * OpenVPN's client side as a sans-IO machine: one session with a server, from the first packet to the end. The world speaks
 * by `handlePlane`, `handleTls` and `handleDeadline`; the owner by `leave` and `renegotiate`; everything to do comes out of
 * `poll`, in order, `ended` last. A new attempt is a new engine.
 */
export class ClientEngine implements Machine {
  readonly settings: ClientSettings;
  readonly notes: Notes;
  readonly #random: Random;
  readonly #outputs: ClientOutput[] = [];
  readonly #session: Session;
  readonly #tunnel: ClientTunnel;
  readonly #rejections: Rejections;
  readonly #timers = new TimerTable<ClientTimer>();
  readonly #pushes = new PushCollector();
  #progress: ClientProgress = 'handshake';
  #verdict: EndVerdict | undefined;
  #serverChain: readonly CertificateFacts[] | undefined;
  #tlsPeer: TlsPeer | undefined;
  #serverName = '';
  #token: Secret | undefined;
  #heard = false;

  constructor(config: ClientEngineConfig, now: Now) {
    const { settings, random, numbers } = config;
    this.settings = settings;
    this.#random = random;
    this.notes = new Notes(config.verb, (note) => this.#outputs.push(note));
    this.#rejections = new Rejections({ control: settings, muteReplayWarnings: settings.muteReplayWarnings }, this.notes);
    this.#session = new Session(
      {
        start: { kind: 'client' },
        wrap: { config: settings.wrap, prepared: prepareWrap(settings.wrap, 'client') },
        localId: freshId(random),
        remoteId: undefined,
        timing: settings.timing,
        maxControlBytes: settings.maxPacketSize - (settings.remote.address.family === 6 ? 48 : 28),
        random,
        nextTls: () => ++numbers.tls,
      },
      now,
    );
    this.#tunnel = new ClientTunnel(settings, ++numbers.session, this.#session, this.notes, (command) =>
      this.#outputs.push({ kind: 'plane', command }),
    );
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
  get slot(): ClientTunnel['slot'] {
    return this.#tunnel.slot;
  }

  nextDeadline(): Instant | undefined {
    return earliest(earliest(this.#session.nextDeadline(), this.#timers.next()), this.#rejections.nextDeadline());
  }

  // --- the world speaks -------------------------------------------------------------------------------------------

  handlePlane(event: PlaneEvent, now: Now): void {
    if (this.#progress === 'ended') return;
    switch (event.kind) {
      case 'control':
        this.#handleControl(event, now);
        break;
      case 'link-closed':
        this.notes.add(LINK.connectionReset, { status: 0 });
        this.#end({ reason: 'connection-reset' }, now);
        break;
      case 'rejected':
        this.#rejections.data(event, undefined, now);
        break;
      case 'closed':
        if (this.#tunnel.isMine(event.slot) && this.#verdict !== undefined) this.#finish(this.#verdict, event.counters);
        return;
      case 'ping-lost':
      case 'exit-seen':
      case 'key-near-end':
        if (this.#tunnel.isMine(event.slot)) this.#handleTunnelEvent(event.kind, now);
        break;
      case 'link-opened':
      case 'float-asked':
        // The remote is where the settings say and nowhere else.
        break;
    }
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
    const sid = (this.#session.remoteId ?? Buffer.alloc(SESSION_ID_LENGTH)).toString('hex');
    this.notes.add(TLS.initialPacket, { address: formatFamilyAddress(link.address), sid1: sid.slice(0, 8), sid2: sid.slice(8) });
  }

  #handleTunnelEvent(kind: 'ping-lost' | 'exit-seen' | 'key-near-end', now: Now): void {
    if (kind === 'key-near-end') return this.#session.renegotiate(now);
    if (kind === 'exit-seen') {
      this.notes.add(MULTI.occExitReceived, {});
      return this.#end({ reason: 'remote-exit' }, now);
    }
    const reason = this.#tunnel.whenLost;
    this.notes.add(reason === 'ping-exit' ? MULTI.pingExit : MULTI.pingRestart, { commonName: this.#serverName });
    this.#end({ reason }, now);
  }

  handleTls(tls: number, event: TlsEvent, now: Now): void {
    this.#session.handleTls(tls, event, now);
    this.#turn(now);
  }

  handleDeadline(now: Now): void {
    this.#session.handleDeadline(now);
    for (let timer = this.#timers.takeDue(now.at); timer !== undefined; timer = this.#timers.takeDue(now.at)) {
      this.#handleTimer(timer, now);
    }
    this.#rejections.handleDeadline(now);
    this.#turn(now);
  }

  #handleTimer(timer: ClientTimer, now: Now): void {
    switch (timer) {
      case 'push-request':
        this.#say('PUSH_REQUEST');
        return this.#timers.set('push-request', after(now.at, PUSH_INTERVAL));
      case 'push-deadline':
        this.notes.add(CLIENT.noPushReply, { seconds: this.settings.timing.handWindow / 1000 });
        return this.#end({ reason: 'no-push-reply' }, now);
      case 'leave':
        return this.#end({ reason: 'left' }, now);
    }
  }

  // --- the owner speaks -------------------------------------------------------------------------------------------

  /** Begins a renegotiation, unless one is under way. */
  renegotiate(now: Now): void {
    this.#session.renegotiate(now);
    this.#turn(now);
  }

  /** Ends the session, after a word to the server where that is configured. `signal` is what the log calls it. */
  leave(signal: string, now: Now): void {
    if (this.#progress === 'leaving' || this.#progress === 'ended') return;
    if (this.#progress === 'connected' && this.settings.exitNotify) {
      this.#progress = 'leaving';
      this.notes.add(CLIENT.sendingExit, { signal });
      this.#tunnel.sayExit();
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
        return this.#verifyServer(out.keyId, out.peer, now);
      case 'key-method2':
        this.#tunnel.remoteCipher ??= parseOptionsString(out.message.options).cipher;
        return;
      case 'key-active':
        return this.#keyActive(now);
      case 'message':
        return this.#handleMessage(out.text, now);
      case 'renegotiating':
        return this.#tunnel.noteRenegotiation();
      case 'key-failed':
        this.#noteFailure(out.failure);
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

  #verifyServer(keyId: number, peer: TlsPeer, now: Now): void {
    const { chain, chainError } = peer;
    const verdict = verifyPeer({ chain, chainError, rules: this.settings.verify, crl: undefined, wall: now.wall });
    for (const line of verdict.lines) this.notes.add(line.row, line.args);
    const changed = this.#serverChain !== undefined && !sameChain(this.#serverChain, chain);
    if (changed) this.notes.add(AUTH.certificatesChanged, {});
    if (changed || verdict.refused !== undefined) {
      this.notes.add(TLS.handshakeFailed, {});
      return this.#end({ reason: 'tls-error', text: verdict.refused?.text }, now);
    }
    this.#serverChain = chain;
    this.#serverName = verdict.commonName ?? '';
    this.#tlsPeer = peer;
    const { credentials } = this.settings;
    this.#session.writeKeyMethod2(keyId, {
      ...keySource(this.#random, 'client'),
      options: ownOptionsString(this.settings),
      username: credentials?.username,
      password: this.#token ?? credentials?.password,
      peerInfo: ownPeerInfo(this.settings),
    });
  }

  #noteFailure(failure: Extract<SessionOutput, { kind: 'key-failed' }>['failure']): void {
    noteKeyFailure(this.notes, failure, this.settings.timing.handWindow);
  }

  #keyActive(now: Now): void {
    this.#noteControlChannel();
    if (this.#tunnel.slot !== undefined) {
      if (!this.#tunnel.renewKeys()) this.#end({ reason: 'tls-error' }, now);
      return;
    }
    if (this.#progress !== 'handshake') return this.#openTunnel(now);
    const { address } = this.settings.remote;
    this.notes.add(TLS.peerConnectionInitiated, { commonName: this.#serverName, address: formatFamilyAddress(address) });
    this.#progress = 'pulling';
    this.#timers.set('push-deadline', after(now.at, this.settings.timing.handWindow));
    this.#timers.set('push-request', after(now.at, PUSH_PATIENCE));
  }

  #noteControlChannel(): void {
    const peer = this.#tlsPeer;
    if (peer === undefined) return;
    const { version, cipher } = peer;
    this.notes.add(TLS.controlChannel, { version, cipherVersion: version, cipher, certificate: describePeer(peer) });
  }

  // --- control messages -------------------------------------------------------------------------------------------

  #say(message: string): void {
    this.notes.add(PUSH.sent, { commonName: this.#serverName, message, status: 1 });
    this.#session.send(message);
  }

  #handleMessage(text: string, now: Now): void {
    this.notes.add(PUSH.received, { message: redactControlMessage(text) });
    if (this.#progress === 'leaving' || this.#progress === 'ended') return;
    const message = classify(text, 'server');
    const verdict = endVerdict(message, this.#token !== undefined);
    if (verdict !== undefined) {
      this.#noteEnding(message.kind, text);
      return this.#end(verdict, now);
    }
    if (message.kind === 'push-reply') {
      const options = this.#pushes.add(message);
      if (options === 'overflow') return this.#end({ reason: 'push-failed', text: 'too many options' }, now);
      if (options !== undefined) this.#pulled(options, now);
    } else if (message.kind === 'auth-pending') this.#waitLonger(message.timeoutSeconds, now);
    else if (message.kind === 'info' || message.kind === 'info-pre') this.notes.add(CLIENT.info, { text: message.text });
  }

  #noteEnding(kind: string, text: string): void {
    if (kind === 'restart') this.notes.add(CLIENT.restartPushed, { text });
    else if (kind === 'halt') this.notes.add(CLIENT.haltPushed, { text });
    else if (kind === 'exit') this.notes.add(MULTI.exitReceived, {});
    else this.notes.add(CLIENT.authControl, { message: redactControlMessage(text) });
  }

  /** The server still asks somebody about us. */
  #waitLonger(timeoutSeconds: number | undefined, now: Now): void {
    if (this.#progress !== 'pulling' || timeoutSeconds === undefined) return;
    const { handWindow, renegotiateAfter } = this.settings.timing;
    const longest = Math.max(renegotiateAfter / 2, handWindow);
    const wait = milliseconds(Math.min(longest, timeoutSeconds * 1000));
    this.notes.add(CLIENT.authPending, { from: handWindow / 1000, to: wait / 1000 });
    this.#timers.set('push-deadline', after(now.at, wait));
  }

  #pulled(options: readonly string[], now: Now): void {
    const { pulled, refused } = readPulled(options);
    for (const option of refused) this.notes.add(CLIENT.optionsError, { text: `the pushed option '${option}' cannot be used` });
    this.#token = pulled.token ?? this.#token;
    if (this.#progress !== 'pulling' || this.#tunnel.pulled !== undefined) return;
    this.#timers.clear('push-request');
    this.#tunnel.pulled = pulled;
    this.#openTunnel(now);
  }

  /** Waits for the renegotiation's end when one began before the options came. */
  #openTunnel(now: Now): void {
    const { pulled } = this.#tunnel;
    if (pulled === undefined || this.#session.currentKey.phase !== 'active') return;
    const failure = this.#tunnel.open();
    if (failure !== undefined) return this.#end({ reason: 'push-failed', text: failure }, now);
    this.#timers.clear('push-deadline');
    this.#progress = 'connected';
    const { address4, address6, options } = pulled;
    this.#outputs.push({ kind: 'connected', address4, address6, options });
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  #end(verdict: EndVerdict, now: Now): void {
    if (this.#verdict !== undefined) return;
    this.#verdict = verdict;
    this.#progress = 'ended';
    this.#timers.clearAll();
    this.#session.close();
    this.#turn(now);
    if (this.#tunnel.close()) return;
    this.#finish(verdict, undefined);
  }

  #finish(verdict: EndVerdict, counters: Extract<ClientOutput, { kind: 'ended' }>['counters']): void {
    const { reason, text, backoffSeconds } = verdict;
    this.#outputs.push({ kind: 'ended', reason, again: CLIENT_ENDINGS[reason].again, backoffSeconds, text, counters });
  }
}

function freshId(random: Random): Buffer {
  for (;;) {
    const id = random.bytes(SESSION_ID_LENGTH);
    if (id.some((byte) => byte !== 0)) return id;
  }
}
