import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PORT, type Server, TUNNEL_SERVER4 } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';
import { iperf } from './support/traffic.ts';

/** What DISCONNECT says of a client's bytes and time, beside what somebody else counted on the wire. */

interface Counted {
  readonly received: number;
  readonly sent: number;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const UDP_HEADER = 8;

/**
 * UDP payload bytes of a capture, from the server's view. The first packet of a client and its answer are left out: they only prove
 * that the client is there, and no client instance exists before (facts: status 5).
 */
function countCapture(path: string, server: string): Counted {
  const bytes = readFileSync(path);
  const sizes: { readonly fromServer: boolean; readonly size: number }[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= bytes.length; ) {
    const kept = bytes.readUInt32LE(at + 8);
    const ip = at + RECORD_HEADER + ETHERNET;
    const udp = ip + (bytes.readUInt8(ip) & 0x0f) * 4;
    const source = [...bytes.subarray(ip + 12, ip + 16)].join('.');
    sizes.push({ fromServer: source === server, size: bytes.readUInt16BE(udp + 4) - UDP_HEADER });
    at += RECORD_HEADER + kept;
  }
  const [first, answer, ...rest] = sizes;
  expect([first?.fromServer, answer?.fromServer]).toEqual([false, true]);
  const sum = (fromServer: boolean): number =>
    rest.filter((packet) => packet.fromServer === fromServer).reduce((total, { size }) => total + size, 0);
  return { received: sum(false), sent: sum(true) };
}

/** Datagrams that the server's socket could not take: they were on the wire and reached nobody. */
async function socketDrops(lab: Lab): Promise<number> {
  const table = await lab.network.run(lab.serverHost, ['cat', '/proc/net/udp']);
  return table
    .split('\n')
    .slice(1)
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/).at(-1) ?? 0), 0);
}

function valueOf(block: readonly string[], name: string): number {
  const line = block.find((each) => each.startsWith(`>CLIENT:ENV,${name}=`));
  return Number(line?.split('=')[1]);
}

/** Traffic in both directions, at a rate at which nothing is lost. */
async function traffic(lab: Lab, server: Server): Promise<void> {
  const alice = lab.network.host('alice');
  const options = { seconds: 2, megabits: 5 };
  await iperf(lab.network, server.host, alice, TUNNEL_SERVER4, options);
  await iperf(lab.network, server.host, alice, TUNNEL_SERVER4, { ...options, reverse: true });
}

describe.skipIf(!requireInterop())('DISCONNECT', () => {
  const lab = useLab(['alice']);

  it('carries the bytes that crossed the wire, and the seconds that it lasted', { timeout: 60_000 }, async () => {
    const server = await lab.server({ program: 'ours' });
    const talk = await Talk.open(server.managementPath);
    const file = join(lab.network.folder, 'capture');
    const capture = lab.network.start(lab.serverHost, 'tcpdump', [
      ...['tcpdump', '-i', 'eth0', '-s', '64', '-B', '65536', '-U', '-w', file, 'udp', 'port', String(PORT)],
    ]);
    await capture.waitFor('listening on');
    const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
    await talk.block('ESTABLISHED,0');
    const began = Number(/^>CLIENT:ENV,time_unix=(\d+)$/m.exec(talk.lines.join('\n'))?.[1]);
    await traffic(lab, server);
    const drops = await socketDrops(lab);
    await alice.process.stop();
    const block = await talk.block('DISCONNECT,0');
    const ended = Date.now() / 1000;
    await capture.stop('SIGINT');
    expect(drops).toBe(0);
    expect(capture.lines.find((line) => line.includes('dropped by kernel'))).toMatch(/^0 packets/);
    const counted = countCapture(file, server.host.ip4);
    expect(counted.received).toBeGreaterThan(1e6);
    expect(counted.sent).toBeGreaterThan(1e6);
    expect({ received: valueOf(block, 'bytes_received'), sent: valueOf(block, 'bytes_sent') }).toEqual(counted);
    expect(Math.abs(valueOf(block, 'time_duration') - (ended - began))).toBeLessThan(2);
    await eventually('totals with the client gone', async () => {
      const [reply = ''] = await talk.ask('load-stats');
      return reply === `SUCCESS: nclients=0,bytesin=${counted.received},bytesout=${counted.sent}`;
    });
  });
});
