import type { Random } from '../base/random.ts';
import { after, between, type Now } from '../base/units.ts';
import { PUSH } from '../messages/push.ts';
import { TLS } from '../messages/tls.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { DataKeys, PlaneCommand } from '../protocol/data/plane.ts';
import { keySource } from '../protocol/negotiate/key-method2.ts';
import { buildOptionsString } from '../protocol/negotiate/options-string.ts';
import { IV_PROTO } from '../protocol/negotiate/peer-info.ts';
import { pushReplies } from '../protocol/negotiate/push.ts';
import type { KeyFailure } from '../protocol/session/types.ts';
import type { TlsPeer } from '../protocol/tls.ts';
import { verifyPeer } from '../protocol/verify/verify.ts';
import { setCertificateEnv } from './client-env.ts';
import type { EngineContext } from './context.ts';
import { describePeer, noteDataChannel, noteKeyFailure, timersText } from './describe.ts';
import type { ClientInstance } from './instance.ts';
import { serverOptionsParts } from './options-check.ts';
import { protocolFlags } from './push-list.ts';
import { issueToken } from './tokens.ts';

/** A second PUSH_REQUEST within this time of a reply is a repetition (facts: wire 13). */
const PUSH_GUARD_MS = 30_000;

/** What the TLS handshakes, key messages and data keys of a client mean for it. */
export class Negotiator {
  readonly #context: EngineContext;
  readonly #random: Random;
  readonly #optionsString: string;

  constructor(context: EngineContext) {
    this.#context = context;
    this.#random = context.random;
    this.#optionsString = buildOptionsString(serverOptionsParts(context.settings));
  }

  // --- TLS --------------------------------------------------------------------------------------------------------

  established(client: ClientInstance, keyId: number, peer: TlsPeer, now: Now): void {
    const { settings, notes, crl } = this.#context;
    client.phaseMs.tls ??= between(client.started.at, now.at);
    const verdict = verifyPeer({ chain: peer.chain, chainError: peer.chainError, rules: settings.verify, crl, wall: now.wall });
    for (const line of verdict.lines) notes.add(line.row, line.args, client.ref);
    client.verdicts.set(keyId, { ...verdict, chain: peer.chain });
    setCertificateEnv(client.env, peer.chain);
    client.controlLine = describePeer(peer);
    client.tlsPeer = peer;
  }

  /** Our half of the key exchange; the same for every key id but for its randomness. */
  answer(client: ClientInstance, keyId: number): void {
    client.session.writeKeyMethod2(keyId, {
      ...keySource(this.#random, 'server'),
      options: this.#optionsString,
      username: undefined,
      password: undefined,
      peerInfo: undefined,
    });
  }

  failed(client: ClientInstance, failure: KeyFailure): void {
    noteKeyFailure(this.#context.notes, failure, this.#context.settings.control.handWindow, client.ref);
  }

  // --- the first key ----------------------------------------------------------------------------------------------

  /** The login of the first key stands: the log says with whom. */
  announce(client: ClientInstance): void {
    const { notes } = this.#context;
    notes.add(TLS.moveSession, { destination: 'TM_ACTIVE', source: 'TM_INITIAL', reinitialise: 1 }, client.ref);
    notes.add(TLS.promotedToTrusted, {}, client.ref);
    this.#noteControlChannel(client);
    const address = formatFamilyAddress(client.link.address);
    notes.add(TLS.peerConnectionInitiated, { commonName: client.commonName ?? '', address }, client.ref);
  }

  #noteControlChannel(client: ClientInstance): void {
    const peer = client.tlsPeer;
    if (peer === undefined) return;
    const args = { version: peer.version, cipherVersion: peer.version, cipher: peer.cipher, certificate: client.controlLine ?? '' };
    this.#context.notes.add(TLS.controlChannel, args, client.ref);
  }

  /** The client is put together: the data plane takes it over. False when its keys cannot be made. */
  open(client: ClientInstance, now: Now): boolean {
    const keys = this.#keys(client);
    if (keys === undefined || client.tunnel === undefined) return false;
    const { slot, link } = client;
    const { settings } = this.#context;
    const plane = (command: PlaneCommand): void => this.#context.plane(command);
    plane({ kind: 'open-peer', slot, link, format: client.announces(IV_PROTO.dataV2) ? 'v2' : 'v1' });
    client.planeOpen = true;
    plane({ kind: 'set-keys', slot, keyId: client.session.currentKey.keyId, keys });
    plane({ kind: 'set-inner-routes', slot, routes: client.tunnel.routes });
    plane({ kind: 'set-ping', slot, every: settings.keepalive.ping, lostAfter: settings.keepalive.pingRestart });
    plane({ kind: 'set-open', slot, open: true });
    if (protocolFlags(client)?.includes('dyn-tls-crypt')) client.session.enableDynamicWrap();
    client.phase = 'connected';
    client.phaseMs.connected = between(client.started.at, now.at);
    return true;
  }

  /** PUSH_REPLY, as often as the client needs it. */
  push(client: ClientInstance, now: Now): void {
    if (client.tunnel === undefined || client.phase !== 'connected') return;
    const again = client.pushedAt !== undefined;
    if (client.pushedAt !== undefined && between(client.pushedAt, now.at) < PUSH_GUARD_MS) return;
    client.pushedAt = now.at;
    for (const message of pushReplies(client.tunnel.pushOptions)) this.#context.say(client, message);
    if (again) return;
    const { notes, settings } = this.#context;
    noteDataChannel(notes, client.tunnel.cipher, client.announces(IV_PROTO.dataV2) ? client.slot.peerId : undefined, client.ref);
    const timers = timersText(settings.keepalive.ping, settings.keepalive.pingRestart);
    if (timers !== '') notes.add(PUSH.timers, { timers }, client.ref);
    const flags = protocolFlags(client);
    if (flags !== undefined) notes.add(PUSH.protocolOptions, { options: `protocol-flags ${flags}` }, client.ref);
  }

  // --- later keys -------------------------------------------------------------------------------------------------

  renegotiated(client: ClientInstance, now: Now): void {
    const keys = this.#keys(client);
    const { keyId } = client.session.currentKey;
    if (keys === undefined) return this.#context.remove(client, 'SIGTERM', 'tls-error', now);
    this.#context.plane({ kind: 'set-keys', slot: client.slot, keyId, keys });
    this.#noteControlChannel(client);
    this.sendToken(client, now);
  }

  /** With each new key, and whenever the renewal time has passed since the last one. */
  sendToken(client: ClientInstance, now: Now): void {
    this.renewToken(client, now);
    if (client.tokenText === undefined || client.pushedAt === undefined) return;
    this.#context.say(client, `PUSH_REPLY,auth-token ${client.tokenText}`);
  }

  /** A token with a new time, for the client to log in with next time. */
  renewToken(client: ClientInstance, now: Now): void {
    const settings = this.#context.settings.auth.token;
    if (settings === undefined || client.token === undefined || client.username === undefined) return;
    client.tokenText = issueToken(settings, client.username, client.token, now);
    client.timers.set('token', after(now.at, settings.renewal));
  }

  #keys(client: ClientInstance): DataKeys | undefined {
    if (client.tunnel === undefined) return undefined;
    const method = client.announces(IV_PROTO.tlsKeyExport) ? 'exporter' : 'prf';
    return client.session.makeKeys(client.session.currentKey.keyId, method, client.tunnel.cipher);
  }
}
