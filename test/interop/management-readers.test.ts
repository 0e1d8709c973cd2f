import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseStatus } from '../../src/status/parse.ts';
import { ROOT } from '../support/sources.ts';
import { TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';

/** Programs that we did not write, as Debian packages them, at our management interface and our status files. */

const COLLECTD = (folder: string, files: readonly string[]): string => `
BaseDir "${folder}"
PIDFile "${folder}/pid"
Hostname "lab"
FQDNLookup false
Interval 1
LoadPlugin openvpn
LoadPlugin csv
<Plugin openvpn>
${files.map((file) => `  StatusFile "${file}"`).join('\n')}
  ImprovedNamingSchema true
  CollectCompression false
  CollectIndividualUsers true
  CollectUserCount true
</Plugin>
<Plugin csv>
  DataDir "${folder}/csv"
  StoreRates false
</Plugin>
`;

describe.skipIf(!requireInterop())("Debian's programs", () => {
  const lab = useLab(['alice']);
  const pidOf = (said: string): string => /SUCCESS: (pid=\d+)/.exec(said)?.[1] ?? '';
  let goReader = '';

  beforeAll(() => {
    goReader = join(lab.network.folder, 'go-reader');
    execFileSync('go', ['build', '-o', goReader, join(ROOT, 'test/interop/support/go-reader/main.go')], {
      // Debian puts Go libraries there, and a build needs a folder for what it compiles.
      env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(lab.network.folder, 'go-cache') },
    });
  }, 120_000);

  it('telnet, nc and a client on the Go library speak with our management interface', async () => {
    const server = await lab.server({ program: 'ours', lines: ['management 127.0.0.1 7505'] });
    const alice = await lab.client('alice');
    const start = (command: readonly string[]): Running => lab.network.start(lab.serverHost, command[0] ?? '', command);
    const talks = [start(['telnet', '127.0.0.1', '7505']), start(['nc', '127.0.0.1', '7505']), start(['nc', '-U', server.managementPath])];
    const said: string[] = [];
    for (const talk of talks) {
      await talk.waitFor('>INFO:OpenVPN Management Interface Version 5');
      talk.write('pid\nstatus 3\nfrobnicate\nquit\n');
      await talk.waitFor('ERROR: unknown command');
      const text = talk.lines.join('\n');
      expect(text).toMatch(/SUCCESS: pid=\d+\r?\n/);
      expect(text).toContain(`\t${alice.tunnel4}\t`);
      expect(text).toContain("ERROR: unknown command, enter 'help' for more options");
      said.push(pidOf(text));
    }
    expect(new Set(said).size).toBe(1);

    const go = start([goReader, server.managementPath]);
    expect(await go.waitFor(/^pid /)).toBe(`pid ${said[0]?.slice(4)} <nil>`);
    expect(await go.waitFor(/^state /)).toBe(`state CONNECTED ${TUNNEL_SERVER4} <nil>`);
    expect(await go.waitFor(/^subscribed /)).toBe('subscribed <nil> <nil>');
    await go.waitFor(/ByteCountEvent/);
    const from = go.mark();
    server.process.signal('SIGUSR1');
    await go.waitFor(/StateEvent.*RECONNECTING/, { from });
    await go.waitFor(/StateEvent.*CONNECTED/, { from });
    await go.waitFor(/ESTABLISHED,1/, { from });
    expect(go.matching('Malformed')).toEqual([]);
    await server.process.stop();
    await go.waitFor(/StateEvent.*EXITING/, { from });
    await go.ended;
  }, 60_000);

  it("collectd's openvpn plugin reads our status files of every version", async () => {
    const folder = join(lab.network.folder, 'collectd');
    const csv = join(folder, 'csv/lab');
    mkdirSync(csv, { recursive: true });
    const files = [1, 2, 3].map((version) => join(folder, `v${version}`));
    for (const [index, file] of files.entries()) {
      const server = await lab.server({ program: 'ours', without: ['status-version'], lines: [`status-version ${index + 1}`] });
      await lab.client('alice');
      await eventually(
        'alice in the status file',
        () => textIfThere(server.statusPath).includes('alice,') || textIfThere(server.statusPath).includes('alice\t'),
      );
      copyFileSync(server.statusPath, file);
      await lab.network.stopAll();
    }
    writeFileSync(join(folder, 'collectd.conf'), COLLECTD(folder, files));
    lab.network.start(lab.serverHost, 'collectd', ['collectd', '-f', '-C', join(folder, 'collectd.conf')]);
    for (const file of files) {
      const [client] = parseStatus(textIfThere(file)).clients;
      const instance = `openvpn-${basename(file)}`;
      const rows = (name: string): Promise<string> =>
        eventually(`${name} of ${file}`, () => {
          const found = readdirSync(csv, { recursive: true, encoding: 'utf8' }).find((path) => path.startsWith(join(instance, name)));
          return found === undefined ? undefined : textIfThere(join(csv, found)).split('\n')[1];
        });
      expect(await rows('if_octets-alice')).toMatch(new RegExp(`^[\\d.]+,${client?.bytesReceived},${client?.bytesSent}$`));
      expect(await rows('users')).toMatch(/^[\d.]+,1(?:\.0+)?$/);
    }
  }, 60_000);
});
