import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DIFFERENCES } from '../base/differences.ts';
import { Secret } from '../base/secret.ts';
import { seconds } from '../base/units.ts';
import type { DaemonReply, DaemonRequest, DaemonState, LogLine, StateName } from '../model/daemon-port.ts';
import { ALICE, BOB, recordedServer, unix } from '../status/testing.ts';
import { statusLines } from '../status/write.ts';
import { COMMANDS } from './commands.ts';
import { helpLines } from './help.ts';
import { ManagementRig } from './testing.ts';

/** Replays what was typed to a stock 2.6.14 server and compares what it answered, except for the differences below. */

interface Exchange {
  readonly typed: string;
  readonly answers: readonly string[];
}

function recording(name: string): string[] {
  return readFileSync(new URL(`../../test/golden/management/${name}`, import.meta.url), 'utf8')
    .split('\n')
    .slice(0, -1);
}

function exchanges(lines: readonly string[]): Exchange[] {
  const list: { typed: string; answers: string[] }[] = [{ typed: '', answers: [] }];
  for (const line of lines) {
    if (line.startsWith('C: ')) list.push({ typed: line.slice(3), answers: [] });
    else if (line.startsWith('S: ')) list.at(-1)?.answers.push(line.slice(3));
  }
  return list;
}

const TRANSCRIPT = exchanges(recording('server-commands.txt'));

const TITLE = recordedServer(0, []).title;

/** What ours answers where stock answered otherwise, with the row of `base/differences.ts`. */
const DIFFERENT: Readonly<Record<string, { difference: string; ours: readonly string[] }>> = {
  help: { difference: 'management.help', ours: [...helpLines(TITLE, COMMANDS)] },
  'verb abc': { difference: 'management.strict-levels', ours: ['ERROR: verb level is out of range'] },
  'bytecount 2': {
    difference: 'management.bytecount-every-client',
    ours: ['SUCCESS: bytecount interval changed', '>BYTECOUNT_CLI:0,2668,2639', '>BYTECOUNT_CLI:1,2587,2568'],
  },
  'push-update-broad "route 1.1.1.1 255.255.255.255"': {
    difference: 'management.more-commands',
    ours: ['ERROR: no client updated', 'ERROR: push-update command failed'],
  },
  exit: { difference: 'management.exit-sends-the-rest', ours: [">LOG:1795352492,D,MANAGEMENT: CMD 'exit'"] },
  'kill udp:10.99.0.2:1': { difference: 'management.kill-address-forms', ours: ['ERROR: client at address udp:10.99.0.2:1 not found'] },
};

/** What the recorded daemon did by itself after a command. */
const AFTERWARDS: Readonly<Record<string, (rig: ManagementRig) => void>> = {
  'bytecount 2': (rig) => rig.advance(seconds(2)),
  // Stock took it for verb 0, which the rest of the recording shows.
  'verb abc': (rig) => {
    rig.verb = 0;
  },
  'client-kill 1 HALT,bye': (rig) => logged(rig, 0x20 | 1, 'bob/10.99.0.3:45370 CC-EEN exit message received by peer'),
  'kill alice': (rig) => logged(rig, 3, 'bob/10.99.0.3:45370 SIGTERM[soft,delayed-exit] received, client-instance exiting'),
};

function logged(rig: ManagementRig, word: number, text: string): void {
  rig.port.emit({ kind: 'log', line: { time: rig.now.wall, word, text } });
  rig.drive();
}

const LATER_ALICE = { ...ALICE, bytesReceived: 2780, bytesSent: 2719 };
const LATER_BOB = { ...BOB, bytesReceived: 2739, bytesSent: 2720 };
const REPORTS = [
  ...[1_795_352_490, 1_795_352_491, 1_795_352_491, 1_795_352_491].map((time) => recordedServer(time, [ALICE, BOB])),
  recordedServer(1_795_352_519, [LATER_ALICE, LATER_BOB]),
];

