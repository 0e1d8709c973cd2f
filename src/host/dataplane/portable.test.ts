import { afterEach, describe, expect, it } from 'vitest';
import { dataKeys, host, inner, testKeys } from '../../../test/support/data-packets.ts';
import { milliseconds } from '../../base/units.ts';
import { longestPacket } from '../../protocol/data/forward.ts';
import { udpLink } from '../../protocol/data/link.ts';
import type { Link, PlaneCommand, PlaneEvent, PlaneSettings } from '../../protocol/data/plane.ts';
import { FakeNetwork } from '../fake-network.ts';
import { connectTcp, listenTcp } from '../tcp.ts';
import { FakeTun, NullTun } from '../tun.ts';
import { openUdp } from '../udp.ts';
import type { PlaneTrouble } from './port.ts';
import { PortablePlane } from './portable.ts';
import { type Transport, tcpClientTransport, tcpServerTransport, udpTransport } from './transport.ts';

// What every data plane does is in test/contract/; here is what this one adds.

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
const MAX = longestPacket(1500);

const running: PortablePlane[] = [];
afterEach(async () => {
  for (const plane of running.splice(0)) await plane.stop();
});

/** A plane that runs, with its device and what it told. */
class Running {
  readonly tun = new FakeTun();
  readonly events: PlaneEvent[] = [];
  readonly troubles: PlaneTrouble[] = [];
  readonly plane: PortablePlane;
  readonly #waiting: (() => void)[] = [];

