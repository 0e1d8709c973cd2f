import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { processSignals, type SignalName } from '../host/signals.ts';
import { type Output, screenOn } from './quickstart/screen.ts';
import { Showcase } from './quickstart/showcase.ts';
import { hintLines, plainLine, tableLines } from './quickstart/view.ts';

const CLIENTS = ['client1', 'client2', 'client3'];
const INTERVAL_MS = 1000;
const LONGEST_SHOW = 86_400;

/** `tunnelscope quickstart`: see its usage. Gives 0 when it was ended by Ctrl-C or by itself. */
export async function quickstart(argv: readonly string[], output: Output = process.stdout): Promise<number> {
  const limit = secondsFrom(argv);
  const screen = screenOn(output);
  // From here on Ctrl-C means: end when there is something to end.
  const ended = firstEnd(limit);
  screen.print(['Making certificates and starting a server with three clients ...']);
  const show = await Showcase.open(CLIENTS);
  screen.print(['', ...hintLines(show.hints), '']);
  const tick = setInterval(() => {
    const moment = show.moment();
    screen.show(tableLines(moment), plainLine(moment));
    show.ping();
  }, INTERVAL_MS);
  const reason = await Promise.race([ended, show.app.done]);
  clearInterval(tick);
  const { own } = show.moment();
  const status = await show.close(typeof reason === 'string' ? reason : 'SIGTERM');
  const pings = own.reduce((sum, { pingsSent }) => sum + pingsSent, 0);
  const answered = own.reduce((sum, { pingsAnswered }) => sum + pingsAnswered, 0);
  screen.print(['', `Ended: ${answered} of ${pings} pings were answered. ${show.folder} is removed.`]);
  return status;
}

/** Settles with the signal that ends the show; a time limit counts as one, and so does an output that nobody reads. */
function firstEnd(limit: number | undefined): Promise<SignalName> {
  return new Promise((resolve) => {
    processSignals.deliverTo((name) => {
      if (name !== 'SIGUSR1' && name !== 'SIGUSR2') resolve(name === 'SIGHUP' ? 'SIGTERM' : name);
    });
    process.stdout.on('error', () => resolve('SIGTERM'));
    if (limit !== undefined) setTimeout(() => resolve('SIGTERM'), limit * 1000);
  });
}

function secondsFrom(argv: readonly string[]): number | undefined {
  const word = parse(argv);
  if (word === undefined) return undefined;
  const limit = /^\d{1,6}$/.test(word) ? Number(word) : 0;
  if (limit >= 1 && limit <= LONGEST_SHOW) return limit;
  throw new TunnelscopeError('CLI', `--for ${JSON.stringify(word.slice(0, 80))} is not usable: give seconds from 1 to ${LONGEST_SHOW}`);
}

function parse(argv: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...argv], options: { for: { type: 'string' } }, strict: true }).values.for;
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}
