import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { after, type Duration, milliseconds, seconds } from '../base/units.ts';
import { type Clock, SystemClock } from '../host/clock.ts';
import { processSignals } from '../host/signals.ts';
import { Look } from '../monitor/sources/look.ts';
import { healthOf } from '../telemetry/index.ts';
import { type Output, screenOn } from './quickstart/screen.ts';
import { type NamedSource, numberFrom, SOURCE_OPTIONS, sourcesFrom } from './sources.ts';
import { type Before, type Choice, countsOf, csvOf, type DaemonRow, jsonOf, rowOf, SORTS, tableOf } from './status-view.ts';

/** Where the command writes, and what ends its watching. */
export interface StatusTerminal {
  readonly output: Output;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const LONGEST = 3600;
/** A file is shown however old it is; its age is told. */
const NEVER_STALE = seconds(10 * 365 * 86_400);

/** `tunnelscope status`: see its usage. Gives 0 when every daemon was reached, else 1. */
export async function status(argv: readonly string[], terminal: StatusTerminal = ownTerminal()): Promise<number> {
  const { values, positionals } = parse(argv);
  const { json, csv, watch } = values;
  if ([json, csv, watch].filter(Boolean).length > 1) throw new TunnelscopeError('CLI', 'give one of --watch, --json and --csv');
  const every = seconds(numberFrom('interval', values.interval, 0.2, LONGEST));
  const sources = askedOften(sourcesFrom(positionals, values, NEVER_STALE), watch ? every : undefined);
  const look = new Look(
    sources.map(({ config }) => config),
    terminal.clock,
    seconds(numberFrom('timeout', values.timeout, 0.1, LONGEST)),
  );
  terminal.signal.addEventListener('abort', () => void look.close());
  await look.start();
  await look.done;
  const viewer = new Viewer(look, sources, { sort: sortFrom(values.sort), filter: values.filter });
  if (watch) await watchOn(terminal, viewer, every);
  else {
    const rows = viewer.rows();
    const lines = json ? [jsonOf(rows, look.now())] : csv ? csvOf(rows) : tableOf(rows, false);
    terminal.output.write(`${lines.join('\n')}\n`);
  }
  const reached = viewer.reachedAll;
  await look.close();
  return reached ? 0 : 1;
}

/** What there is to see, and what was there the last time. */
class Viewer {
  readonly #look: Look;
  readonly #sources: readonly NamedSource[];
  readonly #choice: Choice;
  #before: Before = new Map();

  constructor(look: Look, sources: readonly NamedSource[], choice: Choice) {
    this.#look = look;
    this.#sources = sources;
    this.#choice = choice;
  }

  /** True when some source tells of each daemon. */
  get reachedAll(): boolean {
    return [...this.#look.fleet.daemons].every(({ speaker }) => speaker !== undefined);
  }

  rows(): DaemonRow[] {
    const now = this.#look.now();
    const { fleet } = this.#look;
    const rows = this.#sources.flatMap(({ config, thresholds }) => {
      const daemon = fleet.daemon(config.name);
      return daemon === undefined ? [] : [rowOf(daemon, healthOf(daemon, now, thresholds), now, this.#before, this.#choice)];
    });
    this.#before = countsOf(fleet.daemons, now);
    return rows;
  }
}

async function watchOn({ output, clock, signal }: StatusTerminal, viewer: Viewer, every: Duration): Promise<void> {
  const screen = screenOn(output);
  while (!signal.aborted) {
    const lines = tableOf(viewer.rows(), true);
    screen.show(lines, `${lines.join('\n')}\n`);
    await pause(clock, every, signal);
  }
}

function pause(clock: Clock, length: Duration, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.schedule(after(clock.now().at, length), finish);
    signal.addEventListener('abort', finish);
  });
}

/** Rates are no finer than what daemons are asked for. */
function askedOften(sources: readonly NamedSource[], every: Duration | undefined): readonly NamedSource[] {
  if (every === undefined) return sources;
  const often = milliseconds(Math.max(1000, every));
  return sources.map(({ config, thresholds }) => {
    const { management } = config;
    return { thresholds, config: { ...config, management: management && { ...management, poll: often, bytecount: often } } };
  });
}

function sortFrom(word: string): Choice['sort'] {
  const sort = SORTS.find((known) => known === word);
  if (sort !== undefined) return sort;
  throw new TunnelscopeError('CLI', `--sort ${JSON.stringify(word.slice(0, 80))} is not known: give one of ${SORTS.join(', ')}`);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      strict: true,
      options: {
        ...SOURCE_OPTIONS,
        watch: { type: 'boolean', short: 'w', default: false },
        json: { type: 'boolean', default: false },
        csv: { type: 'boolean', default: false },
        interval: { type: 'string', default: '2' },
        sort: { type: 'string', default: 'name' },
        filter: { type: 'string' },
      },
    });
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}

/** Ctrl-C ends the watching, and so does an output that nobody reads. */
function ownTerminal(): StatusTerminal {
  const end = new AbortController();
  processSignals.deliverTo((name) => {
    if (name === 'SIGINT' || name === 'SIGTERM' || name === 'SIGHUP') end.abort();
  });
  process.stdout.on('error', () => process.exit(0));
  return { output: process.stdout, clock: new SystemClock(), signal: end.signal };
}
