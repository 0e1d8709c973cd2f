import { describe, expect, it } from 'vitest';
import { COUNTING_KEY } from '../../../test/support/vectors.ts';
import { SeededRandom } from '../../base/random.ts';
import { Secret } from '../../base/secret.ts';
import { formatStaticKey, generateStaticKey, parseStaticKey } from './static-key.ts';

const HEX = COUNTING_KEY.toString('hex');
const HEAD = '-----BEGIN OpenVPN Static key V1-----';
const FOOT = '-----END OpenVPN Static key V1-----';

function reveal(text: string): Buffer | string {
  const result = parseStaticKey(text);
  return result.ok ? result.value.reveal() : result.error;
}

describe('parseStaticKey', () => {
  it.each([
    ['one long line', `${HEAD}\n${HEX}\n${FOOT}\n`],
    ['CR LF and upper case', `${HEAD}\r\n${HEX.toUpperCase()}\r\n${FOOT}\r\n`],
    ['comments around it', `#\n# 2048 bit OpenVPN static key\n#\n${HEAD}\n${HEX.replace(/.{32}/g, '$&\n')}${FOOT}\nanything`],
    ['lines of odd lengths', `${HEAD}\n${HEX.replace(/.{7}/g, '$&\n')}\n${FOOT}`],
  ])('reads %s', (_, text) => {
    expect(reveal(text)).toEqual(COUNTING_KEY);
  });

  it.each([
    ['nothing', '', /BEGIN/],
    ['no end', `${HEAD}\n${HEX}`, /END/],
    ['the end before the start', `${FOOT}\n${HEAD}\n${HEX}`, /END/],
    ['too few digits', `${HEAD}\n${HEX.slice(2)}\n${FOOT}`, /^510 hex/],
    ['too many digits', `${HEAD}\n${HEX}00\n${FOOT}`, /^514 hex/],
    ['other letters', `${HEAD}\n${HEX.slice(1)}g\n${FOOT}`, /other than hex/],
  ])('says what is wrong with %s', (_, text, error) => {
    expect(reveal(text)).toMatch(error);
  });
});

describe('formatStaticKey', () => {
  it('writes the file that OpenVPN writes', () => {
    const lines = formatStaticKey(new Secret(COUNTING_KEY)).split('\n');
    expect(lines.slice(0, 5)).toEqual(['#', '# 2048 bit OpenVPN static key', '#', HEAD, '000102030405060708090a0b0c0d0e0f']);
    expect(lines.slice(-3)).toEqual(['f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff', FOOT, '']);
    expect(lines).toHaveLength(22);
  });

  it('is read back, and a generated key is as random as its source', () => {
    const key = generateStaticKey(new SeededRandom(7));
    expect(key.reveal()).toEqual(new SeededRandom(7).bytes(256));
    expect(reveal(formatStaticKey(key))).toEqual(key.reveal());
  });
});
