import { Ring } from '../base/ring.ts';
import { unixSeconds, type WallTime } from '../base/units.ts';
import { flagLetters } from '../messages/kinds.ts';
import type { DaemonState, LogLine } from '../model/daemon-port.ts';

/** What `log`, `state` and `echo` show of the past (facts: management 11). */
export interface Histories {
  readonly log: Ring<LogLine>;
  readonly state: Ring<DaemonState>;
  readonly echo: Ring<EchoLine>;
}

/** The histories' names, which are also commands and subscriptions. */
export type HistoryName = keyof Histories;

/** What an `echo` option said. */
export interface EchoLine {
  readonly time: WallTime;
  readonly text: string;
}

/** How many log lines are kept unless `management-log-cache` says otherwise. */
export const DEFAULT_LOG_HISTORY = 250;

const STATE_HISTORY = 100;
const ECHO_HISTORY = 100;

/** Empty histories. */
export function newHistories(logLines: number = DEFAULT_LOG_HISTORY, states: number = STATE_HISTORY): Histories {
  return { log: new Ring(logLines), state: new Ring(states), echo: new Ring(ECHO_HISTORY) };
}

/** The newest `count` entries of a history as lines, oldest first. */
export function historyLines(histories: Histories, name: HistoryName, count?: number): string[] {
  switch (name) {
    case 'log':
      return histories.log.last(count).map(logText);
    case 'state':
      return histories.state.last(count).map(stateText);
    case 'echo':
      return histories.echo.last(count).map(echoText);
  }
}

/** `TIME,FLAGS,text`. */
export function logText(line: LogLine): string {
  return `${unixSeconds(line.time)},${flagLetters(line.word)},${line.text}`;
}

/** `TIME,text`. */
export function echoText(line: EchoLine): string {
  return `${unixSeconds(line.time)},${line.text}`;
}

/** `TIME,NAME,DETAIL,TUNIP4,REMOTE,RPORT,LOCAL,LPORT`, and `,TUNIP6` only when there is one (facts: management 10). */
export function stateText(state: DaemonState): string {
  const { remote, local } = state;
  const fields = [
    unixSeconds(state.time),
    state.name,
    state.detail ?? '',
    state.tun4 ?? '',
    remote?.ip ?? '',
    remote?.port ?? '',
    local?.ip ?? '',
    local?.port ?? '',
  ];
  if (state.tun6 !== undefined) fields.push(state.tun6);
  return fields.join(',');
}
