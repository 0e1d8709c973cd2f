import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, filled, u32 } from '../../../test/support/byte-builder.ts';
import { CLIENT_ID, SERVER_ID, SessionPair } from '../../../test/support/session-pair.ts';
import { seconds } from '../../base/units.ts';
import type { DataKeys } from '../data/plane.ts';
import { OP, opcodeOf } from '../opcodes.ts';
import type { SessionOutput } from './types.ts';

function exported(keys: DataKeys | undefined): unknown {
  if (keys === undefined) return undefined;
  const direction = (key: DataKeys['send']): string => `${key.cipherKey.export().toString('hex')} ${key.implicitIv.toString('hex')}`;
  return { send: direction(keys.send), receive: direction(keys.receive) };
}

function connected(...config: ConstructorParameters<typeof SessionPair>): SessionPair {
  const pair = new SessionPair(...config);
  if (config[2] !== true) pair.greet();
  pair.exchange();
  return pair;
}

describe('a session', () => {
  it.each(['none', 'tls-auth', 'tls-crypt'] as const)('comes to active keys at both ends with %s', (wrap) => {
    const pair = connected(wrap);
    expect(pair.client.kinds).toEqual(['tls-established', 'key-method2', 'key-active']);
    expect(pair.server.kinds).toEqual(['tls-established', 'key-method2', 'key-active']);
    expect(pair.client.session.currentKey).toEqual({ keyId: 0, phase: 'active' });
    expect(pair.server.session.currentKey).toEqual({ keyId: 0, phase: 'active' });
    expect(pair.client.session.remoteId).toEqual(SERVER_ID);
    expect(pair.server.session.remoteId).toEqual(CLIENT_ID);
  });

  it('comes to active keys over TCP, where the server answers the reset itself', () => {
    const pair = connected('tls-crypt', {}, true);
    expect(pair.client.session.currentKey.phase).toBe('active');
    expect(pair.server.session.currentKey.phase).toBe('active');
  });

  it('shows each end what the other said in its key message', () => {
    const pair = connected();
    const from = (seen: readonly SessionOutput[]): string[] =>
      seen.flatMap((out) => (out.kind === 'key-method2' ? [out.message.options] : []));
    expect(from(pair.client.seen)).toEqual(['V4,tls-server']);
    expect(from(pair.server.seen)).toEqual(['V4,tls-client']);
  });

  it.each(['exporter', 'prf'] as const)('makes keys by %s that fit each other', (method) => {
    const pair = connected();
    const client = exported(pair.client.session.makeKeys(0, method, 'AES-256-GCM'));
    const server = exported(pair.server.session.makeKeys(0, method, 'AES-256-GCM'));
    expect(client).toMatchObject({ send: (server as { receive: string }).receive, receive: (server as { send: string }).send });
    expect(pair.client.session.poll()).toEqual({ kind: 'send-with', keyId: 0 });
  });

  it('makes no keys before they are active, nor of another key id', () => {
    const pair = new SessionPair();
    expect(pair.client.session.makeKeys(0, 'prf', 'AES-256-GCM')).toBeUndefined();
    const later = connected();
    expect(later.client.session.makeKeys(1, 'prf', 'AES-256-GCM')).toBeUndefined();
  });

  it('counts bytes and measures the round trip', () => {
    const pair = connected();
    const { client, server } = { client: pair.client.session.counters, server: pair.server.session.counters };
    expect(server.bytesReceived).toBeGreaterThan(1500);
    expect(client.bytesReceived).toBeGreaterThan(1500);
    expect(client).toMatchObject({ retransmits: 0, renegotiations: 0, roundTripMs: 0 });
  });
});

describe('control messages', () => {
  it('arrive as they were sent, once keys are active', () => {
    const pair = connected();
    pair.client.session.send('PUSH_REQUEST');
    pair.server.session.send('PUSH_REPLY,ping 10');
    pair.server.session.send('EXIT');
    pair.exchange();
    expect(pair.server.messages()).toEqual(['PUSH_REQUEST']);
    expect(pair.client.messages()).toEqual(['PUSH_REPLY,ping 10', 'EXIT']);
  });

  it('wait for our key message, which must be first', () => {
    const pair = new SessionPair();
    pair.server.answers = false;
    pair.greet();
    pair.exchange();
    expect(pair.server.kinds).toEqual(['tls-established', 'key-method2']);
    pair.server.session.send('AUTH_FAILED');
    pair.exchange();
    expect(pair.client.kinds).toEqual(['tls-established']);
    pair.server.writeKeyMessage(0);
    pair.exchange();
    expect(pair.client.kinds).toEqual(['tls-established', 'key-method2', 'key-active', 'message']);
  });

  it('go out behind our key message before the peer has acknowledged it', () => {
    const pair = new SessionPair();
    pair.server.answers = false;
    pair.greet();
    pair.exchange();
    pair.server.writeKeyMessage(0);
    pair.server.session.send('AUTH_FAILED');
    pair.exchange();
    expect(pair.client.messages()).toEqual(['AUTH_FAILED']);
  });

  it('that wait are bounded', () => {
    const pair = new SessionPair();
    for (let count = 0; count < 1000; count++) pair.server.session.send(`message ${count}`);
    pair.greet();
    pair.exchange();
    expect(pair.client.messages()).toHaveLength(64);
  });
});

