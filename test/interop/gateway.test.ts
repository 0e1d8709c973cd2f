import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { seconds } from '../../src/base/units.ts';
import { SystemClock } from '../../src/host/clock.ts';
import type { StreamAddress } from '../../src/host/net-listener.ts';
import type { CommandAudit } from '../../src/management/server-options.ts';
import { AttachedDaemon, type AttachedOptions } from '../../src/monitor/attached/attached.ts';
import { Gateway } from '../../src/monitor/attached/gateway.ts';
import { Logging } from '../../src/service/logging.ts';
import { ManagementClient } from '../../src/service/management-client.ts';
import { parseStatus } from '../../src/status/parse.ts';
import type { Fact } from '../../src/telemetry/facts.ts';
import { OUR_COMMAND, type Program, READY, type Server, TUNNEL_SERVER4 } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** One stock daemon, which serves one management client, and three programs that use it at once through a gateway. */

const clock = new SystemClock();
const PASSWORD = new Secret('sesame');
let closing: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

function attach(server: Pick<Server, 'managementPath'>, more: Partial<AttachedOptions> = {}) {
  const facts: Fact[] = [];
  const where: StreamAddress = { kind: 'unix', path: server.managementPath };
  const daemon = new AttachedDaemon({ where, clock, pollEvery: seconds(1), byteSeconds: 1, fact: (fact) => facts.push(fact), ...more });
  closing.push(() => daemon.close());
  return { daemon, facts };
}

async function openGateway(lab: Lab, daemon: AttachedDaemon, keep = false) {
  const audit: CommandAudit[] = [];
  const log: string[] = [];
  const outlet = { write: (line: string) => void log.push(line), close: () => Promise.resolve() };
  const logging = new Logging(clock, outlet, outlet);
  logging.setVerb(4);
  const full: StreamAddress = { kind: 'unix', path: join(lab.network.folder, 'gateway.sock') };
  const places = [
    { where: full, password: undefined },
    { where: { kind: 'tcp', host: '127.0.0.1', port: 0 } as const, password: PASSWORD, role: 'read' as const },
  ];
  const gateway = new Gateway(daemon, { places, keep, audit: (entry) => audit.push(entry) }, logging, clock);
  const [, reading = full] = await gateway.open();
  closing.push(() => gateway.close());
  return { audit, log, full, reading };
}

/** Lets everybody in who logs in, and keeps whom. */
async function authenticator(where: StreamAddress): Promise<string[]> {
  const manager = new ManagementClient({ where, clock });
  closing.push(() => manager.close());
  const seen: string[] = [];
  void (async () => {
    for await (const event of manager.events) {
      if (event.kind !== 'client' || event.keyId === undefined) continue;
      const name = new Map(event.env).get('username');
      await manager.clientAuth(event.clientId, event.keyId, [`push "setenv-safe greeting ${name}"`]);
      seen.push(`${event.what} ${event.clientId} ${name}`);
    }
  })();
  await manager.open();
  return seen;
}

/** Asks for the status again and again; counts what it got. */
async function exporter(where: StreamAddress) {
  const manager = new ManagementClient({ where, clock, password: PASSWORD });
  const found = { polls: 0, lost: 0, names: new Set<string>(), wrong: 0 };
  await manager.open();
  const timer = setInterval(() => {
    manager.status(3).then(
      (lines) => {
        const status = parseStatus(`${lines.join('\n')}\nEND\n`);
        found.polls++;
        if (status.form !== 'v3' || status.problems.length > 0) found.wrong++;
        for (const { commonName } of status.clients) if (commonName !== undefined) found.names.add(commonName);
      },
      () => found.lost++,
    );
  }, 50);
  closing.push(() => {
    clearInterval(timer);
    manager.close();
  });
  return found;
}

