import { DaemonApp } from '../daemon/app.ts';
import { SystemClock } from '../host/clock.ts';
import { systemRandom } from '../host/random.ts';
import { processSignals } from '../host/signals.ts';
import { packageVersion } from './version.ts';

/** `tunnelscope run --config FILE ...`: the server daemon, with OpenVPN's own options. Gives its exit status. */
export async function run(argv: readonly string[]): Promise<number> {
  const app = new DaemonApp({ argv, clock: new SystemClock(), random: systemRandom, pid: process.pid, version: packageVersion() });
  processSignals.deliverTo((name) => app.signal(name));
  await app.start();
  return app.done;
}
