/**
 * A VPN session as a value, for programs that want one without a device, root or the command line:
 *
 * ```ts
 * import { connect } from 'tunnelscope/client';
 *
 * const session = await connect({ config: readFileSync('client.ovpn', 'utf8'), onPacket: (packet) => console.log(packet.length) });
 * console.log(session.address4);
 * session.send(packet);
 * await session.close();
 * ```
 */
export { connect, type ConnectOptions, type SessionEnd, type VpnSession } from './connect.ts';
export type { AttemptBytes } from './attempt.ts';
export type { ClientEnding } from '../../engine/client-types.ts';