/** The recorded daemon. */
function recordedDaemon(rig: () => ManagementRig): (request: DaemonRequest) => DaemonReply | undefined {
  const reports = [...REPORTS];
  return (request) => {
    switch (request.kind) {
      case 'pid':
        return { kind: 'value', value: 5413 };
      case 'verb':
        if (request.set === undefined) return { kind: 'value', value: rig().verb };
        rig().verb = request.set;
        return { kind: 'done', text: '' };
      case 'mute':
        return request.set === undefined ? { kind: 'value', value: 0 } : { kind: 'done', text: '' };
      case 'status': {
        const report = reports.shift();
        return report === undefined ? { kind: 'refused', text: 'no more reports' } : { kind: 'status', report };
      }
      case 'load-stats':
        return { kind: 'load', clients: 2, received: 5215, sent: 5267 };
      case 'client-bytes':
        return {
          kind: 'client-bytes',
          clients: [
            { clientId: 0, received: 2668, sent: 2639 },
            { clientId: 1, received: 2587, sent: 2568 },
          ],
        };
      case 'push-update':
        return { kind: 'updated', count: 0, unsupported: [] };
      case 'kill-name': {
        if (request.commonName !== 'alice') return { kind: 'killed', count: 0 };
        logged(rig(), 3, 'alice/10.99.0.2:37930 SIGTERM[soft,] received, client-instance exiting');
        return { kind: 'killed', count: 1 };
      }
      case 'client-kill':
        if (request.clientId > 1) return { kind: 'refused', text: '' };
        logged(rig(), 3, 'Delayed exit in 5 seconds');
        logged(rig(), 3, `SENT CONTROL [bob]: '${request.message}' (status=1)`);
        return { kind: 'done', text: '' };
      case 'hold':
        return request.action === 'show' ? { kind: 'value', value: 0 } : { kind: 'done', text: '' };
      case 'client-auth':
      case 'client-deny':
      case 'signal':
      case 'auth-retry':
      case 'forget-passwords':
        return { kind: 'done', text: '' };
      case 'kill-address':
      case 'client-pending-auth':
      case 'log-reopen':
      case 'password':
      case 'unknown':
        return { kind: 'refused', text: '' };
    }
  };
}

const WORD_OF_FLAGS: Readonly<Record<string, number>> = { I: 1, '': 3, W: 0x40, N: 0x21, D: 0x83 };

/** What the recorded daemon had logged before the client came, out of its `log all`. */
function earlierLog(): LogLine[] {
  const shown = TRANSCRIPT.find(({ typed }) => typed === 'log all on')?.answers ?? [];
  const before = shown.slice(
    0,
    shown.findIndex((line) => line.includes('MANAGEMENT: Client connected')),
  );
  return before.map((line) => {
    const [, time, flags, text] = /^(\d+),([A-Z]*),(.*)$/.exec(line) ?? [];
    return { time: unix(Number(time)), word: WORD_OF_FLAGS[flags ?? ''] ?? 0, text: text ?? '' };
  });
}

function state(seconds: number, name: StateName, more: Partial<DaemonState> = {}): DaemonState {
  return { time: unix(seconds), name, ...more };
}

/** Rows by client id (difference status.row-order), and no times of what this run logged itself. */
function comparable(lines: readonly string[]): string[] {
  const sorted = [...lines];
  const at = sorted.findIndex((line) => /^(CLIENT_LIST[,\t])?bob\b/.test(line));
  if (/^(CLIENT_LIST[,\t])?alice\b/.test(sorted[at + 1] ?? '')) sorted.splice(at, 2, sorted[at + 1] ?? '', sorted[at] ?? '');
  return sorted.map((line) => line.replace(/^(>LOG:)?\d+(,[A-Z]*,(?:MANAGEMENT: C|.*(?:exit|SENT CONTROL)))/, '$1T$2'));
}

