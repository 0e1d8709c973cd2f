import { jsonObject } from './json-lines.ts';
import type { ShipRecord } from './record.ts';

/** Bodies for Loki's `POST /loki/api/v1/push`, in JSON. */

/** What is the same for all records. */
export interface LokiLook {
  /** The label `job`. */
  readonly job: string;
  /** Lines as they were written, or JSON with all that is known of each. Events are always JSON. */
  readonly lines: 'text' | 'json';
}

/** One body for records in their order. A stream has labels of few values: job, daemon, kind, level. */
export function lokiBody(records: readonly ShipRecord[], { job, lines }: LokiLook): string {
  const streams = new Map<string, { readonly stream: Readonly<Record<string, string>>; readonly values: [string, string][] }>();
  for (const record of records) {
    const { daemon, kind, severity: level } = record;
    const key = `${kind} ${level} ${daemon}`;
    const stream = streams.get(key) ?? { stream: { job, daemon, kind, level }, values: [] };
    streams.set(key, stream);
    stream.values.push([String(record.time), kind === 'line' && lines === 'text' ? record.text : JSON.stringify(jsonObject(record))]);
  }
  return JSON.stringify({ streams: [...streams.values()] });
}
