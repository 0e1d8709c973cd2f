import { describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../../src/base/units.ts';
import { OP, opcodeOf } from '../../src/protocol/opcodes.ts';
import { clientIdentity } from './certificates.ts';
import type { ClientStation } from './client-station.ts';
import { expectNothingLeft } from './leaks.ts';
import { World, type WorldConfig } from './world.ts';

function connected(config: Partial<WorldConfig> = {}, name = 'alice'): { readonly world: World; readonly client: ClientStation } {
  const world = new World({ seed: 31, ...config });
  const [client] = world.connect(name);
  if (client === undefined) throw new Error('no client');
  return { world, client };
}

/** What the server raised for management clients, as `CONNECT 0` and its kin. */
function notices(world: World): string[] {
  return world.server.events.flatMap((event) => (event.kind === 'client' ? [`${event.what} ${event.clientId}`] : []));
}

describe('a handshake that stops', () => {
  it('half way is given up by the server after the hand-window', () => {
    const world = new World({ seed: 32 });
    const client = world.addClient('alice');
    let sent = 0;
    world.network.filter = ({ from }) => from.host !== world.server.at.host && ++sent > 3;
    client.start();
    world.run(1000);
    expect(world.server.instances).toBe(1);
    client.unplug();
    world.run(61_000);
    expect(world.server.instances).toBe(0);
    expect(world.server.lines.join('\n')).toMatch(
      /TLS key negotiation failed to occur within 60 seconds[^]*SIGUSR1\[soft,tls-error\] received, client-instance restarting/,
    );
    expect(client.ends).toMatchObject([{ reason: 'tls-error', again: true }]);
    expectNothingLeft(world);
  });

  it('before the server answers ends the client alone', () => {
    const world = new World({ seed: 32 });
    world.server.unplug();
    const client = world.addClient('alice');
    client.start();
    world.run(61_000);
    expect(client.ends).toMatchObject([{ reason: 'tls-error', again: true }]);
    expectNothingLeft(world);
  });

  it('at the options ends when none come', () => {
    const world = new World({ seed: 33, server: ({ hooks }) => ({ hooks: { ...hooks, clientConnect: true } }) });
    world.server.answer = () => undefined;
    const client = world.addClient('alice');
    const requests: number[] = [];
    client.start();
    world.run(1000);
    world.network.tap = ({ at, from }) => void (from.host !== world.server.at.host && requests.push(at));
    world.run(63_000);
    expect(client.ends).toMatchObject([{ reason: 'no-push-reply', again: true }]);
    expect(client.lines.filter((line) => line.includes("'PUSH_REQUEST'")).length).toBe(12);
  });
});

describe('silence', () => {
  it('ends a client at the server by ping-restart, and one whose server is gone at the client', () => {
    const { world, client } = connected();
    client.unplug();
    world.run(119_000);
    expect(world.server.connected).toEqual(['alice']);
    expect(client.ends).toMatchObject([{ reason: 'ping-restart', again: true }]);
    world.run(12_000);
    expect(world.server.connected).toEqual([]);
    expect(world.server.lines).toContain('alice [alice] Inactivity timeout (--ping-restart), restarting');
    expect(notices(world)).toEqual(['ESTABLISHED 0', 'DISCONNECT 0']);
    expectNothingLeft(world);
  });

  it('is prevented by pings', () => {
    const { world, client } = connected();
    world.run(1_000_000);
    expect(world.server.connected).toEqual(['alice']);
    expect(client.ends).toEqual([]);
  });

  it('of payload ends a client by inactive, pings not counting', () => {
    const { world } = connected({ server: () => ({ inactive: { after: seconds(600), bytes: 0 } }) });
    world.run(599_000);
    expect(world.server.connected).toEqual(['alice']);
    world.run(2000);
    expect(world.server.connected).toEqual([]);
    expect(world.server.lines).toContain('alice Inactivity timeout (--inactive), exiting');
    expect(world.server.lines).toContain('alice SIGTERM[soft,inactive] received, client-instance exiting');
  });

  it('of payload counts from the last of it, in either direction', () => {
    const { world, client } = connected({ server: () => ({ inactive: { after: seconds(60), bytes: 0 } }) });
    world.later(40_000, () => world.send(client, 'server'));
    world.later(90_000, () => world.sendFromServer(client));
    world.run(149_000);
    expect(world.server.connected).toEqual(['alice']);
    world.run(2000);
    expect(world.server.connected).toEqual([]);
  });

  it('is less payload than inactive asks for, too', () => {
    const { world, client } = connected({ server: () => ({ inactive: { after: seconds(60), bytes: 1000 } }) });
    // Some 38 bytes a second: the first thousand is together after 27 seconds, a second one never.
    world.every(1000, 45, () => world.send(client, 'server'));
    world.run(84_000);
    expect(world.server.connected).toEqual(['alice']);
    world.run(6000);
    expect(world.server.connected).toEqual([]);
  });
});

describe('a session that has its time', () => {
  it('is ended at the server, and the client finds out by the silence, as in stock', () => {
    const { world, client } = connected({ server: () => ({ sessionTimeout: seconds(100) }) });
    world.every(1000, 200, () => client.isConnected && world.send(client, 'server'));
    world.run(99_000);
    expect(world.server.connected).toEqual(['alice']);
    world.run(2000);
    expect(world.server.connected).toEqual([]);
    expect(world.server.lines).toContain('alice Session timeout, exiting');
    expect(world.server.lines).toContain('alice SIGTERM[soft,session-timeout] received, client-instance exiting');
    world.run(100_000);
    expect(client.ends).toMatchObject([{ reason: 'ping-restart', again: true }]);
    expectNothingLeft(world);
  });
});

describe('leaving', () => {
  it('is said on the control channel where both understand that', () => {
    const { world, client } = connected();
    client.tell((now) => client.engine?.leave('SIGTERM', now));
    world.run(900);
    expect(world.server.lines).toContain('alice CC-EEN exit message received by peer');
    expect(client.ends).toEqual([]);
    world.run(200);
    expect(client.ends).toMatchObject([{ reason: 'left', again: false }]);
    expect(client.ends[0]?.counters?.packetsSent).toBe(0);
    expect(world.server.instances).toBe(1);
    world.run(5000);
    expect(notices(world)).toEqual(['ESTABLISHED 0', 'DISCONNECT 0']);
    expectNothingLeft(world);
  });

  it('is said in the data channel by older clients', () => {
    const world = new World({ seed: 34 });
    const client = world.addClient('alice', { settings: () => ({ peerInfo: [['IV_PROTO', '2']] }) });
    client.start();
    world.until(() => client.isConnected, 10_000);
    client.tell((now) => client.engine?.leave('SIGTERM', now));
    world.run(100);
    expect(world.server.lines).toContain('alice OCC exit message received by peer');
    expect(world.server.instances).toBe(0);
    world.run(2000);
    expectNothingLeft(world);
  });

  it('without a word takes no time', () => {
    const world = new World({ seed: 34 });
    const client = world.addClient('alice', { settings: () => ({ exitNotify: false }) });
    client.start();
    world.until(() => client.isConnected, 10_000);
    client.tell((now) => client.engine?.leave('SIGTERM', now));
    expect(client.ends).toMatchObject([{ reason: 'left', again: false }]);
    world.run(150_000);
    expectNothingLeft(world);
  });
});

describe('the operator', () => {
  it('kills a client without a word', () => {
    const { world, client } = connected();
    world.server.tell((now) => expect(world.server.engine.kill((each) => each.commonName === 'alice', now)).toBe(1));
    expect(world.server.instances).toBe(0);
    world.run(1000);
    expect(client.ends).toEqual([]);
    world.run(70_000);
    expect(client.ends).toMatchObject([{ reason: 'ping-restart' }]);
    expectNothingLeft(world);
  });

  it.each([
    ['RESTART', 'server-restart', true],
    ['HALT', 'server-halt', false],
    ['AUTH_FAILED,no more', 'auth-failure', false],
    ['AUTH_FAILED,TEMP[backoff 42]:later', 'auth-temp-failure', true],
  ])('sends a client away with %s', (message, reason, again) => {
    const { world, client } = connected();
    world.server.tell((now) => expect(world.server.engine.clientKill(0, message, now)).toBe(true));
    world.run(100);
    expect(client.ends).toMatchObject([{ reason, again, backoffSeconds: message.includes('42') ? 42 : undefined }]);
    expect(world.server.instances).toBe(1);
    world.run(5000);
    expectNothingLeft(world);
  });

  it('sends a client away in the middle of a renegotiation', () => {
    const { world, client } = connected();
    world.server.tell((now) => {
      for (const instance of world.server.engine.clients()) instance.session.renegotiate(now);
      expect(world.server.engine.clientKill(0, 'HALT,bye', now)).toBe(true);
    });
    world.run(3000);
    expect(client.ends).toMatchObject([{ reason: 'server-halt', text: 'bye' }]);
    world.run(5000);
    expectNothingLeft(world);
  });

  it('sends away a client in the middle of its handshake only in words that it can read', () => {
    const world = new World({ seed: 35 });
    const client = world.addClient('alice');
    world.network.filter = ({ from, bytes }) => from.host !== world.server.at.host && bytes.length > 300 && bytes.length < 500;
    client.start();
    world.run(200);
    world.server.tell((now) => expect(world.server.engine.clientKill(0, 'RESTART', now)).toBe(true));
    world.network.filter = undefined;
    world.run(4000);
    expect(client.ends).toMatchObject([{ reason: 'server-restart', again: true }]);
    world.run(5000);
    expectNothingLeft(world);
  });

  it.each([
    [0, 'RESTART', milliseconds(300)],
    [1, 'RESTART', seconds(2)],
    [2, 'RESTART,[N]', seconds(2)],
  ] as const)('stops the server: with explicit-exit-notify %i, clients are told %s and come back', (explicitExitNotify, message, wait) => {
    const world = new World({ seed: 36, server: () => ({ explicitExitNotify }) });
    const clients = ['alice', 'bob', 'carol'].map((name) => world.addClient(name, { reconnects: true }));
    for (const client of clients) client.start();
    world.until(() => world.server.connected.length === 3, 10_000);
    world.run(100);
    world.server.tell((now) => world.server.engine.stop(now));
    world.run(wait - 10);
    expect(world.server.stopped).toBe(false);
    world.run(20);
    expect(world.server.stopped).toBe(true);
    expect(world.server.instances).toBe(0);
    expect(notices(world).filter((notice) => notice.startsWith('DISCONNECT'))).toHaveLength(3);
    expect(world.server.lines.filter((line) => line.endsWith(`'${message}' (status=1)`))).toHaveLength(3);
    for (const client of clients) expect(client.ends).toMatchObject([{ reason: 'server-restart', again: true }]);
    // Who comes back now finds nobody, and tries again.
    for (const client of clients) client.reconnects = false;
    world.run(70_000);
    expectNothingLeft(world);
  });

  it.each([0, 1] as const)('stops a server without clients at once, and once, with explicit-exit-notify %i', (explicitExitNotify) => {
    const world = new World({ seed: 37, server: () => ({ explicitExitNotify }) });
    world.server.tell((now) => world.server.engine.stop(now));
    world.run(1);
    expect(world.server.stopped).toBe(true);
    const client = world.addClient('alice');
    client.start();
    world.run(61_000);
    expect(world.server.instances).toBe(0);
    expect(client.ends).toMatchObject([{ reason: 'tls-error' }]);
    expectNothingLeft(world);
  });
});

describe('room for clients', () => {
  it('ends at max-clients, said in the log, and begins again when one leaves', () => {
    const world = new World({ seed: 38, server: () => ({ maxClients: 2 }) });
    const [alice] = world.connect('alice', 'bob');
    const carol = world.addClient('carol', { reconnects: true });
    carol.start();
    world.run(5000);
    expect(world.server.connected).toEqual(['alice', 'bob']);
    expect(world.server.lines).toContain('MULTI: new incoming connection would exceed maximum number of clients (2)');
    alice?.tell((now) => alice.engine?.leave('SIGTERM', now));
    world.until(() => carol.isConnected, 120_000);
    expect(world.server.connected.toSorted()).toEqual(['bob', 'carol']);
  });

  it('is shared out anew: a peer id is used again, and nothing of its last user comes to the next', () => {
    const world = new World({ seed: 39 });
    const [alice, bob] = world.connect('alice', 'bob');
    if (alice === undefined || bob === undefined) throw new Error('no clients');
    const late: Buffer[] = [];
    world.network.tap = ({ from, bytes }) =>
      void (from.port === alice.at.port && opcodeOf(bytes[0] ?? 0) === OP.dataV2 && late.push(bytes));
    world.send(alice, bob);
    world.run(100);
    world.server.tell((now) => world.server.engine.kill((each) => each.commonName === 'alice', now));
    alice.unplug();
    const [carol] = world.connect('carol');
    expect(carol?.engine?.slot?.peerId).toBe(0);
    const before = bob.received.length;
    for (const bytes of late) world.server.hear(bytes, alice.at);
    world.run(100);
    expect(bob.received.length).toBe(before);
    expect([...world.server.engine.clients()].map((client) => [client.commonName, client.slot])).toEqual([
      ['bob', { peerId: 1, generation: 1 }],
      ['carol', { peerId: 0, generation: 2 }],
    ]);
  });

  it('gives one session to each name: the new one has proved itself, the old one goes', () => {
    const { world } = connected();
    const again = world.addClient('alice');
    again.start();
    world.until(() => again.isConnected, 10_000);
    expect(world.server.connected).toEqual(['alice']);
    expect(world.server.lines.some((line) => line.includes("new connection by client 'alice' will cause previous active sessions"))).toBe(
      true,
    );
    expect(again.address).toBe('10.8.0.2');
    const body = world.sendFromServer(again);
    world.run(100);
    expect(again.received).toEqual([body]);
  });

  it('gives the address of a session that has said farewell to the next of the same name', () => {
    const { world, client } = connected();
    client.tell((now) => client.engine?.leave('SIGTERM', now));
    world.run(1100);
    const again = world.addClient('alice');
    again.start();
    world.until(() => again.isConnected, 2000);
    expect(again.address).toBe('10.8.0.2');
    expect(world.server.instances).toBe(1);
  });

  it('gives as many as come with duplicate-cn', () => {
    const { world } = connected({ server: () => ({ duplicateCn: true }) });
    world.connect('alice', 'alice');
    expect(world.server.connected).toEqual(['alice', 'alice', 'alice']);
    expect(new Set(world.clients.map((client) => client.address)).size).toBe(3);
  });

  it('of the pool refuses those for whom no address is left', () => {
    const pool4 = { first: Buffer.of(10, 8, 0, 2), last: Buffer.of(10, 8, 0, 3), bits: 24 };
    const world = new World({ seed: 40, server: () => ({ pool4 }) });
    world.connect('alice', 'bob');
    const carol = world.addClient('carol');
    carol.start();
    world.run(10_000);
    expect(carol.ends).toMatchObject([{ reason: 'auth-failure', text: 'No address is free' }]);
    expect(world.server.connected).toEqual(['alice', 'bob']);
  });

  it('of names that nobody has is not shared: clients without a certificate do not displace one another', () => {
    const world = new World({
      seed: 41,
      server: ({ auth, verify }) => ({
        auth: { ...auth, clientCertificate: 'none' },
        verify: { ...verify, clientCertificate: 'none' },
      }),
    });
    const clients = [1, 2].map((number) => world.addClient(`nameless ${number}`, { identity: { chain: [] } }));
    for (const client of clients) client.start();
    world.run(5000);
    expect(clients.map((client) => client.isConnected)).toEqual([true, true]);
  });
});

describe('a client that comes back from the same address', () => {
  it('takes the place of its old session once it has logged in, and not before', () => {
    const { world, client } = connected();
    const port = client.at.port;
    client.unplug();
    const stranger = world.addClient('mallory', { port, identity: clientIdentity('mallory', {}, 'CERT_HAS_EXPIRED') });
    stranger.start();
    world.run(10_000);
    expect(world.server.connected).toEqual(['alice']);
    stranger.unplug();
    const again = world.addClient('alice', { port });
    again.start();
    world.run(1000);
    expect(again.isConnected).toBe(true);
    expect(world.server.connected).toEqual(['alice']);
    const body = world.sendFromServer(again);
    world.run(100);
    expect(again.received).toEqual([body]);
  });
});
