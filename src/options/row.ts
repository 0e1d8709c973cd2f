import { parseIp, parsePrefix } from '../base/ip.ts';

/**
 * What the table of directives is made of. One row is one option of OpenVPN 2.6: how it is written, where it may stand,
 * when a change of it acts, and what this release does with it. Parsing, help, the reference page and tests derive from it.
 */
export interface DirectiveRow {
  /** Without the leading dashes. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  /** Which end it is for. */
  readonly side: 'server' | 'client' | 'both';
  /** A client takes it from its server. */
  readonly pushable: boolean;
  /** May stand in a client's file, in what a connect script writes and in a `client-auth` body. */
  readonly clientFile: boolean;
  /** May be given as a `<name>` block that holds the file's contents. */
  readonly inline: boolean;
  readonly takesEffect: TakesEffect;
  /** In a server's configuration. */
  readonly standing: Standing;
  /** In a client's, where it differs from what `standingAt` makes of the row. */
  readonly atClient?: Standing;
  /** One or two sentences of our own. */
  readonly help: string;
}

/**
 * When a changed value acts: where it stands in the file, once a process (`parse`); when the process starts (`start`);
 * when the configuration is read again (`SIGHUP`); at every restart, without reading the configuration (`SIGUSR1`);
 * when a client connects (`client file`).
 */
export type TakesEffect = 'parse' | 'start' | 'SIGHUP' | 'SIGUSR1' | 'client file';

/** Which kind of configuration a directive stands in. */
export type Mode = 'server' | 'client';

/** What this release does with a directive: obeys it, warns once and goes on without it, or refuses to start. */
export type Standing = 'done' | { readonly ignored: string } | { readonly refused: string };

/** One parameter after the name. */
export interface Parameter {
  readonly name: string;
  readonly optional: boolean;
  /** The last one, which takes all that follow. */
  readonly rest: boolean;
  readonly type: ParameterType;
}

/** What a value must be. */
export interface ParameterType {
  readonly kind: ParameterKind;
  /** For an error: `--NAME: 'x' is not <expected>`. */
  readonly expected: string;
  /** True for a value of this type. */
  readonly accepts: (value: string) => boolean;
  /** Stock's own words for a wrong value, where it has some. */
  readonly stockError?: (value: string) => string;
}

/** The kinds of value, as the reference page names them. */
export type ParameterKind =
  | 'text'
  | 'path'
  | 'command'
  | 'host'
  | 'number'
  | 'seconds'
  | 'bytes'
  | 'port'
  | 'choice'
  | 'IPv4 address'
  | 'IPv6 address'
  | 'netmask'
  | 'IPv6 prefix';

const anything = () => true;

function parameter(name: string, type: ParameterType): Parameter {
  return { name, optional: false, rest: false, type };
}

/** A parameter that may be left out. */
export function optional(from: Parameter): Parameter {
  return { ...from, optional: true };
}

/** The last parameter, taking any number of values; none when also optional. */
export function rest(from: Parameter): Parameter {
  return { ...from, rest: true };
}

/** Any text. */
export function text(name: string): Parameter {
  return parameter(name, { kind: 'text', expected: 'text', accepts: anything });
}

/** A file or directory; relative ones count from the working directory. */
export function path(name: string): Parameter {
  return parameter(name, { kind: 'path', expected: 'a path', accepts: anything });
}

/** A command line, split as configuration lines are. */
export function command(name = 'command'): Parameter {
  return parameter(name, { kind: 'command', expected: 'a command line', accepts: anything });
}

/** A host name or address. */
export function host(name: string): Parameter {
  return parameter(name, { kind: 'host', expected: 'a host name or address', accepts: (value) => value !== '' });
}

function whole(name: string, kind: ParameterKind, min: number, max: number, stockError?: (value: string) => string): Parameter {
  const range = max === Number.MAX_SAFE_INTEGER ? (min === 0 ? '' : ` of at least ${min}`) : ` from ${min} to ${max}`;
  const accepts = (value: string) => /^-?\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max;
  return parameter(name, { kind, expected: `a whole number${range}`, accepts, ...(stockError && { stockError }) });
}

