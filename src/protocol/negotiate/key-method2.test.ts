import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, counted, filled, text, u16 } from '../../../test/support/byte-builder.ts';
import { VECTORS } from '../../../test/support/vectors.ts';
import { SeededRandom } from '../../base/random.ts';
import { Secret } from '../../base/secret.ts';
import { decodeKeyMethod2, encodeKeyMethod2, type KeyMethod2, keySource, MAX_KEY_METHOD2 } from './key-method2.ts';

const OPTIONS = 'V4,dev-type tun,link-mtu 1549,tun-mtu 1500,proto UDPv4,key-method 2,tls-client';
const PEER_INFO = 'IV_VER=2.6.14\nIV_PROTO=990\n';
const CLIENT_FIXED = bytes('00000000 02', filled(1, 48), filled(2, 32), filled(3, 32));
const SERVER_FIXED = bytes('00000000 02', filled(4, 32), filled(5, 32));

const CLIENT_SOURCE = { preMaster: new Secret(bytes(filled(1, 48))), random1: bytes(filled(2, 32)), random2: bytes(filled(3, 32)) };
const SERVER_SOURCE = { preMaster: undefined, random1: bytes(filled(4, 32)), random2: bytes(filled(5, 32)) };

interface Case {
  readonly name: string;
  readonly from: 'client' | 'server';
  readonly wire: Buffer;
  readonly message: KeyMethod2;
}

const CASES: readonly Case[] = [
  {
    name: 'a client with name, password and peer info',
    from: 'client',
    wire: bytes(CLIENT_FIXED, counted(OPTIONS), counted('alice'), counted('pässword'), counted(PEER_INFO)),
    message: { ...CLIENT_SOURCE, options: OPTIONS, username: 'alice', password: new Secret('pässword'), peerInfo: PEER_INFO },
  },
  {
    name: 'a client that logs in by certificate alone',
    from: 'client',
    wire: bytes(CLIENT_FIXED, counted(OPTIONS), '0000 0000', counted(PEER_INFO)),
    message: { ...CLIENT_SOURCE, options: OPTIONS, username: undefined, password: undefined, peerInfo: PEER_INFO },
  },
  {
    name: 'a client with an empty name',
    from: 'client',
    wire: bytes(CLIENT_FIXED, counted(OPTIONS), counted(''), counted(''), counted(PEER_INFO)),
    message: { ...CLIENT_SOURCE, options: OPTIONS, username: '', password: new Secret(''), peerInfo: PEER_INFO },
  },
  {
    name: 'a server',
    from: 'server',
    wire: bytes(SERVER_FIXED, counted(OPTIONS), '0000 0000 0000'),
    message: { ...SERVER_SOURCE, options: OPTIONS, username: undefined, password: undefined, peerInfo: undefined },
  },
];

/** Secrets shown, so that they are compared too. */
function shown(message: KeyMethod2): object {
  return { ...message, preMaster: message.preMaster?.reveal(), password: message.password?.reveal() };
}

function decoded(wire: Buffer, from: 'client' | 'server'): object {
  const result = decodeKeyMethod2(wire, from);
  return result.kind === 'message' ? { ...shown(result.message), consumed: result.consumed } : result;
}

