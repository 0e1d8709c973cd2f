import { describe, expect, it } from 'vitest';
import type { Instant, Now, WallTime } from '../base/units.ts';
import { FLAG } from '../messages/kinds.ts';
import { MANAGEMENT } from '../messages/management.ts';
import type { Note } from '../messages/notes.ts';
import { OURS } from '../messages/ours.ts';
import { row, type Row } from '../messages/row.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import { Logger } from './logger.ts';
import { type LogRecord, recordOf } from './record.ts';

const NOW: Now = { at: 5 as Instant, wall: 1_795_352_443_000 as WallTime };
const ALICE: PeerRef = {
  session: 1,
  clientId: 0,
  address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 36427 },
  commonName: 'alice',
};
const TLS_LINE = row('test.tls', 'D_TLS_ERRORS', 'TLS Error: {text:rest}');
const DETAIL_LINE = row('test.detail', 'D_LOW', 'detail {text:rest}');

function note(message: Row, args: Record<string, string | number>, peer?: PeerRef): Note {
  return { kind: 'note', row: message, args, peer };
}

function loggerWith(options: { verb?: number; mute?: number; history?: number }): { logger: Logger; written: LogRecord[] } {
  const written: LogRecord[] = [];
  const logger = new Logger({ verb: 3, mute: 0, history: 10, sink: (record) => written.push(record), ...options });
  return { logger, written };
}

describe('recordOf', () => {
  it.each<[string, PeerRef | undefined, string]>([
    ['nobody', undefined, 'TLS Error: x'],
    ['a peer before authentication', { ...ALICE, commonName: undefined }, '10.99.0.2:36427 TLS Error: x'],
    ['a named client', ALICE, 'alice/10.99.0.2:36427 TLS Error: x'],
    [
      'a native IPv6 peer, without port as 2.6 prints it',
      { ...ALICE, address: { transport: 'udp', family: 6, ip: 'fd99::2', port: 4 } },
      'alice/fd99::2 TLS Error: x',
    ],
    ['a hostile name', { ...ALICE, commonName: 'a\nb\x1b[2J' }, 'a_b_[2J/10.99.0.2:36427 TLS Error: x'],
  ])('prefixes %s', (_who, peer, text) => {
    expect(recordOf(note(TLS_LINE, { text: 'x' }, peer), NOW).text).toBe(text);
  });

  it('leaves the prefix out where the flag forbids it', () => {
    const bare: Row = { ...TLS_LINE, word: TLS_LINE.word | FLAG.noPrefix };
    expect(recordOf(note(bare, { text: 'x' }, ALICE), NOW).text).toBe('TLS Error: x');
  });

  it('keeps one line one line', () => {
    expect(recordOf(note(TLS_LINE, { text: 'a\r\nb\x1b' }), NOW).text).toBe('TLS Error: a__b_');
  });

  it('carries id, event, peer and values', () => {
    const record = recordOf(note(OURS.reloadFailed, { reason: 'why' }, ALICE), NOW);
    expect(record).toMatchObject({ id: 'ours.reload-failed', event: 'reload-failed', peer: ALICE, fields: { reason: 'why' }, now: NOW });
  });
});

describe('Logger', () => {
  it('compares the level with the verbosity of the moment', () => {
    const { logger, written } = loggerWith({ verb: 3 });
    logger.log(note(DETAIL_LINE, { text: '1' }), NOW);
    logger.setVerb(4);
    logger.log(note(DETAIL_LINE, { text: '2' }), NOW);
    expect(written.map((record) => record.text)).toEqual(['detail 2']);
  });

  it('mutes, and says so at both ends', () => {
    const { logger, written } = loggerWith({ mute: 1 });
    for (const text of ['1', '2', '3']) logger.log(note(TLS_LINE, { text }), NOW);
    logger.finish(NOW);
    expect(written.map((record) => record.text)).toEqual([
      'TLS Error: 1',
      'NOTE: --mute triggered...',
      '2 variation(s) on previous 1 message(s) suppressed by --mute',
    ]);
    expect(written[1]?.word).toBe(0x801);
  });

  it('writes the count of a run that a new limit ends', () => {
    const { logger, written } = loggerWith({ mute: 1 });
    for (const text of ['1', '2']) logger.log(note(TLS_LINE, { text }), NOW);
    logger.setMute(0, NOW);
    expect(logger.mute).toBe(0);
    expect(written.at(-1)?.text).toBe('1 variation(s) on previous 1 message(s) suppressed by --mute');
  });

  it('keeps the newest records', () => {
    const { logger } = loggerWith({ history: 2 });
    for (const text of ['1', '2', '3']) logger.log(note(TLS_LINE, { text }), NOW);
    expect(logger.recent().map((record) => record.text)).toEqual(['TLS Error: 2', 'TLS Error: 3']);
    expect(logger.recent(1).map((record) => record.text)).toEqual(['TLS Error: 3']);
  });

  it('tells listeners before the sink, until they leave', () => {
    const order: string[] = [];
    const logger = new Logger({ verb: 3, mute: 0, history: 1, sink: (record) => order.push(`sink ${record.text}`) });
    const leave = logger.subscribe((record) => order.push(`heard ${record.text}`));
    logger.log(note(TLS_LINE, { text: '1' }), NOW);
    leave();
    logger.log(note(TLS_LINE, { text: '2' }), NOW);
    expect(order).toEqual(['heard TLS Error: 1', 'sink TLS Error: 1', 'sink TLS Error: 2']);
  });

  it('puts what a listener logs after the line it heard, and cuts an echo off', () => {
    const { logger, written } = loggerWith({ history: 100 });
    let echoes = 0;
    logger.subscribe((record) => logger.log(note(MANAGEMENT.command, { line: `${++echoes} ${record.id}` }), NOW));
    logger.log(note(TLS_LINE, { text: 'first' }), NOW);
    logger.log(note(TLS_LINE, { text: 'second' }), NOW);
    expect(written.map((record) => record.id)).toEqual([
      'test.tls',
      ...Array.from({ length: 4 }, () => 'management.command'),
      'test.tls',
      ...Array.from({ length: 4 }, () => 'management.command'),
    ]);
  });
});
