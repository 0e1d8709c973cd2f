import { describe, expect, it } from 'vitest';
import { parseStatus } from '../../src/status/index.ts';
import { type Management, READY, SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';
import { ping } from './support/traffic.ts';

describe.skipIf(!requireInterop())('a live server seen into', () => {
  const lab = useLab(['alice', 'bob']);

  /** The fields of a client's line in `status 2`. */
  const clientLine = async (management: Management, name: string): Promise<string[]> => {
    const line = (await management.command('status 2')).find((each) => each.startsWith(`CLIENT_LIST,${name},`));
    return line?.split(',') ?? [];
  };

  it.each([1, 2, 3])('writes status files of version %i that name the clients', async (version) => {
    const path = `${lab.network.folder}/status${version}`;
    await lab.server({ without: ['status', 'status-version'], lines: [`status ${path} 1`, `status-version ${version}`] });
    await lab.client('alice');
    await lab.client('bob');
    const parsed = await eventually('both in the file', () => {
      const status = parseStatus(textIfThere(path));
      return status.clients.length === 2 && status;
    });
    expect(parsed.clients.map((client) => client.commonName).toSorted()).toEqual(['alice', 'bob']);
    expect(parsed.routes.map((route) => route.commonName)).toContain('alice');
  });

  it('counts what crosses, alike in status, byte counts and load statistics', async () => {
    const server = await lab.server();
    const alice = await lab.client('alice');
    const management = await server.management();
    await management.command('bytecount 1');
    await ping(lab.network, alice.host, TUNNEL_SERVER4, 20, ['-s', '1000']);
    const counted = await eventually('20 kB each way', () => {
      const numbers = />BYTECOUNT_CLI:0,(\d+),(\d+)/.exec(management.lines.findLast((line) => line.startsWith('>BYTECOUNT_CLI:0,')) ?? '');
      return numbers !== null && Number(numbers[1]) > 20_000 && Number(numbers[2]) > 20_000;
    });
    expect(counted).toBe(true);
    const line = await clientLine(management, 'alice');
    // Name, real address, address inside, IPv6 address inside, received, sent, since, since as a number, user, ids, cipher.
    expect(line).toHaveLength(13);
    expect(line.slice(2, 5)).toEqual([expect.stringMatching(/^10\.99\.0\.2:\d+$/), alice.tunnel4, alice.tunnel6]);
    expect(Number(line[5])).toBeGreaterThan(20_000);
    expect(line.slice(9)).toEqual(['UNDEF', '0', '0', 'AES-256-GCM']);
    expect(await management.command('load-stats')).toEqual([expect.stringMatching(/^SUCCESS: nclients=1,bytesin=\d+,bytesout=\d+$/)]);
    management.close();
  });

  it('tells of connections and ends of clients', async () => {
    const server = await lab.server();
    const management = await server.management();
    const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
    await management.waitFor(/^>CLIENT:ESTABLISHED,0$/);
    await management.waitFor(/^>CLIENT:ENV,common_name=alice$/);
    await alice.process.stop();
    // Stock tells of the end only to a manager that also decided about the beginning.
    if (SERVER === 'ours') {
      await management.waitFor(/^>CLIENT:DISCONNECT,0$/);
      await management.waitFor(/^>CLIENT:ENV,bytes_received=\d+$/);
    }
    management.close();
  });

  it.each(['kill alice', 'client-kill 0'])('ends a client by %s, and it comes back', async (command) => {
    const server = await lab.server();
    const alice = await lab.client('alice');
    const management = await server.management();
    const mark = alice.process.mark();
    expect((await management.command(command))[0]).toMatch(/^SUCCESS: /);
    expect((await management.command('kill nobody'))[0]).toMatch(/^ERROR: /);
    if (command.startsWith('kill')) alice.process.signal('SIGUSR1');
    await alice.process.waitFor(READY, { from: mark, within: 30_000 });
    management.close();
  });

  it('shows state and log as they are, and log lines as they come', async () => {
    const server = await lab.server();
    const management = await server.management();
    expect((await management.command('state'))[0]).toMatch(/^\d+,CONNECTED,SUCCESS,10\.8\.0\.1,/);
    expect((await management.command('log all')).some((line) => line.endsWith(READY))).toBe(true);
    await management.command('log on');
    await lab.client('alice');
    await management.waitFor(/^>LOG:\d+,[IFNWD]*,.*\[alice\] Peer Connection Initiated with /);
    expect(await management.command('verb 5')).toEqual(['SUCCESS: verb level changed']);
    expect(await management.command('verb')).toEqual(['SUCCESS: verb=5']);
    management.close();
  });

  it('ends by signal SIGTERM', async () => {
    const server = await lab.server();
    const management = await server.management();
    management.send('signal SIGTERM');
    await management.waitFor(/^SUCCESS: signal SIGTERM thrown$/);
    expect(await server.process.ended).toEqual({ code: 0, signal: null });
    expect(
      server.process.matching('SIGTERM[hard,management] received, process exiting').length + server.process.matching('SIGTERM[').length,
    ).toBeGreaterThan(0);
  });

  it('asks for a password on TCP', async () => {
    const password = lab.file('open sesame\n', 0o600);
    const server = await lab.server({ without: ['management'], lines: [`management 127.0.0.1 7505 ${password}`] });
    const talk = (words: string): Promise<string> =>
      lab.network.run(server.host, [
        'sh',
        '-c',
        `(printf '${words}\\n'; sleep 0.3; printf 'pid\\n'; sleep 0.3; printf 'exit\\n') | nc -w 3 127.0.0.1 7505`,
      ]);
    expect(await talk('open sesame')).toMatch(/ENTER PASSWORD:SUCCESS: password is correct\r\n>INFO:.*\r\nSUCCESS: pid=\d+\r\n/);
    expect(await talk('guess')).not.toContain('pid=');
  });
});
