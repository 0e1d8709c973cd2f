import { PlayedDaemon } from './fleet-daemon.ts';
import type { FleetSetup } from './fleet-setup.ts';

/** Plays a fleet until it is stopped: `node fleet-main.js SETUP`; prints `ready` when all listen. */

const { sockets, clients, churnMs } = JSON.parse(process.argv[2] ?? '{}') as FleetSetup;
let waiting = sockets.length;
const daemons = sockets.map(
  (path, number) =>
    new PlayedDaemon(number, path, clients, () => {
      if (--waiting === 0) process.stdout.write('ready\n');
    }),
);
// Spread over the time, as real clients are.
let turn = 0;
setInterval(() => daemons[turn++ % daemons.length]?.churn(), churnMs / daemons.length);
