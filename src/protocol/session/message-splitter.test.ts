import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, text } from '../../../test/support/byte-builder.ts';
import { MessageSplitter } from './message-splitter.ts';

function split(...chunks: Buffer[]): string[] {
  const splitter = new MessageSplitter();
  return chunks.flatMap((chunk) => {
    expect(splitter.push(chunk)).toBe(true);
    return splitter.takeMessages();
  });
}

describe('MessageSplitter', () => {
  it.each([
    ['one message', bytes(text('PUSH_REQUEST'), '00'), ['PUSH_REQUEST']],
    ['two in one record', bytes(text('INFO,a'), '00', text('EXIT'), '00'), ['INFO,a', 'EXIT']],
    ['line ends behind it', bytes(text('EXIT\r\n'), '00'), ['EXIT']],
    ['nothing but an end', bytes('00 00', text('EXIT'), '00'), ['EXIT']],
    ['control characters', bytes(text('EXIT\u0007'), '00', text('INFO,b'), '00'), ['INFO,b']],
    ['no end yet', bytes(text('EXIT')), []],
    ['letters of all kinds', bytes(text('INFO,Grüße'), '00'), ['INFO,Grüße']],
  ])('reads %s', (_, chunk, messages) => {
    expect(split(chunk)).toEqual(messages);
  });

  it('reads the same however the bytes are cut', () => {
    const word = fc.stringMatching(/^[A-Z_,. a-z0-9]{1,40}$/);
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 10 }), (messages, cuts) => {
        const whole = bytes(...messages.flatMap((message) => [text(message), '00']));
        const at = [0, ...cuts.filter((cut) => cut < whole.length).toSorted((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        expect(split(...chunks)).toEqual(messages);
      }),
    );
  });

  it('gives a binary head to whoever reads it, and messages from behind it', () => {
    const splitter = new MessageSplitter();
    splitter.push(bytes('01 02 00 03', text('EXIT'), '00'));
    expect(splitter.buffered.subarray(0, 4)).toEqual(bytes('01 02 00 03'));
    splitter.skip(4);
    expect(splitter.takeMessages()).toEqual(['EXIT']);
    expect(splitter.buffered).toHaveLength(0);
  });

  it('refuses a peer that never ends its message, and holds nothing of it', () => {
    const splitter = new MessageSplitter();
    expect(splitter.push(Buffer.alloc(16 * 1024, 0x41))).toBe(true);
    expect(splitter.push(Buffer.alloc(1, 0x41))).toBe(false);
    expect(splitter.buffered).toHaveLength(0);
  });

  it('never throws on noise', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (chunks) => {
        const splitter = new MessageSplitter();
        for (const chunk of chunks) {
          splitter.push(Buffer.from(chunk));
          for (const message of splitter.takeMessages()) expect(message).not.toMatch(/[\0-\x1f\x7f]/);
        }
      }),
    );
  });
});
