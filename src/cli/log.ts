import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { fileLines, streamLines } from '../host/follow-file.ts';
import { processSignals } from '../host/signals.ts';
import { entryObject, type LogEntry, readEntry } from '../log/entry.ts';
import { jsonLine } from '../log/formats.ts';
import { LogStats } from '../log/stats.ts';
import { viewLine } from '../log/view.ts';
import { momentFrom } from './moment.ts';

/** Where the command reads and writes. */
export interface LogTerminal {
  readonly input: AsyncIterable<Buffer>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly colour: boolean;
  /** Milliseconds since 1970, for `--since 2h`. */
  readonly now: number;
  readonly signal: AbortSignal;
}

interface Filter {
  readonly events: ReadonlySet<string>;
  readonly clients: ReadonlySet<string>;
  readonly since: number | undefined;
}

/** `tunnelscope log`: see its usage. */
export async function log(argv: readonly string[], terminal: LogTerminal = ownTerminal()): Promise<number> {
  const { values, positionals } = parse(argv);
  const [path = '-', ...more] = positionals;
  if (more.length > 0) throw new TunnelscopeError('CLI', 'give one FILE, or - for standard input');
  const filter: Filter = {
    events: new Set(values.event),
    clients: new Set(values.client),
    since: values.since === undefined ? undefined : momentFrom('since', values.since, terminal.now),
  };
  const lines = path === '-' ? streamLines(terminal.input) : fileLines(path, { follow: values.follow, signal: terminal.signal });
  const stats = new LogStats();
  for await (const line of lines) {
    const entry = readEntry(line);
    if (entry === undefined || !passes(entry, filter)) continue;
    stats.add(entry);
    if (!values.stats) terminal.out(`${values.json ? jsonLine(entryObject(entry)) : viewLine(entry, terminal)}\n`);
  }
  if (values.stats) terminal.out(`${stats.report().join('\n')}\n`);
  const { unrecognised, lines: count } = stats.totals;
  if (!values.stats && unrecognised > 0) terminal.err(`${unrecognised} of ${count} lines were not recognised\n`);
  return 0;
}

/** A line without a time belongs to the ones around it, and passes. */
function passes(entry: LogEntry, { events, clients, since }: Filter): boolean {
  if (events.size > 0 && !events.has(entry.event ?? '')) return false;
  if (clients.size > 0 && !clients.has(entry.client ?? '')) return false;
  return since === undefined || entry.time === undefined || entry.time >= since;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      strict: true,
      options: {
        follow: { type: 'boolean', short: 'f', default: false },
        json: { type: 'boolean', default: false },
        stats: { type: 'boolean', default: false },
        event: { type: 'string', multiple: true, default: [] },
        client: { type: 'string', multiple: true, default: [] },
        since: { type: 'string' },
      },
    });
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}

/** Ctrl-C ends the following, and what was counted is still said; an output that nobody reads ends it too. */
function ownTerminal(): LogTerminal {
  const end = new AbortController();
  processSignals.deliverTo((name) => {
    if (name === 'SIGINT' || name === 'SIGTERM' || name === 'SIGHUP') end.abort();
  });
  process.stdout.on('error', () => process.exit(0));
  return {
    input: process.stdin,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    colour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    now: Date.now(),
    signal: end.signal,
  };
}
