import type { Now } from '../base/units.ts';
import type { SourceKind } from './facts.ts';
import { Counter, Histogram, Tally } from './figures.ts';
import type { FleetOptions } from './options.ts';
import { type EndReason, END_REASONS } from './session.ts';
import type { Counts, CountView, EventsView } from './views.ts';

/** Seconds; a handshake takes tens of milliseconds, and at most a minute. */
const HANDSHAKE_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** The same with scripts, logins by web and people who type. */
const CONNECT_BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const ROUND_TRIP_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Why handshakes fail. */
export const HANDSHAKE_FAULTS = [
  'timeout',
  'tls-error',
  'tls-version',
  'no-shared-cipher',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-revoked',
  'certificate-untrusted',
  'certificate-purpose',
  'certificate-name',
  'certificate-refused',
  'crl-expired',
  'crl-missing',
  'credentials-missing',
] as const;

/** One of them. */
export type HandshakeFault = (typeof HANDSHAKE_FAULTS)[number];

/** Why logins fail. */
export const AUTH_FAULTS = [
  'credentials',
  'token',
  'blank-username',
  'not-provided',
  'too-long',
  'client-file-missing',
  'identity-changed',
  'denied',
  'disabled',
  'no-shared-cipher',
  'no-address',
  'by-server',
] as const;

/** One of them. */
export type AuthFault = (typeof AUTH_FAULTS)[number];

/** What happens to clients, counted. */
export class Events implements EventsView {
  readonly #connects: Tally;
  readonly #disconnects = new Counter();
  readonly #handshakes = new Counter();
  readonly #authFailures = new Counter();
  readonly #rejectedPackets = new Counter();
  readonly #lines = new Counter();
  readonly renegotiations: Tally;
  readonly replays: Tally;
  readonly lost: Tally;
  readonly packets: Tally;
  readonly handshakeSeconds = new Histogram(HANDSHAKE_BOUNDS);
  readonly connectSeconds = new Histogram(CONNECT_BOUNDS);
  readonly roundTripSeconds = new Histogram(ROUND_TRIP_BOUNDS);

  constructor(options: Pick<FleetOptions, 'silentAfter'>) {
    this.#connects = new Tally(['sessions'], options);
    this.renegotiations = new Tally(['native', 'log', 'management'], options);
    this.replays = new Tally(['native', 'log'], options);
    this.lost = new Tally(['native'], options);
    this.packets = new Tally(['native'], options);
    // What has begun to count is there from the start, so that its first step shows as one.
    for (const reason of END_REASONS) this.#disconnects.add(reason, 0);
    this.#handshakes.add('succeeded|', 0);
    for (const fault of HANDSHAKE_FAULTS) this.#handshakes.add(`failed|${fault}`, 0);
    for (const fault of AUTH_FAULTS) this.#authFailures.add(fault, 0);
  }

  get connects(): CountView {
    return this.#connects;
  }

  get disconnects(): Counts {
    return this.#disconnects.counts;
  }

  get handshakes(): Counts {
    return this.#handshakes.counts;
  }

  get authFailures(): Counts {
    return this.#authFailures.counts;
  }

  get rejectedPackets(): Counts {
    return this.#rejectedPackets.counts;
  }

  get lines(): Counts {
    return this.#lines.counts;
  }

  connected(_source: SourceKind, now: Now): void {
    this.#connects.add('sessions', 1, now);
  }

  disconnected(reason: EndReason): void {
    this.#disconnects.add(reason);
  }

  handshakeSucceeded(): void {
    this.#handshakes.add('succeeded|');
  }

  handshakeFailed(fault: HandshakeFault): void {
    this.#handshakes.add(`failed|${fault}`);
  }

  authFailed(fault: AuthFault): void {
    this.#authFailures.add(fault);
  }

  packetRejected(why: string): void {
    this.#rejectedPackets.add(why);
  }

  line(severity: string, event: string): void {
    this.#lines.add(`${severity}|${event}`);
  }
}
