import type { Instant, WallTime } from '../base/units.ts';
import type { ClientPhase, LinkQuality } from '../model/status-report.ts';
import type { SeenAddress, SourceKind } from './facts.ts';
import type { Series } from './series.ts';
import type { SessionView } from './views.ts';

/** Why sessions end, in the words of OpenVPN's own log (facts: management 10); what is not here counts as `other`. */
export const END_REASONS = [
  'ping-restart',
  'ping-exit',
  'remote-exit',
  'connection-reset',
  'delayed-exit',
  'tls-error',
  'auth-failure',
  'inactive',
  'session-timeout',
  'decryption-error',
  'no-push-reply',
  'server-poll',
  'server-restart',
  'server-halt',
  'network-unreachable',
  'exit-with-notification',
  'management-exit',
  'management-kill',
  'replaced',
  'daemon-restart',
  'daemon-exit',
  'unknown',
  'other',
] as const;

/** One of them. */
export type EndReason = (typeof END_REASONS)[number];

const WORDS: ReadonlyMap<string, EndReason> = new Map([
  ...END_REASONS.map((reason) => [reason, reason] as const),
  ['server_poll', 'server-poll'],
  ['server-pushed-connection-reset', 'server-restart'],
  ['server-pushed-halt', 'server-halt'],
  ['auth-failure (auth-token)', 'auth-failure'],
  ['auth-temp-failure (server temporary reject)', 'auth-failure'],
  ['management-disconnect', 'management-exit'],
  // The management command `kill` gives no reason.
  ['', 'management-kill'],
]);

/** The reason that a word of the log stands for. */
export function endReasonOf(word: string): EndReason {
  return WORDS.get(word) ?? 'other';
}

/** One client instance of a server, from the first that is heard of it until nothing can come any more. */
export class Session implements SessionView {
  readonly number: number;
  clientId: number | undefined;
  commonName: string | undefined;
  username: string | undefined;
  address: SeenAddress | undefined;
  virtual4: string | undefined;
  virtual6: string | undefined;
  since: WallTime | undefined;
  received = 0;
  sent = 0;
  cipher: string | undefined;
  version: string | undefined;
  platform: string | undefined;
  phase: ClientPhase = 'handshake';
  quality: LinkQuality | undefined;
  source: SourceKind;
  /** Who told of it first, and when. */
  readonly first: SourceKind;
  readonly created: Instant;
  /** When its beginning was seen happen; undefined when it was there before. */
  begun: Instant | undefined;
  /** The last list that has it. */
  pass = 0;
  wasConnected = false;
  handshakeCounted = false;
  /** When it ended; whether that was told, or it was missing from a list. */
  ended: Instant | undefined;
  endTold = false;
  /** What a line of the log says will end it. */
  hint: EndReason | undefined;
  /** Where its bytes are summed a user, once that is known, and how many of them are. */
  series: Series | undefined;
  summedReceived = 0;
  summedSent = 0;
  summedLost = 0;

  constructor(number: number, source: SourceKind, created: Instant) {
    this.number = number;
    this.source = source;
    this.first = source;
    this.created = created;
  }
}

/** Lists show whole seconds, of two clocks at worst. */
const SAME_MS = 2000;

/** Whether a session may be the one that began at `since`. */
export function beganAt(session: Session, since: WallTime | undefined): boolean {
  return since === undefined || session.since === undefined || Math.abs(session.since - since) <= SAME_MS;
}

/**
 * What a session is found by: address and port. Stock up to 2.6 prints no port of IPv6 peers: those are found by address and name,
 * and so are all others of that family.
 */
export function placesOf(address: SeenAddress | undefined, commonName: string | undefined): string[] {
  if (address === undefined) return [];
  const places = address.port === undefined ? [] : [`${address.ip}|${address.port}`];
  if (address.port === undefined || address.ip.includes(':')) places.push(`${address.ip}|?${commonName ?? ''}`);
  return places;
}

/** Whether one address may be the other: one of them has no port, or they are the same. */
export function sameAddress(one: SeenAddress | undefined, other: SeenAddress | undefined): boolean {
  if (one === undefined || other === undefined) return true;
  return one.ip === other.ip && (one.port === undefined || other.port === undefined || one.port === other.port);
}
