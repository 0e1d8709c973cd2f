import type { Instant, Now, WallTime } from '../base/units.ts';
import { FLAG } from '../messages/kinds.ts';
import type { RecognisedLine } from '../messages/recogniser.ts';
import type { AuthFault, Events, HandshakeFault } from './events.ts';
import type { DaemonMode, SeenLine, SeenState, Severity, SourceKind } from './facts.ts';
import type { FailureNotice } from './notices.ts';
import { type EndReason, endReasonOf, type Session } from './session.ts';
import type { Sessions } from './sessions.ts';

/** A line of the log by its flags, word or letters: the worst counts. */
export function severityOf(flags: number | string): Severity {
  const has = (bit: number, letter: string): boolean => (typeof flags === 'number' ? (flags & bit) !== 0 : flags.includes(letter));
  if (has(FLAG.fatal, 'F') || (typeof flags === 'number' && (flags & FLAG.usage) !== 0)) return 'fatal';
  if (has(FLAG.nonfatal, 'N')) return 'error';
  if (has(FLAG.warn, 'W')) return 'warning';
  return has(FLAG.debug, 'D') ? 'debug' : 'info';
}

/** What a recognised line says to the fleet state. `flags` and `told` are those of `>LOG`, where the line came with some. */
export function lineSeen({ row, word, args, peer, text, time }: RecognisedLine, flags?: number | string, told?: WallTime): SeenLine {
  return {
    text,
    time: told ?? time,
    severity: severityOf(flags ?? word ?? row?.word ?? 0),
    id: row?.id,
    event: row?.event,
    fields: args,
    commonName: peer?.commonName,
    address: peer === undefined ? undefined : { text: peer.address, ip: peer.ip, port: peer.port },
  };
}

/** What lines of the log change beside sessions and events. */
export interface LineTarget {
  readonly sessions: Sessions;
  readonly events: Events;
  state(state: SeenState, now: Now): void;
  pool(size: number, now: Now): void;
  title(title: string, now: Now): void;
  mode(mode: DaemonMode, now: Now): void;
  managementClients(change: number, now: Now): void;
  managementRefused(now: Now): void;
  /** Somebody was not let in, which is counted already. */
  failed(notice: Omit<FailureNotice, 'daemon'>): void;
}

interface Context {
  readonly target: LineTarget;
  readonly lines: Lines;
  readonly line: SeenLine;
  readonly source: SourceKind;
  readonly now: Now;
}

/** Faults that a handshake had before it failed, by who made it; bounded, the oldest go. */
const MAX_FAULTS = 4096;

/** Lines of the log, one after the other: a failure takes several, of which the first says why. */
export class Lines {
  readonly #target: LineTarget;
  readonly #handshakes = new Map<string, HandshakeFault>();
  readonly #logins = new Map<string, AuthFault>();
  /** When the handshake of a client's daemon began. */
  begun: Instant | undefined;
  /** The client that took the place of another of its name, until it is connected. */
  displacing: Session | undefined;

  constructor(target: LineTarget) {
    this.#target = target;
  }

