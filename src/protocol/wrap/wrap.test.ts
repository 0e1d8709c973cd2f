import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../../test/support/byte-builder.ts';
import { at } from '../../../test/support/time.ts';
import { COUNTING_KEY, VECTORS } from '../../../test/support/vectors.ts';
import { Secret } from '../../base/secret.ts';
import { OP } from '../opcodes.ts';
import type { WrapConfig, WrapRole } from './config.ts';
import { type ControlWrap, isWrapFailure, type Unwrapped } from './control-wrap.ts';
import { createWrap, dynamicKey, prepareWrap } from './prepare.ts';

const key = new Secret(COUNTING_KEY);
const NONE: WrapConfig = { kind: 'none' };
const TLS_CRYPT: WrapConfig = { kind: 'tls-crypt', key };
const CLIENT_SID = bytes('1122334455667788');
const SERVER_SID = bytes('99aabbccddeeff00');

function tlsAuth(digest: string, direction: 0 | 1 | undefined): WrapConfig {
  return { kind: 'tls-auth', key, direction, digest };
}

const clientReset = { header: { opcode: OP.hardResetClient, keyId: 0, sessionId: CLIENT_SID }, body: bytes('00 00000000') };
const serverReset = {
  header: { opcode: OP.hardResetServer, keyId: 0, sessionId: SERVER_SID },
  body: bytes('01 00000000 1122334455667788 00000000'),
};

/** Recorded packets, each sent by one end as the first of its session. */
const RECORDED: readonly {
  readonly name: string;
  readonly send: WrapConfig;
  readonly receive: WrapConfig;
  readonly role: WrapRole;
  readonly hex: string;
}[] = [
  { name: 'no wrap', send: NONE, receive: NONE, role: 'client', hex: VECTORS.hardResetPlain },
  {
    name: 'tls-auth SHA1, direction 1',
    send: tlsAuth('SHA1', 1),
    receive: tlsAuth('SHA1', 0),
    role: 'client',
    hex: VECTORS.hardResetTlsAuthSha1_dir1_client,
  },
  {
    name: 'tls-auth SHA256, direction 1',
    send: tlsAuth('SHA256', 1),
    receive: tlsAuth('SHA256', 0),
    role: 'client',
    hex: VECTORS.hardResetTlsAuthSha256_dir1_client,
  },
  {
    name: 'tls-auth SHA1 without direction',
    send: tlsAuth('SHA1', undefined),
    receive: tlsAuth('SHA1', undefined),
    role: 'client',
    hex: VECTORS.hardResetTlsAuthSha1_bidirectional,
  },
  { name: 'tls-crypt, client', send: TLS_CRYPT, receive: TLS_CRYPT, role: 'client', hex: VECTORS.hardResetTlsCrypt_client },
  { name: 'tls-crypt, server', send: TLS_CRYPT, receive: TLS_CRYPT, role: 'server', hex: VECTORS.hardResetTlsCrypt_server },
];

const otherEnd = (role: WrapRole): WrapRole => (role === 'client' ? 'server' : 'client');
const sample = (role: WrapRole): typeof clientReset | typeof serverReset => (role === 'client' ? clientReset : serverReset);

function failureOf(wrap: ControlWrap, packet: Buffer): string {
  const result = wrap.unwrap(packet, at(0));
  return isWrapFailure(result) ? result.failure : 'none';
}

describe.each(RECORDED)('$name', ({ send, receive, role, hex }) => {
  const packet = bytes(hex);
  const { header, body } = sample(role);
  const receiver = prepareWrap(receive, otherEnd(role));

  it('wraps to the recorded bytes', () => {
    const wrap = createWrap(send, role);
    expect(wrap.wrap(header, body, at(0)).toString('hex')).toBe(hex);
    expect(wrap.overhead).toBe(packet.length - body.length);
  });

  it('unwraps the recorded bytes', () => {
    expect(receiver.open().unwrap(packet, at(0))).toEqual({ ...header, body });
  });

  it('wraps every transmission anew, and both come through', () => {
    const wrap = createWrap(send, role);
    const wire = [wrap.wrap(header, body, at(0)), wrap.wrap(header, body, at(5000))];
    const open = receiver.open();
    for (const each of wire) expect(open.unwrap(each, at(5000))).toEqual({ ...header, body });
    expect(wire[0]?.equals(wire[1] ?? packet)).toBe(send.kind === 'none');
  });

  it('refuses a repeat, unless nothing tells packets apart', () => {
    const open = receiver.open();
    open.unwrap(packet, at(0));
    expect(failureOf(open, packet)).toBe(receive.kind === 'none' ? 'none' : 'replay');
  });

  it('refuses every other packet that differs in one bit, and still takes the right one', () => {
    const open = receiver.open();
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const forged = Buffer.from(packet);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const refused = isWrapFailure(open.unwrap(forged, at(0)));
      expect(refused || receive.kind === 'none').toBe(true);
    }
    expect(failureOf(open, packet)).toBe('none');
  });

  it('refuses it cut anywhere before the body', () => {
    const open = receiver.open();
    for (let end = 0; end < packet.length - body.length; end++) {
      expect(failureOf(open, packet.subarray(0, end))).toBe(end === 0 ? 'opcode' : end < 9 ? 'session' : 'short');
    }
  });

  it('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(31), (content, opcode) => {
        const noise = Buffer.from(content);
        if (noise.length > 0) noise[0] = opcode << 3;
        const result = receiver.open().unwrap(noise, at(0));
        expect(receive.kind === 'none' || isWrapFailure(result)).toBe(true);
      }),
    );
  });

  it('survives the round trip with any body', () => {
    const wrap = createWrap(send, role);
    const open = receiver.open();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(7), (content, keyId) => {
        const sent = { opcode: OP.control, keyId, sessionId: SERVER_SID };
        const got = open.unwrap(wrap.wrap(sent, Buffer.from(content), at(0)), at(0)) as Unwrapped;
        expect(got).toEqual({ ...sent, body: Buffer.from(content) });
      }),
    );
  });
});