describe('a renegotiation', () => {
  it('says who began it, and lets the older key go when its window ends', () => {
    const pair = connected('tls-crypt', { tranWindow: seconds(100) });
    pair.useKeys();
    pair.client.session.renegotiate(pair.now);
    pair.exchange();
    expect(pair.client.seen).toContainEqual({ kind: 'renegotiating', keyId: 1, byPeer: false });
    expect(pair.server.seen).toContainEqual({ kind: 'renegotiating', keyId: 1, byPeer: true });
    pair.wait(99_000);
    expect(pair.client.kinds).not.toContain('key-dropped');
    pair.wait(2000);
    expect(pair.client.seen).toContainEqual({ kind: 'key-dropped', keyId: 0 });
    expect(pair.client.tls.open).toBe(1);
    expect(pair.server.tls.open).toBe(1);
  });

  it('is not begun twice, nor before the first key is in use', () => {
    const pair = new SessionPair();
    pair.client.session.renegotiate(pair.now);
    pair.greet();
    pair.exchange();
    pair.client.session.renegotiate(pair.now);
    expect(pair.client.session.currentKey.keyId).toBe(0);
    pair.useKeys();
    pair.client.session.renegotiate(pair.now);
    pair.client.session.renegotiate(pair.now);
    pair.exchange();
    expect(pair.client.kinds.filter((kind) => kind === 'renegotiating')).toHaveLength(1);
  });

  it('happens by itself after the time set', () => {
    const pair = connected('tls-crypt', { renegotiateAfter: seconds(100) });
    pair.useKeys();
    pair.wait(89_000);
    expect(pair.server.session.currentKey.keyId).toBe(0);
    pair.wait(12_000);
    expect(pair.server.session.currentKey).toEqual({ keyId: 1, phase: 'active' });
    expect(pair.client.session.currentKey).toEqual({ keyId: 1, phase: 'active' });
  });

  it('waits for the first key to come into use, at either end', () => {
    const pair = connected('tls-crypt', { renegotiateAfter: seconds(100) });
    pair.client.session.makeKeys(0, 'exporter', 'AES-256-GCM');
    pair.client.usesKeys = true;
    pair.wait(120_000);
    expect(pair.client.session.currentKey.keyId).toBe(1);
    expect(pair.server.session.currentKey.keyId).toBe(0);
    pair.server.session.makeKeys(0, 'exporter', 'AES-256-GCM');
    pair.server.usesKeys = true;
    pair.wait(40_000);
    expect(pair.server.session.currentKey).toEqual({ keyId: 1, phase: 'active' });
    expect(pair.client.session.currentKey).toEqual({ keyId: 1, phase: 'active' });
  });

  it('goes from key id 7 to 1', () => {
    const pair = connected();
    pair.useKeys();
    const ids: number[] = [];
    for (let count = 0; count < 9; count++) {
      pair.server.session.renegotiate(pair.now);
      pair.exchange();
      ids.push(pair.client.session.currentKey.keyId);
    }
    expect(ids).toEqual([1, 2, 3, 4, 5, 6, 7, 1, 2]);
  });

  it('switches to the new key after half the age of the old one, but not before a retransmission had time', () => {
    const pair = connected();
    pair.useKeys();
    pair.wait(10_000);
    pair.server.session.renegotiate(pair.now);
    pair.exchange();
    pair.wait(4999);
    const switches = (): SessionOutput[] => pair.server.seen.filter((out) => out.kind === 'send-with');
    expect(switches()).toEqual([{ kind: 'send-with', keyId: 0 }]);
    pair.wait(2);
    expect(switches()).toEqual([
      { kind: 'send-with', keyId: 0 },
      { kind: 'send-with', keyId: 1 },
    ]);
  });
});

describe('a session that is closed', () => {
  it('ends its TLS sessions and is deaf and dumb from then on', () => {
    const pair = connected();
    pair.useKeys();
    pair.client.session.renegotiate(pair.now);
    pair.exchange();
    pair.client.session.close();
    pair.client.settle(pair.now);
    expect(pair.client.tls.open).toBe(0);
    expect(pair.client.session.nextDeadline()).toBeUndefined();
    pair.client.seen.length = 0;
    pair.client.session.send('EXIT');
    pair.client.session.renegotiate(pair.now);
    pair.server.session.send('EXIT');
    pair.server.settle(pair.now);
    for (const packet of pair.server.packets) expect(pair.client.session.handlePacket(packet, pair.now)).toBe(false);
    pair.client.session.handleDeadline(pair.now);
    pair.client.settle(pair.now);
    expect(pair.client.seen).toEqual([]);
    expect(pair.client.packets).toEqual([]);
  });
});

