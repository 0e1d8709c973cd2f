import { SystemClock } from '../../src/host/clock.ts';
import { AttachedDaemon } from '../../src/monitor/attached/attached.ts';
import { Gateway } from '../../src/monitor/attached/gateway.ts';
import { Logging } from '../../src/service/logging.ts';

/** A gateway and nothing else: given the daemon's socket and its own, it prints `ready` and serves until it is stopped. */

const [upstream = '', own = ''] = process.argv.slice(2);
const clock = new SystemClock();
const nowhere = { write: () => undefined, close: () => Promise.resolve() };
const daemon = new AttachedDaemon({ where: { kind: 'unix', path: upstream }, clock });
const logging = new Logging(clock, nowhere, nowhere);
logging.setVerb(3);
const gateway = new Gateway(daemon, { places: [{ where: { kind: 'unix', path: own }, password: undefined }] }, logging, clock);
await daemon.open();
await gateway.open();
process.stdout.write('ready\n');
