import { Secret } from '../../src/base/secret.ts';
import { milliseconds, seconds } from '../../src/base/units.ts';
import type { ClientSettings } from '../../src/engine/client-types.ts';
import type { ServerSettings } from '../../src/engine/settings.ts';
import { udpLink } from '../../src/protocol/data/link.ts';
import type { WrapConfig } from '../../src/protocol/wrap/config.ts';

/** Any fixed static key. */
const STATIC_KEY = new Secret(Buffer.from(Array.from({ length: 256 }, (_, index) => (index * 31 + 7) & 255)));

/** Each way to protect the control channel, as either end has it. */
export const WRAPS = {
  none: { server: { kind: 'none' }, client: { kind: 'none' } },
  'tls-auth': {
    server: { kind: 'tls-auth', key: STATIC_KEY, direction: 0, digest: 'SHA256' },
    client: { kind: 'tls-auth', key: STATIC_KEY, direction: 1, digest: 'SHA256' },
  },
  'tls-crypt': { server: { kind: 'tls-crypt', key: STATIC_KEY }, client: { kind: 'tls-crypt', key: STATIC_KEY } },
} as const satisfies Record<string, { readonly server: WrapConfig; readonly client: WrapConfig }>;

/** A name of the table. */
export type WrapName = keyof typeof WRAPS;

/** A server's settings for simulations: IPv4 only, no scripts, an hour between renegotiations. */
export function serverSettings(wrap: WrapName = 'tls-crypt'): ServerSettings {
  return {
    topology: 'subnet',
    tunnel4: { address: Buffer.of(10, 8, 0, 1), bits: 24 },
    tunnel6: undefined,
    pool4: { first: Buffer.of(10, 8, 0, 2), last: Buffer.of(10, 8, 0, 253), bits: 24 },
    pool6: undefined,
    pushes: ['route-gateway 10.8.0.1', 'topology subnet', 'ping 10', 'ping-restart 60'],
    keepalive: { ping: seconds(10), pingRestart: seconds(120) },
    clientToClient: true,
    duplicateCn: false,
    maxClients: 100,
    maxRoutesPerClient: 256,
    clientConfig: undefined,
    control: {
      wrap: WRAPS[wrap].server,
      tlsTimeout: seconds(2),
      handWindow: seconds(60),
      tranWindow: seconds(3600),
      renegotiate: { after: seconds(3600), bytes: 0, packets: 0 },
      dataCiphers: ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'],
      fallbackCipher: undefined,
      cipher: undefined,
      auth: 'SHA1',
      maxPacketSize: 1250,
    },
    verify: { remoteCertTls: 'client', usernameField: 'CN', clientCertificate: 'require' },
    auth: {
      script: undefined,
      management: false,
      optional: false,
      usernameAsCommonName: false,
      token: undefined,
      clientCertificate: 'require',
    },
    hooks: { clientConnect: false, clientDisconnect: false, learnAddress: false, tlsVerify: false },
    tunMtu: 1500,
    mssFix: undefined,
    replayWindow: { size: 64, seconds: 15 },
    connectFreq: undefined,
    connectFreqInitial: { count: 100, per: seconds(10) },
    explicitExitNotify: 0,
    muteReplayWarnings: false,
    statusVersion: 1,
    transport: 'udp',
    inactive: undefined,
    sessionTimeout: undefined,
  };
}

/** A client's settings for simulations. */
export function clientSettings(server: { readonly host: string; readonly port: number }, wrap: WrapName = 'tls-crypt'): ClientSettings {
  return {
    remote: udpLink(server.host, server.port),
    wrap: WRAPS[wrap].client,
    timing: { tlsTimeout: seconds(2), handWindow: seconds(60), tranWindow: seconds(3600), renegotiateAfter: milliseconds(0) },
    maxPacketSize: 1250,
    dataCiphers: ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'],
    fallbackCipher: undefined,
    cipher: undefined,
    auth: 'SHA1',
    tunMtu: 1500,
    credentials: undefined,
    verify: { remoteCertTls: 'server', usernameField: 'CN', clientCertificate: 'require' },
    version: 'tunnelscope-test',
    platform: 'linux',
    peerInfo: [],
    exitNotify: true,
    muteReplayWarnings: false,
  };
}
