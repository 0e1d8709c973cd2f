import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Instant, Now, WallTime } from '../base/units.ts';
import { KIND } from '../messages/kinds.ts';
import { LineFormatter } from './formats.ts';
import type { LogRecord } from './record.ts';

const PLAIN = { machineReadable: false, suppressTimestamps: false };
const MACHINE = { machineReadable: true, suppressTimestamps: false };

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
    const formatter = new LineFormatter({ machineReadable: true, suppressTimestamps: true });
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
    ['no stamp when suppressed', { machineReadable: false, suppressTimestamps: true }, 4, 1_795_352_443_001, KIND.M_INFO, 'text\n'],
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
