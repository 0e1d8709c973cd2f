/**
 * `tunnelscope/management`: the management interface of OpenVPN, both ends. `ManagementClient` talks to a daemon over a socket;
 * the rest is the protocol without I/O.
 */
export * from '../management/index.ts';
export { type Clock, SystemClock } from '../host/clock.ts';
export type { StreamAddress, StreamTls } from '../host/net-listener.ts';
export { Secret } from '../base/secret.ts';
export type { EventQueue } from './event-queue.ts';
export {
  type ClientEvent,
  ManagementClient,
  type ManagementClientOptions,
  ManagementError,
  type RemoteEntry,
  type ReplyRow,
  type Subscription,
} from './management-client.ts';
