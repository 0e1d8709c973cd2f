import { type Call, error, type Outcome, reply, success } from './command.ts';
import { type HistoryName, historyLines } from './history.ts';
import { INTERFACE_VERSION } from './notifications.ts';
import { atoi } from './numbers.ts';

/** Commands that the management server answers by itself: they concern this connection alone. */

/** `log`, `state` and `echo`: up to two parameters, each a command of its own (facts: management 11). */
export function runHistory(name: HistoryName): (call: Call) => Outcome {
  return (call) => ({ kind: 'reply', lines: call.words.flatMap((word) => historyCommand(name, word, call)) });
}

/** `state` alone is `state 1`. */
export function runState(call: Call): Outcome {
  return runHistory('state')(call.words.length === 0 ? { ...call, words: ['1'] } : call);
}

function historyCommand(name: HistoryName, word: string, call: Call): string[] {
  if (word === 'on' || word === 'off') {
    call.settings[name] = word === 'on';
    return [success(`real-time ${name} notification set to ${word.toUpperCase()}`)];
  }
  const count = word === 'all' ? undefined : atoi(word);
  if (count !== undefined && count <= 0) return [error(`${name} parameter must be 'on' or 'off' or some number n or 'all'`)];
  return [...historyLines(call.histories, name, count), 'END'];
}

/** `bytecount N`: the server arms the timer. */
export function runBytecount({ words, settings }: Call): Outcome {
  settings.byteInterval = Math.max(0, atoi(words[0] ?? ''));
  return reply(success('bytecount interval changed'));
}

/** `env-filter [LEVEL]`: without a level it sets 0, as in stock. */
export function runEnvFilter({ words, settings }: Call): Outcome {
  settings.envFilter = atoi(words[0] ?? '');
  return reply(success(`env_filter_level=${settings.envFilter}`));
}

/** Where a daemon confirms, it does from this number on (facts: management 7). */
const FIRST_CONFIRMED_VERSION = 4;

/** `version` shows ours, `version N` takes note of the client's and says nothing, as 2.6 does. */
export function runVersion({ words, settings, info }: Call): Outcome {
  const interfaceVersion = info.attached?.version ?? INTERFACE_VERSION;
  if (words[0] === undefined) return reply(`OpenVPN Version: ${info.title}`, `Management Version: ${interfaceVersion}`, 'END');
  settings.clientVersion = atoi(words[0]);
  const confirmed = info.attached?.confirmsVersion === true && settings.clientVersion >= FIRST_CONFIRMED_VERSION;
  return confirmed ? reply(success(`Management client version set to ${settings.clientVersion}`)) : reply();
}

/** `test N`: made as they are sent, so that no number is too large. */
export function runTest({ words }: Call): Outcome {
  return { kind: 'reply', lines: testLines(atoi(words[0] ?? '')) };
}

function* testLines(count: number): Generator<string, void> {
  for (let i = 0; i < count; i++) yield `[${i}] The purpose of this command is to generate large amounts of output.`;
}
