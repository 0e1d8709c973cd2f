import { createSocket, type Socket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { dataKeys, host, inner, opened, sealed, testKeys } from '../../../../test/support/data-packets.ts';
import { PairTun } from '../../../../test/support/pair-tun.ts';
import { builtWorker } from '../../../../test/support/worker-build.ts';
import { udpLink } from '../../../protocol/data/link.ts';
import { PLANE_STEPS, type PlaneEvent, type PlaneSettings, type PlaneStep } from '../../../protocol/data/plane.ts';
import { NullTun } from '../../tun.ts';
import type { PlaneTrouble } from '../port.ts';
import { BatchedPlane } from './batched.ts';
import { MAX_UNREAD_CONTROL } from './layout.ts';

// What every data plane does is in test/contract/; here is what this one adds.

const WORKER = builtWorker('src/host/dataplane/batched/worker.ts');
const SETTINGS: PlaneSettings = {
  role: 'server',
  transport: 'udp',
  clientToClient: false,
  tunMtu: 1500,
  mssFix: undefined,
  replayWindow: { size: 64, seconds: 15 },
  ownAddresses: [],
};
const SLOT = { peerId: 2, generation: 1 };
/** As many packets as the pair of sockets holds. */
const BURST = 40;
const CONTROL = Buffer.from('3811223344556677880000000000', 'hex');

/** A plane with one peer, which is a socket of the test's. */
class Running {
  readonly tun = new PairTun();
  readonly events: PlaneEvent[] = [];
  readonly troubles: PlaneTrouble[] = [];
  readonly received: Buffer[] = [];
  readonly plane: BatchedPlane;
  readonly socket: Socket;
  readonly keys = testKeys(1);
  #lastId = 0;

  private constructor(socket: Socket, family: 4 | 6, without: readonly PlaneStep[], rehearsesAfter: number | undefined) {
    this.socket = socket;
    socket.on('message', (bytes) => this.received.push(bytes));
    this.plane = new BatchedPlane({
      settings: SETTINGS,
      tun: this.tun,
      udp: { family, host: family === 4 ? '127.0.0.1' : '::1', port: 0 },
      without,
      rehearsesAfter,
      worker: WORKER,
      limits: { perSource: 100_000, strangers: 100_000 },
    });
    this.plane.onEvent((event) => this.events.push(event));
    this.plane.onTrouble((trouble) => this.troubles.push(trouble));
  }

  static async start(without: readonly PlaneStep[] = [], family: 4 | 6 = 4, rehearsesAfter?: number): Promise<Running> {
    const socket = createSocket(family === 4 ? 'udp4' : 'udp6');
    await new Promise<void>((resolve) => {
      socket.bind(0, family === 4 ? '127.0.0.1' : '::1', resolve);
    });
    const made = new Running(socket, family, without, rehearsesAfter);
    running.push(made);
    await made.plane.start();
    await made.plane.begin();
    return made;
  }

  get port(): number {
    return this.plane.localAddress().port;
  }

  open(keys = this.keys): void {
    const { plane } = this;
    const { address, port } = this.socket.address();
    plane.command({ kind: 'open-peer', slot: SLOT, link: udpLink(address, port), format: 'v2' });
    plane.command({ kind: 'set-keys', slot: SLOT, keyId: 0, keys: dataKeys(keys, 'server') });
    plane.command({ kind: 'send-with', slot: SLOT, keyId: 0 });
    plane.command({ kind: 'set-inner-routes', slot: SLOT, routes: [host('10.8.0.2')] });
    plane.command({ kind: 'set-open', slot: SLOT, open: true });
    plane.settle();
  }

  send(bytes: Buffer): Promise<void> {
    const { address } = this.socket.address();
    return new Promise((resolve) => {
      this.socket.send(bytes, this.port, address, () => resolve());
    });
  }

  packet(payload: Buffer, keys = this.keys): Buffer {
    return sealed(keys.client, SLOT.peerId, 0, ++this.#lastId, payload);
  }

  async stop(): Promise<void> {
    await this.plane.stop();
    this.tun.close();
    this.socket.close();
  }
}

const running: Running[] = [];
afterEach(async () => {
  for (const made of running.splice(0)) await made.stop();
});

/** Waits for what only another thread can bring about; the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Quicker to compare than bytes. */
function texts(packets: readonly Buffer[]): string[] {
  return packets.map((packet) => packet.toString('base64'));
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('the batched plane', () => {
  it('carries bursts of all sizes whole and in order both ways, whatever it does without', async () => {
    for (const without of [[], ['gso'], ['gso', 'gro'], ['native-crypto'], PLANE_STEPS] as const) {
      const made = await Running.start(without);
      for (const step of without) expect(made.plane.running().steps).not.toContain(step);
      made.open();
      const down = Array.from({ length: 200 }, (_, i) => inner('10.8.0.1', '10.8.0.2', `${i} `.repeat(1 + ((i * 37) % 250))));
      for (let at = 0; at < down.length; at += BURST) {
        for (const packet of down.slice(at, at + BURST)) made.tun.inject(packet);
        await until(() => made.received.length === Math.min(down.length, at + BURST));
      }
      expect(texts(made.received.map((packet) => opened(made.keys.server, packet).payload))).toEqual(texts(down));
      const up = down.map((_, i) => inner('10.8.0.2', '10.8.0.1', `${i} `.repeat(1 + ((i * 53) % 250))));
      const written: Buffer[] = [];
      for (let at = 0; at < up.length; at += BURST) {
        for (const packet of up.slice(at, at + BURST)) await made.send(made.packet(packet));
        await until(() => written.push(...made.tun.written()) >= Math.min(up.length, at + BURST));
      }
      expect(texts(written)).toEqual(texts(up));
      expect(made.plane.counters(SLOT)).toMatchObject({ packetsReceived: 200, packetsSent: 200, lost: 0, unauthentic: 0 });
    }
  });

  it('sends packets to the same place together', async () => {
    const made = await Running.start();
    made.open();
    const packets = Array.from({ length: 60 }, () => inner('10.8.0.1', '10.8.0.2', 'x'.repeat(1200)));
    for (const packet of packets) made.tun.inject(packet);
    await until(() => made.received.length === packets.length);
    const { calls, steps } = made.plane.running();
    expect(calls?.packetsSent).toBe(60);
    if (steps.includes('gso')) expect(calls?.messagesSent).toBeLessThan(60);
  });

  it('sends alone what the network does not take together', async () => {
    const made = await Running.start();
    made.open();
    // Longer than any link: UDP_SEGMENT refuses, and IP fragments it.
    const packets = Array.from({ length: 6 }, (_, i) => inner('10.8.0.1', '10.8.0.2', String(i).repeat(30_000)));
    for (const packet of packets) made.tun.inject(packet);
    await until(() => made.received.length === packets.length);
    expect(texts(made.received.map((packet) => opened(made.keys.server, packet).payload))).toEqual(texts(packets));
    expect(made.plane.running().dropped.network).toBe(0);
  });

  it.each(['AES-128-GCM', 'AES-192-GCM', 'AES-256-GCM', 'CHACHA20-POLY1305'] as const)('speaks %s', async (cipher) => {
    const made = await Running.start();
    const keys = testKeys(4, cipher);
    made.open(keys);
    await made.send(made.packet(inner('10.8.0.2', '10.8.0.1', 'up'), keys));
    made.tun.inject(inner('10.8.0.1', '10.8.0.2', 'down'));
    const written: Buffer[] = [];
    await until(() => written.push(...made.tun.written()) === 1 && made.received.length === 1);
    expect(written).toEqual([inner('10.8.0.2', '10.8.0.1', 'up')]);
    expect(made.received.map((packet) => opened(keys.server, packet).payload)).toEqual([inner('10.8.0.1', '10.8.0.2', 'down')]);
  });

  it.each([4, 6] as const)('carries packets over IPv%s while it rehearses, and after it', async (family) => {
    const made = await Running.start([], family, 0);
    made.open();
    const packet = inner('10.8.0.1', '10.8.0.2');
    let sent = 0;
    const ends = Date.now() + 1500;
    while (Date.now() < ends) {
      made.tun.inject(packet);
      sent++;
      await until(() => made.received.length === sent);
    }
    expect(new Set(texts(made.received.map((bytes) => opened(made.keys.server, bytes).payload)))).toEqual(new Set(texts([packet])));
    expect(made.plane.running().calls).toMatchObject({ packetsSent: sent, packetsReceived: 0 });
    expect(made.troubles).toEqual([]);
  });

  it('serves IPv6 peers', async () => {
    const made = await Running.start([], 6);
    made.open();
    await made.send(CONTROL);
    await until(() => made.events.length === 1);
    expect(made.events).toMatchObject([{ kind: 'control', link: udpLink('::1', made.socket.address().port), bytes: CONTROL }]);
    made.tun.inject(inner('10.8.0.1', '10.8.0.2'));
    await until(() => made.received.length === 1);
  });

  it('drops and counts control packets while nobody reads them, and goes on afterwards', async () => {
    const made = await Running.start();
    const sender = createSocket('udp4');
    const flood = MAX_UNREAD_CONTROL + 500;
    for (let i = 0; i < flood; i++) sender.send(CONTROL, made.port, '127.0.0.1');
    await new Promise<void>((resolve) => {
      sender.close(resolve);
    });
    // The main thread looks at nothing but the count of what came, as a busy one would.
    const seen = (): number => made.plane.running().calls?.packetsReceived ?? 0;
    for (let before = -1; before !== seen(); ) {
      before = seen();
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    const came = seen();
    made.plane.settle();
    await until(() => made.events.length + made.plane.running().dropped.unread >= came);
    expect(made.events.length).toBeLessThanOrEqual(came);
    await made.send(CONTROL);
    await until(() => made.events.length + made.plane.running().dropped.unread > came);
    expect(made.events.at(-1)?.kind).toBe('control');
  });

  it('tells when its thread dies, and ends', async () => {
    const made = await Running.start();
    made.open();
    // A command that nobody gives: the worker cannot carry it out.
    made.plane.command({
      kind: 'set-keys',
      slot: SLOT,
      keyId: 0,
      keys: { ...dataKeys(made.keys, 'server'), cipher: 'NONE' as 'AES-128-GCM' },
    });
    await until(() => made.troubles.length > 0);
    expect(made.troubles).toMatchObject([{ kind: 'worker', error: { code: 'DATA_PLANE' } }]);
  });

  it('says so when its thread cannot start, and gives the socket away', async () => {
    const plane = new BatchedPlane({
      settings: SETTINGS,
      tun: new NullTun(),
      udp: { family: 4, host: '127.0.0.1', port: 0 },
      worker: new URL('./nowhere.js', WORKER),
    });
    await plane.start();
    await expect(plane.begin()).rejects.toThrow(/the data plane failed: Cannot find module/);
    const fd = plane.release();
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind({ fd }, resolve);
    });
    expect(socket.address().address).toBe('127.0.0.1');
    socket.close();
  });

  it('throws LISTEN with stock words for an address that is taken', async () => {
    const made = await Running.start();
    const second = new BatchedPlane({ settings: SETTINGS, tun: new NullTun(), udp: { family: 4, host: '127.0.0.1', port: made.port } });
    await expect(async () => second.start()).rejects.toThrow(
      `TCP/UDP: Socket bind failed on local address [AF_INET]127.0.0.1:${made.port}: Address already in use (errno=98)`,
    );
  });

  it('leaves no descriptor behind', async () => {
    const before = descriptors();
    for (let i = 0; i < 3; i++) {
      const made = await Running.start();
      made.open();
      await running.pop()?.stop();
    }
    await until(() => descriptors() <= before);
    expect(descriptors()).toBeLessThanOrEqual(before);
  });
});
