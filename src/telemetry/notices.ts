import type { Now, WallTime } from '../base/units.ts';
import type { AuthFault, HandshakeFault } from './events.ts';
import type { FleetEvent, SeenState } from './facts.ts';
import type { EndReason } from './session.ts';
import type { SessionView } from './views.ts';

/** A session that is connected, or is over for good: why it ended is settled then. */
export interface SessionNotice {
  readonly daemon: string;
  /** As it is at this moment: to be read, not to be kept. */
  readonly session: SessionView;
  readonly now: Now;
  /** Undefined while it is connected. */
  readonly end: { readonly reason: EndReason; readonly time: WallTime } | undefined;
}

/** Somebody was not let in. */
export interface FailureNotice {
  readonly daemon: string;
  readonly what: 'login' | 'handshake';
  readonly reason: AuthFault | HandshakeFault;
  readonly username: string | undefined;
  readonly commonName: string | undefined;
  readonly address: string | undefined;
  readonly now: Now;
}

/** A daemon changed to another state. */
export interface StateNotice {
  readonly daemon: string;
  readonly state: SeenState;
  readonly now: Now;
}

/** Hears what happens in the fleet. What it does must neither throw nor wait. */
export interface FleetWatcher {
  /** A fact that the state has just taken up. */
  fact?(event: FleetEvent): void;
  /** A session that has connected or is over. */
  session?(notice: SessionNotice): void;
  /** A login or a handshake that failed. */
  failure?(notice: FailureNotice): void;
  /** A daemon's new state. */
  state?(notice: StateNotice): void;
}

/** Where the state of one daemon says what happens to it. */
export interface NoticeSink {
  session(notice: Omit<SessionNotice, 'daemon'>): void;
  failure(notice: Omit<FailureNotice, 'daemon'>): void;
  state(notice: Omit<StateNotice, 'daemon'>): void;
}
