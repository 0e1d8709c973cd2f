import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND, type Program, READY, type Server } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { Talk } from './support/management-talk.ts';
import { Prometheus } from './support/prometheus.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';

/** The monitor over two stock daemons, two of ours and one that lies, scraped by a real Prometheus, which is asked for the figures. */

const METRICS = 'http://127.0.0.1:9176';
const TOKEN = 'token-for-prometheus';

/** Says that it is a management interface, then a line without an end, and keeps the connection. */
const LIAR = `
const net = require('node:net');
net.createServer((socket) => {
  socket.on('error', () => undefined);
  socket.write(">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\\r\\n");
  socket.write('>LOG:'.padEnd(20_000_000, 'x'));
}).listen(process.argv[1], () => console.log('lying'));
`;

describe.skipIf(!requireInterop())('the monitor', () => {
  const lab = useLab(['alice', 'bob']);

  /** A server beside others on one host: with its own port and network. */
  const serverNumber = (number: number, program: Program, lines: readonly string[] = [], wait = true): Promise<Server> =>
    lab.server({
      program,
      wait,
      without: ['port', 'server', 'server-ipv6', 'status-version'],
      lines: [`port ${1194 + number}`, `server 10.8${number}.0.0 255.255.255.0`, `status-version ${1 + (number % 3)}`, ...lines],
    });
  const inFolder = (name: string): string => join(lab.network.folder, name);
  const onServer = (command: readonly string[]): Promise<string> => lab.network.run(lab.serverHost, command);
  const fetched = (path: string): Promise<string> =>
    onServer([
      process.execPath,
      '-e',
      `fetch(process.argv[1], { headers: { authorization: 'Bearer ${TOKEN}' } }).then(async (r) => console.log(r.status + ' ' + (await r.text())))`,
      `${METRICS}${path}`,
    ]);

  function startMonitor(yaml: string): Running {
    writeFileSync(inFolder('monitor.yaml'), yaml);
    return lab.network.start(lab.serverHost, 'monitor', [...OUR_COMMAND, 'monitor', inFolder('monitor.yaml')], { TOKEN });
  }

  it('shows daemons of both makes to Prometheus, whatever one of them does', async () => {
    const logFile = inFolder('stock2.log');
    const [stock1, stock2, ours1, ours2] = await Promise.all([
      serverNumber(0, 'stock'),
      serverNumber(1, 'stock', [`log-append ${logFile}`, 'status-version 1', `status ${inFolder('stock2.status')} 1`], false),
      serverNumber(2, 'ours'),
      serverNumber(3, 'ours', [`writepid ${inFolder('ours2.pid')}`]),
    ]);
    const liar = lab.network.start(lab.serverHost, 'liar', [process.execPath, '-e', LIAR, inFolder('liar.sock')]);
    await Promise.all([liar.waitFor('lying'), eventually('stock2', () => textIfThere(logFile).includes(READY))]);
    const daemons = `
daemons:
  - name: stock1
    management: { address: ${stock1.managementPath}, poll: 1s, bytecount: 1s }
    pid: management
    certificates: { cert: ${lab.pki.server.cert}, ca: ${lab.pki.ca} }
    gateway: { listen: { address: ${inFolder('gateway.sock')}, role: operate } }
  - name: stock2
    status-file: { path: ${inFolder('stock2.status')}, stale-after: 4s }
    log-file: ${logFile}
  - name: ours1
    management: { address: ${ours1.managementPath}, poll: 1s, bytecount: 1s }
    status-file: ${ours1.statusPath}
  - name: ours2
    status-file: ${ours2.statusPath}
    pid: ${inFolder('ours2.pid')}
  - name: liar
    management: { address: ${inFolder('liar.sock')}, timeout: 1s }
`;
    const rest = 'http: { bearer: { token: "${TOKEN}" } }\nseries: { mode: user }\ncompat: kumina\n';
    const monitor = startMonitor(daemons + rest);
    await monitor.waitFor('metrics and health at http://127.0.0.1:9176/metrics');
    const prometheus = await Prometheus.start(lab.network, lab.serverHost, '127.0.0.1:9176', TOKEN);
    await prometheus.comes('four daemons up', 'tunnelscope_up', { stock1: 1, stock2: 1, ours1: 1, ours2: 1 });
    await prometheus.comes('states', 'tunnelscope_state{state="CONNECTED"}', { stock1: 1, ours1: 1 });

    const [alice, bob] = await Promise.all([lab.client('alice', { port: 1194 }), lab.client('bob', { port: 1196 })]);
    await prometheus.comes('clients', 'tunnelscope_connected_clients', { stock1: 1, stock2: 0, ours1: 1, ours2: 0 });
    await prometheus.comes('users', 'tunnelscope_user_sessions', { alice: 1, bob: 1 }, 'user');
    await prometheus.comes('connects', 'tunnelscope_connects_total', { stock1: 1, ours1: 1 });
    await Promise.all([lab.ping(alice, '10.80.0.1', 50), lab.ping(bob, '10.82.0.1', 50)]);
    const bytes = await eventually('bytes', async () => {
      const found = await prometheus.query('tunnelscope_received_bytes_total');
      return (found.get('stock1') ?? 0) > 5000 && (found.get('ours1') ?? 0) > 5000 && found;
    });
    expect((await prometheus.query('openvpn_server_connected_clients', 'status_path')).get(ours1.statusPath)).toBe(1);
    const now = Date.now() / 1000;
    const expiry = await prometheus.query('tunnelscope_certificate_expiry_timestamp_seconds', 'role');
    expect((expiry.get('ca') ?? 0) - now).toBeGreaterThan(300 * 86_400);
    const memory = await prometheus.query('tunnelscope_process_resident_memory_bytes');
    expect([memory.get('stock1'), memory.get('ours2')]).toEqual([expect.any(Number), expect.any(Number)]);
    expect((await prometheus.query('tunnelscope_log_lines_total{event="daemon-ready"}')).size).toBe(0);
    expect((await prometheus.query('sum by (daemon) (tunnelscope_collection_errors_total)')).get('liar')).toBeGreaterThan(0);

    // Both forms are as Prometheus's own checker wants them.
    const check = `${process.execPath} -e "fetch('${METRICS}/metrics',{headers:{authorization:'Bearer ${TOKEN}'}}).then(async r=>process.stdout.write(await r.text()))" | promtool check metrics 2>&1`;
    expect(await onServer(['sh', '-c', `${check}; echo "status $?"`])).toBe('status 0\n');
    expect(await fetched('/health/stock1')).toMatch(/^200 \{"daemon":"stock1","verdict":"ok"/);
    expect(await fetched('/health/liar')).toMatch(/^503 /);
    expect(await onServer([process.execPath, '-e', `fetch('${METRICS}/metrics').then((r) => console.log(r.status))`])).toBe('401\n');

    const shell = await Talk.open(inFolder('gateway.sock'));
    expect((await shell.ask('load-stats'))[0]).toMatch(/^SUCCESS: nclients=1,/);
    shell.close();

    // The same by commands for once. Stock's second interface is free; a third daemon is none.
    const command = (...words: readonly string[]): Promise<string> =>
      onServer(['sh', '-c', '"$@"; echo "status $?"', 'sh', ...OUR_COMMAND, ...words]);
    expect(await command('check', stock2.managementPath, ours1.statusPath, '--min-clients', '0')).toMatch(
      /^OPENVPN OK - \S+sock: ok \| clients=0;.*\nOPENVPN OK - \S+status: ok \| clients=1;.*\nstatus 0\n$/,
    );
    expect(await command('check', ours2.managementPath, inFolder('liar.sock'), '--timeout', '3')).toMatch(
      /\nOPENVPN \w+ - .*\nstatus [23]\n$/,
    );
    expect(await command('status', '--csv', ours1.statusPath, stock2.managementPath)).toMatch(
      /\n\S+,bob,,\S+,10\.82\.0\.2,.*\nstatus 0\n$/,
    );

    // A daemon that ends and comes back, one that is no more, and a configuration that changes: no counter goes back.
    const again = monitor.mark();
    await stock1.process.stop();
    await prometheus.comes('stock1 down', 'tunnelscope_up', { stock1: 0, ours1: 1 });
    expect(await fetched('/health/stock1')).toMatch(/^503 \{"daemon":"stock1","verdict":"down"/);
    writeFileSync(inFolder('monitor.yaml'), daemons.replace('name: ours2', 'name: renamed') + rest);
    monitor.signal('SIGHUP');
    await monitor.waitFor('Configuration reloaded: 5 daemons, 1 of them new or changed', { from: again });
    writeFileSync(inFolder('monitor.yaml'), 'daemons: 3\n');
    monitor.signal('SIGHUP');
    await monitor.waitFor('Reload refused, the running configuration stays: ', { from: again });
    lab.network.start(lab.serverHost, 'stock1 again', ['openvpn', '--config', stock1.configPath]);
    await prometheus.comes('stock1 back', 'tunnelscope_up', { stock1: 1, ours1: 1, renamed: 1, stock2: 1 });
    // She would notice by herself, a minute later.
    alice.process.signal('SIGUSR1');
    await prometheus.comes('alice again', 'tunnelscope_connects_total', { stock1: 2, ours1: 1 });
    const later = await prometheus.query('tunnelscope_received_bytes_total');
    for (const name of ['stock1', 'ours1']) expect(later.get(name)).toBeGreaterThanOrEqual(bytes.get(name) ?? Infinity);
    expect(await prometheus.query('resets(tunnelscope_received_bytes_total[2m]) > 0')).toEqual(new Map());
    expect((await prometheus.query('sum by (daemon) (tunnelscope_disconnects_total)')).get('stock1')).toBe(1);

    expect(await monitor.stop()).toEqual({ code: 0, signal: null });
    expect(monitor.lines.join('\n')).not.toContain(TOKEN);
  }, 90_000);
});
