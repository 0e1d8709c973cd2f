import { describe, expect, it } from 'vitest';
import { stripStamp } from './stamp.ts';

const LOCAL = new Date(2026, 10, 22, 13, 0, 43).getTime();

describe('stripStamp', () => {
  it.each([
    ['2026-11-22 13:00:43 text', 'text', LOCAL, undefined],
    ['2026-11-22 13:00:43 us=555812 text', 'text', LOCAL + 555.812, undefined],
    ['2026-11-22 13:00:43 us=59020 text', 'text', LOCAL + 59.02, undefined],
    ['2026-11-22 13:00:43   name = value', '  name = value', LOCAL, undefined],
    ['Sun Nov 22 13:00:43 2026 text', 'text', LOCAL, undefined],
    ['Sun Nov 22 13:00:43 2026 us=7 text', 'text', LOCAL + 0.007, undefined],
    ['1795353197.009323 2b000003 text', 'text', 1_795_353_197_009.323, 0x2b000003],
    ['1795353197.009323 0 text', 'text', 1_795_353_197_009.323, 0],
    ['WrRw2026-11-22 13:00:43 us=555812 text', 'text', LOCAL + 555.812, undefined],
    ['RWR1795353197.009323 1 text', 'text', 1_795_353_197_009.323, 1],
    ['<29>openvpn[12]: text', 'text', undefined, undefined],
    ['<28>text', 'text', undefined, undefined],
    ['<29>Nov 22 13:00:43 openvpn[12]: text', 'text', undefined, undefined],
    ['Nov 22 13:00:43 gate openvpn[12]: text', 'text', undefined, undefined],
    ['Nov  2 13:00:43 gate ovpn-server/tun0[12]: MULTI: text', 'MULTI: text', undefined, undefined],
    ['2026-11-22T13:00:43.250+01:00 gate openvpn[12]: text', 'text', Date.UTC(2026, 10, 22, 12, 0, 43, 250), undefined],
    ['Initialization Sequence Completed', 'Initialization Sequence Completed', undefined, undefined],
    ['rw-r--r-- not a stamp', 'rw-r--r-- not a stamp', undefined, undefined],
    ['', '', undefined, undefined],
  ])('reads %j', (line, text, time, word) => {
    const stripped = stripStamp(line);
    expect({ ...stripped, time: Math.round((stripped.time ?? -1) * 1000) }).toEqual({ text, word, time: Math.round((time ?? -1) * 1000) });
  });
});
