import { describe, expect, it } from 'vitest';
import { bytes } from '../../../test/support/byte-builder.ts';
import { CLIENT_ID, SERVER_ID, TIMING } from '../../../test/support/session-pair.ts';
import { at } from '../../../test/support/time.ts';
import { COUNTING_KEY } from '../../../test/support/vectors.ts';
import { SeededRandom } from '../../base/random.ts';
import { Secret } from '../../base/secret.ts';
import { decodeControlBody } from '../control-body.ts';
import { OP } from '../opcodes.ts';
import { createWrap, prepareWrap } from '../wrap/prepare.ts';
import { isWrapFailure } from '../wrap/control-wrap.ts';
import { Session } from './session.ts';
import { WrappedKey } from './wrapped-key.ts';

const WRAPPED = Buffer.alloc(299, 0xee);
const ROOM = 1222;

describe('a wrapped key', () => {
  it.each([
    ['nothing', '', false],
    ['the flag', '0001 0002 0001', true],
    ['another flag', '0001 0002 0002', false],
    ['the flag behind an extension that is unknown', '0009 0003 aabbcc 0001 0002 0003', true],
    ['a value that is cut', '0001 0002 00', false],
    ['a length that is cut', '0001 00', false],
    ['a value of another size', '0001 0001 01', false],
  ])('is wanted again, or not, by %s', (_, payload, again) => {
    const key = new WrappedKey(WRAPPED);
    key.handleReset(bytes(payload));
    expect(key.holdsAcks).toBe(again);
    expect(key.carrier(OP.control, 1)).toBe(again ? OP.controlWkc : undefined);
    expect(key.carrier(OP.control, 2)).toBeUndefined();
    expect(key.carrier(OP.ack, undefined)).toBeUndefined();
  });
});

/** A client with a key of its own, and the server's end of the wrap. */
function client() {
  const key = new Secret(COUNTING_KEY);
  const config = { kind: 'tls-crypt', key, wrapped: WRAPPED } as const;
  const session = new Session(
    {
      start: { kind: 'client' },
      wrap: { config, prepared: prepareWrap(config, 'client') },
      localId: CLIENT_ID,
      remoteId: undefined,
      timing: TIMING,
      maxControlBytes: ROOM,
      random: new SeededRandom(1),
      nextTls: () => 1,
    },
    at(0),
  );
  const server = createWrap({ kind: 'tls-crypt', key }, 'server');
  const packets = (): Buffer[] => {
    const sent: Buffer[] = [];
    for (let out = session.poll(); out !== undefined; out = session.poll()) if (out.kind === 'transmit') sent.push(out.bytes);
    return sent;
  };
  const read = (packet: Buffer) => {
    const inside = server.unwrap(packet, at(0));
    if (isWrapFailure(inside)) throw new Error(inside.text);
    const body = decodeControlBody(inside.opcode, inside.body);
    if (body === 'malformed') throw new Error('malformed');
    return { opcode: inside.opcode, ...body };
  };
  const reset = (payload: string): boolean =>
    session.handlePacket(
      server.wrap(
        { opcode: OP.hardResetServer, keyId: 0, sessionId: SERVER_ID },
        bytes(`01 00000000 ${CLIENT_ID.toString('hex')} 00000000 ${payload}`),
        at(0),
      ),
      at(0),
    );
  return { session, packets, read, reset };
}

const withoutKey = (packet: Buffer): Buffer => packet.subarray(0, -WRAPPED.length);
const endsWithKey = (packet: Buffer | undefined): boolean => packet?.subarray(-WRAPPED.length).equals(WRAPPED) === true;

describe('a client with a wrapped key', () => {
  it('opens with it, and says by its packet ids that it would send it again', () => {
    const { packets, read } = client();
    const [first = Buffer.alloc(0), ...more] = packets();
    expect(more).toEqual([]);
    expect(endsWithKey(first)).toBe(true);
    expect(first.readUInt32BE(9)).toBe(0x0f00_0001);
    expect(read(withoutKey(first))).toMatchObject({ opcode: OP.hardResetClientV3, messageId: 0 });
  });

  it('sends it again in its first message where the server wants it, and acknowledges nothing before', () => {
    const { session, packets, read, reset } = client();
    packets();
    expect(reset('0001 0002 0001')).toBe(true);
    session.handleDeadline(at(0));
    expect(packets()).toEqual([]);
    session.handleTls(1, { kind: 'ciphertext', bytes: Buffer.alloc(1500, 7) }, at(1));
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = packets();
    expect(endsWithKey(first)).toBe(true);
    expect(first.length).toBeLessThanOrEqual(ROOM);
    expect(read(withoutKey(first))).toMatchObject({ opcode: OP.controlWkc, messageId: 1, acks: [0], ackSession: SERVER_ID });
    expect(read(second)).toMatchObject({ opcode: OP.control, messageId: 2 });
    session.handleDeadline(at(2100));
    const again = packets().filter(endsWithKey);
    expect(again.map((packet) => read(withoutKey(packet)))).toMatchObject([{ opcode: OP.controlWkc, messageId: 1, acks: [0] }]);
  });

  it('does not send it again unasked', () => {
    const { session, packets, read, reset } = client();
    packets();
    reset('');
    session.handleDeadline(at(0));
    session.handleTls(1, { kind: 'ciphertext', bytes: Buffer.alloc(1500, 7) }, at(1));
    expect(packets().map((packet) => read(packet).opcode)).toEqual([OP.ack, OP.control, OP.control]);
  });
});