  apply(line: SeenLine, source: SourceKind, now: Now): void {
    this.#target.events.line(line.severity, line.event ?? (line.id === undefined ? 'unrecognised' : 'other'));
    if (line.id !== undefined) EFFECTS[line.id]?.({ target: this.#target, lines: this, line, source, now });
    if (line.event === 'packet-rejected') this.#target.events.packetRejected(line.id ?? '');
    if (line.event === 'management-refused') this.#target.managementRefused(now);
    if (line.event === 'replay') this.#target.events.replays.add('log', 1, now);
  }

  handshakeFault(line: SeenLine, fault: HandshakeFault): void {
    keep(this.#handshakes, whoOf(line), fault);
  }

  takeHandshakeFault(line: SeenLine): HandshakeFault | undefined {
    return take(this.#handshakes, whoOf(line));
  }

  loginFault(line: SeenLine, fault: AuthFault): void {
    keep(this.#logins, whoOf(line), fault);
  }

  takeLoginFault(line: SeenLine): AuthFault | undefined {
    return take(this.#logins, whoOf(line));
  }
}

function whoOf(line: SeenLine): string {
  return line.address?.text ?? '';
}

function keep<T>(map: Map<string, T>, who: string, fault: T): void {
  if (map.has(who)) return;
  map.set(who, fault);
  if (map.size > MAX_FAULTS) for (const oldest of map.keys()) return void map.delete(oldest);
}

function take<T>(map: Map<string, T>, who: string): T | undefined {
  const fault = map.get(who);
  map.delete(who);
  return fault;
}

type Effect = (context: Context) => void;

/** What lines do, by their id in the catalogue. */
const EFFECTS: Readonly<Record<string, Effect>> = {
  'start.version': started,
  'start.our-version': started,
  'start.init-complete': ready,
  'start.init-complete-with-errors': ready,
  'start.process-restarting': (context) => over(context, 'RECONNECTING', 'daemon-restart'),
  'start.process-exiting': (context) => over(context, 'EXITING', 'daemon-exit'),
  'start.fatal-exit': (context) => over(context, 'EXITING', 'daemon-exit'),
  'tls.initial-packet': begun,
  'verify.ok': begun,
  'tls.peer-connection-initiated': initiated,
  'tls.handshake-failed': handshakeFailed,
  'tls.negotiation-timeout': handshake('timeout'),
  'tls.unsupported-protocol': handshake('tls-version'),
  'tls.no-shared-ciphersuite': handshake('no-shared-cipher'),
  'verify.error': ({ lines, line }) => lines.handshakeFault(line, certificateFault(String(line.fields['reason'] ?? ''))),
  'verify.crl-not-loaded': handshake('crl-missing'),
  'verify.key-usage-error': handshake('certificate-purpose'),
  'verify.extended-key-usage-error': handshake('certificate-purpose'),
  'verify.ns-cert-type-error': handshake('certificate-purpose'),
  'verify.name-error': handshake('certificate-name'),
  'verify.no-subject': handshake('certificate-refused'),
  'verify.no-username': handshake('certificate-refused'),
  'verify.script-error': handshake('certificate-refused'),
  'verify.plugin-error': handshake('certificate-refused'),
  'verify.fingerprint-error': handshake('certificate-untrusted'),
  'verify.chain-too-long': handshake('certificate-untrusted'),
  'crl.revoked': handshake('certificate-revoked'),
  'auth.failed': (context) => loginFailed(context, context.lines.takeLoginFault(context.line) ?? 'credentials'),
  'auth.token-failed': (context) => {
    context.lines.loginFault(context.line, 'token');
    named(context);
  },
  'auth.token-succeeded': letIn,
  'auth.succeeded': letIn,
  'auth.deferred': named,
  'auth.blank-username': login('blank-username'),
  'auth.not-provided': (context) => {
    loginFailed(context, 'not-provided');
    context.lines.handshakeFault(context.line, 'credentials-missing');
  },
  'auth.too-long': login('too-long'),
  'auth.client-config-required': login('client-file-missing'),
  'auth.username-changed': login('identity-changed'),
  'auth.common-name-changed': login('identity-changed'),
  'auth.certificates-changed': login('identity-changed'),
  'auth.rejected': login('denied'),
  'auth.disabled': login('disabled'),
  'pool.none': login('no-address'),
  'push.no-common-cipher': login('no-shared-cipher'),
  'push.no-common-single-cipher': login('no-shared-cipher'),
  'client.auth-control': login('by-server'),
  'tls.soft-reset': ({ target, now }) => target.events.renegotiations.add('log', 1, now),
  'multi.init': ({ target, now }) => target.mode('server', now),
  'pool.base-4': ({ target, line, now }) => target.pool(Number(line.fields['size'] ?? 0), now),
  'pool.returned': addressed,
  'multi.primary-4': addressed,
  'push.data-channel': ciphered,
  'push.data-channel-plain': ciphered,
  'peer-info.value': peerInfo,
  'push.sent': (context) => {
    if (String(context.line.fields['message']).startsWith('PUSH_REPLY')) connected(context);
  },
  'multi.displaced': displaced,
  'multi.ping-restart': hint('ping-restart'),
  'multi.ping-exit': hint('ping-exit'),
  'multi.inactive': hint('inactive'),
  'multi.session-timeout': hint('session-timeout'),
  'multi.exit-received': hint('remote-exit'),
  'multi.occ-exit-received': hint('remote-exit'),
  'link.connection-reset': hint('connection-reset'),
  'multi.instance-exiting': gone,
  'multi.instance-restarting': gone,
  'management.client-connected': ({ target, now }) => target.managementClients(1, now),
  'management.client-disconnected': ({ target, now }) => target.managementClients(-1, now),
};

function handshake(fault: HandshakeFault): Effect {
  return ({ lines, line }) => lines.handshakeFault(line, fault);
}

function login(fault: AuthFault): Effect {
  return (context) => loginFailed(context, fault);
}

function loginFailed(context: Context, reason: AuthFault): void {
  context.target.events.authFailed(reason);
  tellFailure(context, 'login', reason);
}

function handshakeFailed(context: Context): void {
  const { target, lines, line } = context;
  const reason = lines.takeHandshakeFault(line) ?? 'tls-error';
  target.events.handshakeFailed(reason);
  if (line.address === undefined) lines.begun = undefined;
  tellFailure(context, 'handshake', reason);
}

function tellFailure(context: Context, what: FailureNotice['what'], reason: FailureNotice['reason']): void {
  const { target, line, now } = context;
  const session = found(context);
  const commonName = line.commonName ?? session?.commonName;
  target.failed({ what, reason, username: session?.username, commonName, address: line.address?.text, now });
}

function letIn(context: Context): void {
  context.lines.takeLoginFault(context.line);
  named(context);
}

/** The line has the name that somebody logs in with. */
function named(context: Context): void {
  const { username } = context.line.fields;
  const session = found(context);
  if (session !== undefined && session.ended === undefined && typeof username === 'string') session.username = username;
}

/** What a client says of itself; of a client's daemon it is the server. */
function peerInfo(context: Context): void {
  const { name, value } = context.line.fields;
  const session = found(context);
  if (session === undefined || typeof value !== 'string') return;
  if (name === 'IV_VER') session.version = value;
  if (name === 'IV_PLAT') session.platform = value;
}

function hint(reason: EndReason): Effect {
  return (context) => {
    const session = found(context);
    if (session !== undefined) session.hint = reason;
  };
}

function started({ target, line, now }: Context): void {
  target.title(`${line.id === 'start.version' ? 'OpenVPN' : 'Tunnelscope'} ${line.fields['version']} ${line.fields['rest']}`, now);
  target.sessions.endAll('daemon-restart', now);
  target.state({ time: now.wall, name: 'CONNECTING' }, now);
}

function ready({ target, now, line }: Context): void {
  target.state({ time: now.wall, name: 'CONNECTED', detail: line.id === 'start.init-complete' ? 'SUCCESS' : 'ERROR' }, now);
}

function over({ target, line, now }: Context, name: string, reason: EndReason): void {
  target.sessions.endAll(reason, now);
  target.state({ time: now.wall, name, detail: String(line.fields['reason'] ?? line.fields['signal'] ?? '') }, now);
}

/** The session that a line with a prefix is about. */
function found({ target, line }: Context): Session | undefined {
  return line.address === undefined ? undefined : target.sessions.find({ address: line.address, commonName: line.commonName });
}

/** A client's daemon writes no prefix: its handshake is its own. */
function begun(context: Context): void {
  if (context.line.address === undefined) context.lines.begun ??= context.now.at;
  else clientAt(context, true);
}

function initiated(context: Context): void {
  const { target, lines, line, source, now } = context;
  lines.takeHandshakeFault(line);
  const session = clientAt(context, false);
  if (session !== undefined) {
    const name = line.fields['commonName'];
    // From here on prefixes show the name.
    if (typeof name === 'string') target.sessions.update(session, { address: line.address, commonName: name }, source, now, true);
    return target.sessions.handshaken(session, now);
  }
  target.mode('client', now);
  target.events.handshakeSucceeded();
  if (lines.begun !== undefined) target.events.handshakeSeconds.observe((now.at - lines.begun) / 1000);
  lines.begun = undefined;
}

/** The same, opened if it is new: a line about one that ended is about another at the same place. */
function clientAt(context: Context, begins: boolean): Session | undefined {
  const { target, line, source, now } = context;
  const known = found(context);
  if (known !== undefined && known.ended === undefined) return known;
  if (line.address === undefined) return undefined;
  const session = target.sessions.open(source, now, begins);
  if (session !== undefined) target.sessions.update(session, { address: line.address, commonName: line.commonName }, source, now, true);
  return session;
}

/**
 * Has an address: what is left are scripts and the push. Whose first packets were seen will be seen to be connected too; of others
 * a short log tells no more.
 */
function addressed(context: Context): void {
  const { target, line, source, now } = context;
  const session = clientAt(context, false);
  if (session === undefined) return;
  const address = line.fields['address'] ?? line.fields['address4'];
  const virtual4 = typeof address === 'string' && address.includes('.') ? address : undefined;
  const phase = session.begun === undefined ? 'connected' : 'connecting';
  target.sessions.update(session, { commonName: line.commonName, virtual4, phase }, source, now, true);
}

/** A client with the name of another ends that one. Stock leaves the prefix out of what follows about the new one. */
function displaced({ target, lines, line, now }: Context): void {
  const name = line.fields['commonName'];
  for (const session of target.sessions.live) {
    if (session.commonName !== name) continue;
    if (session.phase === 'connected') target.sessions.end(session, 'replaced', now, true);
    else lines.displacing = session;
  }
}

function ciphered(context: Context): void {
  const { cipher } = context.line.fields;
  connected(context, typeof cipher === 'string' ? cipher : undefined);
}

function connected(context: Context, cipher?: string): void {
  const { target, lines, line, source, now } = context;
  const session = line.address === undefined ? lines.displacing : found(context);
  lines.displacing = undefined;
  if (session !== undefined) session.cipher ??= cipher;
  if (session !== undefined && session.ended === undefined) target.sessions.phase(session, 'connected', source, now, true);
}

function gone(context: Context): void {
  const { target, line, now } = context;
  const session = found(context);
  const told = endReasonOf(String(line.fields['reason'] ?? ''));
  if (session !== undefined) target.sessions.end(session, told === 'delayed-exit' ? (session.hint ?? told) : told, now, true);
}

/** Words of the TLS library (facts: logging 13), the first that is found. */
const CERTIFICATE_FAULTS: readonly (readonly [words: string, fault: HandshakeFault])[] = [
  ['CRL has expired', 'crl-expired'],
  ['unable to get certificate CRL', 'crl-missing'],
  ['revoked', 'certificate-revoked'],
  ['has expired', 'certificate-expired'],
  ['not yet valid', 'certificate-not-yet-valid'],
  ['purpose', 'certificate-purpose'],
  ['issuer', 'certificate-untrusted'],
  ['self-signed', 'certificate-untrusted'],
  ['self signed', 'certificate-untrusted'],
  ['unable to verify', 'certificate-untrusted'],
];

function certificateFault(reason: string): HandshakeFault {
  return CERTIFICATE_FAULTS.find(([words]) => reason.includes(words))?.[1] ?? 'certificate-refused';
}
