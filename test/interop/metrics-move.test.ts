import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CAUSES, type Cause, type Move } from './support/causes.ts';
import { OUR_COMMAND, PORT, type Server } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { Talk } from './support/management-talk.ts';
import { Relay } from './support/relay.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';
import { ping } from './support/traffic.ts';

/** Makes happen what moves metrics, to real daemons, and looks at the page of metrics before and after. */

const OUR_PORT = PORT + 1;
const LONG = 60_000;
const MIB = 1 << 20;

type CauseName = keyof typeof CAUSES;
/** Values by the sample's name and labels, as they stand on the page. */
type Page = ReadonlyMap<string, number>;

function parsePage(text: string): Page {
  return new Map([...text.matchAll(/^([a-z_]+(?:\{.*\})?) (\S+)$/gm)].map(([, key = '', value]) => [key, Number(value)]));
}

/** The samples that a move is about. */
function samplesOf(page: Page, { sample, labels = {} }: Move, daemon: string | undefined): [string, number][] {
  const wanted = Object.entries({ ...labels, ...(daemon === undefined ? {} : { daemon }) }).map(([name, value]) => `${name}="${value}"`);
  return [...page].filter(([key]) => (key === sample || key.startsWith(`${sample}{`)) && wanted.every((pair) => key.includes(pair)));
}

function moved(before: Page, after: Page, move: Move, daemon: string | undefined): boolean {
  const [old, now] = [samplesOf(before, move, daemon), samplesOf(after, move, daemon)];
  switch (move.how) {
    case 'rises':
      return now.some(([key, value]) => value > (before.get(key) ?? 0));
    case 'falls':
      return old.some(([key, value]) => (after.get(key) ?? -Infinity) < value);
    case 'changes':
      return now.some(([key, value]) => before.get(key) !== value);
  }
}

