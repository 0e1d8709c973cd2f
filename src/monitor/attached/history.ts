import type { WallTime } from '../../base/units.ts';
import { parseStateText } from '../../management/understood.ts';
import type { DaemonEvent, DaemonState, LogLine } from '../../model/daemon-port.ts';
import { logLine, shownCommand, stateOf } from './events.ts';

/** What a daemon kept of the time when nobody was connected. */

/** Commands by which an attachment begins and polls: their own lines are not history. */
const OWN = /^(?:version(?: \d+)?|env-filter 0|pid|(?:log|state|echo) on all|bytecount \d+|status 3|load-stats)$/;

/** The last line of a log that was passed on. */
export interface LastLine {
  readonly time: WallTime;
  readonly text: string;
}

/** The lines of a log's history that come after `last`; all of them when it is not among them. */
export function missedLines(lines: readonly string[], last: LastLine | undefined): LogLine[] {
  const all: LogLine[] = [];
  for (const line of lines) {
    const [, time, flags = '', text = ''] = /^(\d{1,12}),([A-Z]*),(.*)$/s.exec(line) ?? [];
    const command = shownCommand(text);
    if (time !== undefined && (command === undefined || !OWN.test(command))) all.push(logLine(Number(time), flags, text));
  }
  if (last === undefined) return all;
  return all.slice(all.findLastIndex(({ time, text }) => time === last.time && text === last.text) + 1);
}

/** The same of states. */
export function missedStates(lines: readonly string[], last: DaemonState | undefined): DaemonState[] {
  const all = lines.flatMap((line) => {
    const notice = parseStateText(line);
    const state = notice && stateOf(notice);
    return state === undefined ? [] : [state];
  });
  if (last === undefined) return all;
  return all.slice(all.findLastIndex(({ time, name, detail }) => time === last.time && name === last.name && detail === last.detail) + 1);
}

/** Echo lines; those of the time up to the last are known. */
export function missedEchoes(lines: readonly string[], last: WallTime | undefined): Extract<DaemonEvent, { kind: 'echo' }>[] {
  return lines.flatMap((line) => {
    const [, seconds, text = ''] = /^(\d{1,12}),(.*)$/s.exec(line) ?? [];
    const time = (Number(seconds) * 1000) as WallTime;
    return seconds === undefined || (last !== undefined && time <= last) ? [] : [{ kind: 'echo', time, text }];
  });
}
