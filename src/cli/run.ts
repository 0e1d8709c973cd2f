import { modeOfArguments } from '../daemon/client/mode.ts';
import type { AppOptions } from '../daemon/foundation.ts';
import { backgroundReport, startInBackground } from '../host/background.ts';
import { SystemClock } from '../host/clock.ts';
import { keepNewSpaceSmall } from '../host/heap.ts';
import { systemRandom } from '../host/random.ts';
import { processSignals } from '../host/signals.ts';
import { packageVersion } from './version.ts';

/** `tunnelscope run --config FILE ...`: the server or client daemon, with OpenVPN's own options. Gives its exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  keepNewSpaceSmall();
  const ready = backgroundReport();
  const common = { argv, clock: new SystemClock(), random: systemRandom, pid: process.pid, version: packageVersion() };
  const options = ready === undefined ? { ...common, ...background(argv) } : { ...common, inBackground: true };
  const app = await appFor(options);
  processSignals.deliverTo((name) => app.signal(name));
  // A mistake of ours ends the daemon, but in order: peers are told, the log is written, files and routes go.
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(kind, (error: unknown) => void app.fail(error instanceof Error ? new Error(whereThrown(error)) : error));
  }
  await app.start();
  if (app.running) ready?.();
  return app.done;
}

/** Neither daemon loads what only the other needs: that is a good part of the time until it is up. */
async function appFor(options: AppOptions) {
  if (modeOfArguments(options.argv) === 'client') {
    const { ClientApp } = await import('../daemon/client/app.ts');
    return new ClientApp(options);
  }
  const { DaemonApp } = await import('../daemon/app.ts');
  return new DaemonApp(options);
}

/** `TypeError: x is not a function at run (file:///...)`: enough for a report, on one line. */
function whereThrown(error: Error): string {
  const [what = '', where = ''] = (error.stack ?? error.message).split('\n    ');
  return `${what} ${where}`.trim();
}

/** A service manager that waits for `ready` follows this very process, so it stays. */
function background(argv: readonly string[]): Pick<AppOptions, 'background'> {
  if (process.env['NOTIFY_SOCKET'] !== undefined) return {};
  const [program = '', main = ''] = process.argv;
  const command = [program, ...process.execArgv, main, 'run', ...argv];
  return { background: (directory, answers) => startInBackground({ argv: command, directory, answers }) };
}
