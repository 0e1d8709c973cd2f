import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TunnelscopeError } from '../../base/errors.ts';
import { quoteWord } from '../../base/tokenize.ts';
import { Secret } from '../../base/secret.ts';
import { seconds } from '../../base/units.ts';
import { DaemonApp } from '../../daemon/app.ts';
import { ClientRunner } from '../../daemon/client-runner.ts';
import { EchoTun } from '../../daemon/echo-tun.ts';
import type { ClientSettings } from '../../engine/client-types.ts';
import { AppendFile } from '../../host/append-file.ts';
import { SystemClock } from '../../host/clock.ts';
import { listenStream } from '../../host/net-listener.ts';
import { systemRandom } from '../../host/random.ts';
import type { SignalName } from '../../host/signals.ts';
import { openUdp } from '../../host/udp.ts';
import type { ClientRecord } from '../../model/status-report.ts';
import { udpLink } from '../../protocol/data/link.ts';
import { DEFAULT_DATA_CIPHERS } from '../../protocol/negotiate/ciphers.ts';
import { parseStaticKey } from '../../protocol/wrap/static-key.ts';
import { Logging } from '../../service/logging.ts';
import { createPki } from '../pki/files.ts';
import { checkProfile } from '../pki/profiles.ts';
import { packageVersion } from '../version.ts';
import { exhibitOf, type ShowExhibit } from './exhibit.ts';
import type { Hints, Moment } from './view.ts';

const HOST = '127.0.0.1';
const NETWORK = { address: '10.8.0.0', mask: '255.255.255.0' };
const GUEST = 'guest';

/** One client of the show: it runs, and its tunnel has somebody inside who answers pings. */
interface Performer {
  readonly name: string;
  readonly runner: ClientRunner;
  readonly tun: EchoTun;
  readonly logging: Logging;
}

/** A server and clients in this process, over real sockets, in a folder of their own. */
export class Showcase {
  #hints: Hints;
  readonly app: DaemonApp;
  readonly folder: string;
  readonly #clock = new SystemClock();
  readonly #server: string;
  readonly #performers: readonly Performer[];
  readonly #startedAt: number;
  #exhibit: ShowExhibit | undefined;