/** A port of this machine that leads to one on the loopback of a host. */
async function wayTo(namespace: string, port: number): Promise<StreamAddress> {
  const server = createServer((socket) => {
    const through = spawn('ip', ['netns', 'exec', namespace, 'nc', '127.0.0.1', String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
    for (const end of [socket, through.stdin, through.stdout]) end.on('error', () => undefined);
    socket.pipe(through.stdin);
    through.stdout.pipe(socket);
    socket.on('close', () => through.kill());
    // Without this nc waits for a daemon that has gone until its own input ends.
    through.stdout.on('end', () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => void server.close());
  const address = server.address();
  return { kind: 'tcp', host: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
}

describe.skipIf(!requireInterop())('a gateway before a stock daemon', () => {
  const lab = useLab(['alice', 'bob']);
  const login = (name: string) =>
    lab.client(name, { wait: false, lines: [`auth-user-pass ${lab.file(`${name}\nsecret-of-${name}\n`, 0o600)}`] });

  it('serves a program that decides logins, an exporter and a shell at once, over a restart of the daemon', async () => {
    const server = await lab.server({ program: 'stock', lines: ['management-client-auth'] });
    const { daemon, facts } = attach(server);
    await daemon.open();
    const gateway = await openGateway(lab, daemon);
    const shell = await Talk.open(join(lab.network.folder, 'gateway.sock'));
    await shell.ask('log on', 'state on');
    const polled = await exporter(gateway.reading);

    // A login that nobody was there for is put to who comes.
    const alice = await login('alice');
    await eventually('the login of alice', () => daemon.pending().length === 1);
    const decided = await authenticator(gateway.full);
    await alice.process.waitFor(READY);
    // A client may be up before the reply to its decision is read here.
    await eventually('the reply to the decision', () => decided.length === 1);
    expect(decided).toEqual(['CONNECT 0 alice']);
    expect(daemon.pending()).toEqual([]);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    await alice.process.waitFor('greeting alice');
    await eventually('alice in the status', () => polled.names.has('alice'));
    await eventually('the log', () => shell.lines.some((line) => /^>LOG:\d+,I?,.*alice/.test(line)));
    expect((await shell.ask('who')).filter((line) => line.includes('\tread\t'))).toHaveLength(1);
    // What the polls of the exporter and of ourselves leave in the daemon's log is not what the shell asked for.
    expect(shell.lines.filter((line) => /CMD '(?:load-stats|version|env-filter 0)'/.test(line))).toEqual([]);

    await server.process.stop();
    await eventually('the end of the shell', () => shell.closed);
    expect(shell.lines.some((line) => line.startsWith('>STATE:') && line.includes(',EXITING,SIGTERM,'))).toBe(true);
    await alice.process.stop();
    const again = lab.network.start(lab.serverHost, 'stock server again', ['openvpn', '--config', server.configPath]);
    await again.waitFor(READY);
    // A login that comes while nobody is connected is lost on stock.
    await eventually('the gateway back at its daemon', () => daemon.info().connected);
    const bob = await login('bob');
    await bob.process.waitFor(READY);
    // Client ids began anew, and whoever kept the old ones was told by the end of the connection.
    await eventually('the reply to the second decision', () => decided.length === 2);
    expect(decided).toEqual(['CONNECT 0 alice', 'CONNECT 0 bob']);
    await eventually('bob in the status', () => polled.names.has('bob'));
    expect(polled.wrong).toBe(0);

    const second = await Talk.open(join(lab.network.folder, 'gateway.sock'));
    const history = await second.ask('log all');
    expect(history.filter((line) => line.endsWith(READY))).toHaveLength(2);
    expect((await second.ask('state all')).map((line) => line.split(',')[1])).toEqual(
      expect.arrayContaining(['CONNECTED', 'EXITING', 'CONNECTED']),
    );
    expect(await second.ask('client-deny 0 1 late')).toEqual(['ERROR: client-deny command failed']);
    second.close();

    const asked = gateway.audit.map(({ role, line }) => `${role} ${line}`);
    expect(asked).toEqual(expect.arrayContaining(['authenticate log on', 'read status 3', 'authenticate client-auth 0 1']));
    expect(gateway.log.join('')).toMatch(/MANAGEMENT: \[AF_INET\]127\.0\.0\.1:\d+ \(read\) CMD 'status 3'/);
    expect(`${gateway.log.join('')}${JSON.stringify(gateway.audit)}${JSON.stringify(facts)}`).not.toMatch(/secret-of|sesame/);
    expect(facts.map((fact) => (fact.kind === 'client' ? `${fact.what} ${fact.client.commonName}` : fact.kind))).toEqual(
      expect.arrayContaining([
        'source-up',
        'connecting alice',
        'established alice',
        'source-down',
        'established bob',
        'client-bytes',
        'status',
      ]),
    );
    expect(daemon.malformed).toBe(0);
  }, 90_000);

  it('notices that a daemon restarts when it is left', async () => {
    const server = await lab.server({ program: 'stock', lines: ['management-signal'] });
    const first = attach(server).daemon;
    await first.open();
    expect(await new Promise((resolve) => first.request({ kind: 'pid' }, resolve))).toMatchObject({ kind: 'value' });
    expect(first.signals).toBe(false);
    const from = server.process.mark();
    first.close();
    await server.process.waitFor(READY, { from });
    const { daemon } = attach(server);
    await daemon.open();
    await eventually('what the log says', () => daemon.signals);
  }, 30_000);
});

describe.skipIf(!requireInterop()).each(['stock', 'ours'] satisfies Program[])(
  'a gateway before a %s daemon with a password',
  (program) => {
    const lab = useLab(['alice']);

    /** Stock on a unix socket; ours on TCP, behind TLS that asks for a certificate. */
    async function upstream(): Promise<{ readonly lines: string[]; readonly way: Partial<AttachedOptions> }> {
      const file = lab.file('upstream\n', 0o600);
      const path = join(lab.network.folder, 'upstream.sock');
      if (program === 'stock') return { lines: [`management ${path} unix ${file}`], way: { where: { kind: 'unix', path } } };
      const { ca, server } = lab.pki;
      const alice = await lab.identity('alice');
      const [authority, cert, key] = [ca, alice.cert, alice.key].map((each) => readFileSync(each, 'utf8'));
      if (authority === undefined || cert === undefined || key === undefined) throw new Error('no certificates');
      return {
        lines: [`management 127.0.0.1 7506 ${file}`, `management-tls ${server.cert} ${server.key} ${ca}`],
        way: { where: await wayTo(lab.serverHost.namespace, 7506), tls: { ca: authority, cert, key, serverName: 'server' } },
      };
    }

    it('gets in with it and not with another, and with `keep` its clients stay over a restart', async () => {
      const { lines, way } = await upstream();
      const server = await lab.server({ program, lines, without: ['management'] });
      const stranger = attach(server, { ...way, password: new Secret('guess') });
      void stranger.daemon.open().catch(() => undefined);
      await eventually('the refusal', () => stranger.facts.some((fact) => fact.kind === 'source-down' && fact.fault === 'password'));
      stranger.daemon.close();

      const { daemon, facts } = attach(server, { ...way, password: new Secret('upstream') });
      await daemon.open();
      await openGateway(lab, daemon, true);
      const shell = await Talk.open(join(lab.network.folder, 'gateway.sock'));
      await shell.ask('state on');
      const alice = await lab.client('alice');
      expect((await shell.ask('status 3')).join('\n')).toContain(`\t${alice.tunnel4}\t`);
      expect(await shell.ask('kill nobody')).toEqual(["ERROR: common name 'nobody' not found"]);

      await server.process.stop();
      await eventually('the loss', () => shell.lines.some((line) => line.startsWith('>NOTIFY:info,daemon-lost,')));
      expect(shell.closed).toBe(false);
      await alice.process.stop();
      const command =
        program === 'stock' ? ['openvpn', '--config', server.configPath] : [...OUR_COMMAND, 'run', '--config', server.configPath];
      const again = lab.network.start(lab.serverHost, `${program} server again`, command);
      await again.waitFor(READY);
      await eventually('the way back', () => shell.lines.some((line) => line.startsWith('>NOTIFY:info,daemon-attached,')));
      await eventually('the daemon', () => daemon.info().connected);
      expect(await shell.ask('nclients')).toEqual(['SUCCESS: nclients=0']);
      const before = shell.lines.length;
      await again.stop();
      await eventually('the state', () =>
        shell.lines.slice(before).some((line) => line.startsWith('>STATE:') && line.includes(',EXITING,')),
      );
      expect(JSON.stringify(facts)).not.toMatch(/upstream\b(?!\.sock)|guess/);
      expect(daemon.malformed).toBe(0);
      shell.close();
    }, 60_000);
  },
);