describe('packets that are not taken', () => {
  const ACK_OF_OURS = [1, ...u32(0), ...SERVER_ID];
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['of an unknown opcode', bytes([0x08], CLIENT_ID, filled(0, 9)), 'unwrap'],
    ['of another session', bytes([0x20], filled(9, 8), [0], u32(1)), 'session-id'],
    ['that acknowledges another session', bytes([0x20], CLIENT_ID, [1], u32(0), filled(9, 8), u32(1)), 'session-id'],
    ['with more acknowledgements than there may be', bytes([0x28], CLIENT_ID, [9], filled(0, 36), SERVER_ID), 'malformed'],
    ['of a key that is not there', bytes([0x21], CLIENT_ID, [0], u32(0)), 'key-id'],
    ['too far ahead', bytes([0x20], CLIENT_ID, [0], u32(500), 'aa'), 'window'],
    ['that renegotiate before there is a key', bytes([0x19], CLIENT_ID, [0], u32(0)), 'key-id'],
  ];

  it.each(cases)('%s', (_, packet, reason) => {
    const { server, now } = new SessionPair('none');
    expect(server.session.handlePacket(packet, now)).toBe(false);
    server.settle(now);
    expect(server.seen).toMatchObject([{ kind: 'dropped', reason }]);
  });

  it('twice, where the wrap can tell', () => {
    const pair = new SessionPair('tls-crypt');
    pair.client.settle(pair.now);
    const [reset = Buffer.alloc(0)] = pair.client.packets;
    expect(pair.server.session.handlePacket(reset, pair.now)).toBe(true);
    expect(pair.server.session.handlePacket(reset, pair.now)).toBe(false);
    pair.server.settle(pair.now);
    expect(pair.server.seen).toMatchObject([{ kind: 'dropped', reason: 'replay' }]);
  });

  it('from a server before its reset', () => {
    const { client, now } = new SessionPair('none');
    const control = bytes([0x20], SERVER_ID, [0], u32(0));
    expect(client.session.handlePacket(control, now)).toBe(false);
    expect(client.session.remoteId).toBeUndefined();
    client.settle(now);
    expect(client.seen).toMatchObject([{ kind: 'dropped', reason: 'opcode' }]);
  });

  it('are those with a soft reset of an id from long ago', () => {
    const pair = connected('none');
    pair.useKeys();
    for (let count = 0; count < 4; count++) {
      pair.client.session.renegotiate(pair.now);
      pair.exchange();
    }
    const begun = pair.server.kinds.filter((kind) => kind === 'renegotiating').length;
    for (const keyId of [1, 2, 3]) pair.server.session.handlePacket(bytes([0x18 | keyId], CLIENT_ID, [0], u32(0)), pair.now);
    pair.server.settle(pair.now);
    expect(pair.server.kinds.filter((kind) => kind === 'renegotiating')).toHaveLength(begun);
  });

  it('whatever they are: nothing throws, and nothing but drops comes of noise', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc
        .tuple(fc.constantFrom(0x18, 0x19, 0x20, 0x28, 0x38, 0x40), fc.uint8Array({ maxLength: 60 }))
        .map(([first, rest]) => bytes([first], CLIENT_ID, rest)),
      fc
        .tuple(fc.constantFrom(0x20, 0x28), fc.uint8Array({ maxLength: 60 }))
        .map(([first, rest]) => bytes([first], CLIENT_ID, ACK_OF_OURS, rest)),
    );
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 30 }), (packets) => {
        const { server, now } = new SessionPair('none');
        for (const packet of packets) server.session.handlePacket(Buffer.from(packet), now);
        server.session.handleDeadline(now);
        server.settle(now);
        for (const out of server.seen) expect(['dropped', 'key-failed']).toContain(out.kind);
      }),
    );
  });
});

describe('the control channel', () => {
  it('keeps its packets below the limit and acknowledges in them', () => {
    const pair = new SessionPair('tls-auth');
    pair.greet();
    let longest = 0;
    const opcodes = new Set<number>();
    for (let round = 0; round < 20; round++) {
      for (const end of [pair.client, pair.server]) {
        end.settle(pair.now);
        end.session.handleDeadline(pair.now);
        end.settle(pair.now);
        const other = end === pair.client ? pair.server : pair.client;
        for (const packet of end.packets.splice(0)) {
          longest = Math.max(longest, packet.length);
          opcodes.add(opcodeOf(packet[0] ?? 0));
          other.session.handlePacket(packet, pair.now);
        }
      }
    }
    expect(longest).toBeLessThanOrEqual(1222);
    expect(longest).toBeGreaterThan(1150);
    expect(opcodes).toEqual(new Set([OP.control, OP.ack]));
  });
});
