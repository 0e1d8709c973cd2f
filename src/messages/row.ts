import { TunnelscopeError } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { KIND, type KindName } from './kinds.ts';

/**
 * A row of the catalogue: one message, written by us and recognised in stock's log by the same template. A placeholder
 * is `{name}`, or `{name:kind}` with a kind of `PLACEHOLDER_KINDS` where the recogniser has to be told what a value looks like.
 */
export interface Row<Template extends string = string> {
  /** `subject.what`, never changed once released: programs match on it. */
  readonly id: string;
  /** Level, flags and mute category (facts: logging 1). */
  readonly word: number;
  /** The whole text as it stands in a log: `Options error: ` and errno texts included. */
  readonly template: Template;
  /** How other versions of OpenVPN say the same: recognised, never written. */
  readonly also: readonly string[];
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
  | 'session-ended'
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
  | 'management-command'
  | 'reload-failed';

/**
 * What a value of a placeholder kind looks like. `text`, `rest` and `line` take anything; the others are checked, and are what
 * the recogniser leans on when a line has several placeholders.
 */
export const PLACEHOLDER_KINDS = {
  text: undefined,
  rest: undefined,
  /** A whole line that is made harmless already: its TABs separate fields, and stay. */
  line: undefined,
  /** Anything without blanks. */
  word: /^\S+$/,
  int: /^-?\d+$/,
  hex: /^[0-9a-fA-F]+$/,
  /** `2.6.14`, `2.8_git`. */
  version: /^\d\S*$/,
  /** `[AF_INET]10.99.0.2:1194`, `[AF_UNSPEC]` and their kin. */
  address: /^\[[A-Z]\S*$/,
  /** `10.99.0.2:1194`, `fd99::2`, `udp6:[fd99::2]:36295`: a client's address as status and prefixes show it. */
  endpoint: /^(?:[a-z0-9-]{1,12}:)?[0-9a-fA-F.:[\]]+$/,
  /** An IPv4, IPv6 or hardware address, or a subnet with its prefix length. */
  ip: /^(?=[^.:]*[.:])[0-9a-fA-F.:/@]+$/,
  /** A field of a comma-separated line. */
  field: /^[^,]*$/,
  /** Empty, or a remark in brackets: `[CN SET]`. */
  remark: /^(?:\[[A-Z ]+\])?$/,
  /** `SIGTERM` and its kin. */
  signal: /^SIG[A-Z0-9]+$/,
  /** `UDPv4`, `TCPv6_SERVER` and their kin. */
  proto: /^(?:UDP|TCP)[A-Za-z0-9_-]*$/,
} as const satisfies Record<string, RegExp | undefined>;

/** The kind of a placeholder. */
export type PlaceholderKind = keyof typeof PLACEHOLDER_KINDS;

/** The placeholder names of a template. */
type Placeholder<T extends string> = T extends `${string}{${infer Inside}}${infer Rest}`
  ? (Inside extends `${infer Name}:${PlaceholderKind}` ? Name : Inside) | Placeholder<Rest>
  : never;

/** What a note of a row must give: a value for each placeholder of its template. */
export type RowArgs<T extends string> = { readonly [Name in Placeholder<T>]: string | number };

/** Makes a row of the catalogue. */
export function row<const T extends string>(
  id: string,
  kind: KindName,
  template: T,
  more: { readonly side?: Side; readonly event?: LogEventName; readonly also?: readonly string[] } = {},
): Row<T> {
  return { id, word: KIND[kind], template, also: more.also ?? [], side: more.side ?? 'both', event: more.event };
}

const PLACEHOLDER = /\{(\w+)(?::(\w+))?\}/g;

/** A template taken apart: `literals` has one more entry than `placeholders`, and stands around them. */
export interface TemplateParts {
  readonly literals: readonly string[];
  readonly placeholders: readonly Placed[];
}

/** A placeholder; `source` is how it is written in the template. */
interface Placed {
  readonly name: string;
  readonly kind: PlaceholderKind;
  readonly source: string;
}

function isKind(kind: string): kind is PlaceholderKind {
  return Object.hasOwn(PLACEHOLDER_KINDS, kind);
}

/** Takes a template apart; a kind that is not in the table is a mistake of ours and throws. */
export function partsOf(template: string): TemplateParts {
  const literals: string[] = [];
  const placeholders: Placed[] = [];
  let from = 0;
  for (const found of template.matchAll(PLACEHOLDER)) {
    const [whole, name = '', kind = 'text'] = found;
    if (!isKind(kind)) throw new TunnelscopeError('BUG', `template '${template}' has the unknown kind '${kind}'`);
    literals.push(template.slice(from, found.index));
    placeholders.push({ name, kind, source: whole });
    from = found.index + whole.length;
  }
  literals.push(template.slice(from));
  return { literals, placeholders };
}

/** As `printable`, where tabs may stand. */
const CONTROL_BUT_TAB = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]/g;

/** Templates taken apart, for rows that are written again and again. */
const TAKEN_APART = new WeakMap<Row, TemplateParts>();

/** The text of a message: the template with its placeholders filled. Control characters in values become `_`: one line stays one line. */
export function renderRow(message: Row, args: Readonly<Record<string, string | number>>): string {
  let parts = TAKEN_APART.get(message);
  if (parts === undefined) {
    parts = partsOf(message.template);
    TAKEN_APART.set(message, parts);
  }
  const { literals, placeholders } = parts;
  let text = literals[0] ?? '';
  for (let index = 0; index < placeholders.length; index++) {
    const placeholder = placeholders[index];
    if (placeholder === undefined) continue;
    const value = args[placeholder.name];
    if (value === undefined) text += placeholder.source;
    else if (typeof value === 'number') text += value;
    else text += placeholder.kind === 'line' ? value.replace(CONTROL_BUT_TAB, '_') : printable(value);
    text += literals[index + 1] ?? '';
  }
  return text;
}
