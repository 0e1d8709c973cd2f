import type { Random } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import type { Now } from '../base/units.ts';
import { AUTH } from '../messages/auth.ts';
import type { Notes } from '../messages/notes.ts';
import { TLS } from '../messages/tls.ts';
import { type KeyMethod2, keySource } from '../protocol/negotiate/key-method2.ts';
import { buildOptionsString, expectedOptionsString, type OptionsStringParts } from '../protocol/negotiate/options-string.ts';
import { renderPeerInfo } from '../protocol/negotiate/peer-info.ts';
import type { TlsPeer } from '../protocol/tls.ts';
import { type CertificateFacts, sameChain } from '../protocol/verify/certificate.ts';
import { verifyPeer } from '../protocol/verify/verify.ts';
import type { ClientSettings } from './client-types.ts';
import { describePeer } from './describe.ts';
import { noteOptionMismatches } from './options-check.ts';

/** The largest tun-mtu that a server may push, as stock announces it. */
const MAX_TUN_MTU = 1600;

/** A client's look at its server's certificate, and what it says of itself in return. */
export class ClientHello {
  /** The server's common name, once its certificate was accepted. */
  serverName = '';
  /** Takes the password's place once the server pushed it. */
  token: Secret | undefined;
  /** Takes the name's place, with it. */
  tokenUser: string | undefined;
  readonly #settings: ClientSettings;
  readonly #notes: Notes;
  #chain: readonly CertificateFacts[] | undefined;
  #peer: TlsPeer | undefined;

  constructor(settings: ClientSettings, notes: Notes) {
    this.#settings = settings;
    this.#notes = notes;
  }

  /** Judges the server; undefined when it may stay, else why not. It must show the same certificates for as long as the session lasts. */
  judge(peer: TlsPeer, now: Now): string | undefined {
    const { chain, chainError } = peer;
    const verdict = verifyPeer({ chain, chainError, rules: this.#settings.verify, crl: this.#settings.crl?.(), wall: now.wall });
    for (const line of verdict.lines) this.#notes.add(line.row, line.args);
    if (verdict.refused !== undefined) return this.#refuse(verdict.refused.text);
    if (this.#chain !== undefined && !sameChain(this.#chain, chain)) {
      this.#notes.add(AUTH.certificatesChanged, {});
      return this.#refuse('the certificates changed');
    }
    this.#chain = chain;
    this.#peer = peer;
    this.serverName = verdict.commonName ?? '';
    return undefined;
  }

  #refuse(why: string): string {
    this.#notes.add(TLS.handshakeFailed, {});
    return why;
  }

  /** Our key message, with fresh randomness each time. */
  keyMessage(random: Random): KeyMethod2 {
    const settings = this.#settings;
    const { version, platform, dataCiphers, peerInfo, credentials, updates } = settings;
    const takesUpdates = updates !== undefined;
    return {
      ...keySource(random, 'client'),
      options: buildOptionsString(this.#parts),
      username: credentials === undefined ? undefined : (this.tokenUser ?? credentials.username),
      password: credentials === undefined ? undefined : (this.token ?? credentials.password),
      peerInfo: renderPeerInfo({ version, platform, ciphers: dataCiphers, maxTunMtu: MAX_TUN_MTU, takesUpdates, more: peerInfo }),
    };
  }

  /** Looks through what the server says of its options. */
  compare(options: string): void {
    noteOptionMismatches(this.#notes, expectedOptionsString(this.#parts), options);
  }

  get #parts(): OptionsStringParts {
    const transport = this.#settings.remote.connection === undefined ? 'udp' : 'tcp';
    return { ...this.#settings, role: 'client', transport };
  }

  /** The server's certificates, leaf first; empty before they were accepted. */
  get chain(): readonly CertificateFacts[] {
    return this.#chain ?? [];
  }

  /** A key is agreed on. */
  noteControlChannel(): void {
    if (this.#peer === undefined) return;
    const { version, cipher } = this.#peer;
    this.#notes.add(TLS.controlChannel, { version, cipherVersion: version, cipher, certificate: describePeer(this.#peer) });
  }
}
