import type { TunnelscopeError } from '../../base/errors.ts';
import type { Address } from '../../model/address.ts';
import type { DataPlaneRecord } from '../../model/status-report.ts';
import type { PacketTrace } from '../../protocol/data/forward.ts';
import type { PlaneCommand, PlaneEvent, PlaneView } from '../../protocol/data/plane.ts';

/**
 * The data plane as the daemon drives it. Every adapter keeps the rules of `protocol/data`; one contract suite holds
 * them to it. Commands take effect in order. Events come in order, in a later turn than the command that caused them,
 * so a listener may give commands.
 */
export interface DataPlane extends PlaneView {
  /** Before `start` and after `stop`, commands do nothing. */
  command(command: PlaneCommand): void;
  /** Call once, before `start`. */
  onEvent(listener: (event: PlaneEvent) => void): void;
  /** What the system answered, other than packets. Call once, before `start`. */
  onTrouble(listener: (trouble: PlaneTrouble) => void): void;
  /** Shows every packet to `trace` until it is called with undefined. */
  traceWith(trace: PacketTrace | undefined): void;
  /** Opens the sockets. Throws LISTEN with stock's words. */
  start(): Promise<void>;
  /** After `start`, once privileges are given up: threads start, and packets pass from then on at the latest. Throws DATA_PLANE. */
  begin(): Promise<void>;
  /** Tells no more events, closes the sockets once what was sent is written, and leaves the TUN device open. */
  stop(): Promise<void>;
  /** What runs here, once it has begun, and what it dropped. */
  running(): DataPlaneRecord;
  /** Where it listens; throws BUG before `start`. */
  localAddress(): Address;
}

/** A socket or device that failed. The plane goes on with what is left. */
export type PlaneTrouble =
  /** Reading from the network failed; `words` are the C library's. At most one a second. */
  | { readonly kind: 'socket'; readonly code: string; readonly errno: number; readonly words: string }
  /** The TUN device is gone. */
  | { readonly kind: 'tun'; readonly error: TunnelscopeError }
  /** The thread that carries packets is gone, and with it the plane. */
  | { readonly kind: 'worker'; readonly error: TunnelscopeError }
  /** Something makes the plane faster that did not run before: the device has come. */
  | { readonly kind: 'step-on'; readonly step: string }
  /** Something that made the plane faster does not work here after all; it goes on without. */
  | { readonly kind: 'step-off'; readonly step: string; readonly reason: string };
