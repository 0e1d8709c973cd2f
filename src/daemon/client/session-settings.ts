import { release } from 'node:os';
import type { ClientSettings } from '../../engine/client-types.ts';
import type { ClientModeSettings, Profile } from '../../engine/client/configuration.ts';
import { filterPushed } from '../../engine/client/push-filter.ts';
import type { GivenLogin } from './questions.ts';
import { OPENVPN_VERSION } from '../title.ts';

/** What the engine needs of a configuration for a session with one of its servers. */
export function sessionSettings(
  client: ClientModeSettings,
  profile: Profile,
  login: GivenLogin | undefined,
): Omit<ClientSettings, 'remote'> {
  const { control, pull, verify, ping, silence } = client;
  const { tlsTimeout, handWindow, tranWindow } = control;
  return {
    wrap: profile.wrap,
    timing: { tlsTimeout, handWindow, tranWindow, renegotiateAfter: control.renegotiate.after },
    maxPacketSize: control.maxPacketSize,
    dataCiphers: control.dataCiphers,
    fallbackCipher: control.fallbackCipher,
    cipher: control.cipher,
    auth: control.auth,
    tunMtu: profile.tunMtu,
    credentials: login,
    verify,
    version: OPENVPN_VERSION,
    platform: 'linux',
    peerInfo: [...client.peerInfo, ...(client.tellsMore ? aboutThisMachine() : [])],
    exitNotify: profile.exitNotify,
    muteReplayWarnings: client.muteReplayWarnings,
    filter: (options, notes) => filterPushed(options, pull, notes),
    ...(ping === undefined && silence === undefined ? {} : { keepalive: { ping, silence } }),
  };
}

/** What `push-peer-info` adds. */
function aboutThisMachine(): [string, string][] {
  return [
    ['IV_SSL', `OpenSSL_${process.versions.openssl}`],
    ['IV_PLAT_VER', release()],
  ];
}
