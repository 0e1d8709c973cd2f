/**
 * Tunnelscope as a library: OpenVPN's wire protocol, configuration language, management interface, status files, log
 * formats and message catalogue. Each also stands alone under its own path, as in `tunnelscope/status`.
 */
export { type ErrorCode, ERRORS, type Guilty, TunnelscopeError } from './base/errors.ts';
export { type Random, SeededRandom } from './base/random.ts';
export { fail, ok, type Result } from './base/result.ts';
export { Secret } from './base/secret.ts';
export { type Duration, type Instant, milliseconds, type Now, seconds, type WallTime } from './base/units.ts';
export * as log from './log/index.ts';
export * as management from './management/index.ts';
export * as messages from './messages/index.ts';
export type { Address, TransportKind } from './model/address.ts';
export type { DaemonEvent, DaemonInfo, DaemonPort, DaemonReply, DaemonRequest } from './model/daemon-port.ts';
export { EnvList } from './model/env-list.ts';
export type { PeerRef } from './model/peer-ref.ts';
export type {
  ClientRecord,
  ClientStatus,
  LinkQuality,
  RouteRecord,
  ServerStatus,
  ServerStatusRows,
  StatusReport,
} from './model/status-report.ts';
export * as options from './options/index.ts';
export * as protocol from './protocol/index.ts';
export * as status from './status/index.ts';
export * as telemetry from './telemetry/index.ts';
