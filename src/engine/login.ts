import { Secret } from '../base/secret.ts';
import { between, type Now } from '../base/units.ts';
import { AUTH } from '../messages/auth.ts';
import { PEER_INFO } from '../messages/peer-info.ts';
import { TLS } from '../messages/tls.ts';
import { VERIFY } from '../messages/verify.ts';
import type { KeyMethod2 } from '../protocol/negotiate/key-method2.ts';
import { expectedOptionsString, parseOptionsString } from '../protocol/negotiate/options-string.ts';
import { IV_PROTO, parsePeerInfo } from '../protocol/negotiate/peer-info.ts';
import { type CertificateFacts, sameChain } from '../protocol/verify/certificate.ts';
import type { VerifyRefusal } from '../protocol/verify/verify.ts';
import { setLoginEnv, setPeerInfoEnv } from './client-env.ts';
import type { Approvals } from './approvals.ts';
import type { EngineContext } from './context.ts';
import type { ClientInstance } from './instance.ts';
import { noteOptionMismatches, serverOptionsParts } from './options-check.ts';
import { checkToken, newTokenSession, TOKEN_PREFIX, type TokenVerdict } from './tokens.ts';

/** Names and passwords may be this long, terminator included (facts: wire 8). */
const MAX_CREDENTIAL_BYTES = 4096;

/** Lines of a peer info that are said to be wrong, at most. */
const MAX_REJECTED_SAID = 64;

/** Called when a key id's login is decided in favour; refusals are carried out here. */
export type Accepted = (client: ClientInstance, keyId: number, now: Now) => void;

/**
 * Decides about each key id of a client: certificate, then verify scripts, then token or name and password. The first
 * key's answer lets the client in; a later one's lets it stay. A refusal is told to the peer in words that it understands.
 */
export class LoginDesk {
  readonly #context: EngineContext;
  readonly #approvals: Approvals;
  readonly #accepted: Accepted;
  readonly #expectedOptions: string;

  constructor(context: EngineContext, approvals: Approvals, accepted: Accepted) {
    this.#context = context;
    this.#approvals = approvals;
    this.#accepted = accepted;
    this.#expectedOptions = expectedOptionsString(serverOptionsParts(context.settings));
  }

  /** The peer's key message of this key id came. */
  begin(client: ClientInstance, keyId: number, message: KeyMethod2, now: Now): void {
    client.keyCount++;
    client.logins.set(keyId, 'running');
    client.phaseMs.keyExchange ??= between(client.started.at, now.at);
    this.#takePeerInfo(client, message);
    const refused = client.verdicts.get(keyId)?.refused;
    if (refused !== undefined) return this.#refuseCertificate(client, keyId, refused, now);
    if (!this.#sameIdentity(client, keyId, now)) return;
    if (client.phase === 'handshake') client.phase = 'authenticating';
    setLoginEnv(client.env, message.username, client.commonName, client.link.address);
    this.#checkByScript(client, keyId, client.verdicts.get(keyId)?.chain ?? [], message, now);
  }

  #takePeerInfo(client: ClientInstance, message: KeyMethod2): void {
    const info = parsePeerInfo(message.peerInfo ?? '');
    const { notes } = this.#context;
    for (const [name, value] of info.entries) notes.add(PEER_INFO.value, { name, value }, client.ref);
    for (let said = 0; said < Math.min(info.rejected, MAX_REJECTED_SAID); said++) notes.add(PEER_INFO.rejected, {}, client.ref);
    noteOptionMismatches(notes, this.#expectedOptions, message.options, client.ref);
    client.peerInfo ??= info;
    client.remoteCipher ??= parseOptionsString(message.options).cipher;
    setPeerInfoEnv(client.env, info);
  }

  // --- certificates -----------------------------------------------------------------------------------------------

  /**
   * No script runs and no key is made. Only a revoked certificate ends the client's process; for anything that a renewed
   * list, clock or certificate mends, it is told to come back (a listed difference: stock closes inside the TLS handshake).
   */
  #refuseCertificate(client: ClientInstance, keyId: number, refused: VerifyRefusal, now: Now): void {
    this.#context.notes.add(TLS.handshakeFailed, {}, client.ref);
    const temporary = client.announces(IV_PROTO.authFailedTemp) ? 'AUTH_FAILED,TEMP:certificate verification failed' : 'RESTART';
    this.#deny(client, keyId, refused.why === 'revoked' ? 'AUTH_FAILED' : temporary, 'tls-error', now);
  }

