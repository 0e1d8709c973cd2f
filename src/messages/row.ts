import { KIND, type KindName } from './kinds.ts';

/**
 * A row of the catalogue: one message, written by us and recognised in stock's log by the same template. A placeholder
 * is `{name}`, or `{name:kind}` with a kind of `PLACEHOLDER_PATTERNS` where the recogniser has to be told how far a value goes.
 */
export interface Row<Template extends string = string> {
  /** `subject.what`, never changed once released: programs match on it. */
  readonly id: string;
  /** Level, flags and mute category (facts: logging 1). */
  readonly word: number;
  readonly template: Template;
  /** Which end writes it: the recogniser knows client rows before the client daemon writes them. */
  readonly side: Side;
  /** The fact that a recognised line of this row stands for. */
  readonly event: LogEventName | undefined;
}

/** Who writes a message. */
export type Side = 'server' | 'client' | 'both';

/** Facts that a log line can stand for: what the monitor learns from stock's log. Add a name, then rows that carry it. */
export type LogEventName =
  | 'daemon-started'
  | 'daemon-ready'
  | 'daemon-restarting'
  | 'daemon-exiting'
  | 'daemon-fatal'
  | 'option-error'
  | 'interface-up'
  | 'interface-failed'
  | 'listen-failed'
  | 'peer-seen'
  | 'certificate-verified'
  | 'certificate-refused'
  | 'tls-established'
  | 'tls-failed'
  | 'peer-info'
  | 'auth-succeeded'
  | 'auth-failed'
  | 'peer-connected'
  | 'address-assigned'
  | 'route-learned'
  | 'push-sent'
  | 'cipher-negotiated'
  | 'renegotiation-started'
  | 'peer-floated'
  | 'peer-timeout'
  | 'peer-exited'
  | 'peer-disconnected'
  | 'client-rejected'
  | 'limit-reached'
  | 'crl-loaded'
  | 'crl-failed'
  | 'replay'
  | 'decrypt-failed'
  | 'packet-rejected'
  | 'rate-limited'
  | 'script-failed'
  | 'management-client'
  | 'management-refused'
  | 'reload-failed';

/** How far a placeholder of a kind reaches in a line; the default kind is `text`. */
export const PLACEHOLDER_PATTERNS = {
  text: '.*?',
  rest: '.*',
  word: '\\S+',
  int: '-?\\d+',
  hex: '[0-9a-f]+',
  name: '[^\']*',
  address: '\\S+',
} as const;

type KindOf = keyof typeof PLACEHOLDER_PATTERNS;

/** The placeholder names of a template. */
type Placeholder<T extends string> = T extends `${string}{${infer Inside}}${infer Rest}`
  ? (Inside extends `${infer Name}:${KindOf}` ? Name : Inside) | Placeholder<Rest>
  : never;

/** What a note of a row must give: a value for each placeholder of its template. */
export type RowArgs<T extends string> = { readonly [Name in Placeholder<T>]: string | number };

/** Makes a row of the catalogue. */
export function row<const T extends string>(
  id: string,
  kind: KindName,
  template: T,
  more: { readonly side?: Side; readonly event?: LogEventName; readonly flags?: number } = {},
): Row<T> {
  return { id, word: (KIND[kind] | (more.flags ?? 0)) >>> 0, template, side: more.side ?? 'both', event: more.event };
}

const PLACEHOLDER = /\{(\w+)(?::(\w+))?\}/g;

/** The text of a message: the template with its placeholders filled. Control characters in values become `_`. */
export function renderRow(message: Row, args: Readonly<Record<string, string | number>>): string {
  return message.template.replace(PLACEHOLDER, (whole, name: string) => {
    const value = args[name];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: one line stays one line, whatever a peer calls itself
    return value === undefined ? whole : String(value).replace(/[\x00-\x1f\x7f]/g, '_');
  });
}
