import { createSecretKey } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { Bench } from 'tinybench';
import type { Instant } from '../src/base/units.ts';
import { Sealer } from '../src/protocol/data/aead.ts';
import { Forwarder, type PlaneSink } from '../src/protocol/data/forward.ts';
import { udpLink } from '../src/protocol/data/link.ts';
import type { DataCipher, DataKeys, DirectionKey } from '../src/protocol/data/plane.ts';

/** How many packets a second pass the data plane on one thread, without sockets and device: `node build/bench/forward.bench.js`. */

/** One measurement. */
export interface ForwardRow {
  readonly direction: 'to the peer' | 'from the peer' | 'between peers';
  readonly cipher: DataCipher;
  /** Bytes of the inner packet. */
  readonly size: number;
  readonly packetsPerSecond: number;
}

const SIZES = [64, 512, 1400];
const CIPHERS: readonly DataCipher[] = ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'];
const KEY_BYTES: Record<DataCipher, number> = { 'AES-128-GCM': 16, 'AES-192-GCM': 24, 'AES-256-GCM': 32, 'CHACHA20-POLY1305': 32 };
const HOST = '192.0.2.1';
const NOW = 0 as Instant;
/** Packets of one peer come in order and once, so that each run opens a fresh lot. */
const LOT = 256;

function direction(cipher: DataCipher, fill: number): DirectionKey {
  return { cipherKey: createSecretKey(Buffer.alloc(KEY_BYTES[cipher], fill)), implicitIv: Buffer.alloc(8, fill) };
}

/** An IPv4 packet from 10.8.0.`from` to 10.8.0.`to`. */
function innerPacket(from: number, to: number, size: number): Buffer {
  const packet = Buffer.alloc(size);
  packet[0] = 0x45;
  packet.set([10, 8, 0, from], 12);
  packet.set([10, 8, 0, to], 16);
  return packet;
}

/** A server's plane with peers 2 and 3, open and keyed. */
function plane(cipher: DataCipher): Forwarder {
  const sink: PlaneSink = { transmit: () => {}, deliver: () => {}, event: () => {}, closeLink: () => {} };
  const forwarder = new Forwarder(
    {
      role: 'server',
      transport: 'udp',
      clientToClient: true,
      tunMtu: 1500,
      mssFix: { size: 1492, counts: 'mtu' },
      replayWindow: { size: 64, seconds: 15 },
      ownAddresses: [{ family: 4, network: Buffer.of(10, 8, 0, 1), bits: 32 }],
    },
    sink,
  );
  const keys: DataKeys = { cipher, send: direction(cipher, 2), receive: direction(cipher, 1) };
  for (const peerId of [2, 3]) {
    const slot = { peerId, generation: 1 };
    forwarder.command({ kind: 'open-peer', slot, link: udpLink(HOST, 40_000 + peerId), format: 'v2' }, NOW);
    forwarder.command({ kind: 'set-keys', slot, keyId: 0, keys }, NOW);
    forwarder.command({ kind: 'send-with', slot, keyId: 0 }, NOW);
    forwarder.command({ kind: 'set-inner-routes', slot, routes: [{ family: 4, network: Buffer.of(10, 8, 0, peerId), bits: 32 }] }, NOW);
    forwarder.command({ kind: 'set-open', slot, open: true }, NOW);
  }
  return forwarder;
}

/** Packets of peer 2, sealed. */
function sealedLot(sealer: Sealer, payload: Buffer): Buffer[] {
  return Array.from({ length: LOT }, () => sealer.seal(payload, 'v2') ?? Buffer.alloc(0));
}

/** Measures every direction, cipher and size, `milliseconds` each. */
export async function benchForward(milliseconds: number): Promise<ForwardRow[]> {
  const bench = new Bench({ time: milliseconds, warmupTime: milliseconds / 4 });
  const cases: Omit<ForwardRow, 'packetsPerSecond'>[] = [];
  for (const cipher of CIPHERS) {
    for (const size of SIZES) {
      const down = plane(cipher);
      const toPeer = innerPacket(1, 2, size);
      cases.push({ direction: 'to the peer', cipher, size });
      bench.add(`to ${cipher} ${size}`, () => {
        for (let i = 0; i < LOT; i++) down.handleInner(toPeer, NOW);
      });
      for (const [name, to] of [['from the peer', 1] as const, ['between peers', 3] as const]) {
        const up = plane(cipher);
        const sealer = new Sealer(cipher, direction(cipher, 1), 2, 0);
        const payload = innerPacket(2, to, size);
        let lot: Buffer[] = [];
        cases.push({ direction: name, cipher, size });
        bench.add(
          `${name} ${cipher} ${size}`,
          () => {
            for (const packet of lot) up.handleDatagram(packet, HOST, 40_002, NOW);
          },
          {
            beforeEach: () => {
              lot = sealedLot(sealer, payload);
            },
          },
        );
      }
    }
  }
  const tasks = await bench.run();
  return cases.map((row, i) => {
    const result = tasks[i]?.result;
    return {
      ...row,
      packetsPerSecond: result !== undefined && 'latency' in result ? Math.round((LOT * 1000) / result.latency.p50) : Number.NaN,
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { direction, cipher, size, packetsPerSecond } of await benchForward(400)) {
    process.stdout.write(
      `${direction.padEnd(14)} ${cipher.padEnd(18)} ${String(size).padStart(5)} bytes ${String(packetsPerSecond).padStart(8)} packets/s\n`,
    );
  }
}