/** A whole number, both limits included. */
export function number(name: string, min = 0, max = Number.MAX_SAFE_INTEGER, stockError?: (value: string) => string): Parameter {
  return whole(name, 'number', min, max, stockError);
}

/** Whole seconds, at most what fits 31 bits. */
export function secs(name = 'seconds', min = 0): Parameter {
  return whole(name, 'seconds', min, 0x7fff_ffff);
}

/** Whole bytes. */
export function bytes(name = 'bytes', min = 0): Parameter {
  return whole(name, 'bytes', min, Number.MAX_SAFE_INTEGER);
}

/** A UDP or TCP port; 0 lets the system choose. */
export function port(name = 'port'): Parameter {
  return whole(name, 'port', 0, 65535);
}

/** One of a few words. */
export function choice(name: string, words: readonly string[], stockError?: (value: string) => string): Parameter {
  const accepts = (value: string) => words.includes(value);
  return parameter(name, { kind: 'choice', expected: `one of ${words.join(', ')}`, accepts, ...(stockError && { stockError }) });
}

/** A dotted quad. */
export function ip4(name: string, stockError?: (value: string) => string): Parameter {
  const accepts = (value: string) => parseIp(value)?.family === 4;
  return parameter(name, { kind: 'IPv4 address', expected: 'an IPv4 address', accepts, ...(stockError && { stockError }) });
}

/** An IPv6 address without prefix length. */
export function ip6(name: string, stockError?: (value: string) => string): Parameter {
  const accepts = (value: string) => parseIp(value)?.family === 6;
  return parameter(name, { kind: 'IPv6 address', expected: 'an IPv6 address', accepts, ...(stockError && { stockError }) });
}

/** A netmask as a dotted quad; which masks make sense is for whoever uses it. */
export function netmask(name = 'netmask', stockError?: (value: string) => string): Parameter {
  const accepts = (value: string) => parseIp(value)?.family === 4;
  return parameter(name, { kind: 'netmask', expected: 'a netmask such as 255.255.255.0', accepts, ...(stockError && { stockError }) });
}

/** `fd00::/64`. */
export function prefix6(name: string, stockError?: (value: string) => string): Parameter {
  const accepts = (value: string) => parsePrefix(value)?.family === 6;
  return parameter(name, { kind: 'IPv6 prefix', expected: 'an IPv6 prefix such as fd00::/64', accepts, ...(stockError && { stockError }) });
}

/** Standing of what this release warns about and leaves out: why that is safe. */
export function ignored(reason: string): Standing {
  return { ignored: reason };
}

/** Standing of what this release does not start with: why, or what to use instead. */
export function refused(reason: string): Standing {
  return { refused: reason };
}

/** What this release does with a directive in a configuration of this mode. */
export function standingAt(row: DirectiveRow, mode: Mode): Standing {
  if (mode === 'server') return row.standing;
  if (row.atClient !== undefined) return row.atClient;
  if (row.side === 'both') return row.standing;
  return row.side === 'client' ? 'done' : refused('it is for servers only');
}

/** What most rows leave at its default: for both ends, in the main configuration, re-read at SIGHUP, done. */
type RowExtras = Partial<Omit<DirectiveRow, 'name' | 'parameters' | 'help'>>;

/** Makes a row of the table. */
export function directive(name: string, parameters: readonly Parameter[], help: string, extras: RowExtras = {}): DirectiveRow {
  return {
    name,
    parameters,
    side: 'both',
    pushable: false,
    clientFile: false,
    inline: false,
    takesEffect: 'SIGHUP',
    standing: 'done',
    help,
    ...extras,
  };
}

/** How many values a row takes: at least, and at most (infinite with a `rest` parameter). */
export function arityOf(row: DirectiveRow): { readonly min: number; readonly max: number } {
  const min = row.parameters.filter((each) => !each.optional).length;
  return { min, max: row.parameters.some((each) => each.rest) ? Number.POSITIVE_INFINITY : row.parameters.length };
}

/** `server network netmask [nopool]`: how a row is written. */
export function usageOf(row: DirectiveRow): string {
  return [row.name, ...row.parameters.map(usageOfParameter)].join(' ');
}

function usageOfParameter(each: Parameter): string {
  const name = `${each.name}${each.rest ? ' ...' : ''}`;
  return each.optional ? `[${name}]` : name;
}
