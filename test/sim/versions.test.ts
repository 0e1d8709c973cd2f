import { describe, expect, it } from 'vitest';
import { seconds } from '../../src/base/units.ts';
import type { ControlChannelSettings } from '../../src/engine/settings.ts';
import { OP, opcodeOf } from '../../src/protocol/opcodes.ts';
import { PEERS, type PeerName } from '../support/peers.ts';
import type { ClientStation } from './client-station.ts';
import { expectNothingLeft } from './leaks.ts';
import { World } from './world.ts';

/** A client that plays another version, and what of its data packets was seen. */
function meet(name: PeerName, server: Partial<ControlChannelSettings> = {}, tlsTimeout = 2) {
  const world = new World({ seed: 41, verb: 7, server: ({ control }) => ({ control: { ...control, ...server } }) });
  const opcodes = new Set<number>();
  world.network.tap = ({ bytes }) => {
    const opcode = opcodeOf(bytes[0] ?? 0);
    if (opcode === OP.dataV1 || opcode === OP.dataV2) opcodes.add(opcode);
  };
  const client = world.addClient('alice', {
    // An old client that negotiates nothing uses its own `cipher`.
    settings: ({ timing }) => ({ timing: { ...timing, tlsTimeout: seconds(tlsTimeout) }, fallbackCipher: 'AES-256-GCM' }),
  });
  client.words = PEERS[name];
  client.start();
  world.until(() => client.isConnected || client.ends.length > 0, 30_000);
  world.run(100);
  return { world, client, opcodes };
}

function pushed(client: ClientStation, name: string): string | undefined {
  return client.connects[0]?.options.find((option) => option === name || option.startsWith(`${name} `));
}

function expectDataPasses(world: World, client: ClientStation): void {
  const up = world.send(client, 'server');
  const down = world.sendFromServer(client);
  world.run(100);
  expect(world.server.received).toEqual([up]);
  expect(client.received).toEqual([down]);
}

/** What is pushed to each, and the form of its packets. Nothing that a client did not offer is ever pushed. */
const SERVED: readonly (readonly [PeerName, { cipher: string | undefined; peerId: boolean; flags: string | undefined; asked: boolean }])[] =
  [
    ['2.4.12', { cipher: 'cipher AES-256-GCM', peerId: true, flags: undefined, asked: true }],
    ['2.4.12 with ncp-disable', { cipher: undefined, peerId: true, flags: undefined, asked: true }],
    ['2.5.9', { cipher: 'cipher AES-256-GCM', peerId: true, flags: undefined, asked: false }],
    ['2.6.14', { cipher: 'cipher AES-256-GCM', peerId: true, flags: 'protocol-flags cc-exit tls-ekm dyn-tls-crypt', asked: false }],
    ['2.7.0', { cipher: 'cipher AES-256-GCM', peerId: true, flags: 'protocol-flags cc-exit tls-ekm dyn-tls-crypt', asked: false }],
    ['OpenVPN 3.8', { cipher: 'cipher AES-256-GCM', peerId: true, flags: 'protocol-flags cc-exit tls-ekm dyn-tls-crypt', asked: false }],
  ];

const REFUSAL = 'Data channel cipher negotiation failed (no shared cipher)';

describe('a client of another version', () => {
  it.each(SERVED)('%s is served as it can be', (name, expected) => {
    const { world, client, opcodes } = meet(name);
    expect(client.ends).toEqual([]);
    expect({
      cipher: pushed(client, 'cipher'),
      peerId: pushed(client, 'peer-id') !== undefined,
      flags: pushed(client, 'protocol-flags'),
      asked: world.server.lines.some((line) => line.includes("PUSH: Received control message: 'PUSH_REQUEST'")),
    }).toEqual(expected);
    expect(pushed(client, 'key-derivation')).toBeUndefined();
    expectDataPasses(world, client);
    expect([...opcodes]).toEqual([expected.peerId ? OP.dataV2 : OP.dataV1]);
  });

  it('2.3 with a cipher of its time is refused in stock words', () => {
    for (const [name, cipher] of [
      ['2.3.2', 'BF-CBC'],
      ['2.3.2 with AES-256-CBC', 'AES-256-CBC'],
      ['2.3.18', 'AES-256-CBC'],
    ] as const) {
      const { world, client } = meet(name, { fallbackCipher: 'AES-256-GCM' });
      expect(client.connects).toEqual([]);
      expect(client.ends).toMatchObject([{ reason: 'auth-failure', text: REFUSAL }]);
      expect(world.server.lines).toContain(
        `alice PUSH: No common cipher between server and client. Server data-ciphers: 'AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305', client supports cipher '${cipher}'`,
      );
      world.run(10_000);
      expectNothingLeft(world);
    }
  });

  it('that says nothing of its ciphers is served by data-ciphers-fallback, in packets of the first form', () => {
    const { world, client, opcodes } = meet('2.3.2 without a cipher', { fallbackCipher: 'AES-256-GCM' });
    expect(client.ends).toEqual([]);
    for (const name of ['cipher', 'peer-id', 'protocol-flags', 'key-derivation']) expect(pushed(client, name)).toBeUndefined();
    expectDataPasses(world, client);
    expect([...opcodes]).toEqual([OP.dataV1]);
    expect(world.server.lines).toEqual(
      expect.arrayContaining([
        'alice PUSH: No NCP or OCC cipher data received from peer.',
        "alice Using data channel cipher 'AES-256-GCM' since --data-ciphers-fallback is set.",
        "alice Data Channel: cipher 'AES-256-GCM'",
      ]),
    );
  });

  it('that says nothing of its ciphers is refused without a fallback, and the log says what would help', () => {
    const { world, client } = meet('2.3.2 without a cipher');
    expect(client.ends).toMatchObject([{ reason: 'auth-failure', text: REFUSAL }]);
    const help = 'Use --data-ciphers-fallback with the cipher the client is using if you want to allow the client to connect';
    expect(world.server.lines).toContain(`alice ${help}`);
  });

  it('2.7 gets nothing of what only 2.7 does, and its lines are logged like others', () => {
    const { world, client } = meet('2.7.0');
    const options = client.connects[0]?.options.join(',') ?? '';
    for (const word of ['aead-epoch', 'push-update', 'dns ']) expect(options).not.toContain(word);
    expect(world.server.lines.filter((line) => line.includes('peer info: IV_ACC=2048,6:A,text'))).toHaveLength(1);
  });

  it('OpenVPN 3 repeats its packets after a second, and renegotiates as any other', () => {
    const { world, client } = meet('OpenVPN 3.8', {}, 1);
    world.network.model = { ...world.network.model, loss: 0.2 };
    client.tell((now) => client.engine?.renegotiate(now));
    world.run(60_000);
    world.network.model = { ...world.network.model, loss: 0 };
    expect(client.engine?.counters.renegotiations).toBe(1);
    expectDataPasses(world, client);
  });

  it.each(['2.4.12', '2.5.9'] as const)('%s keeps its keys by PRF over renegotiations, and leaves in the data channel', (name) => {
    const { world, client } = meet(name);
    for (let times = 0; times < 3; times++) {
      client.tell((now) => client.engine?.renegotiate(now));
      world.run(70_000);
    }
    expectDataPasses(world, client);
    client.tell((now) => client.engine?.leave('SIGTERM', now));
    world.run(200);
    expect(world.server.connected).toEqual([]);
    expect(world.server.lines).toContain('alice OCC exit message received by peer');
  });
});
