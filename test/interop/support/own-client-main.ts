import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { formatIp, parseIp } from '../../../src/base/ip.ts';
import { Secret } from '../../../src/base/secret.ts';
import { milliseconds, seconds } from '../../../src/base/units.ts';
import { EchoTun } from '../../../src/daemon/echo-tun.ts';
import { ClientEngine } from '../../../src/engine/client.ts';
import type { ClientOutput, ClientSettings } from '../../../src/engine/client-types.ts';
import { Numbers } from '../../../src/engine/numbers.ts';
import { addressFrom } from '../../../src/model/address.ts';
import { SystemClock } from '../../../src/host/clock.ts';
import { PortablePlane } from '../../../src/host/dataplane/portable.ts';
import { tcpClientTransport, type Transport, udpTransport } from '../../../src/host/dataplane/transport.ts';
import { systemRandom } from '../../../src/host/random.ts';
import { connectTcp } from '../../../src/host/tcp.ts';
import { NodeTlsDevice } from '../../../src/host/tls.ts';
import { openUdp } from '../../../src/host/udp.ts';
import { renderRow } from '../../../src/messages/row.ts';
import { longestPacket } from '../../../src/protocol/data/forward.ts';
import { udpLink } from '../../../src/protocol/data/link.ts';
import type { DataCipher, Link } from '../../../src/protocol/data/plane.ts';
import type { WrapConfig } from '../../../src/protocol/wrap/config.ts';
import { parseStaticKey } from '../../../src/protocol/wrap/static-key.ts';
import { MachineDriver } from '../../../src/service/machine-driver.ts';
import { PEERS, type PeerName, speakAs } from '../../support/peers.ts';
import type { Wrap } from './daemons.ts';

/**
 * Our client side as a program of its own, for namespaces: connects once, answers pings inside its tunnel and sends its own.
 * Started with one argument, `OwnClientSetup` as JSON; told more by `OwnClientCommand`s, one JSON a line, on standard input.
 */

/** What the client is made of; files by their paths. */
export interface OwnClientSetup {
  readonly server: { readonly ip: string; readonly port: number };
  readonly transport: 'udp' | 'tcp';
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly wrap: Wrap;
  readonly staticKey: string;
  readonly auth: string;
  readonly ciphers: readonly DataCipher[];
  readonly fallbackCipher?: DataCipher;
  /** Options of which it takes PUSH_UPDATE; it prints all options after each. */
  readonly updates?: readonly string[];
  /** Whose words it speaks; its own without. */
  readonly playing?: PeerName;
}

/** What it can be told while it runs. */
export type OwnClientCommand =
  /** Sends echo requests 50 ms apart, then prints `pinged` with sent and answered. */
  { readonly kind: 'ping'; readonly to: string; readonly count: number } | { readonly kind: 'renegotiate' } | { readonly kind: 'leave' };

type Driver = MachineDriver<ClientOutput, ClientEngine>;

const PING_EVERY_MS = 50;
const PING_PATIENCE_MS = 2000;

const setup = JSON.parse(process.argv[2] ?? '{}') as OwnClientSetup;
const clock = new SystemClock();
const tun = new EchoTun(clock, process.pid);
let driver: Driver | undefined;
let ownAddress: Buffer | undefined;

const tls = new NodeTlsDevice(
  {
    ca: { name: 'ca', pem: readFileSync(setup.ca, 'utf8') },
    cert: { name: 'cert', pem: readFileSync(setup.cert, 'utf8') },
    key: { name: 'key', pem: new Secret(readFileSync(setup.key, 'utf8')) },
    requestCertificate: true,
  },
  (id, event) => driver?.run((engine, now) => engine.handleTls(id, event, now)),
);

const plane = new PortablePlane({
  settings: {
    role: 'client',
    transport: setup.transport,
    clientToClient: false,
    tunMtu: 1500,
    mssFix: undefined,
    replayWindow: { size: 64, seconds: 15 },
    ownAddresses: [],
  },
  open,
  tun,
  clock,
});

