import { describe, expect, it } from 'vitest';
import type { Instant, WallTime } from '../base/units.ts';
import { AUTH } from '../messages/auth.ts';
import { PEER_INFO } from '../messages/peer-info.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import { readEntry } from './entry.ts';
import { type LineFormat, LineFormatter } from './formats.ts';
import { type LogRecord, MAX_TEXT_BYTES, recordOf } from './record.ts';

/** What a peer may call itself, by what it tries. */
const NAMES: readonly (readonly [what: string, name: string])[] = [
  ['line ends', 'alice\nfake line\r\nanother\rmore'],
  ['other line ends', 'alice\u0085fake\u2028line\u2029more\v\f'],
  ['ANSI escapes', 'alice\u001b[31mred\u001b]0;title\u0007\u009b2J'],
  ['NUL and DEL', 'alice\u0000\u007f\u0001'],
  ['quotes and backslashes', `al"ice'\\" level=0 flags="F\\n`],
  ['10 kB', 'x'.repeat(10_000)],
  ['10 kB of wide characters', '\u20ac'.repeat(10_000)],
  ['half a character', 'alice\ud800'],
];

const FORMATS: readonly (readonly [name: string, format: LineFormat])[] = [
  ['text', { shape: 'text', machineReadable: false, suppressTimestamps: false }],
  ['text without stamps', { shape: 'text', machineReadable: false, suppressTimestamps: true }],
  ['machine-readable', { shape: 'text', machineReadable: true, suppressTimestamps: false }],
  ['json', { shape: 'json', machineReadable: false, suppressTimestamps: false }],
  ['logfmt', { shape: 'logfmt', machineReadable: false, suppressTimestamps: false }],
];

/** Whatever some reader or terminal takes for the end of a line, or for an order. */
const HARMFUL = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/;

const NOW = { at: 0 as Instant, wall: 1_795_352_443_555.812 as WallTime };

function recordsOf(name: string): LogRecord[] {
  const peer: PeerRef = {
    session: 7,
    clientId: 0,
    address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 37_930 },
    commonName: name,
  };
  const note = { kind: 'note', peer } as const;
  return [
    recordOf({ ...note, row: AUTH.succeeded, args: { username: name, note: '' } }, NOW),
    recordOf({ ...note, row: PEER_INFO.value, args: { name: 'UV_NAME', value: name } }, NOW),
  ];
}

describe.each(NAMES)('a name of %s', (_what, name) => {
  it.each(FORMATS)('is one harmless line as %s', (_format, format) => {
    for (const record of recordsOf(name)) {
      const line = new LineFormatter(format).format(record, 4);
      expect(line.endsWith('\n')).toBe(true);
      expect(line.slice(0, -1)).not.toMatch(HARMFUL);
      // The text itself, its escapes, and what else a structured line says of it.
      expect(Buffer.byteLength(line)).toBeLessThan(MAX_TEXT_BYTES * 2);
    }
  });

  it('is one harmless line for the system log', () => {
    for (const { text } of recordsOf(name)) {
      expect(text).not.toMatch(HARMFUL);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_TEXT_BYTES);
    }
  });

  it.each(FORMATS.slice(3))('does not change what else a line of %s says', (_format, format) => {
    for (const record of recordsOf(name)) {
      const entry = readEntry(new LineFormatter(format).format(record, 4));
      expect(entry).toMatchObject({ id: record.id, session: 7, address: '10.99.0.2:37930' });
      expect(entry?.flags).not.toBe('F');
    }
  });
});
