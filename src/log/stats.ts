import type { LogEntry } from './entry.ts';

/** Names of clients are theirs to choose: beyond so many they count together. */
const MAX_NAMES = 10_000;
const OTHERS = '(others)';

/** Counts lines by event and client. */
export class LogStats {
  readonly #events = new Map<string, number>();
  readonly #clients = new Map<string, number>();
  #lines = 0;
  #unrecognised = 0;

  /** Lines counted, and those among them that the catalogue does not have. */
  get totals(): { readonly lines: number; readonly unrecognised: number } {
    return { lines: this.#lines, unrecognised: this.#unrecognised };
  }

  add(entry: LogEntry): void {
    this.#lines++;
    if (entry.id === undefined) this.#unrecognised++;
    if (entry.event !== undefined) count(this.#events, entry.event);
    if (entry.client !== undefined) count(this.#clients, entry.client);
  }

  /** The largest counts first; equal ones by name. */
  report(): string[] {
    const rows = (counts: ReadonlyMap<string, number>): string[] =>
      [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([name, n]) => `${String(n).padStart(8)}  ${name}`);
    return [
      `${String(this.#lines).padStart(8)}  lines`,
      `${String(this.#unrecognised).padStart(8)}  not recognised`,
      'by event',
      ...rows(this.#events),
      'by client',
      ...rows(this.#clients),
    ];
  }
}

function count(counts: Map<string, number>, name: string): void {
  const key = counts.size < MAX_NAMES || counts.has(name) ? name : OTHERS;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
