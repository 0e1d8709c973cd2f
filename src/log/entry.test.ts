import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entryObject, readEntry } from './entry.ts';

beforeEach(() => vi.stubEnv('TZ', 'UTC'));
afterEach(() => vi.unstubAllEnvs());

const REPLAY =
  'AEAD Decrypt error: bad packet ID (may be a replay): [ #5 ] -- see the man page entry for --no-replay and --replay-window for more info or silence this warning with --mute-replay-warnings';

describe('readEntry', () => {
  it.each([
    ['stock 2.6', `2026-11-22 13:00:43 us=42 alice/10.99.0.2:1194 ${REPLAY}`, 'alice', '10.99.0.2:1194', 1_795_352_443_000.042],
    ['stock 2.7', `2026-11-22 13:00:43 alice/udp6:[fd99::2]:1194 ${REPLAY}`, 'alice', 'udp6:[fd99::2]:1194', 1_795_352_443_000],
    ['2.4', `Sun Nov 22 13:00:43 2026 alice/10.99.0.2:1194 ${REPLAY}`, 'alice', '10.99.0.2:1194', 1_795_352_443_000],
    ['machine readable', `1795352443.000042 6000021 alice/10.99.0.2:1194 ${REPLAY}`, 'alice', '10.99.0.2:1194', 1_795_352_443_000.042],
    ['behind packet characters', `rwRW2026-11-22 13:00:43 alice/10.99.0.2:1194 ${REPLAY}`, 'alice', '10.99.0.2:1194', 1_795_352_443_000],
    [
      'our JSON',
      JSON.stringify({
        time: '2026-11-22T13:00:43.000042Z',
        level: 1,
        flags: 'N',
        id: 'data.replay',
        event: 'replay',
        session: 7,
        client: 'alice',
        address: '10.99.0.2:1194',
        text: `alice/10.99.0.2:1194 ${REPLAY}`,
        fields: { packetId: '5' },
      }),
      'alice',
      '10.99.0.2:1194',
      1_795_352_443_000.042,
    ],
    [
      'our logfmt',
      `time=2026-11-22T13:00:43.000042Z level=1 flags=N id=data.replay event=replay session=7 client=alice address=10.99.0.2:1194 text="alice/10.99.0.2:1194 ${REPLAY}" f.packetId=5`,
      'alice',
      '10.99.0.2:1194',
      1_795_352_443_000.042,
    ],
  ])('%s', (_what, line, client, address, time) => {
    expect(readEntry(line)).toMatchObject({
      id: 'data.replay',
      event: 'replay',
      level: 1,
      flags: 'N',
      client,
      address,
      text: REPLAY,
      fields: { packetId: '5' },
    });
    expect(readEntry(line)?.time).toBeCloseTo(time, 3);
  });

  it.each(['', '   ', 'rwrwRW', 'R'])('says nothing of %j', (line) => {
    expect(readEntry(line)).toBeUndefined();
  });

  it.each(['{"a":1}', '{broken', 'time=', 'what is this', '\u0000'.repeat(3) + 'x'])('keeps what it does not know: %j', (line) => {
    expect(readEntry(line)).toMatchObject({ id: undefined, text: expect.any(String) });
  });

  it('knows every line of the recordings up to verb 4', () => {
    const folder = new URL('../../test/golden/log/', import.meta.url);
    for (const name of readdirSync(folder).filter((file) => /(?:verb[1-4]|revoked|wrongca|badeku)\..*log$/.test(file))) {
      const lines = readFileSync(new URL(name, folder), 'utf8').split('\n').filter(Boolean);
      expect(lines.map((line) => [line, readEntry(line)?.id]).filter(([, id]) => id === undefined)).toEqual([]);
    }
  });
});

describe('entryObject', () => {
  it('leaves out what is not known', () => {
    const entry = readEntry('something else');
    expect(entry && entryObject(entry)).toEqual({ text: 'something else' });
  });
});
