import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, u32 } from '../../test/support/byte-builder.ts';
import { VECTORS } from '../../test/support/vectors.ts';
import { bodyOverhead, type ControlBody, decodeControlBody, encodeControlBody } from './control-body.ts';
import { OP } from './opcodes.ts';

const PEER = '99aabbccddeeff00';
const EMPTY = Buffer.alloc(0);

const CASES = [
  {
    name: 'a reset: no acks, id 0, nothing in it',
    opcode: OP.hardResetClient,
    wire: bytes('00 00000000'),
    body: { acks: [], ackSession: undefined, messageId: 0, payload: EMPTY },
  },
  {
    name: 'an ACK of two ids',
    opcode: OP.ack,
    wire: bytes(VECTORS.ackBody_two_acks),
    body: { acks: [2, 1], ackSession: bytes(PEER), messageId: undefined, payload: EMPTY },
  },
  {
    name: 'TLS bytes with an ack on board',
    opcode: OP.control,
    wire: bytes('01 00000000', PEER, u32(0xfffffffe), '160301'),
    body: { acks: [0], ackSession: bytes(PEER), messageId: 0xfffffffe, payload: bytes('160301') },
  },
  {
    name: 'eight acks',
    opcode: OP.ack,
    wire: bytes('08', ...[8, 7, 6, 5, 4, 3, 2, 1].map(u32), PEER),
    body: { acks: [8, 7, 6, 5, 4, 3, 2, 1], ackSession: bytes(PEER), messageId: undefined, payload: EMPTY },
  },
] as const;

describe('control body', () => {
  it.each(CASES)('encodes $name', ({ opcode, wire, body }) => {
    expect(encodeControlBody(opcode, body)).toEqual(wire);
  });

  it.each(CASES)('decodes $name', ({ opcode, wire, body }) => {
    expect(decodeControlBody(opcode, wire)).toEqual(body);
  });

  it.each(CASES)('is malformed when $name is cut in its fields', ({ opcode, wire, body }) => {
    for (let end = 0; end < wire.length - body.payload.length; end++) {
      expect(decodeControlBody(opcode, wire.subarray(0, end))).toBe('malformed');
    }
  });

  it('is malformed with more than eight acks', () => {
    expect(decodeControlBody(OP.ack, bytes('09', ...[9, 8, 7, 6, 5, 4, 3, 2, 1].map(u32), PEER))).toBe('malformed');
  });

  it('ignores what follows the acks of an ACK', () => {
    expect(decodeControlBody(OP.ack, bytes(VECTORS.ackBody_two_acks, 'deadbeef'))).toEqual(CASES[1].body);
  });

  it('refuses to encode what does not fit together', () => {
    const acks = [1];
    expect(() => encodeControlBody(OP.ack, { acks, ackSession: undefined, messageId: undefined, payload: EMPTY })).toThrow(/session id/);
    expect(() => encodeControlBody(OP.ack, { acks: [], ackSession: undefined, messageId: 1, payload: EMPTY })).toThrow(/message id/);
    expect(() => encodeControlBody(OP.control, { acks: [], ackSession: undefined, messageId: undefined, payload: EMPTY })).toThrow(
      /message id/,
    );
  });

  it('survives the round trip', () => {
    const id = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(fc.array(id, { maxLength: 8 }), id, fc.uint8Array({ maxLength: 64 }), (acks, messageId, content) => {
        const body: ControlBody = {
          acks,
          ackSession: acks.length > 0 ? bytes(PEER) : undefined,
          messageId,
          payload: Buffer.from(content),
        };
        const wire = encodeControlBody(OP.control, body);
        expect(wire.length).toBe(bodyOverhead(acks.length) + content.length);
        expect(decodeControlBody(OP.control, wire)).toEqual(body);
      }),
    );
  });

  it('takes any bytes without throwing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(OP.ack, OP.control, OP.softReset), (content, opcode) => {
        const body = decodeControlBody(opcode, Buffer.from(content));
        expect(body === 'malformed' || body.acks.length === content[0]).toBe(true);
      }),
    );
  });
});