describe.skipIf(!requireInterop())('the metrics', () => {
  const lab = useLab(['relay', 'alice', 'bob', 'carol']);
  let disk: string | undefined;
  afterAll(() => disk !== undefined && execFileSync('umount', [disk]));

  const inFolder = (name: string): string => join(lab.network.folder, name);
  const happened = new Set<CauseName>();

  /** A disk of its own, of so many MiB. */
  function makeDisk(size: number): string {
    const path = inFolder('disk');
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'tmpfs', path]);
    disk = path;
    return path;
  }

  const shown = (): Promise<Page> =>
    new Promise((resolve, reject) => {
      const ask = request({ socketPath: inFolder('http.sock'), path: '/metrics' }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        answer.on('end', () => resolve(parsePage(text))).on('error', reject);
      });
      ask.on('error', reject).end();
    });

  /** Lets something happen, and waits until everything has moved that its causes name. */
  async function happens(names: readonly CauseName[], act: () => unknown, page: () => Promise<Page> = shown): Promise<void> {
    const before = await page();
    await act();
    let still: string[] = [];
    const done = eventually(
      names.join(', '),
      async () => {
        const after = await page();
        still = names.flatMap((name) => {
          const { daemon, moves }: Cause = CAUSES[name];
          return moves.filter((move) => !moved(before, after, move, daemon)).map(({ sample, how }) => `${daemon}: ${sample} ${how}`);
        });
        return still.length === 0;
      },
      LONG,
    );
    await done.catch((error: unknown) => {
      throw new Error(`${String(error)}; still: ${still.join(', ')}`);
    });
    for (const name of names) happened.add(name);
  }

  function yamlOf(
    { stock, ours }: Pick<World, 'stock' | 'ours'>,
    {
      health = '',
      series = 'mode: user',
      rest = [],
    }: { readonly health?: string; readonly series?: string; readonly rest?: string[] } = {},
  ): string {
    const poll = 'poll: 1s, bytecount: 1s';
    return [
      'http: { listen: ./http.sock }',
      `series: { ${series} }`,
      'daemons:',
      '  - name: stock',
      `    management: { address: ${stock.managementPath}, ${poll} }`,
      '    pid: management',
      '    gateway: { listen: { address: ./gateway.sock, password: sesame } }',
      '  - name: ours',
      `    management: { address: ${ours.managementPath}, ${poll} }`,
      `    status-file: ${inFolder('disk/status')}`,
      '    pid: management',
      '    certificates: { cert: watched.crt }',
      `    ${health}`,
      `  - { name: client, management: { address: ./alice.sock, ${poll} } }`,
      ...rest,
      '',
    ].join('\n');
  }

  async function reload(monitor: Running, yaml: string): Promise<void> {
    writeFileSync(inFolder('monitor.yaml'), yaml);
    const from = monitor.mark();
    monitor.signal('SIGHUP');
    await monitor.waitFor('Configuration reloaded: ', { from, within: LONG });
  }

  /** A client without a device. */
  const nullClient = { without: ['dev', 'persist-tun'], lines: ['dev null', 'ifconfig-noexec', 'route-noexec', 'explicit-exit-notify 1'] };

  /** The two servers, the relay on the way to stock's, and the monitor over them. */
  interface World {
    readonly stock: Server;
    readonly ours: Server;
    readonly relay: Relay;
    readonly monitor: Running;
  }

  async function begin(): Promise<World> {
    makeDisk(16);
    writeFileSync(inFolder('watched.crt'), readFileSync(lab.pki.server.cert));
    mkdirSync(inFolder('ccd'));
    writeFileSync(inFolder('ccd/mallory'), 'disable\n');
    const without = ['keepalive', 'server-ipv6'];
    const [stock, ours, relay] = await Promise.all([
      lab.server({ program: 'stock', without, lines: ['keepalive 1 20', `client-config-dir ${inFolder('ccd')}`, 'reneg-bytes 50000'] }),
      lab.server({
        program: 'ours',
        without: [...without, 'port', 'dev', 'server', 'status'],
        lines: [
          `port ${OUR_PORT}`,
          'dev null',
          'duplicate-cn',
          'server 10.9.0.0 255.255.255.0',
          'keepalive 1 20',
          `status ${inFolder('disk/status')} 1`,
        ],
      }),
      lab.relay(),
    ]);
    writeFileSync(inFolder('monitor.yaml'), yamlOf({ stock, ours }));
    const monitor = lab.network.start(lab.serverHost, 'monitor', [...OUR_COMMAND, 'monitor', inFolder('monitor.yaml')]);
    await monitor.waitFor('metrics and health at ');
    await eventually('both servers up', async () => {
      const page = await shown();
      const up = ['stock', 'ours'].map((name) => page.get(`tunnelscope_connected_clients{daemon="${name}"}`));
      return up.every((clients) => clients === 0) && page.has('tunnelscope_process_start_time_seconds{daemon="ours"}');
    });
    return { stock, ours, relay, monitor };
  }

  /** Clients come and move something. Gives the one at the relay, which is watched itself. */
  async function clientsCome({ relay }: World): Promise<Running> {
    const aliceHost = lab.network.host('alice');
    let alice: Running | undefined;
    await happens(['client-comes', 'client-comes-to-ours'], async () => {
      const lines = [`management ${inFolder('alice.sock')} unix`, 'explicit-exit-notify 1'];
      await lab.client('bob', { port: OUR_PORT, ...nullClient });
      alice = (await lab.client('alice', { remote: relay.host.ip4, lines })).process;
    });
    const pings = ['ping', '-n', '-q', '-c', '80', '-i', '0.02', '-s', '1000', '10.8.0.1'];
    await happens(['traffic', 'traffic-of-client'], () => lab.network.run(aliceHost, pings));
    relay.setFaults({ duplicate: 1 });
    await happens(['doubled'], () => ping(lab.network, aliceHost, '10.8.0.1', 3));
    relay.setFaults({});
    // Each client of more adds to what one packet puts into the queue.
    const others = await Promise.all(['dora', 'erin'].map((name) => lab.client(name, { host: 'bob', ...nullClient })));
    await happens(['multicast'], () => ping(lab.network, lab.serverHost, '239.1.2.3', 3, ['-I', 'tun0', '-b', '-t', '5']));
    await Promise.all(others.map(({ process }) => process.stop()));
    if (alice === undefined) throw new Error('alice never came');
    return alice;
  }

  /** Clients that are not let in: all come at once. */
  async function strangersCome(): Promise<void> {
    const stranger = { host: 'carol', wait: false, ...nullClient };
    const foreign = { ...stranger, wrap: 'none' as const, lines: [...nullClient.lines, `tls-crypt ${lab.pki.foreignStaticKey()}`] };
    const old = await lab.pki.expiredClient('old');
    let came: { readonly process: Running }[] = [];
    await happens(['foreign-certificate', 'disabled', 'foreign-key'], async () => {
      came = await Promise.all([lab.client(old, stranger), lab.client('mallory', stranger), lab.client('bob', foreign)]);
    });
    await Promise.all(came.map(({ process }) => process.stop()));
    await happens(['twice'], async () => (came = [await lab.client('bob', { port: OUR_PORT, ...nullClient })]));
    await Promise.all(came.map(({ process }) => process.stop()));
  }

  async function managersCome({ ours }: World): Promise<void> {
    const talks: Talk[] = [];
    await happens(['gateway-client', 'management-clients', 'limit'], async () => {
      for (const words of ['sesame', 'wrong']) talks.push(await Talk.login(inFolder('gateway.sock'), words));
      for (let index = 0; index < 40; index++) talks.push(await Talk.open(ours.managementPath));
      execFileSync('prlimit', ['--nofile=777:777', '--pid', String(ours.process.pid)]);
    });
    for (const talk of talks) talk.close();
    await happens(['hangs'], async () => {
      ours.process.signal('SIGSTOP');
      const age = 'tunnelscope_source_age_seconds{daemon="ours",source="management"}';
      await eventually('it is silent', async () => ((await shown()).get(age) ?? 0) > 3);
    });
    ours.process.signal('SIGCONT');
  }

  async function daemonsEnd({ stock }: World, alice: Running): Promise<void> {
    await happens(['client-leaves', 'client-ended'], () => alice.stop());
    await happens(['ends'], () => stock.process.stop('SIGKILL'));
    await happens(['begins-anew'], () => {
      const smaller = readFileSync(stock.configPath, 'utf8').replace('server 10.8.0.0 255.255.255.0', 'server 10.8.0.0 255.255.255.128');
      writeFileSync(stock.configPath, smaller);
      lab.network.start(lab.serverHost, 'ours instead of stock', [...OUR_COMMAND, 'run', '--config', stock.configPath]);
    });
  }

  async function monitorIsTold(world: World): Promise<void> {
    const renewed = await lab.pki.client('server again', { commonName: 'server', notAfter: new Date(Date.now() + 86_400_000) });
    await happens(['certificate-renewed', 'disk-fills'], async () => {
      writeFileSync(inFolder('watched.crt'), readFileSync(renewed.cert));
      execFileSync('mount', ['-o', 'remount,size=17m', inFolder('disk')]);
      writeFileSync(inFolder('disk/filler'), Buffer.alloc(8 * MIB));
      // Whose configuration changed is looked at anew at once, and not after a minute.
      await reload(world.monitor, yamlOf(world, { health: 'health: { min-clients: 0 }' }));
    });
    await happens(['limits-of-monitor'], async () => {
      const one = '  - { name: another, status-file: ./none }';
      await reload(world.monitor, yamlOf(world, { rest: [one, 'max-clients: 1'], series: 'mode: user, max: 1' }));
      await Promise.all([
        lab.client('carol', { port: OUR_PORT, ...nullClient }),
        lab.client('alice', { remote: lab.serverHost.ip4, ...nullClient }),
      ]);
    });
  }

  it('move as their table says', async () => {
    const world = await begin();
    const alice = await clientsCome(world);
    await strangersCome();
    await managersCome(world);
    await daemonsEnd(world, alice);
    await monitorIsTold(world);
    await quickstart();
    expect(Object.keys(CAUSES).filter((name) => !happened.has(name as CauseName))).toEqual([]);
  }, 300_000);

  /** What only a daemon in the process of the metrics measures: a guest of the show, behind a network that loses packets. */
  async function quickstart(): Promise<void> {
    const show = lab.network.start(lab.serverHost, 'quickstart', [...OUR_COMMAND, 'quickstart'], { TMPDIR: lab.network.folder });
    const [, url = ''] = /curl (\S+)/.exec(await show.waitFor('/metrics', { within: LONG })) ?? [];
    const [, profile = ''] = /--config (\S+)/.exec(await show.waitFor('guest.ovpn')) ?? [];
    const guest = readFileSync(profile, 'utf8');
    const port = Number(/^remote \S+ (\d+)/m.exec(guest)?.[1]);
    const page = async (): Promise<Page> => {
      const script = `fetch('${url}').then(async (answer) => process.stdout.write(await answer.text()))`;
      return parsePage(await lab.network.run(lab.serverHost, [process.execPath, '-e', script]));
    };
    const lossy = await Relay.start(lab.network, lab.serverHost, { ip: '127.0.0.1', port }, {}, { seed: 3, port: PORT + 2 });
    await happens(
      ['loss'],
      async () => {
        const path = lab.file(guest.replace(/^remote .*$/m, `remote ${lossy.host.ip4} ${PORT + 2}`));
        await lab.network.start(lab.network.host('carol'), 'guest', ['openvpn', '--config', path]).waitFor('Initialization Sequence');
        lossy.setFaults({ drop: 0.3 });
        const pings = 'ping -n -q -c 40 -i 0.02 -W 1 10.8.0.2 || true';
        await lab.network.run(lab.network.host('carol'), ['sh', '-c', pings]);
        lossy.setFaults({});
        await lab.network.run(lab.network.host('carol'), ['sh', '-c', 'ping -n -q -c 3 -i 0.1 -W 1 10.8.0.2 || true']);
      },
      page,
    );
    expect(await show.stop('SIGINT')).toMatchObject({ code: 0 });
  }
});
