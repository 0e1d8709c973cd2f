import { row } from './row.ts';

/** Scripts of the operator (facts: logging 13). */
export const SCRIPT = {
  failed: row(
    'script.failed',
    'M_WARN',
    'WARNING: Failed running command ({hook:text}): external program exited with error status: {status:int}',
    { event: 'script-failed' },
  ),
  notStarted: row('script.not-started', 'M_WARN', 'WARNING: Failed running command ({hook:text}): could not execute external program', {
    event: 'script-failed',
    also: ['WARNING: Failed running command ({hook:text}): {reason:rest}'],
  }),
  /** Of `up`, without which there is nothing to go on with. */
  failedForGood: row(
    'script.failed-for-good',
    'M_FATAL',
    'WARNING: Failed running command ({hook:text}): external program exited with error status: {status:int}',
    { event: 'daemon-fatal' },
  ),
  notStartedForGood: row(
    'script.not-started-for-good',
    'M_FATAL',
    'WARNING: Failed running command ({hook:text}): could not execute external program',
    { event: 'daemon-fatal', also: ['WARNING: Failed running command ({hook:text}): {reason:rest}'] },
  ),
  forbidden: row(
    'script.forbidden',
    'M_WARN',
    "WARNING: External program may not be called unless '--script-security 2' or higher is enabled. See --help text or man page for detailed info.",
    { event: 'script-failed' },
  ),
  problem: row('script.problem', 'M_WARN', 'Script {hook:word} did not work: {reason:rest}', { event: 'script-failed' }),
  passwordsForbidden: row(
    'script.passwords-forbidden',
    'M_WARN',
    "WARNING: passwords are handed to scripts by environment only with '--script-security 3'; use 'via-file' or raise it",
    { event: 'script-failed' },
  ),
  output: row('script.output', 'M_INFO', 'Script {hook:word} says: {line:rest}'),
} as const;
