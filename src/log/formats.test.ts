import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Instant, Now, WallTime } from '../base/units.ts';
import { KIND } from '../messages/kinds.ts';
import { LineFormatter } from './formats.ts';
import type { LogRecord } from './record.ts';

const PLAIN = { shape: 'text', machineReadable: false, suppressTimestamps: false } as const;
const MACHINE = { shape: 'text', machineReadable: true, suppressTimestamps: false } as const;

function recordAt(wall: number, text: string, word: number = KIND.M_INFO): LogRecord {
  const now: Now = { at: 0 as Instant, wall: wall as WallTime };
  return { now, word, text, id: 'test.row', event: undefined, peer: undefined, fields: {} };
}

function recording(name: string): string[] {
  return readFileSync(new URL(`../../test/golden/log/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .slice(0, -1);
}

beforeEach(() => vi.stubEnv('TZ', 'UTC'));
afterEach(() => vi.unstubAllEnvs());

describe('LineFormatter', () => {
  it('writes machine-readable lines as stock wrote them', () => {
    const formatter = new LineFormatter({ ...MACHINE, suppressTimestamps: true });
    const lines = recording('ok-verb3.server.log');
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) {
      const [, seconds, micros, word, text] = /^(\d+)\.(\d{6}) ([0-9a-f]+) (.*)$/.exec(line) ?? [];
      const wall = Number(seconds) * 1000 + Number(micros) / 1000;
      expect(formatter.format(recordAt(wall, text ?? '', Number.parseInt(word ?? '', 16)), 3)).toBe(`${line}\n`);
    }
  });

  it('writes time stamps with microseconds as stock wrote them', () => {
    const formatter = new LineFormatter(PLAIN);
    const lines = recording('timestamps-verb4.server.log');
    expect(lines.length).toBeGreaterThan(40);
    for (const line of lines) {
      const [, day, time, micros, text] = /^(\S+) (\S+)(?: us=(\d+))? (.*)$/.exec(line) ?? [];
      const wall = Date.parse(`${day}T${time}Z`) + Number(micros ?? 0) / 1000;
      expect(formatter.format(recordAt(wall, text ?? ''), 4)).toBe(`${line}\n`);
    }
  });

  it.each([
    ['no microseconds below verb 4', PLAIN, 3, 1_795_352_443_555.812, KIND.M_INFO, '2026-11-22 13:00:43 text\n'],
    ['microseconds are not padded', PLAIN, 4, 1_795_352_443_000.042, KIND.M_INFO, '2026-11-22 13:00:43 us=42 text\n'],
    ['and left out when 0', PLAIN, 4, 1_795_352_443_000, KIND.M_INFO, '2026-11-22 13:00:43 text\n'],
    ['no stamp on usage errors', PLAIN, 4, 1_795_352_443_000.042, KIND.M_USAGE, 'text\n'],
    ['no stamp when suppressed', { ...PLAIN, suppressTimestamps: true }, 4, 1_795_352_443_001, KIND.M_INFO, 'text\n'],
    ['machine-readable stamps usage errors too', MACHINE, 1, 1_795_353_211_349.778, KIND.M_USAGE, '1795353211.349778 b000 text\n'],
    ['a category shows in the word', MACHINE, 3, 1_795_353_197_021.449, KIND.D_OSBUF, '1795353197.021449 2b000003 text\n'],
  ])('%s', (_what, format, verb, wall, word, line) => {
    expect(new LineFormatter(format).format(recordAt(wall, 'text', word), verb)).toBe(line);
  });

  it('renders each second anew', () => {
    const formatter = new LineFormatter(PLAIN);
    const stamps = [0, 999, 1000, 61_000, 1000].map((ms) => formatter.format(recordAt(1_795_352_443_000 + ms, 'x'), 3).slice(11, 19));
    expect(stamps).toEqual(['13:00:43', '13:00:43', '13:00:44', '13:01:44', '13:00:44']);
  });
});

const PEER = {
  session: 7,
  clientId: 3,
  address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 1194 },
  commonName: 'alice "a" =',
} as const;

describe('our own shapes', () => {
  const record: LogRecord = {
    ...recordAt(1_795_352_443_000.042, 'a text with "quotes" and \\', KIND.D_REPLAY_ERRORS),
    event: 'replay',
    peer: PEER,
    fields: { packetId: 12, empty: '', plain: 'word' },
  };

  it('json: one object a line, with everything that is known', () => {
    const line = new LineFormatter({ ...PLAIN, shape: 'json' }).format(record, 3);
    expect(line.endsWith('}\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      time: '2026-11-22T13:00:43.000042Z',
      level: 1,
      flags: 'N',
      id: 'test.row',
      event: 'replay',
      session: 7,
      client: 'alice "a" =',
      address: '10.99.0.2:1194',
      text: 'a text with "quotes" and \\',
      fields: { packetId: 12, empty: '', plain: 'word' },
    });
  });

  it('json: leaves out what there is not', () => {
    const line = new LineFormatter({ ...PLAIN, shape: 'json' }).format(recordAt(0, 'x'), 3);
    expect(line).toBe('{"time":"1970-01-01T00:00:00.000000Z","level":1,"flags":"I","id":"test.row","text":"x"}\n');
  });

  it('logfmt: quotes what needs it', () => {
    expect(new LineFormatter({ ...MACHINE, shape: 'logfmt' }).format(record, 3)).toBe(
      'time=2026-11-22T13:00:43.000042Z level=1 flags=N id=test.row event=replay session=7 client="alice \\"a\\" =" address=10.99.0.2:1194 ' +
        'text="a text with \\"quotes\\" and \\\\" f.packetId=12 f.empty="" f.plain=word\n',
    );
  });

  it.each(['json', 'logfmt'] as const)('%s: stays one line whatever a peer calls itself', (shape) => {
    const hostile = 'a\nb\r\u001b[31m\u0000\u2028\u0085' + 'x'.repeat(10_000);
    const line = new LineFormatter({ ...PLAIN, shape }).format(
      { ...record, peer: { ...PEER, commonName: hostile }, fields: { name: hostile } },
      3,
    );
    expect(line.slice(0, -1)).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
    expect(line.length).toBeLessThan(5000);
  });
});
