import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant, Now, WallTime } from '../../base/units.ts';
import { recognise } from '../../messages/recogniser.ts';
import { SEVERITIES } from '../facts.ts';
import { lineSeen } from '../lines.ts';
import { jsonLine } from './json-lines.ts';
import { lokiBody } from './loki.ts';
import { isoOf, packRecord, RecordTimes, recordOfFailure, recordOfLine, recordOfState, type ShipRecord, unpackRecord } from './record.ts';
import { syslogFrame, type SyslogLook, syslogMessage } from './syslog.ts';

const NOW: Now = { at: 5 as Instant, wall: 1_795_352_568_123.456 as WallTime };
const LOOK: SyslogLook = { facility: 'daemon', hostname: 'vpn.example.org', appName: 'openvpn', maxBytes: 8192 };

const RECORD: ShipRecord = {
  time: 1_795_352_568_123_456_789n,
  daemon: 'office',
  kind: 'line',
  severity: 'info',
  event: undefined,
  id: undefined,
  client: undefined,
  address: undefined,
  text: 'Initialization Sequence Completed',
  fields: {},
};

const records = fc.record({
  time: fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }),
  daemon: fc.string(),
  kind: fc.constantFrom('line' as const, 'event' as const),
  severity: fc.constantFrom(...SEVERITIES),
  event: fc.option(fc.string(), { nil: undefined }),
  id: fc.option(fc.string(), { nil: undefined }),
  client: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
  address: fc.option(fc.string(), { nil: undefined }),
  text: fc.string({ unit: 'binary' }),
  fields: fc.dictionary(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), fc.oneof(fc.string(), fc.integer())),
});

