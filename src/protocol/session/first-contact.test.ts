import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, filled, u32 } from '../../../test/support/byte-builder.ts';
import { at } from '../../../test/support/time.ts';
import { WRAPS, type WrapName } from '../../../test/sim/settings.ts';
import { SeededRandom } from '../../base/random.ts';
import { seconds } from '../../base/units.ts';
import { Cookies } from '../cookie.ts';
import { OP } from '../opcodes.ts';
import { isWrapFailure } from '../wrap/control-wrap.ts';
import { prepareWrap } from '../wrap/prepare.ts';
import { Greeter } from './first-contact.ts';

const CLIENT_ID = bytes('c1c2c3c4c5c6c7c8');
const LINK = '192.0.2.7|40000';
const ALL_WRAPS = Object.keys(WRAPS) as WrapName[];

function greeter(wrap: WrapName = 'none', transport: 'udp' | 'tcp' = 'udp'): Greeter {
  const cookies = transport === 'udp' ? new Cookies(Buffer.alloc(32, 9), seconds(60)) : undefined;
  return new Greeter(prepareWrap(WRAPS[wrap].server, 'server'), cookies, new SeededRandom(4));
}

function fromClient(
  wrap: WrapName,
  opcode: typeof OP.hardResetClient | typeof OP.control | typeof OP.ack,
  body: Buffer,
  keyId = 0,
): Buffer {
  return prepareWrap(WRAPS[wrap].client, 'client').open().wrap({ opcode, keyId, sessionId: CLIENT_ID }, body, at(0));
}

const reset = (wrap: WrapName): Buffer => fromClient(wrap, OP.hardResetClient, bytes([0], u32(0)));

/** The answer to a reset, opened as the client does. */
function answerTo(wrap: WrapName, ms = 0): { readonly cookie: Buffer; readonly opcode: number; readonly body: Buffer } {
  const contact = greeter(wrap).greet(reset(wrap), LINK, at(ms));
  if (contact.kind !== 'reply') throw new Error(`a reset was met with ${contact.kind}`);
  const opened = prepareWrap(WRAPS[wrap].client, 'client').open().unwrap(contact.bytes, at(ms));
  if (isWrapFailure(opened)) throw new Error(opened.text);
  return { cookie: Buffer.from(opened.sessionId), opcode: opened.opcode, body: opened.body };
}

describe('the first packet of a client', () => {
  it.each(ALL_WRAPS)('is answered without keeping anything, with %s', (wrap) => {
    const { opcode, body } = answerTo(wrap);
    expect(opcode).toBe(OP.hardResetServer);
    expect(body).toEqual(bytes([1], u32(0), CLIENT_ID, u32(0)));
    expect(answerTo(wrap).cookie).toEqual(answerTo(wrap).cookie);
  });

  it('makes a session at once on TCP, with a random id each time', () => {
    const tcp = greeter('none', 'tcp');
    const contacts = [1, 2].map(() => tcp.greet(reset('none'), LINK, at(0)));
    expect(contacts).toMatchObject([
      { kind: 'accept', remoteId: CLIENT_ID },
      { kind: 'accept', remoteId: CLIENT_ID },
    ]);
    const ids = contacts.map((contact) => (contact.kind === 'accept' ? contact.localId.toString('hex') : ''));
    expect(new Set(ids).size).toBe(2);
  });
});

describe('the answer to a cookie', () => {
  const answering = (wrap: WrapName, cookie: Buffer, opcode: typeof OP.control | typeof OP.ack = OP.control): Buffer =>
    fromClient(wrap, opcode, bytes([1], u32(0), cookie, opcode === OP.ack ? [] : [...u32(1), 0xaa]));

  it.each(ALL_WRAPS)('makes a session, with an ACK as with a CONTROL packet, with %s', (wrap) => {
    const { cookie } = answerTo(wrap);
    for (const opcode of [OP.control, OP.ack] as const) {
      expect(greeter(wrap).greet(answering(wrap, cookie, opcode), LINK, at(30_000))).toEqual({
        kind: 'accept',
        localId: cookie,
        remoteId: CLIENT_ID,
      });
    }
  });

  it.each([
    ['from another address', '192.0.2.8|40000', 0],
    ['from another port', '192.0.2.7|40001', 0],
    ['too late', LINK, 200_000],
  ])('is worth nothing %s', (_, link, ms) => {
    const { cookie } = answerTo('none');
    expect(greeter().greet(answering('none', cookie), link, at(ms))).toMatchObject({ kind: 'drop', reason: 'session-id' });
  });

  it('is worth nothing for another client session', () => {
    const { cookie } = answerTo('none');
    const packet = bytes([0x20], filled(7, 8), [1], u32(0), cookie, u32(1));
    expect(greeter().greet(packet, LINK, at(0))).toMatchObject({ kind: 'drop', reason: 'session-id' });
  });
});

describe('other packets from nobody known', () => {
  it.each([
    ['of a later key', bytes([0x21], CLIENT_ID, [0], u32(0)), 'key-id'],
    ['that acknowledge nothing', bytes([0x20], CLIENT_ID, [0], u32(1)), 'opcode'],
    ["of a server's reset", bytes([0x40], CLIENT_ID, [0], u32(0)), 'opcode'],
    ['of a soft reset', bytes([0x18], CLIENT_ID, [0], u32(0)), 'opcode'],
    ['of an unknown opcode', bytes([0xf8], CLIENT_ID, [0], u32(0)), 'unwrap'],
    ['of a reset with a message id', bytes([0x38], CLIENT_ID, [0], u32(3)), 'malformed'],
    ['cut short', bytes([0x38], CLIENT_ID, [0, 0]), 'malformed'],
    ['of nothing', Buffer.alloc(0), 'unwrap'],
  ])('%s are dropped', (_, packet, reason) => {
    expect(greeter().greet(packet, LINK, at(0))).toMatchObject({ kind: 'drop', reason });
  });

  it('never throw', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.uint8Array({ maxLength: 60 }).map((rest) => bytes([0x38], CLIENT_ID, rest)),
      fc.uint8Array({ maxLength: 60 }).map((rest) => bytes([0x20], CLIENT_ID, [1], rest)),
    );
    fc.assert(
      fc.property(anything, fc.constantFrom(...ALL_WRAPS), (packet, wrap) => {
        expect(greeter(wrap).greet(Buffer.from(packet), LINK, at(0)).kind).not.toBe('accept');
      }),
    );
  });
});
