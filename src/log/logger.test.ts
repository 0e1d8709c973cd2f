import { describe, expect, it } from 'vitest';
import type { Instant, Now, WallTime } from '../base/units.ts';
import { MANAGEMENT } from '../messages/management.ts';
import type { Note } from '../messages/notes.ts';
import { row, type Row } from '../messages/row.ts';
import { Logger } from './logger.ts';
import type { LogRecord } from './record.ts';

const NOW: Now = { at: 5 as Instant, wall: 1_795_352_443_000 as WallTime };
const TLS_LINE = row('test.tls', 'D_TLS_ERRORS', 'TLS Error: {text:rest}');
const DETAIL_LINE = row('test.detail', 'D_LOW', 'detail {text:rest}');

function note(message: Row, args: Record<string, string | number>): Note {
  return { kind: 'note', row: message, args, peer: undefined };
}

function loggerWith(options: { verb?: number; mute?: number; history?: number }): { logger: Logger; written: LogRecord[] } {
  const written: LogRecord[] = [];
  const logger = new Logger({ verb: 3, mute: 0, history: 10, sink: (record) => written.push(record), ...options });
  return { logger, written };
}

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
