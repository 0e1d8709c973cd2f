import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY, SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };

/** Effective user and group ids of a process. */
function idsOf(pid: number): { readonly user: number; readonly group: number; readonly groups: string } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  return { user: Number(field('Uid').split(/\s+/)[1]), group: Number(field('Gid').split(/\s+/)[1]), groups: field('Groups') };
}

const NOBODY = 65534;

describe.skipIf(!requireInterop())('a server that gives its privileges up', () => {
  const lab = useLab(['alice']);

  // Stock checks its pid file again at SIGHUP, may no longer write it, and ends.
  it.each(SERVER === 'ours' ? (['SIGUSR1', 'SIGHUP'] as const) : (['SIGUSR1'] as const))(
    'runs as user and group, serves clients, and restarts by %s',
    async (signal) => {
      // The folder of a test is for root alone; what is read again at a restart has to be readable.
      const keys = `${lab.network.folder}/open-${signal}`;
      mkdirSync(keys, { mode: 0o755 });
      await lab.network.run(lab.serverHost, ['chmod', '755', lab.network.folder, `${lab.network.folder}/pki`]);
      for (const path of [lab.pki.ca, lab.pki.server.cert, lab.pki.server.key, lab.pki.staticKey]) {
        await lab.network.run(lab.serverHost, ['chmod', '644', path]);
      }
      const pid = `${keys}/pid`;
      const server = await lab.server({
        lines: ['user nobody', 'group nogroup', `writepid ${pid}`, `cd ${keys}`, 'explicit-exit-notify 1'],
      });
      const daemon = Number(textIfThere(pid));
      expect(idsOf(daemon)).toMatchObject({ user: NOBODY, group: NOBODY, ...(SERVER === 'ours' ? { groups: String(NOBODY) } : {}) });
      expect(server.process.matching('UID set to nobody')).toHaveLength(1);
      const alice = await lab.client('alice');
      expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
      const [mark, clientMark] = [server.process.mark(), alice.process.mark()];
      server.process.signal(signal);
      await server.process.waitFor(READY, { from: mark });
      await alice.process.waitFor(READY, { from: clientMark });
      expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
      expect(idsOf(daemon).user).toBe(NOBODY);
      await eventually('the status file shows the client', () => textIfThere(server.statusPath).includes('CLIENT_LIST,alice,'));
      expect(await server.process.stop()).toEqual({ code: 0, signal: null });
    },
  );
});

describe.skipIf(!requireInterop())('a server in a folder', () => {
  const lab = useLab(['alice']);

  it('takes relative paths as from there, and leaves a pid file that goes with it', async () => {
    const folder = `${lab.network.folder}/etc`;
    mkdirSync(folder);
    mkdirSync(`${folder}/clients`);
    writeFileSync(`${folder}/clients/alice`, 'ifconfig-push 10.8.0.77 255.255.255.0\n');
    const server = await lab.server({
      lines: [`cd ${folder}`, 'writepid server.pid', 'client-config-dir clients', 'log-append server.log'],
      wait: false,
    });
    const alice = await lab.client('alice');
    expect(alice.tunnel4).toBe('10.8.0.77');
    expect(textIfThere(`${folder}/server.log`)).toContain(READY);
    expect(Number(textIfThere(`${folder}/server.pid`))).toBe(server.process.pid);
    await server.process.stop();
    expect(existsSync(`${folder}/server.pid`)).toBe(false);
  });
});
