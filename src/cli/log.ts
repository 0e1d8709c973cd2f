import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { fileLines, streamLines } from '../host/follow-file.ts';
import { processSignals } from '../host/signals.ts';
import { entryObject, type LogEntry, readEntry } from '../log/entry.ts';
import { jsonLine } from '../log/formats.ts';
import { LogStats } from '../log/stats.ts';
import { viewLine } from '../log/view.ts';

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

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `tunnelscope log`: see its usage. */
export async function log(argv: readonly string[], terminal: LogTerminal = ownTerminal()): Promise<number> {
  const { values, positionals } = parse(argv);
  const [path = '-', ...more] = positionals;
  if (more.length > 0) throw new TunnelscopeError('CLI', 'give one FILE, or - for standard input');
  const filter: Filter = {
    events: new Set(values.event),
    clients: new Set(values.client),
    since: values.since === undefined ? undefined : sinceFrom(values.since, terminal.now),
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

/** `2026-11-22`, `2026-11-22 13:00`, `2026-11-22T13:00:00Z`, or how long ago: `30m`, `2h`. */
function sinceFrom(word: string, now: number): number {
  const ago = /^(\d{1,9})([smhd])$/.exec(word);
  if (ago !== null) return now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0);
  const time = /^\d{4}-\d\d-\d\d/.test(word) ? Date.parse(word.length === 10 ? `${word}T00:00:00` : word.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new TunnelscopeError(
    'CLI',
    `--since ${JSON.stringify(word.slice(0, 80))} is neither a date such as 2026-11-22 13:00 nor a time such as 2h`,
  );
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
