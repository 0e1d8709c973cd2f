import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { clientIdentity } from './certificates.ts';
import { expectNothingLeft } from './leaks.ts';
import { seeds, simulate } from './seeds.ts';
import { WRAPS, type WrapName } from './settings.ts';
import { World, type WorldConfig } from './world.ts';

const UNKIND = { loss: 0.2, duplication: 0.05, reordering: 0.1, latency: 20, jitter: 10 };

const ALL_WRAPS = Object.keys(WRAPS) as WrapName[];

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `client-${index + 1}`);
}

describe('a handshake', () => {
  it.each(seeds(3))('completes for each of 40 clients though a fifth of the packets is lost (seed %i)', (seed) => {
    simulate(seed, () => {
      const world = new World({ seed, link: UNKIND });
      const clients = names(40).map((name) => world.addClient(name));
      for (const client of clients) client.start();
      world.until(() => clients.every((client) => client.isConnected), 60_000);
      world.until(() => world.server.connected.length === 40, 60_000);
      expect(world.server.connected.toSorted()).toEqual(names(40).toSorted());
      expect(new Set(clients.map((client) => client.address)).size).toBe(40);
      for (const client of clients) expect(client.ends).toEqual([]);
    });
  });

  it.each(ALL_WRAPS.flatMap((wrap) => seeds(2).map((seed) => [wrap, seed] as const)))(
    'completes under loss with %s (seed %i)',
    (wrap, seed) => {
      simulate(seed, () => {
        const world = new World({ seed, link: UNKIND, wrap, tlsRoundTrips: 2 });
        const clients = names(8).map((name) => world.addClient(name));
        for (const client of clients) client.start();
        world.until(() => clients.every((client) => client.isConnected), 60_000);
        expect(clients.flatMap((client) => client.ends)).toEqual([]);
      });
    },
  );

  it.each(ALL_WRAPS)('takes less than ten round trips on a kind link with %s', (wrap) => {
    const world = new World({ seed: 1, wrap });
    const client = world.addClient('alice');
    client.start();
    const began = world.now.at;
    world.until(() => client.isConnected, 10_000);
    expect(world.now.at - began).toBeLessThan(100);
    expect(client.engine?.counters.retransmits).toBe(0);
    expect(client.engine?.counters.roundTripMs).toBeGreaterThanOrEqual(10);
  });
});