describe('a wrap', () => {
  it('refuses data packets, unknown opcodes and the session id zero', () => {
    const wrap = createWrap(NONE, 'server');
    expect(wrap.unwrap(bytes('30 1122334455667788 00'), at(0))).toEqual({ failure: 'opcode', text: 'unknown opcode received op=6' });
    expect(wrap.unwrap(bytes('08 1122334455667788 00'), at(0))).toEqual({ failure: 'opcode', text: 'unknown opcode received op=1' });
    expect(wrap.unwrap(bytes('38 0000000000000000 00 00000000'), at(0))).toEqual({
      failure: 'session',
      text: 'session-id not found in packet',
    });
  });

  it('says of refusals what stock says', () => {
    const auth = createWrap(tlsAuth('SHA1', 0), 'server');
    const good = bytes(VECTORS.hardResetTlsAuthSha1_dir1_client);
    const bad = Buffer.from(good);
    bad[12] = (bad[12] ?? 0) ^ 1;
    auth.unwrap(good, at(0));
    expect([good.subarray(0, 30), bad, good].map((packet) => (auth.unwrap(packet, at(0)) as { text: string }).text)).toEqual([
      'cannot locate HMAC in incoming packet',
      'Authenticate/Decrypt packet error: packet HMAC authentication failed',
      expect.stringMatching(
        /^Authenticate\/Decrypt packet error: bad packet ID \(may be a replay\): \[ #1 \/ time = \(1694498816\) 2023-09-1[123] \d\d:\d\d:56 \]$/,
      ),
    ]);
  });

  it('knows nothing of packets from its own end', () => {
    const server = createWrap(TLS_CRYPT, 'server');
    expect(failureOf(server, createWrap(TLS_CRYPT, 'server').wrap(serverReset.header, serverReset.body, at(0)))).toBe('hmac');
  });

  it('goes on counting after the stateless reply', () => {
    const wrap = createWrap(TLS_CRYPT, 'server', { sentBefore: 1 });
    expect(wrap.wrap(serverReset.header, serverReset.body, at(0)).readUInt32BE(9)).toBe(2);
  });

  it('has a replay window of its own, so that a throw-away one does not mark for the next', () => {
    const prepared = prepareWrap(TLS_CRYPT, 'server');
    const packet = bytes(VECTORS.hardResetTlsCrypt_client);
    expect([failureOf(prepared.open(), packet), failureOf(prepared.open(), packet)]).toEqual(['none', 'none']);
  });
});

describe('prepareWrap', () => {
  it('refuses a digest that nobody has, and keys of another size', () => {
    expect(() => prepareWrap(tlsAuth('ROT13', 0), 'server')).toThrow(/'ROT13'/);
    expect(() => prepareWrap(tlsAuth('none', 0), 'server')).toThrow(/'none'/);
    expect(() => prepareWrap({ kind: 'tls-crypt', key: new Secret(Buffer.alloc(128)) }, 'server')).toThrow(/not 128/);
  });
});

describe('dynamic tls-crypt', () => {
  const exported = Buffer.alloc(256, 0x0f);

  it('mixes the exported bytes with the configured key', () => {
    const mixed = dynamicKey(exported, COUNTING_KEY);
    expect([mixed[0], mixed[1], mixed[0x80], mixed[0xff]]).toEqual([0x0f, 0x0e, 0x8f, 0xf0]);
    expect(exported[1]).toBe(0x0f);
  });

  it('takes the exported bytes alone where no key is configured', () => {
    expect(dynamicKey(exported, undefined)).toEqual(exported);
    expect(() => dynamicKey(exported.subarray(1), undefined)).toThrow(/256/);
  });

  it.each([
    ['none', NONE, exported],
    ['tls-auth', tlsAuth('SHA256', undefined), dynamicKey(exported, COUNTING_KEY)],
  ] as const)('wraps in tls-crypt on top of %s', (_, config, mixed) => {
    const packet = prepareWrap(config, 'client').dynamic(exported).open().wrap(clientReset.header, clientReset.body, at(0));
    const receiver = createWrap({ kind: 'tls-crypt', key: new Secret(mixed) }, 'server');
    expect(receiver.unwrap(packet, at(0))).toEqual({ ...clientReset.header, body: clientReset.body });
  });
});
