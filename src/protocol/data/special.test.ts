import { describe, expect, it } from 'vitest';
import { EXIT_PAYLOAD, PING_PAYLOAD, readSpecial } from './special.ts';

const PING = '2a187bf3641eb4cb07ed2d0a981fc748';
const OCC = '287f346bd4ef7a812d56b8d3afc5459c';

describe('special payloads', () => {
  it('are the bytes of the protocol', () => {
    expect(PING_PAYLOAD.toString('hex')).toBe(PING);
    expect(EXIT_PAYLOAD.toString('hex')).toBe(`${OCC}06`);
  });

  it.each([
    [PING, 'ping'],
    [`${PING}00`, 'unknown'],
    [PING.slice(0, 30), 'unknown'],
    [`${OCC}06`, 'exit'],
    [`${OCC}0600`, 'exit'],
    [`${OCC}00`, 'other-occ'],
    [`${OCC}01566a`, 'other-occ'],
    [`${OCC}ff`, 'other-occ'],
    [OCC, 'unknown'],
    ['fa45000014', 'unknown'],
    ['', 'unknown'],
  ])('reads %s as %s', (hex, what) => {
    expect(readSpecial(Buffer.from(hex, 'hex'))).toBe(what);
  });
});