describe('data keys', () => {
  const DATA_V2_ONLY = 2;
  const V2_AND_EXPORTER = 2 | 8;
  const cases: readonly (readonly [string, number | undefined, string])[] = [
    ['by exporter, with all flags', undefined, 'protocol-flags cc-exit tls-ekm dyn-tls-crypt'],
    ['by exporter, for peers that do not know flags', V2_AND_EXPORTER, 'key-derivation tls-ekm'],
    ['by PRF', DATA_V2_ONLY, 'peer-id 0'],
    ['by PRF, in packets without a peer id', 0, 'topology subnet'],
  ];

  it.each(cases)('%s', (_, proto, pushed) => {
    const world = new World({ seed: 5 });
    const peerInfo = proto === undefined ? [] : ([['IV_PROTO', String(proto)]] as const);
    const [alice, bob] = ['alice', 'bob'].map((name) => world.addClient(name, { settings: () => ({ peerInfo }) }));
    if (alice === undefined || bob === undefined) throw new Error('no clients');
    alice.start();
    bob.start();
    world.until(() => alice.isConnected && bob.isConnected, 10_000);
    world.run(20);
    expect(alice.connects[0]?.options).toContain(pushed);
    expect(alice.connects[0]?.options.some((option) => option.startsWith('peer-id'))).toBe(proto !== 0);
    const there = world.send(alice, bob);
    const up = world.send(bob, 'server');
    const down = world.sendFromServer(bob);
    world.run(20);
    expect(bob.received.toSorted()).toEqual([there, down]);
    expect(world.server.received).toEqual([up]);
  });

  it('use the cipher that both allow, in the order of the server', () => {
    const world = new World({
      seed: 6,
      server: ({ control }) => ({ control: { ...control, dataCiphers: ['CHACHA20-POLY1305', 'AES-128-GCM'] } }),
    });
    const alice = world.addClient('alice', { settings: () => ({ dataCiphers: ['AES-128-GCM', 'AES-192-GCM'] }) });
    alice.start();
    world.until(() => alice.isConnected, 10_000);
    expect(alice.connects[0]?.options).toContain('cipher AES-128-GCM');
    const body = world.send(alice, 'server');
    world.run(20);
    expect(world.server.received).toEqual([body]);
  });

  it('are not made without a common cipher, and the client is told so', () => {
    const world = new World({ seed: 6 });
    const alice = world.addClient('alice', { settings: () => ({ dataCiphers: ['AES-192-GCM'] }) });
    alice.start();
    world.run(20_000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure', again: false, text: expect.stringContaining('no shared cipher') }]);
    expectNothingLeft(world);
  });
});

describe('a refused peer', () => {
  const refusals: readonly (readonly [string, ReturnType<typeof clientIdentity>, string])[] = [
    ['whose certificate expired', clientIdentity('late', {}, 'CERT_HAS_EXPIRED'), 'auth-temp-failure'],
    ['of a foreign authority', clientIdentity('foreign', {}, 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'auth-temp-failure'],
    ['without a client certificate', clientIdentity('wrong', { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }), 'auth-temp-failure'],
    ['with no certificate at all', { chain: [] }, 'auth-temp-failure'],
  ];

  it.each(refusals)('%s is told to come back, and gets no key', (_, identity, reason) => {
    const world = new World({ seed: 8 });
    const client = world.addClient('mallory', { identity });
    client.start();
    world.run(3000);
    expect(client.ends).toMatchObject([{ reason, again: true, counters: undefined }]);
    expect(world.server.openPeers).toBe(0);
    expect(world.server.questions).toEqual([]);
    world.run(10_000);
    expectNothingLeft(world);
  });

  it('without the static key hears nothing', () => {
    const world = new World({ seed: 8, wrap: 'tls-crypt' });
    const client = world.addClient('mallory', { settings: () => ({ wrap: WRAPS['tls-auth'].client }) });
    const heard: string[] = [];
    world.network.tap = ({ to }) => void heard.push(to.host);
    client.start();
    world.run(70_000);
    expect(new Set(heard)).toEqual(new Set([world.server.at.host]));
    expect(client.ends).toMatchObject([{ reason: 'tls-error', again: true }]);
    expect(world.server.lines.filter((line) => line.includes('tls-crypt unwrapping failed')).length).toBeGreaterThan(0);
    expectNothingLeft(world);
  });

  it('that is a server which is not one ends the client alone', () => {
    const world = new World({ seed: 9 });
    const client = world.addClient('alice', {
      settings: ({ verify }) => ({ verify: { ...verify, verifyName: { value: 'other', type: 'name' } } }),
    });
    client.start();
    world.run(1000);
    expect(client.ends).toMatchObject([{ reason: 'tls-error', again: true }]);
    world.run(70_000);
    expectNothingLeft(world);
  });
});

describe('a login', () => {
  const login = (config: Partial<WorldConfig> = {}): World =>
    new World({
      seed: 11,
      ...config,
      server: (settings) => ({ auth: { ...settings.auth, script: 'via-env' }, ...config.server?.(settings) }),
    });
  const credentials = { username: 'alice', password: new Secret('wonder') };

  it('is decided by the script, which gets name and password', () => {
    const world = login();
    world.server.answer = (question) => {
      const right = question.what === 'verify-user' && question.username === 'alice' && question.password.reveal() === 'wonder';
      return { answer: { ok: right }, after: 500 };
    };
    const alice = world.addClient('alice', { settings: () => ({ credentials }) });
    const bob = world.addClient('bob', { settings: () => ({ credentials: { ...credentials, password: new Secret('guess') } }) });
    const carol = world.addClient('carol');
    for (const client of [alice, bob, carol]) client.start();
    world.run(20_000);
    expect(alice.isConnected).toBe(true);
    expect(bob.ends).toMatchObject([{ reason: 'auth-failure', again: false }]);
    expect(carol.ends).toMatchObject([{ reason: 'auth-failure', again: false }]);
    expect(world.server.connected).toEqual(['alice']);
    expect([...world.server.lines, ...alice.lines, ...bob.lines].join('\n')).not.toMatch(/wonder|guess/);
  });

  it('goes on with a token, which the next key exchange uses', () => {
    const token = { key: new Secret(Buffer.alloc(64, 7)), lifetime: undefined, renewal: 3_600_000 as never };
    const world = login({ server: ({ auth }) => ({ auth: { ...auth, script: 'via-env', token } }) });
    const alice = world.addClient('alice', { settings: () => ({ credentials }) });
    alice.start();
    world.until(() => alice.isConnected, 10_000);
    world.run(100);
    alice.tell((now) => alice.engine?.renegotiate(now));
    world.run(2000);
    expect(world.server.questions.filter(({ what }) => what === 'verify-user')).toHaveLength(1);
    expect(world.server.lines).toContain("alice TLS: Username/auth-token authentication succeeded for username 'alice'");
    expect([...alice.lines, ...world.server.lines].join('\n')).not.toContain('SESS_ID_AT_');
    expect(alice.connects[0]?.options.join()).not.toContain('auth-token');
  });
});
