import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import type { Now } from '../../src/base/units.ts';
import { parseStaticKey } from '../../src/protocol/wrap/static-key.ts';
import { prepareWrap } from '../../src/protocol/wrap/prepare.ts';
import type { WrapConfig } from '../../src/protocol/wrap/config.ts';
import { ROOT } from '../support/sources.ts';
import { PORT, type Server, TUNNEL_SERVER4, type Wrap } from './support/daemons.ts';
import type { FloodSetup } from './support/flood-main.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import type { Running } from './support/running.ts';

const ALL = { sent: 5, received: 5 };
const PACKETS = 10_000;
const PROGRAM = join(ROOT, 'build/test/interop/support/flood-main.js');

/** Kilobytes of memory that a process has in use. */
function residentKb(process: Running): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8'))?.[1]);
}

/** First packets of as many clients, each with a session id of its own. */
function resets(config: WrapConfig, count: number, seed: number): Buffer[] {
  const random = new SeededRandom(seed);
  const prepared = prepareWrap(config, 'client');
  const now = { at: 0, wall: Date.now() } as Now;
  const body = Buffer.from([0, 0, 0, 0, 0]);
  return Array.from({ length: count }, () => prepared.open().wrap({ opcode: 7, keyId: 0, sessionId: random.bytes(8) }, body, now));
}

describe.skipIf(!requireInterop())('a server under attack', () => {
  const lab = useLab(['alice', 'mallory']);

  /** Lets mallory speak for a whole network, and the server answer there. */
  async function spoofing(): Promise<readonly string[]> {
    const mallory = lab.network.host('mallory');
    await lab.network.run(mallory, ['ip', 'route', 'replace', 'local', '10.98.0.0/16', 'dev', 'lo']);
    await lab.network.run(lab.serverHost, ['ip', 'route', 'replace', '10.98.0.0/16', 'via', mallory.ip4]);
    return Array.from({ length: 500 }, (_, index) => `10.98.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`);
  }

  async function flood(packets: readonly Buffer[], more: Partial<FloodSetup> = {}): Promise<Running> {
    const sources = more.sources ?? (await spoofing());
    const file = lab.file(packets.map((packet) => packet.toString('hex')).join('\n'));
    const setup: FloodSetup = { to: { ip: lab.serverHost.ip4, port: PORT }, sources, packets: file, rate: 5000, tcp: false, ...more };
    const running = lab.network.start(lab.network.host('mallory'), 'flood', [process.execPath, PROGRAM, JSON.stringify(setup)]);
    await running.waitFor('flood begins');
    return running;
  }

  function wrapConfig(wrap: Wrap): WrapConfig {
    if (wrap === 'none') return { kind: 'none' };
    const key = parseStaticKey(readFileSync(lab.pki.staticKey, 'utf8'));
    if (!key.ok) throw new Error(key.error);
    return wrap === 'tls-crypt' ? { kind: wrap, key: key.value } : { kind: wrap, key: key.value, digest: 'SHA1', direction: 1 };
  }

  async function listed(server: Server): Promise<string[]> {
    const management = await server.management();
    const lines = await management.command('status 2');
    management.close();
    return lines.filter((line) => line.startsWith('CLIENT_LIST,')).map((line) => line.split(',')[1] ?? '');
  }

  it.each(['none', 'tls-auth', 'tls-crypt'] as const)(
    'keeps nothing of %s handshakes that are never answered, and serves alice meanwhile',
    async (wrap) => {
      const server = await lab.server({ wrap, without: ['connect-freq-initial'], lines: ['connect-freq-initial 100000 10'] });
      const warmUp = await flood(resets(wrapConfig(wrap), PACKETS, 1));
      await warmUp.ended;
      const before = residentKb(server.process);
      const mark = server.process.mark();
      const running = await flood(resets(wrapConfig(wrap), PACKETS, 2));
      const alice = await lab.client('alice', { wrap });
      expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
      await running.waitFor('flood is over');
      expect(await listed(server)).toEqual(['alice']);
      expect(residentKb(server.process) - before).toBeLessThan(30_000);
      expect(server.process.lines.slice(mark).filter((line) => line.includes('10.98.')).length).toBeLessThan(10);
    },
  );

  it('answers no more than connect-freq-initial allows, and says so once', async () => {
    const server = await lab.server({ without: ['connect-freq-initial'] });
    const running = await flood(resets(wrapConfig('tls-crypt'), PACKETS, 3));
    const over = await running.waitFor('flood is over');
    expect(Number(/(\d+) answered/.exec(over)?.[1])).toBeLessThanOrEqual(200);
    expect(server.process.matching(/--connect-freq-initial 100 10 rate limit exceeded/).length).toBeLessThanOrEqual(2);
    const alice = await lab.client('alice', { within: 40_000 });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(server.process.matching(/Dropped \d+ .*initial handshake packets/).length).toBeGreaterThan(0);
  });

  it.each(['tls-auth', 'tls-crypt'] as const)('says once that packets do not authenticate with %s, and sums the rest up', async (wrap) => {
    const server = await lab.server({ wrap });
    const random = new SeededRandom(4);
    const forged = resets(wrapConfig(wrap), PACKETS, 4).map((packet) => {
      const at = 9 + Math.floor(random.unit() * (packet.length - 9));
      packet[at] = (packet[at] ?? 0) ^ 1;
      return packet;
    });
    const mark = server.process.mark();
    const running = await flood(forged);
    const alice = await lab.client('alice', { wrap });
    await running.waitFor('flood is over');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    const failures = server.process.lines.slice(mark).filter((line) => /unwrap|authentication failed/.test(line));
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.length).toBeLessThan(10);
    const summed = await server.process.waitFor(/Refused \d+ more packets like this: control unwrap/, { from: mark });
    expect(Number(/Refused (\d+)/.exec(summed)?.[1])).toBeGreaterThan(1000);
    expect(await listed(server)).toEqual(['alice']);
  });

  it('lets TCP connections that say nothing, and that say nonsense, not keep alice out', async () => {
    const server = await lab.server({ proto: 'tcp-server' });
    const random = new SeededRandom(5);
    const nonsense = Array.from({ length: 1000 }, () => {
      const bytes = random.bytes(40);
      bytes.writeUInt16BE(38, 0);
      return bytes;
    });
    const running = await flood(nonsense, { tcp: true });
    const alice = await lab.client('alice', { proto: 'tcp-client' });
    await running.waitFor('flood is over');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(await listed(server)).toEqual(['alice']);
  });
});