  private constructor(folder: string, ports: Ports, performers: (clock: SystemClock) => readonly Performer[]) {
    this.folder = folder;
    this.#server = `${HOST}:${ports.udp}`;
    this.#startedAt = this.#clock.now().at;
    this.#hints = {
      managementPort: ports.management,
      statusFile: join(folder, 'status.log'),
      logFile: join(folder, 'server.log'),
      guestProfile: join(folder, `${GUEST}.ovpn`),
      insideAddress: '10.8.0.2',
      metricsUrl: '',
    };
    this.app = new DaemonApp({
      argv: ['--config', join(folder, 'quickstart.conf')],
      clock: this.#clock,
      random: systemRandom,
      pid: process.pid,
      version: packageVersion(),
    });
    this.#performers = performers(this.#clock);
  }

  /** Makes the folder and everything in it, and starts. Throws LISTEN, FILE or whatever the server could not start for. */
  static async open(clients: readonly string[]): Promise<Showcase> {
    const folder = await mkdtemp(join(tmpdir(), 'tunnelscope-'));
    try {
      const ports = await freePorts();
      const profile = checkProfile({ serverName: 'server', remote: HOST, port: String(ports.udp), proto: 'udp', network: '10.8.0.0/24' });
      await createPki({ folder, profile, clients: [...clients, GUEST], days: 30, now: new Date() });
      await writeFile(join(folder, 'quickstart.conf'), configuration(folder, ports));
      const materials = await Promise.all(clients.map((name) => readMaterial(folder, name)));
      const wrapKey = await readWrapKey(folder);
      const performers = (clock: SystemClock): Performer[] =>
        materials.map(({ name, material }, index) =>
          makePerformer({ name, material, index, clock, folder, settings: settingsFor(ports.udp, wrapKey) }),
        );
      const showcase = new Showcase(folder, ports, performers);
      await showcase.#start();
      return showcase;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #start(): Promise<void> {
    await this.app.start();
    if (this.app.localAddress === undefined) {
      const log = await readFile(this.#hints.logFile, 'utf8').catch(() => '');
      throw new TunnelscopeError('LISTEN', `the server did not start:\n${log.split('\n').slice(-5).join('\n')}`);
    }
    this.#exhibit = await exhibitOf(this.app.port, this.#clock);
    this.#hints = { ...this.#hints, metricsUrl: `${this.#exhibit.url}/metrics` };
    for (const { runner } of this.#performers) await runner.start();
  }

  /** What there is to try. */
  get hints(): Hints {
    return this.#hints;
  }

  /** Every client sends one ping to the next. */
  ping(): void {
    for (const [index, { runner, tun }] of this.#performers.entries()) {
      const next = this.#performers[(index + 1) % this.#performers.length];
      const from = runner.address4?.address;
      const to = next?.runner.address4?.address;
      if (from !== undefined && to !== undefined) tun.ping(from, to);
    }
  }

  /** What there is to see now. */
  moment(): Moment {
    const own = this.#performers.map(({ name, tun }) => {
      const { sent, answered, roundTrip } = tun.counts;
      return { name, pingsSent: sent, pingsAnswered: answered, pingRoundTrip: roundTrip };
    });
    return {
      seconds: Math.round((this.#clock.now().at - this.#startedAt) / 1000),
      server: this.#server,
      own,
      clients: this.#clients(),
    };
  }

  #clients(): readonly ClientRecord[] {
    let clients: readonly ClientRecord[] = [];
    this.app.port.request({ kind: 'status' }, (reply) => {
      if (reply.kind === 'status' && reply.report.kind === 'server') clients = reply.report.clients;
    });
    return clients;
  }

  /** Clients leave, the server ends, the folder goes. Gives the server's exit status. */
  async close(signal: SignalName): Promise<number> {
    try {
      await this.#exhibit?.close();
      await Promise.all(this.#performers.map(({ runner }) => runner.stop(signal)));
      await Promise.all(this.#performers.map(({ logging }) => logging.close()));
      this.app.signal(signal);
      return await this.app.done;
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

interface Ports {
  readonly udp: number;
  readonly management: number;
}

/** Ports that are free now; somebody else may take them before we do, which then is said. */
async function freePorts(): Promise<Ports> {
  const socket = await openUdp({ family: 4, host: HOST, port: 0 });
  const udp = socket.local.port;
  await socket.close();
  const listener = await listenStream({ kind: 'tcp', host: HOST, port: 0 }, () => {});
  const management = listener.local.kind === 'tcp' ? listener.local.port : 0;
  await listener.close();
  return { udp, management };
}

/** What the server runs by: a configuration file like any other. */
function configuration(folder: string, ports: Ports): string {
  const file = (name: string): string => quoteWord(join(folder, name));
  return `${[
    `local ${HOST}`,
    `port ${ports.udp}`,
    'proto udp4',
    'dev null',
    'topology subnet',
    `server ${NETWORK.address} ${NETWORK.mask}`,
    'client-to-client',
    `ca ${file('ca.crt')}`,
    `cert ${file('server.crt')}`,
    `key ${file('server.key')}`,
    'dh none',
    `tls-crypt ${file('tls-crypt.key')}`,
    `crl-verify ${file('crl.pem')}`,
    'remote-cert-tls client',
    'keepalive 2 10',
    `status ${file('status.log')} 1`,
    'status-version 2',
    `log ${file('server.log')}`,
    'verb 3',
    `management ${HOST} ${ports.management}`,
  ].join('\n')}\n`;
}

async function readMaterial(folder: string, name: string) {
  const [ca, cert, key] = await Promise.all(['ca.crt', `${name}.crt`, `${name}.key`].map((file) => readFile(join(folder, file), 'utf8')));
  const material = {
    ca: { name: 'ca.crt', pem: ca ?? '' },
    cert: { name: `${name}.crt`, pem: cert ?? '' },
    key: { name: `${name}.key`, pem: new Secret(key ?? '') },
    requestCertificate: true,
  };
  return { name, material };
}

async function readWrapKey(folder: string): Promise<Secret<Buffer>> {
  const key = parseStaticKey(await readFile(join(folder, 'tls-crypt.key'), 'utf8'));
  if (!key.ok) throw new TunnelscopeError('BUG', `our own static key: ${key.error}`);
  return key.value;
}

function settingsFor(port: number, wrapKey: Secret<Buffer>): ClientSettings {
  return {
    remote: udpLink(HOST, port),
    wrap: { kind: 'tls-crypt', key: wrapKey },
    timing: { tlsTimeout: seconds(2), handWindow: seconds(60), tranWindow: seconds(3600), renegotiateAfter: seconds(3600) },
    maxPacketSize: 1250,
    dataCiphers: DEFAULT_DATA_CIPHERS,
    fallbackCipher: undefined,
    cipher: undefined,
    auth: 'SHA1',
    tunMtu: 1500,
    credentials: undefined,
    verify: {
      remoteCertTls: 'server',
      verifyName: { value: 'server', type: 'name' },
      usernameField: 'CN',
      clientCertificate: 'require',
    },
    version: `tunnelscope/${packageVersion()}`,
    platform: process.platform,
    peerInfo: [],
    exitNotify: true,
    muteReplayWarnings: false,
  };
}

interface PerformerParts extends Pick<Awaited<ReturnType<typeof readMaterial>>, 'name' | 'material'> {
  readonly index: number;
  readonly clock: SystemClock;
  readonly folder: string;
  readonly settings: ClientSettings;
}

function makePerformer({ name, material, index, clock, folder, settings }: PerformerParts): Performer {
  const tun = new EchoTun(clock, index + 1);
  const file = AppendFile.open(join(folder, `${name}.log`), { truncate: true });
  const outlet = { write: (line: string): void => void file.append(line), close: () => file.close() };
  const logging = new Logging(clock, outlet, outlet);
  logging.setVerb(3);
  const runner = new ClientRunner({
    settings,
    material,
    clock,
    random: systemRandom,
    tun,
    verb: 3,
    log: (note, now) => logging.log(note, now),
  });
  return { name, runner, tun, logging };
}
