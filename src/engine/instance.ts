import { TimerTable } from '../base/machine.ts';
import { earliest, type Instant, type Now } from '../base/units.ts';
import type { EnvList } from '../model/env-list.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import type { ClientPhase } from '../model/status-report.ts';
import type { DataCipher, InnerRoute, Link, PeerSlot, PlaneCounters } from '../protocol/data/plane.ts';
import { type KeyUse, keyUseFrom } from './key-use.ts';
import type { PeerInfo } from '../protocol/negotiate/peer-info.ts';
import type { Session } from '../protocol/session/session.ts';
import type { TlsPeer } from '../protocol/tls.ts';
import type { CertificateFacts } from '../protocol/verify/certificate.ts';
import type { VerifyOutcome } from '../protocol/verify/verify.ts';
import type { PendingApproval } from './approvals.ts';
import type { LifetimeTimer } from './lifetimes.ts';
import type { Lease } from './pool.ts';

/** What can be pending for one client. */
export type ClientTimer = 'exit' | 'login' | 'token' | LifetimeTimer;

/** What the TLS handshake of one key id proved, and by which certificates (leaf first). */
export interface Verdict extends VerifyOutcome {
  readonly chain: readonly CertificateFacts[];
}

/** How far one key id's login has come; the first key's decides about the client, later ones about staying. */
export type Login = 'running' | 'accepted' | 'denied';

/** Milliseconds from the first packet to each step. */
export interface PhaseTimes {
  tls?: number;
  keyExchange?: number;
  auth?: number;
  connected?: number;
}

/** What a client was given when it connected. */
export interface Tunnel {
  readonly cipher: DataCipher;
  /** Its own addresses, then its subnets. */
  readonly routes: readonly InnerRoute[];
  readonly address4: Buffer | undefined;
  readonly address6: Buffer | undefined;
  readonly pushOptions: readonly string[];
}

/** One client of a server, from its first packet to its end. Data only: `login.ts`, `connect.ts` and `server.ts` act on it. */
export class ClientInstance {
  readonly number: number;
  readonly clientId: number;
  readonly slot: PeerSlot;
  readonly started: Now;
  readonly session: Session;
  link: Link;
  phase: ClientPhase = 'handshake';
  readonly timers = new TimerTable<ClientTimer>();
  /** Environment of its scripts; grows as more is known. */
  readonly env: EnvList;
  /** From the certificate, or the user name where that counts as one. */
  commonName: string | undefined;
  /** Shown in log prefixes from the start of connect processing. */
  shownName: string | undefined;
  username: string | undefined;
  peerInfo: PeerInfo | undefined;
  /** The `cipher` of the peer's options string. */
  remoteCipher: string | undefined;
  /** What the first TLS session showed; renegotiations must show the same. */
  certificates: readonly CertificateFacts[] | undefined;
  /** By key id: what its TLS handshake proved. */
  readonly verdicts = new Map<number, Verdict>();
  readonly logins = new Map<number, Login>();
  /** By KID: logins that wait for a management client. */
  readonly approvals = new Map<number, PendingApproval>();
  /** CONNECT was raised, so DISCONNECT must be. */
  referred = false;
  /** What `client-auth` said of it. */
  approvedConfig: readonly string[] = [];
  /** How many key ids have asked for a login: the KID of the management interface. */
  keyCount = 0;
  /** What the newest TLS handshake found, and how the log describes the certificate. */
  tlsPeer: TlsPeer | undefined;
  controlLine: string | undefined;
  lease: Lease | undefined;
  tunnel: Tunnel | undefined;
  token: { readonly sessionId: Buffer; readonly initial: number } | undefined;
  tokenText: string | undefined;
  pushWanted = false;
  pushedAt: Instant | undefined;
  readonly phaseMs: PhaseTimes = {};
  /** Opened in the data plane: its end is answered by final counters. */
  planeOpen = false;
  finalCounters: PlaneCounters | undefined;
  /** Why it ends, once it does. */
  ending: { readonly signal: string; readonly reason: string } | undefined;
  /** ESTABLISHED was raised, so DISCONNECT must be. */
  announced = false;
  /** Its end has begun; only the data plane's last counters are missing. */
  removed = false;
  /** Since when the inner bytes that `inactive` asks for have not passed, and how many had by then. */
  activity: { readonly since: Instant; readonly bytes: number };
  /** When the newest key came into use, and what the data plane had carried by then. */
  keyUse: KeyUse;
  lastControlHeard: Now;

  constructor(start: {
    readonly number: number;
    readonly clientId: number;
    readonly slot: PeerSlot;
    readonly link: Link;
    readonly session: Session;
    readonly env: EnvList;
    readonly now: Now;
  }) {
    this.number = start.number;
    this.clientId = start.clientId;
    this.slot = start.slot;
    this.link = start.link;
    this.session = start.session;
    this.env = start.env;
    this.started = start.now;
    this.lastControlHeard = start.now;
    this.activity = { since: start.now.at, bytes: 0 };
    this.keyUse = keyUseFrom(start.now.at, undefined);
  }

  /** For notes. */
  get ref(): PeerRef {
    return { session: this.number, clientId: this.clientId, address: this.link.address, commonName: this.shownName };
  }

  /** `alice/10.99.0.2:1194`, or `UNDEF/...` never: the form that log texts use for a client. */
  get label(): string {
    return this.shownName ?? this.commonName ?? 'UNDEF';
  }

  /** True when the peer announced a bit of IV_PROTO (facts: wire 10). */
  announces(bit: number): boolean {
    return ((this.peerInfo?.proto ?? 0) & bit) !== 0;
  }

  nextDeadline(): Instant | undefined {
    return earliest(this.session.nextDeadline(), this.timers.next());
  }
}