  /** Common name and certificates are locked for the life of a session (facts: wire 7). */
  #sameIdentity(client: ClientInstance, keyId: number, now: Now): boolean {
    const verdict = client.verdicts.get(keyId);
    const chain = verdict?.chain ?? [];
    if (client.certificates === undefined) {
      client.certificates = chain;
      client.commonName = verdict?.commonName;
      return true;
    }
    if (sameChain(client.certificates, chain)) return true;
    const from = client.certificates[0]?.commonName ?? '';
    const to = chain[0]?.commonName ?? '';
    if (from !== to) this.#context.notes.add(AUTH.commonNameChanged, { from, to }, client.ref);
    else this.#context.notes.add(AUTH.certificatesChanged, {}, client.ref);
    this.#deny(client, keyId, 'AUTH_FAILED', 'auth-control-exit', now);
    return false;
  }

  /** `tls-verify`, from the root to the leaf; each must say yes. */
  #checkByScript(client: ClientInstance, keyId: number, left: readonly CertificateFacts[], message: KeyMethod2, now: Now): void {
    const facts = left.at(-1);
    if (!this.#context.settings.hooks.tlsVerify || facts === undefined) return this.#checkUser(client, keyId, message, now);
    const depth = left.length - 1;
    const question = { what: 'tls-verify', env: client.env, depth, subject: facts.subject } as const;
    this.#context.ask(client, question, (answer, later) => {
      const row = answer.ok ? VERIFY.scriptOk : VERIFY.scriptError;
      this.#context.notes.add(row, { depth, subject: facts.subject }, client.ref);
      if (answer.ok) return this.#checkByScript(client, keyId, left.slice(0, -1), message, later);
      this.#refuseCertificate(client, keyId, { why: 'other', depth, text: 'tls-verify' }, later);
    });
  }

  // --- names and passwords ----------------------------------------------------------------------------------------

  #checkUser(client: ClientInstance, keyId: number, message: KeyMethod2, now: Now): void {
    const { auth } = this.#context.settings;
    const username = message.username ?? '';
    const password = message.password ?? new Secret('');
    const asked = auth.script !== undefined || auth.management;
    if (!asked && auth.token === undefined) return this.#accept(client, keyId, now);
    const length = Buffer.byteLength(password.reveal());
    if (message.username === undefined || (username === '' && length === 0)) {
      if (!asked) return this.#accept(client, keyId, now);
      // Who decides is asked all the same: it may still say no.
      if (auth.optional) return this.#askForUser(client, keyId, username, password, now);
      this.#context.notes.add(AUTH.notProvided, {}, client.ref);
      return this.#deny(client, keyId, 'AUTH_FAILED', 'auth-failure', now);
    }
    if (Buffer.byteLength(username) >= MAX_CREDENTIAL_BYTES || length >= MAX_CREDENTIAL_BYTES) {
      this.#context.notes.add(AUTH.tooLong, { username: Buffer.byteLength(username), password: length }, client.ref);
      return this.#deny(client, keyId, 'AUTH_FAILED', 'auth-failure', now);
    }
    if (client.username !== undefined && client.username !== username) {
      this.#context.notes.add(AUTH.usernameChanged, { from: client.username, to: username }, client.ref);
      return this.#deny(client, keyId, 'AUTH_FAILED', 'auth-failure', now);
    }
    if (auth.token !== undefined && password.reveal().startsWith(TOKEN_PREFIX))
      return this.#checkToken(client, keyId, username, password, now);
    this.#askForUser(client, keyId, username, password, now);
  }

  #checkToken(client: ClientInstance, keyId: number, username: string, password: Secret, now: Now): void {
    const settings = this.#context.settings.auth.token;
    if (settings === undefined) return;
    const verdict = checkToken(settings, username, password.reveal(), now);
    if (verdict.kind !== 'valid') {
      this.#noteBadToken(client, username, verdict);
      return this.#deny(
        client,
        keyId,
        verdict.kind === 'expired' ? 'AUTH_FAILED,SESSION: token expired' : 'AUTH_FAILED',
        'auth-failure',
        now,
      );
    }
    this.#context.notes.add(AUTH.tokenSucceeded, { username }, client.ref);
    this.#context.notes.add(AUTH.succeeded, { username, note: this.#nameNote }, client.ref);
    client.token = verdict.session;
    this.#lockUser(client, username);
    this.#accept(client, keyId, now);
  }

  #noteBadToken(client: ClientInstance, username: string, verdict: Exclude<TokenVerdict, { kind: 'valid' }>): void {
    const { notes } = this.#context;
    if (verdict.kind === 'forged') notes.add(AUTH.tokenBadHmac, { username }, client.ref);
    else {
      if (verdict.why !== 'lifetime') {
        const { issued: time, initial } = verdict.why;
        if (initial === undefined) notes.add(AUTH.tokenOutOfWindow, { time }, client.ref);
        else notes.add(AUTH.tokenBeforeLogin, { initial, time }, client.ref);
      }
      notes.add(AUTH.tokenExpired, {}, client.ref);
    }
    notes.add(AUTH.tokenFailed, { username }, client.ref);
  }

  #askForUser(client: ClientInstance, keyId: number, username: string, password: Secret, now: Now): void {
    const { script: via, management } = this.#context.settings.auth;
    if (via === undefined && management) return this.#askManagement(client, keyId, username, password, now);
    if (via === undefined) {
      // A token server with nobody to check passwords: only tokens let in.
      this.#context.notes.add(AUTH.failed, {}, client.ref);
      return this.#deny(client, keyId, 'AUTH_FAILED', 'auth-failure', now);
    }
    this.#context.ask(client, { what: 'verify-user', env: client.env, username, password, via }, (answer, later) => {
      if (!answer.ok) {
        this.#context.notes.add(AUTH.failed, {}, client.ref);
        return this.#deny(
          client,
          keyId,
          answer.reason === undefined ? 'AUTH_FAILED' : `AUTH_FAILED,${answer.reason}`,
          'auth-failure',
          later,
        );
      }
      if (management) return this.#askManagement(client, keyId, username, password, later);
      this.#context.notes.add(AUTH.succeeded, { username, note: this.#nameNote }, client.ref);
      this.#acceptUser(client, keyId, username, later);
    });
  }

  get #nameNote(): string {
    return this.#context.settings.auth.usernameAsCommonName ? '[CN SET]' : '';
  }

  /** A management client decides, whoever agreed before. */
  #askManagement(client: ClientInstance, keyId: number, username: string, password: Secret, now: Now): void {
    const first = client.phase !== 'connected';
    const decided: Parameters<Approvals['ask']>[2] = (decision, later) => {
      if (decision.kind === 'allow') {
        if (first) client.approvedConfig = decision.config;
        return this.#acceptUser(client, keyId, username, later);
      }
      if (decision.kind === 'timeout') this.#context.notes.add(AUTH.failed, {}, client.ref);
      const reason = decision.kind === 'deny' ? decision.clientReason : undefined;
      this.#deny(client, keyId, reason === undefined ? 'AUTH_FAILED' : `AUTH_FAILED,${reason}`, 'auth-failure', later);
    };
    this.#approvals.ask(client, password, decided, now);
    this.#context.notes.add(AUTH.deferred, { username, note: this.#nameNote }, client.ref);
  }

  #acceptUser(client: ClientInstance, keyId: number, username: string, now: Now): void {
    if (this.#context.settings.auth.token !== undefined) client.token ??= newTokenSession(this.#context.random, now);
    this.#lockUser(client, username);
    this.#accept(client, keyId, now);
  }

  #lockUser(client: ClientInstance, username: string): void {
    if (username === '') return;
    client.username = username;
    if (this.#context.settings.auth.usernameAsCommonName) client.commonName = username;
  }

  // --- the end of it ----------------------------------------------------------------------------------------------

  #accept(client: ClientInstance, keyId: number, now: Now): void {
    client.logins.set(keyId, 'accepted');
    client.phaseMs.auth ??= between(client.started.at, now.at);
    this.#accepted(client, keyId, now);
  }

  #deny(client: ClientInstance, keyId: number, message: string, reason: string, now: Now): void {
    client.logins.set(keyId, 'denied');
    this.#context.dismiss(client, message, reason, now);
  }
}
