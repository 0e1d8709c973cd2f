import type { WallTime } from '../../base/units.ts';
import type { AlertNotice } from '../../telemetry/alerts/notice.ts';

/** Word of an alert as it stands in a spool. */
export function packNotice(notice: AlertNotice): Buffer {
  return Buffer.from(
    JSON.stringify({ ...notice, labels: Object.fromEntries(notice.labels), annotations: Object.fromEntries(notice.annotations) }),
  );
}

/** Reads what stands there; undefined for what is none, of another version say. */
export function unpackNotice(bytes: Uint8Array): AlertNotice | undefined {
  const value = parsed(bytes);
  if (value === undefined) return undefined;
  const { rule, state, since, ended, value: figure, fingerprint } = value;
  const [labels, annotations] = [textsOf(value['labels']), textsOf(value['annotations'])];
  if (typeof rule !== 'string' || typeof fingerprint !== 'string' || labels === undefined || annotations === undefined) return undefined;
  if ((state !== 'firing' && state !== 'resolved') || typeof since !== 'number') return undefined;
  return {
    rule,
    state,
    labels,
    annotations,
    since: wall(since),
    ended: typeof ended === 'number' ? wall(ended) : undefined,
    // JSON has no word for what is no number.
    value: typeof figure === 'number' ? figure : NaN,
    fingerprint,
  };
}

function textsOf(value: unknown): ReadonlyMap<string, string> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map(Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

function wall(time: number): WallTime {
  return time as WallTime;
}

function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