describe('key method 2', () => {
  it.each(CASES)('encodes $name', ({ from, wire, message }) => {
    expect(encodeKeyMethod2(message, from).toString('hex')).toBe(wire.toString('hex'));
  });

  it.each(CASES)('decodes $name, and leaves what follows', ({ from, wire, message }) => {
    expect(decoded(wire, from)).toEqual({ ...shown(message), consumed: wire.length });
    expect(decoded(bytes(wire, text('PUSH_REQUEST'), '00'), from)).toEqual({ ...shown(message), consumed: wire.length });
  });

  it.each(CASES)('asks for more of $name until it is whole', ({ from, wire, message }) => {
    const withoutPeerInfo = wire.length - 2 - (message.peerInfo === undefined ? 0 : message.peerInfo.length + 1);
    for (let end = 0; end < wire.length; end++) {
      expect(decodeKeyMethod2(wire.subarray(0, end), from).kind).toBe(end === withoutPeerInfo ? 'message' : 'need-more');
    }
  });

  it('has a fixed part of 117 bytes from clients and 69 from servers', () => {
    expect([CLIENT_FIXED.length, SERVER_FIXED.length]).toEqual([VECTORS.km2_client_prefix_len, 69]);
  });

  it('takes the end after the password for no peer info, as very old peers send none', () => {
    expect(decoded(bytes(CLIENT_FIXED, counted(OPTIONS), counted('old'), counted('pw')), 'client')).toMatchObject({
      username: 'old',
      peerInfo: undefined,
    });
  });

  it('looks at the low half of the method byte', () => {
    const wire = Buffer.from(CASES[1]?.wire ?? []);
    wire[4] = 0xf2;
    expect(decodeKeyMethod2(wire, 'client').kind).toBe('message');
    wire[4] = 0x01;
    expect(decodeKeyMethod2(wire.subarray(0, 5), 'client')).toEqual({ kind: 'malformed', why: 'unknown key method 1' });
  });

  it('makes control characters in name and password harmless', () => {
    const wire = bytes(CLIENT_FIXED, counted(OPTIONS), counted('ev\nil\x7f'), counted('a\tb'), counted(''));
    expect(decoded(wire, 'client')).toMatchObject({ username: 'ev_il_', password: 'a_b' });
  });

  it('ends strings at their first NUL, and takes one without NUL as it is', () => {
    const wire = bytes(CLIENT_FIXED, u16(4), text('a'), '00', text('bc'), u16(2), text('xy'), u16(1), '00', u16(0));
    expect(decoded(wire, 'client')).toMatchObject({ options: 'a', username: 'xy', password: '' });
  });

  it('is malformed as soon as a length goes beyond all bounds, without waiting for its bytes', () => {
    const why = { kind: 'malformed', why: `longer than ${MAX_KEY_METHOD2} bytes` };
    expect(decodeKeyMethod2(bytes(CLIENT_FIXED, u16(MAX_KEY_METHOD2)), 'client')).toEqual(why);
    expect(decodeKeyMethod2(bytes(CLIENT_FIXED, counted('o'.repeat(4000)), counted('u'.repeat(4000)), u16(4000)), 'client')).toEqual(why);
  });

  it('shows neither password nor pre-master secret when it is printed', () => {
    const printed = inspect(decodeKeyMethod2(CASES[0]?.wire ?? Buffer.alloc(0), 'client'), { depth: 9 });
    expect(printed).toMatch(/preMaster: \[secret\]/);
    expect(printed).toMatch(/password: \[secret\]/);
    expect(printed).not.toContain('pässword');
  });

  it('refuses to send a pre-master secret from a server or none from a client', () => {
    expect(() => encodeKeyMethod2({ ...(CASES[0]?.message as KeyMethod2) }, 'server')).toThrow(/pre-master/);
    expect(() => encodeKeyMethod2({ ...(CASES[3]?.message as KeyMethod2) }, 'client')).toThrow(/pre-master/);
  });

  it('survives the round trip', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'Z', '0', ' ', ',', 'é'), maxLength: 60 });
    const maybe = fc.option(line, { nil: undefined });
    fc.assert(
      fc.property(
        line,
        maybe,
        maybe,
        maybe,
        fc.constantFrom('client' as const, 'server' as const),
        (options, username, password, peerInfo, from) => {
          const secret = password === undefined ? undefined : new Secret(password);
          const message = { ...keySource(new SeededRandom(3), from), options, username, password: secret, peerInfo };
          expect(decoded(encodeKeyMethod2(message, from), from)).toMatchObject(shown(message));
        },
      ),
    );
  });

  it('takes any bytes without throwing, and never consumes more than there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom('client' as const, 'server' as const), (noise, from) => {
        const wire = bytes('00000000 02', noise);
        const result = decodeKeyMethod2(wire, from);
        expect(result.kind === 'message' ? result.consumed : 0).toBeLessThanOrEqual(wire.length);
      }),
    );
  });
});

describe('keySource', () => {
  it('takes 112 bytes for a client and 64 for a server', () => {
    const client = keySource(new SeededRandom(1), 'client');
    const expected = new SeededRandom(1).bytes(112);
    expect(Buffer.concat([client.preMaster?.reveal() ?? Buffer.alloc(0), client.random1, client.random2])).toEqual(expected);
    expect(keySource(new SeededRandom(1), 'server')).toEqual({
      preMaster: undefined,
      random1: expected.subarray(0, 32),
      random2: expected.subarray(32, 64),
    });
  });
});