  private constructor(role: 'server' | 'client', transport: 'udp' | 'tcp', open: () => Promise<Transport>) {
    this.plane = new PortablePlane({ settings: { ...SETTINGS, role, transport }, open, tun: this.tun });
    this.plane.onEvent((event) => this.#told(() => this.events.push(event)));
    this.plane.onTrouble((trouble) => this.#told(() => this.troubles.push(trouble)));
    this.plane.traceWith(() => this.#told(() => {}));
  }

  static async start(role: 'server' | 'client', transport: 'udp' | 'tcp', open: () => Promise<Transport>): Promise<Running> {
    const made = new Running(role, transport, open);
    await made.plane.start();
    running.push(made.plane);
    return made;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Opens the one peer of this end. */
  peer(role: 'server' | 'client', link: Link): void {
    const commands: PlaneCommand[] = [
      { kind: 'open-peer', slot: SLOT, link, format: 'v2' },
      { kind: 'set-keys', slot: SLOT, keyId: 0, keys: dataKeys(testKeys(1), role) },
      { kind: 'send-with', slot: SLOT, keyId: 0 },
      { kind: 'set-inner-routes', slot: SLOT, routes: [host('10.8.0.2')] },
      { kind: 'set-open', slot: SLOT, open: true },
    ];
    for (const command of commands) this.plane.command(command);
  }

  link(): Link | undefined {
    for (const event of this.events) if (event.kind === 'link-opened') return event.link;
    return undefined;
  }

  #told(note: () => void): void {
    note();
    // The trace comes before the packet is handled.
    setImmediate(() => {
      for (const waiting of this.#waiting.splice(0)) waiting();
    });
  }
}

function udp(remote?: { host: string; port: number }): () => Promise<Transport> {
  return async () => udpTransport(await openUdp({ family: 4, host: '127.0.0.1', port: 0, remote }));
}

describe('two portable planes', () => {
  it('carry packets to each other over UDP', async () => {
    const server = await Running.start('server', 'udp', udp());
    const { port } = server.plane.localAddress();
    const client = await Running.start('client', 'udp', udp({ host: '127.0.0.1', port }));
    server.peer('server', udpLink('127.0.0.1', client.plane.localAddress().port));
    client.peer('client', udpLink('127.0.0.1', port));
    client.tun.inject(inner('10.8.0.2', '10.8.0.1', 'up'));
    await server.until(() => server.tun.written.length === 1);
    server.tun.inject(inner('10.8.0.1', '10.8.0.2', 'down'));
    await client.until(() => client.tun.written.length === 1);
    expect(server.tun.written).toEqual([inner('10.8.0.2', '10.8.0.1', 'up')]);
    expect(client.tun.written).toEqual([inner('10.8.0.1', '10.8.0.2', 'down')]);
    expect(server.plane.running().dropped).toEqual({ network: 0, tun: 0, unread: 0 });
  });

  it('carry packets to each other over TCP, and tell when the connection ends', async () => {
    const server = await Running.start('server', 'tcp', async () =>
      tcpServerTransport(await listenTcp({ family: 4, host: '127.0.0.1', port: 0, maxConnections: 5, maxPacket: MAX })),
    );
    const { port } = server.plane.localAddress();
    const client = await Running.start('client', 'tcp', async () => {
      const connection = await connectTcp('127.0.0.1', port, MAX, 5000);
      return tcpClientTransport(connection, { transport: 'tcp-client', family: 4, ip: '127.0.0.1', port: 0 });
    });
    await server.until(() => server.link() !== undefined);
    await client.until(() => client.link() !== undefined);
    const [atServer, atClient] = [server.link(), client.link()];
    if (atServer === undefined || atClient === undefined) throw new Error('no link');
    expect(atClient.address).toEqual({ transport: 'tcp-client', family: 4, ip: '127.0.0.1', port });
    server.peer('server', atServer);
    client.peer('client', atClient);
    for (let i = 0; i < 50; i++) client.tun.inject(inner('10.8.0.2', '10.8.0.1', `up ${i}`));
    await server.until(() => server.tun.written.length === 50);
    server.tun.inject(inner('10.8.0.1', '10.8.0.2', 'down'));
    await client.until(() => client.tun.written.length === 1);
    await client.plane.stop();
    await server.until(() => server.events.some(({ kind }) => kind === 'link-closed'));
    expect(server.events.at(-1)).toEqual({ kind: 'link-closed', link: atServer, reason: 'connection-reset' });
  });
});

describe('a portable plane', () => {
  it('tells events in a later turn than the command that caused them, in order', async () => {
    const server = await Running.start('server', 'udp', udp());
    server.peer('server', udpLink('127.0.0.1', 9));
    server.plane.command({ kind: 'close-peer', slot: SLOT });
    server.peer('server', udpLink('127.0.0.1', 9));
    server.plane.command({ kind: 'close-peer', slot: SLOT });
    expect(server.events).toEqual([]);
    await Promise.resolve();
    expect(server.events.map(({ kind }) => kind)).toEqual(['closed', 'closed']);
  });

  it('sends pings by the clock of the system', async () => {
    const server = await Running.start('server', 'udp', udp());
    const client = await Running.start('client', 'udp', udp());
    server.peer('server', udpLink('127.0.0.1', client.plane.localAddress().port));
    client.peer('client', udpLink('127.0.0.1', server.plane.localAddress().port));
    server.plane.command({ kind: 'set-ping', slot: SLOT, every: milliseconds(5), lostAfter: undefined });
    await client.until(() => (client.plane.counters(SLOT)?.packetsReceived ?? 0) >= 3);
    expect(client.tun.written).toEqual([]);
  });

  it('tells at most once a second that its server is not there', async () => {
    const nobody = await openUdp({ family: 4, host: '127.0.0.1', port: 0 });
    const { port } = nobody.local;
    await nobody.close();
    const client = await Running.start('client', 'udp', udp({ host: '127.0.0.1', port }));
    for (let i = 0; i < 3; i++)
      client.plane.command({ kind: 'send-control', link: udpLink('127.0.0.1', port), bytes: Buffer.alloc(20), slot: undefined });
    await client.until(() => client.troubles.length > 0);
    expect(client.troubles).toEqual([{ kind: 'socket', code: 'ECONNREFUSED', errno: 111, words: 'Connection refused' }]);
  });

  it('does nothing before start and after stop, leaves the device open, and can still be read', async () => {
    const plane = new PortablePlane({ settings: SETTINGS, open: udp(), tun: new NullTun() });
    expect(() => plane.localAddress()).toThrow(/listens nowhere/);
    plane.command({ kind: 'open-peer', slot: SLOT, link: udpLink('127.0.0.1', 9), format: 'v2' });
    expect(plane.counters(SLOT)).toBeUndefined();
    const server = await Running.start('server', 'udp', udp());
    server.peer('server', udpLink('127.0.0.1', 9));
    server.plane.command({ kind: 'close-peer', slot: SLOT });
    await server.plane.stop();
    expect(server.events).toEqual([]);
    expect(server.tun.inject(Buffer.alloc(20))).toBe(false);
    server.plane.command({ kind: 'open-peer', slot: SLOT, link: udpLink('127.0.0.1', 9), format: 'v2' });
    expect(server.plane.counters(SLOT)).toBeUndefined();
    expect(server.plane.tunnel()).toMatchObject({ packetsRead: 0 });
    await server.plane.stop();
  });

  it('fails to start where the address is taken', async () => {
    const taken = await openUdp({ family: 4, host: '127.0.0.1', port: 0 });
    const { port } = taken.local;
    const open = async (): Promise<Transport> => udpTransport(await openUdp({ family: 4, host: '127.0.0.1', port }));
    const plane = new PortablePlane({ settings: SETTINGS, open, tun: new NullTun() });
    await expect(plane.start()).rejects.toMatchObject({ code: 'LISTEN' });
    await taken.close();
    await plane.start();
    expect(plane.localAddress().port).toBe(port);
    await plane.stop();
  });

  it('runs on the network in memory', async () => {
    const network = new FakeNetwork();
    const server = await Running.start('server', 'udp', () => Promise.resolve(udpTransport(network.udp('192.0.2.1', 1194))));
    const client = await Running.start('client', 'udp', () => Promise.resolve(udpTransport(network.udp('192.0.2.2', 5000))));
    server.peer('server', udpLink('192.0.2.2', 5000));
    client.peer('client', udpLink('192.0.2.1', 1194));
    client.tun.inject(inner('10.8.0.2', '10.8.0.1'));
    expect(network.settle()).toBe(1);
    expect(server.tun.written).toEqual([inner('10.8.0.2', '10.8.0.1')]);
  });
});
