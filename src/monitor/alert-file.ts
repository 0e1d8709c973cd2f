import { readFile } from 'node:fs/promises';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { WallTime } from '../base/units.ts';
import { writeWholeFile } from '../host/files.ts';
import type { AlertSnapshot } from '../telemetry/alerts/evaluator.ts';
import type { Silence } from '../telemetry/alerts/silences.ts';
import type { PatternsSnapshot } from '../telemetry/patterns/patterns.ts';

/** What is kept of alerts over a restart of the monitor. */
export interface KeptAlerts {
  readonly alerts: readonly AlertSnapshot[];
  readonly silences: readonly Silence[];
  readonly patterns: PatternsSnapshot;
}

const VERSION = 1;
const MAX_BYTES = 64 << 20;

/** The file that alerts, silences and what was learnt of users are kept in: JSON, replaced whole, for its owner alone. */
export class AlertFile {
  readonly path: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.path = path;
  }

  /** What it holds; undefined where there is none. Rejects with FILE when it cannot be read, or is not such a file. */
  async read(): Promise<KeptAlerts | undefined> {
    let bytes: Buffer;
    try {
      bytes = await readFile(this.path);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw new TunnelscopeError('FILE', `cannot read ${this.path}: ${reasonOf(error)}`, { cause: error });
    }
    const kept = bytes.length > MAX_BYTES ? undefined : keptFrom(parsed(bytes.toString()));
    if (kept === undefined) throw new TunnelscopeError('FILE', `${this.path} holds no alerts`);
    return kept;
  }

  /** Writes it, one after the other. Rejects with FILE. */
  write(kept: KeptAlerts): Promise<void> {
    const text = JSON.stringify({ version: VERSION, ...kept });
    const written = this.#writing.then(() => writeWholeFile(this.path, text, { mode: 0o600 }));
    this.#writing = written.catch(() => undefined);
    return written;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Takes what fits; what does not is left out. Undefined when the whole is something else. */
function keptFrom(value: unknown): KeptAlerts | undefined {
  if (!isFields(value) || value['version'] !== VERSION) return undefined;
  const patterns = isFields(value['patterns']) ? each(value['patterns']['daemons'], daemonFrom) : [];
  return { alerts: each(value['alerts'], alertFrom), silences: each(value['silences'], silenceFrom), patterns: { daemons: patterns } };
}

function each<T>(value: unknown, from: (fields: Fields) => T | undefined): readonly T[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    const made = isFields(item) ? from(item) : undefined;
    return made === undefined ? [] : [made];
  });
}

function alertFrom({ rule, labels, active, since, value }: Fields): AlertSnapshot | undefined {
  if (typeof rule !== 'string' || !Array.isArray(labels) || typeof active !== 'number') return undefined;
  const pairs = labels.filter(isPair);
  return { rule, labels: pairs, active, since: numberOr(since, undefined), value: numberOr(value, Number.NaN) };
}

function isPair(value: unknown): value is readonly [string, string] {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

function numberOr<D>(value: unknown, otherwise: D): number | D {
  return typeof value === 'number' ? value : otherwise;
}

function silenceFrom({ id, matchers, starts, ends, by, comment }: Fields): Silence | undefined {
  if (typeof id !== 'string' || typeof starts !== 'number' || typeof ends !== 'number') return undefined;
  if (typeof by !== 'string' || typeof comment !== 'string') return undefined;
  const wanted = each(matchers, ({ name, value, isRegex, isEqual }) =>
    typeof name === 'string' && typeof value === 'string'
      ? { name, value, isRegex: isRegex === true, isEqual: isEqual === true }
      : undefined,
  );
  return { id, matchers: wanted, starts: starts as WallTime, ends: ends as WallTime, by, comment };
}

function daemonFrom({ name, users, usual }: Fields): PatternsSnapshot['daemons'][number] | undefined {
  if (typeof name !== 'string') return undefined;
  return {
    name,
    users: each(users, ({ name: user, first, hours, networks }) =>
      typeof user === 'string' && typeof first === 'number' && typeof hours === 'number' && Array.isArray(networks)
        ? { name: user, first, hours, networks: networks.filter((network) => typeof network === 'string') }
        : undefined,
    ),
    usual: each(usual, ({ hour, rate, days }) =>
      typeof hour === 'number' && typeof rate === 'number' && typeof days === 'number' ? { hour, rate, days } : undefined,
    ),
  };
}
