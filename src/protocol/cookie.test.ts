import { describe, expect, it } from 'vitest';
import { bytes, filled } from '../../test/support/byte-builder.ts';
import { at } from '../../test/support/time.ts';
import { seconds } from '../base/units.ts';
import { Cookies } from './cookie.ts';

const LINK = '10.99.0.2|40012';
const SID = bytes('1122334455667788');
const cookies = new Cookies(bytes(filled(7, 32)), seconds(60));

describe('Cookies', () => {
  it('are session ids of 8 bytes, the same within half a minute', () => {
    const cookie = cookies.make(LINK, SID, at(30_000));
    expect(cookie).toHaveLength(8);
    expect(cookies.make(LINK, SID, at(59_999))).toEqual(cookie);
    expect(cookies.make(LINK, SID, at(60_000))).not.toEqual(cookie);
  });

  it.each([
    ['at once', 0, true],
    ['at the end of the hand-window', 60_000, true],
    ['half a minute later still', 89_999, true],
    ['a minute and a half later', 90_000, false],
    ['just before it was made, as a clock may tell', -1, true],
    ['long before it was made', -30_001, false],
  ])('hold %s', (_, later, valid) => {
    const cookie = cookies.make(LINK, SID, at(300_000));
    expect(cookies.valid(cookie, LINK, SID, at(300_000 + later))).toBe(valid);
  });

  it('are of one address, one client session and one process', () => {
    const cookie = cookies.make(LINK, SID, at(0));
    const other = new Cookies(bytes(filled(8, 32)), seconds(60));
    expect(cookies.valid(cookie, '10.99.0.2|40013', SID, at(0))).toBe(false);
    expect(cookies.valid(cookie, LINK, bytes('1122334455667789'), at(0))).toBe(false);
    expect(other.valid(cookie, LINK, SID, at(0))).toBe(false);
  });

  it('are refused when they have another length or one other bit', () => {
    const cookie = cookies.make(LINK, SID, at(0));
    expect(cookies.valid(cookie.subarray(1), LINK, SID, at(0))).toBe(false);
    expect(cookies.valid(Buffer.concat([cookie, cookie]), LINK, SID, at(0))).toBe(false);
    for (let bit = 0; bit < 64; bit++) {
      const forged = Buffer.from(cookie);
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(cookies.valid(forged, LINK, SID, at(0))).toBe(false);
    }
  });

  it('do not depend on the date of the operator', () => {
    const cookie = cookies.make(LINK, SID, at(1000));
    expect(cookies.valid(cookie, LINK, SID, at(2000, 0))).toBe(true);
  });
});
