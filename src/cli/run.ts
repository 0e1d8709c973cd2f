import { DaemonApp } from '../daemon/app.ts';
import { backgroundReport, startInBackground } from '../host/background.ts';
import { SystemClock } from '../host/clock.ts';
import { keepNewSpaceSmall } from '../host/heap.ts';
import { systemRandom } from '../host/random.ts';
import { processSignals } from '../host/signals.ts';
import { packageVersion } from './version.ts';

/** `tunnelscope run --config FILE ...`: the server daemon, with OpenVPN's own options. Gives its exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  keepNewSpaceSmall();
  const ready = backgroundReport();
  const common = { argv, clock: new SystemClock(), random: systemRandom, pid: process.pid, version: packageVersion() };
  const app = new DaemonApp(ready === undefined ? { ...common, ...background(argv) } : { ...common, inBackground: true });
  processSignals.deliverTo((name) => app.signal(name));
  await app.start();
  if (app.localAddress !== undefined) ready?.();
  return app.done;
}

/** A service manager that waits for `ready` follows this very process, so it stays. */
function background(argv: readonly string[]): { background?: (directory: string) => Promise<number> } {
  if (process.env['NOTIFY_SOCKET'] !== undefined) return {};
  const [program = '', main = ''] = process.argv;
  return { background: (directory) => startInBackground({ argv: [program, ...process.execArgv, main, 'run', ...argv], directory }) };
}
