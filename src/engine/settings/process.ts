import { tokenize } from '../../base/tokenize.ts';
import { OPTIONS } from '../../messages/options.ts';
import { START } from '../../messages/start.ts';
import type { Directive } from '../../options/parse.ts';
import type { LogSettings, ScriptCommand, ScriptName, ScriptSettings } from '../daemon-settings.ts';
import type { Collected } from './collected.ts';

const SCRIPTS: readonly ScriptName[] = [
  'up',
  'down',
  'route-up',
  'route-pre-down',
  'ipchange',
  'client-connect',
  'client-disconnect',
  'learn-address',
  'auth-user-pass-verify',
  'tls-verify',
];

/** Before messages in the system's log, unless the configuration has another. */
export const DEFAULT_SYSLOG_NAME = 'openvpn';

/** What is run, checked to be there. */
export function scriptSettings(collected: Collected): ScriptSettings {
  const commands = new Map<ScriptName, ScriptCommand>();
  for (const name of SCRIPTS) {
    const directives = collected.all(name);
    for (let i = 1; i < directives.length; i++) collected.warn(OPTIONS.scriptReplaced, { option: name });
    const command = commandOf(collected, directives.at(-1));
    if (command !== undefined) commands.set(name, command);
  }
  const security = collected.number('script-security') ?? 1;
  if (commands.size > 0) collected.warn(security >= 2 ? START.scriptSecurity : OPTIONS.scriptSecurityNeeded, {});
  return {
    commands,
    security,
    environment: environmentOf(collected),
    downFirst: collected.has('down-pre'),
    upAtRestart: collected.has('up-restart'),
  };
}

/** A command line is split as lines of the configuration are. */
function commandOf(collected: Collected, directive: Directive | undefined): ScriptCommand | undefined {
  if (directive === undefined) return undefined;
  const words = tokenize(directive.values[0] ?? '', `${directive.source.file}:${directive.source.line}`);
  if (!words.ok) {
    collected.error(`--${directive.name}: ${words.error.replace(/^Options (error|warning): /, '')}`, directive);
    return undefined;
  }
  const [program = '', ...args] = words.value;
  collected.checkPath(`--${directive.name} script`, program, 'execute');
  return [program, ...args];
}

function environmentOf(collected: Collected): [string, string][] {
  return collected.directives
    .filter(({ name, values }) => name === 'setenv-safe' || (name === 'setenv' && values[0] !== 'FORWARD_COMPATIBLE'))
    .map(({ name, values }) => [name === 'setenv-safe' ? `OPENVPN_${values[0]}` : (values[0] ?? ''), values[1] ?? '']);
}

/** Levels outside 0 to 15 count as the nearest (facts: logging 2). Of `log` and `log-append` the first counts (facts: logging 6). */
export function logSettings(collected: Collected): LogSettings {
  const file = collected.directives.find(({ name }) => name === 'log' || name === 'log-append');
  return {
    file: file && { path: file.values[0] ?? '', append: file.name === 'log-append' },
    verb: Math.min(Math.max(collected.number('verb') ?? 1, 0), 15),
    mute: Math.max(collected.number('mute') ?? 0, 0),
    syslog: syslogOf(collected),
    shape: LOG_SHAPES.find((shape) => shape === collected.value('log-format')) ?? 'text',
    plaintext: collected.has('log-plaintext'),
    stamps: collected.has('machine-readable-output') ? 'machine' : collected.has('suppress-timestamps') ? 'none' : 'date',
    errorsToStderr: collected.has('errors-to-stderr'),
  };
}

const LOG_SHAPES = ['text', 'json', 'logfmt'] as const;

/** The first of `syslog` and `daemon` names it, as in stock. */
function syslogOf(collected: Collected): LogSettings['syslog'] {
  const directive = collected.directives.find(({ name }) => name === 'syslog' || name === 'daemon');
  return directive && { name: directive.values[0] ?? DEFAULT_SYSLOG_NAME };
}

/** Checks that what is only written or listed later can be. */
export function checkPaths(collected: Collected): void {
  collected.checkPath('--client-config-dir', collected.value('client-config-dir'), 'directory');
  collected.checkPath('Temporary directory (--tmp-dir)', collected.value('tmp-dir'), 'directory');
  collected.checkPath('--status', collected.value('status'), 'write');
  collected.checkPath('--writepid', collected.value('writepid'), 'write');
  const persist = collected.last('ifconfig-pool-persist');
  if (persist !== undefined && persist.values[1] !== '0') collected.checkPath('--ifconfig-pool-persist', persist.values[0], 'write');
}

/** A user or group without what a restart could then no longer do. */
export function warnNotPersistent(collected: Collected): void {
  if (!collected.has('user') && !collected.has('group')) return;
  for (const option of ['persist-tun', 'persist-key']) if (!collected.has(option)) collected.warn(START.notPersistent, { option });
}