async function open(): Promise<Transport> {
  const { ip, port } = setup.server;
  if (setup.transport === 'udp') {
    const family = ip.includes(':') ? 6 : 4;
    return udpTransport(await openUdp({ family, port: 0, remote: { host: ip, port } }));
  }
  const connection = await connectTcp(ip, port, longestPacket(1500), 5000);
  return tcpClientTransport(connection, addressFrom('tcp-client', '0.0.0.0', 0));
}

function wrapOf(): WrapConfig {
  if (setup.wrap === 'none') return { kind: 'none' };
  const key = parseStaticKey(readFileSync(setup.staticKey, 'utf8'));
  if (!key.ok) throw new Error(key.error);
  if (setup.wrap === 'tls-crypt') return { kind: 'tls-crypt', key: key.value };
  return { kind: 'tls-auth', key: key.value, direction: 1, digest: setup.auth };
}

function settingsFor(remote: Link): ClientSettings {
  return {
    remote,
    wrap: wrapOf(),
    timing: { tlsTimeout: seconds(2), handWindow: seconds(60), tranWindow: seconds(3600), renegotiateAfter: milliseconds(0) },
    maxPacketSize: 1250,
    dataCiphers: setup.ciphers,
    fallbackCipher: setup.fallbackCipher,
    cipher: undefined,
    auth: setup.auth,
    tunMtu: 1500,
    credentials: undefined,
    verify: { remoteCertTls: 'server', usernameField: 'CN', clientCertificate: 'require' },
    version: 'tunnelscope-test',
    platform: 'linux',
    peerInfo: [],
    exitNotify: true,
    muteReplayWarnings: false,
    ...(setup.updates === undefined ? {} : { updates: new Set(setup.updates) }),
  };
}

function begin(remote: Link): void {
  const engine = new ClientEngine(
    { settings: settingsFor(remote), random: systemRandom, verb: 4, countersOf: (slot) => plane.counters(slot), numbers: new Numbers() },
    clock.now(),
  );
  driver = new MachineDriver(engine, clock, carryOut);
  driver.run(() => {});
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function carryOut(output: ClientOutput): void {
  switch (output.kind) {
    case 'note':
      return say(renderRow(output.row, output.args));
    case 'plane':
      return plane.command(output.command);
    case 'tls': {
      const { command } = output;
      const words = setup.playing === undefined ? undefined : PEERS[setup.playing];
      const spoken =
        words !== undefined && command.kind === 'tls-write' ? { ...command, message: speakAs(words, command.message) } : command;
      return tls.command(spoken);
    }
    case 'connected':
      ownAddress = output.address4?.address;
      return say(`connected ${ownAddress === undefined ? '' : formatIp(ownAddress)} ${output.options.join(',')}`);
    case 'ended':
      say(`ended ${output.reason} ${output.text ?? ''}`);
      return process.exit(0);
    case 'step':
      // Of the rest, tests look at what the server says.
      return output.step.what === 'updated' ? say(`updated ${output.step.options.join(',')}`) : undefined;
  }
}

function ping(to: Buffer, count: number): void {
  const before = tun.counts;
  for (let index = 0; index < count; index++) {
    setTimeout(() => ownAddress !== undefined && tun.ping(ownAddress, to), index * PING_EVERY_MS);
  }
  setTimeout(
    () => say(`pinged ${tun.counts.sent - before.sent} ${tun.counts.answered - before.answered}`),
    count * PING_EVERY_MS + PING_PATIENCE_MS,
  );
}

function obey(command: OwnClientCommand): void {
  switch (command.kind) {
    case 'ping': {
      const to = parseIp(command.to);
      if (to !== undefined) ping(to.bytes, command.count);
      return;
    }
    case 'renegotiate':
      return driver?.run((engine, now) => engine.renegotiate(now));
    case 'leave':
      return driver?.run((engine, now) => engine.leave('SIGTERM', now));
  }
}

plane.onTrouble((trouble) => say(`trouble ${trouble.kind}`));
plane.onEvent((event) => {
  if (event.kind === 'link-opened') begin(event.link);
  else driver?.run((engine, now) => engine.handlePlane(event, now));
});
await plane.start();
if (setup.transport === 'udp') begin(udpLink(setup.server.ip, setup.server.port));
createInterface({ input: process.stdin }).on('line', (line) => obey(JSON.parse(line) as OwnClientCommand));
