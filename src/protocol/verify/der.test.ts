import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader, integerValue, oidText, stringValue, TAG, timeValue } from './der.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

describe('DerReader', () => {
  it('reads elements one after another, and lists inside', () => {
    const reader = new DerReader(hex('02 01 05  30 06 02 01 07 04 01 ff'));
    expect(integerValue(reader.take(TAG.integer))).toBe(5n);
    const list = reader.enter(TAG.sequence);
    expect(list.take(TAG.integer)).toEqual(hex('07'));
    expect(list.optional(TAG.boolean)).toBeUndefined();
    expect(list.takeWhole(TAG.octetString)).toEqual(hex('04 01 ff'));
    expect(list.atEnd && reader.atEnd).toBe(true);
    expect(reader.failed).toBe(false);
  });

  it.each([
    ['a length beyond the end', '04 05 00'],
    ['a cut length', '04 82 01'],
    ['an indefinite length', '30 80 00 00'],
    ['a length longer than needed', '04 81 05 0000000000'],
    ['a length with a leading zero', '04 82 00 80'],
    ['a length of five bytes', '04 85 0000000001 00'],
    ['a long tag', '1f 81 01 00'],
    ['nothing', ''],
  ])('fails on %s', (_what, bytes) => {
    const reader = new DerReader(hex(bytes));
    expect(reader.any().content).toHaveLength(0);
    expect(reader.failed).toBe(true);
    expect(reader.atEnd).toBe(true);
  });

  it('takes lengths of several bytes', () => {
    const content = Buffer.alloc(300, 1);
    const reader = new DerReader(Buffer.concat([hex('04 82 012c'), content]));
    expect(reader.take(TAG.octetString)).toEqual(content);
    expect(reader.failed).toBe(false);
  });

  it('fails for all readers of one root together', () => {
    const root = new DerReader(hex('30 03 02 01 07'));
    const inner = root.enter(TAG.sequence);
    inner.take(TAG.oid);
    expect(root.failed).toBe(true);
  });

  it('comes to an end on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const reader = new DerReader(Buffer.from(bytes));
        let read = 0;
        while (!reader.atEnd) {
          reader.any();
          read++;
        }
        expect(read).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});

describe('values', () => {
  it.each([
    ['55 04 03', '2.5.4.3'],
    ['2a 86 48 86 f7 0d 01 01 0b', '1.2.840.113549.1.1.11'],
    ['88 37', '2.999'],
    ['', undefined],
    ['80 01', undefined],
    ['2a 86', undefined],
  ])('reads the object identifier %s', (bytes, text) => {
    expect(oidText(hex(bytes))).toBe(text);
  });

  it.each([
    ['00', 0n],
    ['7f', 127n],
    ['00 80', 128n],
    ['80', -128n],
    ['01 00 00 00 00 00 00 00 00', 0x1_0000_0000_0000_0000n],
    ['', 0n],
  ])('reads the integer %s', (bytes, value) => {
    expect(integerValue(hex(bytes))).toBe(value);
  });

  it.each([
    [TAG.utcTime, '261122160000Z', '2026-11-22T16:00:00.000Z'],
    [TAG.utcTime, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [TAG.utcTime, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [TAG.generalizedTime, '20500101000000Z', '2050-01-01T00:00:00.000Z'],
    [TAG.generalizedTime, '99991231235959Z', '9999-12-31T23:59:59.000Z'],
    [TAG.generalizedTime, '00010101000000Z', '0001-01-01T00:00:00.000Z'],
  ])('reads the time %i %s', (tag, text, iso) => {
    const element = { tag, content: Buffer.from(text), whole: Buffer.alloc(0) };
    expect(new Date(timeValue(element) ?? Number.NaN).toISOString()).toBe(iso);
  });

  it.each([
    [TAG.utcTime, '20500101000000Z'],
    [TAG.generalizedTime, '261122160000Z'],
    [TAG.utcTime, '261322160000Z'],
    [TAG.utcTime, '260230160000Z'],
    [TAG.utcTime, '261122250000Z'],
    [TAG.utcTime, '261122160000+0100'],
    [TAG.integer, '261122160000Z'],
  ])('refuses the time %i %s', (tag, text) => {
    expect(timeValue({ tag, content: Buffer.from(text), whole: Buffer.alloc(0) })).toBeUndefined();
  });

  it.each([
    [TAG.utf8String, 'c3bc', 'ü'],
    [TAG.printableString, '61', 'a'],
    [TAG.t61String, 'fc', 'ü'],
    [TAG.bmpString, '20ac', '€'],
    [TAG.universalString, '0001f600', '😀'],
    [TAG.universalString, 'ffffffff', '\ufffd'],
  ])('reads the string %i %s', (tag, bytes, text) => {
    expect(stringValue({ tag, content: hex(bytes), whole: Buffer.alloc(0) })).toBe(text);
  });
});
