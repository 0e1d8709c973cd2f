import type { DaemonRequest } from '../model/daemon-port.ts';
import { ask, askNumber, type Call, error, type Outcome, reply, type StatusRenderer, success } from './command.ts';
import { parseKillTarget } from './kill-target.ts';
import { atoi, unsignedNumber, wholeNumber } from './numbers.ts';

/** Commands that ask the daemon. */

const MAX_VERB = 15;

const SIGNALS: ReadonlySet<string> = new Set(['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']);

/** `status [V]`: without a version, or with one that is no number, the configured one (facts: status 7). */
export function runStatus({ words, info, renderStatus }: Call): Outcome {
  const wanted = atoi(words[0] ?? '');
  if (words[0] === 'json') return askJson(renderStatus);
  const attached = info.attached !== undefined;
  if (attached && wanted === 0) return askStatus(renderStatus, info.statusVersion, 'own');
  const version = wanted === 0 || (info.mode === 'client' && !attached) ? info.statusVersion : wanted;
  if (version !== 1 && version !== 2 && version !== 3) return reply(error('bad status format version number'));
  return askStatus(renderStatus, version, attached ? version : undefined);
}

function askStatus(renderStatus: StatusRenderer, version: 1 | 2 | 3, format?: 1 | 2 | 3 | 'own'): Outcome {
  return ask(
    { kind: 'status', rows: true, ...(format === undefined ? {} : { format }) },
    {
      refused: notSupported('status'),
      detail: (answer) =>
        answer.kind === 'status' || answer.kind === 'status-rows' ? renderStatus.lines(answer.report, version) : undefined,
    },
  );
}

/** It has more than rows have. */
function askJson(renderStatus: StatusRenderer): Outcome {
  return ask(
    { kind: 'status' },
    {
      refused: notSupported('status'),
      detail: (answer) => (answer.kind === 'status' ? renderStatus.json(answer.report) : undefined),
    },
  );
}

/** `verb [N]`. */
export function runVerb({ words: [word] }: Call): Outcome {
  if (word === undefined) return askNumber({ kind: 'verb' }, 'verb');
  const set = wholeNumber(word);
  if (set === undefined || set < 0 || set > MAX_VERB) return reply(error('verb level is out of range'));
  return ask({ kind: 'verb', set }, { done: 'verb level changed', refused: notSupported('verb') });
}

/** `mute [N]`. */
export function runMute({ words: [word] }: Call): Outcome {
  if (word === undefined) return askNumber({ kind: 'mute' }, 'mute');
  const set = wholeNumber(word);
  if (set === undefined || set < 0) return reply(error('mute level is out of range'));
  return ask({ kind: 'mute', set }, { done: 'mute level changed', refused: notSupported('mute') });
}

/** `load-stats`. */
export function runLoadStats(): Outcome {
  return ask(
    { kind: 'load-stats' },
    {
      refused: notSupported('load-stats'),
      detail: (answer) =>
        answer.kind === 'load' ? [success(`nclients=${answer.clients},bytesin=${answer.received},bytesout=${answer.sent}`)] : undefined,
    },
  );
}

/** `nclients`. */
export function runNclients(): Outcome {
  return ask(
    { kind: 'load-stats' },
    {
      refused: notSupported('nclients'),
      detail: (answer) => (answer.kind === 'load' ? [success(`nclients=${answer.clients}`)] : undefined),
    },
  );
}

/** `kill CN` or an address (facts: management 17). */
export function runKill({ words }: Call): Outcome {
  const [text = ''] = words;
  const target = parseKillTarget(text);
  switch (target.kind) {
    case 'wrong':
      return reply(error(target.text));
    case 'address': {
      const { ip, port, transport } = target;
      const refused = `client at address ${text} not found`;
      const request = { kind: 'kill-address', ip, port, ...(transport === undefined ? {} : { transport }) } as const;
      return askKill(request, refused, (count) => `${count} client(s) at address ${text} killed`);
    }
    case 'name': {
      const { commonName } = target;
      const found = (count: number): string => `common name '${commonName}' found, ${count} client(s) killed`;
      return askKill({ kind: 'kill-name', commonName }, target.otherwise, found);
    }
  }
}

function askKill(
  request: Extract<DaemonRequest, { kind: 'kill-name' | 'kill-address' }>,
  refused: string,
  killed: (count: number) => string,
): Outcome {
  return ask(request, {
    refused,
    detail: (answer) => (answer.kind === 'killed' && answer.count > 0 ? [success(killed(answer.count))] : undefined),
  });
}

/** `client-kill CID [MESSAGE]`. */
export function runClientKill({ words }: Call): Outcome {
  const clientId = unsignedNumber(words[0] ?? '');
  if (clientId === undefined) return reply(error('cannot parse CID'));
  return ask({ kind: 'client-kill', clientId, message: words[1] ?? 'RESTART' }, outcomeOf('client-kill'));
}

/** `signal NAME`. */
export function runSignal({ words: [name = ''] }: Call): Outcome {
  if (!SIGNALS.has(name)) return reply(error(`signal '${name}' is not a known signal type`));
  return ask({ kind: 'signal', name }, { done: `signal ${name} thrown`, refused: `signal '${name}' is currently ignored` });
}

/** `hold [on|off|release]`. */
export function runHold({ words: [action] }: Call): Outcome {
  switch (action) {
    case undefined:
      return askNumber({ kind: 'hold', action: 'show' }, 'hold');
    case 'on':
    case 'off':
      return ask({ kind: 'hold', action }, { done: `hold flag set to ${action.toUpperCase()}`, refused: notSupported('hold') });
    case 'release':
      return ask({ kind: 'hold', action }, { done: 'hold release succeeded', refused: notSupported('hold') });
    default:
      return reply(error('bad hold command parameter'));
  }
}

/** `auth-retry [METHOD]`. */
export function runAuthRetry({ words: [method] }: Call): Outcome {
  switch (method) {
    case undefined:
      return ask({ kind: 'auth-retry' }, { done: 'auth-retry=none', refused: notSupported('auth-retry') });
    case 'none':
    case 'interact':
    case 'nointeract':
      return ask({ kind: 'auth-retry', set: method }, { done: 'auth-retry parameter changed', refused: notSupported('auth-retry') });
    default:
      return reply("--auth-retry method must be 'interact', 'nointeract', or 'none'", error('bad auth-retry parameter'));
  }
}

/** The words of the commands that only say whether they worked. */
export function outcomeOf(name: string): { done: string; refused: string } {
  return { done: `${name} command succeeded`, refused: `${name} command failed` };
}

/** The words for a command that this daemon does not have. */
export function notSupported(name: string): string {
  return `The '${name}' command is not supported by the current daemon mode`;
}
