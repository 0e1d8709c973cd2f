import { formatAddress } from '../model/address.ts';
import { EnvList } from '../model/env-list.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';

/** Variables of clients that are never shown in JSON, whatever the role: these events are made for pipelines that store them. */
export const SECRET_VARIABLES: ReadonlySet<string> = new Set(['password', 'session_id']);

/**
 * An event as one line of JSON, `>EVENT:{...}`, without the `>EVENT:`; undefined for log lines, which have a subscription
 * of their own, and for lines of an attached daemon that we do not know. Times are milliseconds since 1970; `record` is the
 * client with loss, round trip and phase times, as in `status json`.
 */
export function eventJson(event: DaemonEvent): string | undefined {
  if (event.kind === 'log' || event.kind === 'unknown' || event.kind === 'client-bytes' || event.kind === 'bytes') return undefined;
  return JSON.stringify(event.kind === 'client-response' ? { ...event, response: undefined } : event, replace);
}

/** Environments become objects, addresses text. */
function replace(_key: string, value: unknown): unknown {
  if (value instanceof EnvList) {
    return Object.fromEntries(value.newestFirst().filter(([name]) => !SECRET_VARIABLES.has(name)));
  }
  return isAddress(value) ? formatAddress(value) : value;
}

function isAddress(value: unknown): value is Parameters<typeof formatAddress>[0] {
  return typeof value === 'object' && value !== null && 'family' in value && 'ip' in value && 'port' in value;
}