function replayed(): ManagementRig {
  const rig: ManagementRig = new ManagementRig({
    answer: recordedDaemon(() => rig),
    info: { title: TITLE, statusVersion: 2 },
    options: {
      renderStatus: { lines: (report, version) => statusLines(report, { version, compat: '2.6' }), json: () => [] },
      logHistory: 250,
      earlierLog: earlierLog(),
    },
  });
  const tunnel = { tun4: '10.8.0.1', tun6: 'fd00:8::1' };
  rig.port.emit({ kind: 'state', state: state(1_795_352_443, 'CONNECTING') });
  rig.port.emit({ kind: 'state', state: state(1_795_352_443, 'ASSIGN_IP', tunnel) });
  rig.port.emit({ kind: 'state', state: state(1_795_352_443, 'CONNECTED', { detail: 'SUCCESS', ...tunnel }) });
  rig.connect(1, { from: '[AF_INET]127.0.0.1:46140' });
  return rig;
}

beforeEach(() => vi.stubEnv('TZ', 'UTC'));
afterEach(() => vi.unstubAllEnvs());

describe('a recorded session with a stock server', () => {
  it('is answered the same, line by line', () => {
    const rig = replayed();
    expect(TRANSCRIPT).toHaveLength(78);
    expect(rig.read(1)).toEqual(TRANSCRIPT[0]?.answers);
    for (const { typed, answers } of TRANSCRIPT.slice(1)) {
      const ours = rig.type(1, typed);
      AFTERWARDS[typed]?.(rig);
      const all = [...ours, ...rig.read(1)];
      expect({ typed, answers: comparable(all) }).toEqual({ typed, answers: comparable(DIFFERENT[typed]?.ours ?? answers) });
    }
    expect(rig.closed).toEqual(new Set([1]));
  });

  it('differs only where a row of the table of differences says so', () => {
    const listed = new Set(DIFFERENCES.map(({ id }) => id));
    for (const { difference } of Object.values(DIFFERENT)) expect(listed).toContain(difference);
    expect(TRANSCRIPT.map(({ typed }) => typed)).toEqual(expect.arrayContaining(Object.keys(DIFFERENT)));
  });

  it('ends every line with CR LF', () => {
    const rig = replayed();
    for (const { typed } of TRANSCRIPT.slice(1)) rig.send(1, `${typed}\n`);
    const text = rig.readBytes(1).toString('latin1');
    expect(text.endsWith('\r\n')).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });

  it('gives the same bytes however the input is cut', () => {
    const typed = Buffer.from(
      TRANSCRIPT.slice(1)
        .filter((exchange) => !exchange.typed.startsWith('bytecount'))
        .map((exchange) => `${exchange.typed}\r\n`)
        .join(''),
    );
    const whole = replayed();
    whole.send(1, typed);
    const bytewise = replayed();
    for (const byte of typed) bytewise.send(1, Buffer.from([byte]));
    expect(bytewise.readBytes(1).equals(whole.readBytes(1))).toBe(true);
  });
});

describe('recorded passwords', () => {
  it('the right one is answered the same', () => {
    const rig = new ManagementRig({ answer: () => ({ kind: 'value', value: 19_554 }) });
    rig.connect(1, { password: new Secret('secret') });
    expect(rig.readBytes(1).toString()).toBe('ENTER PASSWORD:');
    const [, first, second] = exchanges(recording('password-good.txt').map((line) => line.replace(/\\r$/, '')));
    expect(rig.type(1, first?.typed ?? '')).toEqual(first?.answers.filter((line) => line !== ''));
    expect(rig.type(1, second?.typed ?? '')).toEqual(second?.answers.filter((line) => line !== ''));
    rig.send(1, 'quit\n');
    expect(rig.closed).toEqual(new Set([1]));
  });

  it('a wrong one gets a new prompt, after an error (difference management.bad-password), and the third ends it', () => {
    const rig = new ManagementRig();
    rig.connect(1, { password: new Secret('secret') });
    rig.readBytes(1);
    for (const prompt of ['ENTER PASSWORD:', 'ENTER PASSWORD:', '']) {
      expect(rig.closed.size).toBe(0);
      rig.send(1, 'wrong\n');
      expect(rig.readBytes(1).toString()).toBe(`ERROR: bad password\r\n${prompt}`);
    }
    expect(rig.closed).toEqual(new Set([1]));
    expect(rig.log).toContain('MAN: client connection rejected after 3 failed password attempts');
  });
});