/** RFC 5424, section 6: what a message must look like, by its grammar. */
const GRAMMAR =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) (\[[^= \]"]{1,32}(?: [^= \]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])(?: ([^]*))?$/;

describe('a record', () => {
  it('of a line has the text with its prefix, and the time that the daemon wrote', () => {
    const line = '2026-11-22 21:53:00 us=250000 alice/192.0.2.7:1194 VERIFY ERROR: depth=0, error=certificate has expired: CN=alice';
    const record = recordOfLine('office', lineSeen(recognise(line), 'N'), NOW);
    expect(record).toMatchObject({
      daemon: 'office',
      kind: 'line',
      severity: 'error',
      event: 'certificate-refused',
      id: 'verify.error',
      client: 'alice',
      address: '192.0.2.7:1194',
      text: 'alice/192.0.2.7:1194 VERIFY ERROR: depth=0, error=certificate has expired: CN=alice',
    });
    expect(new Date(record.wall).getMilliseconds()).toBe(250);
    expect(recordOfLine('office', lineSeen(recognise('no stamp')), NOW).wall).toBe(NOW.wall);
  });

  it('of an event says in words what happened', () => {
    const failure = { daemon: 'office', what: 'login', reason: 'timeout', commonName: 'cn', address: '192.0.2.7:1', now: NOW } as const;
    expect(recordOfFailure({ ...failure, username: 'alice' })).toMatchObject({
      event: 'login-failed',
      severity: 'warning',
      text: 'login of alice from 192.0.2.7:1 failed: timeout',
    });
    const state = { time: 5000 as WallTime, name: 'RECONNECTING', detail: 'ping-restart' };
    expect(recordOfState({ daemon: 'office', state, now: NOW })).toMatchObject({
      event: 'state',
      text: 'state RECONNECTING: ping-restart',
      fields: { state: 'RECONNECTING', detail: 'ping-restart' },
      wall: 5000,
    });
  });

  it('has a time of its own, in order, but follows a clock that was set', () => {
    const times = new RecordTimes();
    const { time: _time, ...rest } = RECORD;
    const give = (daemon: string, seconds: number): bigint => times.give({ ...rest, daemon, wall: (seconds * 1000) as WallTime }).time;
    expect([give('a', 100), give('a', 100), give('a', 99), give('b', 100), give('a', 101)]).toEqual([
      100_000_000_000n,
      100_000_000_001n,
      100_000_000_002n,
      100_000_000_000n,
      101_000_000_000n,
    ]);
    expect([give('a', 3701), give('a', 102), give('a', 102)]).toEqual([3_701_000_000_000n, 102_000_000_000n, 102_000_000_001n]);
  });

  it('is in a spool what it was, and nothing else is one', () => {
    fc.assert(
      fc.property(records, (record) => {
        expect(unpackRecord(packRecord(record))).toEqual(record);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(unpackRecord(bytes)).toBeUndefined();
      }),
    );
    for (const text of ['{}', 'null', '[]', '{"time":"x","daemon":"a","kind":"line","severity":"info","text":""}'])
      expect(unpackRecord(Buffer.from(text))).toBeUndefined();
  });

  it.each([
    [0n, '1970-01-01T00:00:00.000000Z'],
    [1_795_352_568_123_456_789n, '2026-11-22T13:02:48.123456Z'],
    [-1n, '1969-12-31T23:59:59.999999Z'],
  ])('of %d has the date %s', (time, date) => {
    expect(isoOf(time, 6)).toBe(date);
  });
});

describe('a syslog message', () => {
  it('is one of RFC 5424', () => {
    expect(syslogMessage(RECORD, LOOK).toString()).toBe(
      '<30>1 2026-11-22T13:02:48.123456Z vpn.example.org openvpn - - [openvpn@32473 daemon="office" kind="line"] Initialization Sequence Completed',
    );
    const more = { ...RECORD, severity: 'warning', event: 'auth-failed', client: 'a "\\] b', text: 'two\nlines' } as const;
    expect(syslogMessage(more, { ...LOOK, facility: 'local7', hostname: '' }).toString()).toBe(
      '<188>1 2026-11-22T13:02:48.123456Z - openvpn - auth-failed [openvpn@32473 daemon="office" kind="line" client="a \\"\\\\\\] b"] two lines',
    );
  });

  it('keeps to the grammar whatever a client is called and writes', () => {
    fc.assert(
      fc.property(records, (record) => {
        const parts = GRAMMAR.exec(syslogMessage(record, LOOK).toString());
        expect(parts?.[8]).toBe(Buffer.from(record.text.replace(/[\0-\x1f\x7f]/g, ' ')).toString());
      }),
    );
  });

  it('is cut on a whole character', () => {
    const long = { ...RECORD, text: '€'.repeat(100) };
    const whole = syslogMessage(long, LOOK).length;
    for (let cut = 0; cut < 6; cut++) {
      const message = syslogMessage(long, { ...LOOK, maxBytes: whole - cut });
      expect([message.length, message.toString().includes('\ufffd')]).toEqual([whole - Math.ceil(cut / 3) * 3, false]);
    }
  });

  it('has the number of its bytes before it on a stream', () => {
    expect(syslogFrame(Buffer.from('€')).toString()).toBe('3 €');
  });
});

describe('a body for Loki', () => {
  it('has a stream for each set of labels, with values in order', () => {
    const later = { ...RECORD, time: RECORD.time + 1n, text: 'next' };
    const event = { ...RECORD, kind: 'event', event: 'state', text: 'state CONNECTED', fields: { state: 'CONNECTED' } } as const;
    expect(JSON.parse(lokiBody([RECORD, event, later], { job: 'openvpn', lines: 'text' }))).toEqual({
      streams: [
        {
          stream: { job: 'openvpn', daemon: 'office', kind: 'line', level: 'info' },
          values: [
            ['1795352568123456789', 'Initialization Sequence Completed'],
            ['1795352568123456790', 'next'],
          ],
        },
        {
          stream: { job: 'openvpn', daemon: 'office', kind: 'event', level: 'info' },
          values: [['1795352568123456789', jsonLine(event).trim()]],
        },
      ],
    });
  });
});

describe('a JSON line', () => {
  it('is one line of what is known', () => {
    expect(jsonLine({ ...RECORD, client: 'alice', text: 'two\nlines', fields: { depth: 0 } })).toBe(
      '{"time":"2026-11-22T13:02:48.123456789Z","daemon":"office","kind":"line","severity":"info","client":"alice","text":"two\\nlines","fields":{"depth":0}}\n',
    );
  });
});
