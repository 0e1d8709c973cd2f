import { seconds } from '../base/units.ts';
import type { ScriptName, ScriptSettings } from '../engine/daemon-settings.ts';
import type { CommandResult, Runner } from '../host/scripts.ts';
import { DEBUG } from '../messages/debug.ts';
import type { Notes } from '../messages/notes.ts';
import { SCRIPT } from '../messages/script.ts';
import type { EnvList } from '../model/env-list.ts';

/** From this `script-security` on scripts may run at all. */
const MAY_RUN = 2;

/** A script that takes longer is ended: it must not hold up a login for ever. */
const SCRIPT_TIMEOUT = seconds(60);

/** Programs are found here unless the configuration sets another PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The status by which a script says that it will decide later. */
const DEFERRED = 2;

/** How stock's log names those that do not go by their option alone. */
const HOOK_NAMES: Partial<Record<ScriptName, string>> = { up: '--up/--down', down: '--up/--down' };

/** What scripts need of the world. */
export interface ScriptWorld {
  readonly runner: Runner;
  readonly notes: Notes;
}

/** Runs the script of a directive, if there is one; false when it failed, which is said. Never rejects. */
export async function runScript(
  settings: ScriptSettings,
  { runner, notes }: ScriptWorld,
  name: ScriptName,
  args: readonly string[],
  env: EnvList,
): Promise<boolean> {
  const command = settings.commands.get(name);
  if (command === undefined) return true;
  if (settings.security < MAY_RUN) {
    notes.add(SCRIPT.forbidden, {});
    return false;
  }
  const argv = [...command, ...args];
  const variables = { PATH: DEFAULT_PATH, ...Object.fromEntries(settings.environment), ...env.clone().set('script_type', name).toObject() };
  // Names alone: one of the values may be a password.
  notes.add(DEBUG.scriptRuns, { hook: name, command: argv.join(' '), names: Object.keys(variables).join(' ') });
  const result = await runner.run({
    argv,
    env: variables,
    timeout: SCRIPT_TIMEOUT,
    onLine: (line) => notes.add(SCRIPT.output, { hook: name, line }),
  });
  if (result.kind === 'exited' && result.status === 0) return true;
  const hook = HOOK_NAMES[name] ?? `--${name}`;
  const fatal = name === 'up';
  if (result.kind === 'exited') notes.add(fatal ? SCRIPT.failedForGood : SCRIPT.failed, { hook, status: result.status });
  if (result.kind === 'not-started') notes.add(fatal ? SCRIPT.notStartedForGood : SCRIPT.notStarted, { hook });
  const reason = whatHappened(result);
  if (reason !== undefined) notes.add(SCRIPT.problem, { hook: name, reason });
  return false;
}

/** What the status alone does not say. */
function whatHappened(result: CommandResult): string | undefined {
  switch (result.kind) {
    case 'exited':
      return result.status === DEFERRED ? 'deferred decisions (status 2) are not supported: decide within the script' : undefined;
    case 'signalled':
      return `ended by ${result.signal}`;
    case 'timed-out':
      return 'it took too long and was ended';
    case 'not-started':
      return `it could not be started: ${result.reason}`;
  }
}
