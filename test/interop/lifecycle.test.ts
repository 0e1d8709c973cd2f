import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND, READY, SERVER, type Server, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };

/** A log line without the time before it. */
const withoutStamp = (line: string): string => line.replace(/^\S+ \S+ (us=\d+ )?/, '');

describe.skipIf(!requireInterop())('the life of a server', () => {
  const lab = useLab(['alice', 'bob']);

  function edit(server: Server, change: (text: string) => string): void {
    writeFileSync(server.configPath, change(readFileSync(server.configPath, 'utf8')));
  }

  const ifindex = (server: Server, device: string): Promise<string> =>
    lab.network.run(server.host, ['cat', `/sys/class/net/${device}/ifindex`]);
  const routes = (server: Server): Promise<string> => lab.network.run(server.host, ['ip', 'route', 'show', '10.77.0.0/16']);

  it.skipIf(SERVER === 'stock')('a reload keeps the device, unless it wants another', async () => {
    const server = await lab.server({ lines: ['dev tun7', 'route 10.77.0.0 255.255.0.0'] });
    const first = await ifindex(server, 'tun7');
    let mark = server.process.mark();
    server.process.signal('SIGHUP');
    await server.process.waitFor('Preserving previous TUN/TAP instance: tun7', { from: mark });
    await server.process.waitFor(READY, { from: mark });
    expect(await ifindex(server, 'tun7')).toBe(first);
    expect(await routes(server)).toContain('10.77.0.0/16');
    mark = server.process.mark();
    edit(server, (text) => text.replace('route 10.77.0.0 255.255.0.0\n', '').replace('dev tun7', 'dev tun8'));
    server.process.signal('SIGHUP');
    await server.process.waitFor('TUN/TAP device tun8 opened', { from: mark });
    await server.process.waitFor(READY, { from: mark });
    expect(await routes(server)).toBe('');
    expect(await lab.network.run(server.host, ['ls', '/sys/class/net'])).not.toContain('tun7');
    const alice = await lab.client('alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('takes addresses and routes off a device that others made', async () => {
    await lab.network.run(lab.serverHost, ['ip', 'tuntap', 'add', 'dev', 'tun9', 'mode', 'tun']);
    try {
      const server = await lab.server({ lines: ['dev tun9', 'route 10.77.0.0 255.255.0.0'] });
      expect(await routes(server)).toContain('tun9');
      await server.process.stop();
      expect(await routes(server)).toBe('');
      expect(await lab.network.run(lab.serverHost, ['ip', '-br', 'address', 'show', 'dev', 'tun9'])).not.toContain('10.8.0.1');
    } finally {
      await lab.network.run(lab.serverHost, ['ip', 'tuntap', 'del', 'dev', 'tun9', 'mode', 'tun']);
    }
  });

  it('sets its routes and its priority, and says so line by line as stock does', async () => {
    const server = await lab.server({
      lines: [
        'dev tun6',
        'nice 5',
        'route 10.60.0.0 255.255.255.0',
        'route 10.61.0.0 255.255.255.0 10.8.0.7 33',
        'route 10.62.0.0 255.255.255.0 10.250.0.1',
        'route-ipv6 fd99::/64',
      ],
    });
    const about = /^(net_route_v[46]_(add|del)|(add|delete)_route_ipv6|nice \d|ERROR)/;
    expect(server.process.lines.map(withoutStamp).filter((line) => about.test(line))).toEqual([
      'net_route_v4_add: 10.60.0.0/24 via 10.8.0.2 dev [NULL] table 0 metric -1',
      'net_route_v4_add: 10.61.0.0/24 via 10.8.0.7 dev [NULL] table 0 metric 33',
      'net_route_v4_add: 10.62.0.0/24 via 10.250.0.1 dev [NULL] table 0 metric -1',
      'ERROR: Linux route add command failed',
      'add_route_ipv6(fd99::/64 -> fd00:8::2 metric -1) dev tun6',
      'net_route_v6_add: fd99::/64 via :: dev tun6 table 0 metric -1',
      'nice 5 succeeded',
    ]);
    expect(await lab.network.run(server.host, ['ip', 'route', 'show', 'dev', 'tun6'])).toMatch(
      /10\.60\.0\.0\/24 via 10\.8\.0\.2 \n10\.61\.0\.0\/24 via 10\.8\.0\.7 metric 33/,
    );
    expect(await lab.network.run(server.host, ['ps', '-o', 'nice=', '-p', String(server.process.pid)])).toMatch(/^ *5\n$/);
    const mark = server.process.mark();
    await server.process.stop();
    expect(
      server.process.lines
        .slice(mark)
        .map(withoutStamp)
        .filter((line) => about.test(line)),
    ).toEqual([
      'net_route_v4_del: 10.60.0.0/24 via 10.8.0.2 dev [NULL] table 0 metric -1',
      'net_route_v4_del: 10.61.0.0/24 via 10.8.0.7 dev [NULL] table 0 metric 33',
      'delete_route_ipv6(fd99::/64)',
      'net_route_v6_del: fd99::/64 via :: dev tun6 table 0 metric -1',
    ]);
  });

  it('goes on writing its files after giving root away', async () => {
    const folder = `${lab.network.folder}/rootonly`;
    mkdirSync(folder, { mode: 0o755 });
    const server = await lab.server({
      without: ['status'],
      lines: [
        'user nobody',
        'group nogroup',
        `status ${folder}/status 1`,
        `ifconfig-pool-persist ${folder}/pool 1`,
        `writepid ${folder}/pid`,
      ],
    });
    expect(textIfThere(`${folder}/pid`).trim()).toBe(String(server.process.pid));
    await lab.client('alice');
    await eventually('alice in the status file', () => textIfThere(`${folder}/status`).includes('alice'));
    await eventually('alice in the pool file', () => textIfThere(`${folder}/pool`).includes('alice,10.8.0.2'));
    expect(server.process.matching('Cannot write')).toEqual([]);
    expect((await server.process.stop()).signal).toBeNull();
  });

  it('ends after the scripts of its clients have', async () => {
    const done = `${lab.network.folder}/gone`;
    const script = lab.script(`sleep 2; echo "$common_name $bytes_received" >> ${done}`);
    const server = await lab.server({ lines: ['script-security 2', `client-disconnect ${script}`] });
    await lab.client('alice');
    expect(await server.process.stop()).toEqual({ code: 0, signal: null });
    expect(textIfThere(done)).toMatch(/^alice \d+\n$/);
  });

  it('gives down its arguments and the signal', async () => {
    const said = `${lab.network.folder}/down`;
    const script = lab.script(`echo "$@" "$script_context" "$signal" > ${said}`);
    const server = await lab.server({ lines: ['dev tun6', 'script-security 2', `down ${script}`] });
    await server.process.stop();
    expect(textIfThere(said)).toBe('tun6 1500 0 10.8.0.1 255.255.255.0 init init sigterm\n');
  });

  it.skipIf(SERVER === 'stock')('ends in order after a mistake of our own, and says where', async () => {
    const first = await lab.server({ lines: ['dev tun5'] });
    await first.process.stop();
    const boom = "process.on('SIGWINCH', () => { throw new TypeError('boom'); });";
    const [node = '', ...rest] = OUR_COMMAND;
    const command = [node, '--import', `data:text/javascript,${boom}`, ...rest, 'run', '--config', first.configPath];
    const server = lab.network.start(lab.serverHost, 'server with a mistake', command);
    await server.waitFor(READY);
    const alice = await lab.client('alice');
    const mark = alice.process.mark();
    server.signal('SIGWINCH');
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(server.matching(/ERROR: TypeError: boom at process\./)).toHaveLength(1);
    expect(server.lines.at(-1)).toContain('net_addr_v6_del');
    await alice.process.waitFor('server-pushed-connection-reset', { from: mark });
  });

  it('holds out against signals in quick succession', async () => {
    const server = await lab.server({ lines: [`writepid ${lab.network.folder}/pid2`] });
    const signals = ['SIGUSR1', 'SIGHUP', 'SIGUSR2'] as const;
    for (let round = 0; round < 30; round++) {
      server.process.signal(signals[round % 3] ?? 'SIGUSR2');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await server.process.waitFor(READY, { from: server.process.mark() });
    const alice = await lab.client('alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    for (let round = 0; round < 5; round++) server.process.signal('SIGTERM');
    expect(await server.process.ended).toEqual({ code: 0, signal: null });
    expect(existsSync(`${lab.network.folder}/pid2`)).toBe(false);
  });
});
