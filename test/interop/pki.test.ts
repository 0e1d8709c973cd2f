import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pki } from '../../src/cli/pki.ts';
import { OUR_COMMAND, type Program, READY, SERVER } from './support/daemons.ts';
import { Network } from './support/network.ts';
import { requireInterop } from './support/require.ts';
import type { Running } from './support/running.ts';
import { ping } from './support/traffic.ts';

const ALL = { sent: 5, received: 5 };
const PROGRAMS: readonly Program[] = [...new Set<Program>(['stock', SERVER])];

describe.skipIf(!requireInterop())('what `tunnelscope pki` makes', () => {
  let network: Network;
  let folders = 0;
  beforeAll(async () => {
    network = await Network.create(['server', 'alice']);
  });
  afterEach(() => network.stopAll());
  afterAll(() => network.remove());

  /** Makes a PKI for the network's server; the folder's name needs quoting in a configuration file. */
  async function makePki(...options: string[]): Promise<string> {
    const folder = join(network.folder, `pki no ${++folders}`);
    await pki([folder, '--names', 'alice,bob', '--remote', network.host('server').ip4, ...options], () => undefined);
    return folder;
  }

  async function startServer(program: Program, folder: string): Promise<Running> {
    const command = program === 'stock' ? ['openvpn'] : [...OUR_COMMAND, 'run'];
    const server = network.start(network.host('server'), `${program} server`, [...command, '--config', join(folder, 'server.conf')]);
    await server.waitFor(READY);
    return server;
  }

  function startClient(folder: string, name: string): Running {
    return network.start(network.host('alice'), `client ${name}`, ['openvpn', '--config', join(folder, `${name}.ovpn`)]);
  }

  describe.each(PROGRAMS)('with a %s server', (program) => {
    it.each([
      ['by default', [], '10.8.0.1'],
      ['over TCP', ['--proto', 'tcp', '--port', '4443'], '10.8.0.1'],
      ['with another network and server name', ['--network', '10.77.0.0/20', '--server-name', 'vpn.example.net'], '10.77.0.1'],
    ] as const)('lets a stock client connect %s', async (_how, options, inside) => {
      const folder = await makePki(...options);
      const server = await startServer(program, folder);
      const client = startClient(folder, 'alice');
      await client.waitFor(READY);
      expect(await ping(network, network.host('alice'), inside)).toEqual(ALL);
      expect([...server.lines, ...client.lines].filter((line) => /WARNING|Options error|DEPRECATED/.test(line))).toEqual([]);
      expect(readdirSync(folder)).toContain('status.log');
    });

    it('keeps a revoked client out without a restart, and lets it back in with a new certificate', async () => {
      const folder = await makePki();
      const server = await startServer(program, folder);
      const before = startClient(folder, 'alice');
      await before.waitFor(READY);
      await before.stop();
      await pki(['revoke', folder, 'alice'], () => undefined);
      const refused = startClient(folder, 'alice');
      await server.waitFor(/VERIFY ERROR: depth=0, error=certificate revoked: CN=alice, serial=\d+/);
      expect(refused.matching(READY)).toEqual([]);
      await refused.stop();
      const other = startClient(folder, 'bob');
      await other.waitFor(READY);
      await other.stop();
      await pki(['add', folder, 'alice'], () => undefined);
      await startClient(folder, 'alice').waitFor(READY);
      expect(await ping(network, network.host('alice'), '10.8.0.1')).toEqual(ALL);
    });
  });
});
