import type { Note } from '../messages/notes.ts';
import { OPTIONS } from '../messages/options.ts';
import { START } from '../messages/start.ts';
import { MAX_PARAMETERS } from '../base/tokenize.ts';
import type { Result } from '../base/result.ts';
import type { Secret } from '../base/secret.ts';
import { checkValues, type Fault } from './check.ts';
import { DIRECTIVES, WINDOWS_NAMES } from './directives.ts';
import { lexText, type LexedLine, type Source } from './lexer.ts';
import type { DirectiveRow } from './row.ts';

/** The OpenVPN whose options these are; stock names itself so in its errors. */
export const OPENVPN_VERSION = '2.6.14';

/** One directive as it stood, its name known and its values of the right number and kind. */
export interface Directive {
  readonly name: string;
  readonly row: DirectiveRow;
  readonly values: readonly string[];
  /** What stood in a `<name>` block; then there are no values. */
  readonly block: Secret | undefined;
  readonly source: Source;
}

/** What the parser comes upon, in order. */
export type ParseEvent =
  | { readonly kind: 'directive'; readonly directive: Directive }
  | { readonly kind: 'warning'; readonly note: Note }
  | { readonly kind: 'error'; readonly note: Note };

/** Reads a text file; the error is the system's reason, such as `No such file or directory (errno=2)`. */
export type ReadFile = (path: string) => Result<string, string>;

/**
 * Who wrote the directives, and so which may be used: the operator in the main configuration, whoever may write for one
 * client on the server, or a server that pushes to its client.
 */
export type Permission = 'config' | 'client-file' | 'push';

/** What a parse needs from outside. */
export interface ParseContext {
  readonly permission: Permission;
  readonly readFile: ReadFile;
}

/** How deep `config` may nest. */
const MAX_DEPTH = 10;

/** Directives that may stand in a `<connection>` block. */
const CONNECTION = new Set(
  (
    'bind connect-retry connect-retry-max connect-timeout explicit-exit-notify float fragment http-proxy http-proxy-option key-direction ' +
    'link-mtu local lport mssfix mtu-disc nobind port proto remote rport socks-proxy tls-auth tls-crypt tls-crypt-v2 tun-mtu tun-mtu-extra'
  ).split(' '),
);

/** In the main configuration the first error ends the parse, as in stock; elsewhere the other lines still count. */
function isFatal(context: ParseContext): boolean {
  return context.permission === 'config';
}

/**
 * Parses a command line: `--name value ...` over and over, or a single word without dashes, which is a file. Yields each
 * directive as it comes, so that `cd` and `log` can act before the next one is read.
 */
export function parseArguments(argv: readonly string[], context: ParseContext): Generator<ParseEvent> {
  return new Parser(context).argv(argv);
}

/** Parses the text of a file. `file` is how errors name it. */
export function parseText(text: string, file: string, context: ParseContext): Generator<ParseEvent> {
  return new Parser(context).text(text, file, 1);
}

/** Parses the options of a push message, which were separated at commas before; each is one line. */
export function parsePushed(options: readonly string[], readFile: ReadFile): Generator<ParseEvent> {
  return new Parser({ permission: 'push', readFile }).text(options.join('\n'), '[PUSH-OPTIONS]', 1);
}

/** One run of the parser: what earlier directives said about unknown ones lives as long. */
class Parser {
  readonly #context: ParseContext;
  readonly #mayBeUnknown = new Set<string>();
  #forwardCompatible = false;
  /** An error came that ends the parse of all files. */
  #ended = false;

  constructor(context: ParseContext) {
    this.#context = context;
  }

  *argv(argv: readonly string[]): Generator<ParseEvent> {
    const source = { file: '[CMD-LINE]', line: 1 };
    const [only] = argv;
    if (argv.length === 1 && only !== undefined && !only.startsWith('--')) {
      yield* this.#line({ source, words: ['config', only], block: undefined }, 0);
      return;
    }
    for (let i = 0; i < argv.length && !this.#ended; ) {
      const word = argv[i] ?? '';
      if (!word.startsWith('--')) {
        yield this.#error(`Options error: I'm trying to parse "${word}" as an --option parameter but I don't see a leading '--'`);
        return;
      }
      const words = [word.slice(2)];
      for (i++; i < argv.length && words.length < MAX_PARAMETERS && !argv[i]?.startsWith('--'); i++) words.push(argv[i] ?? '');
      yield* this.#line({ source, words, block: undefined }, 0);
    }
  }

  *text(text: string, file: string, depth: number): Generator<ParseEvent> {
    for (const lexed of lexText(text, file)) {
      if (!lexed.ok) yield this.#error(lexed.error);
      else yield* this.#line(withoutDashes(lexed.value), depth);
      if (this.#ended) return;
    }
  }

  #error(text: string): ParseEvent {
    this.#ended = isFatal(this.#context);
    return { kind: 'error', note: errorNote(text) };
  }

  *#line(line: LexedLine, depth: number): Generator<ParseEvent> {
    const optional = line.words[0] === 'setenv' && line.words[1] === 'opt' && line.words.length > 2;
    const [name = '', ...values] = optional ? line.words.slice(2) : line.words;
    const where = `${line.source.file}:${line.source.line}`;
    const row = optional && WINDOWS_NAMES.has(name) ? undefined : DIRECTIVES.get(name);
    const fault = faultOf(row, line, values);
    if (row === undefined || fault?.kind === 'unrecognized') {
      const args = { place: where, name, version: OPENVPN_VERSION };
      if (!optional && !this.#forwardCompatible && !this.#mayBeUnknown.has(name)) yield this.#error(unrecognized(where, name));
      else yield { kind: 'warning', note: { kind: 'note', row: OPTIONS.unrecognized, args, peer: undefined } };
      return;
    }
    const misplaced = this.#misplaced(row, line);
    if (misplaced !== undefined) yield this.#error(`Options error: ${misplaced}`);
    else if (fault !== undefined) yield this.#error(`Options error: ${fault.text} (${where})`);
    else yield* this.#take({ name, row, values, block: line.block, source: line.source }, depth);
  }

  /** Why a known directive may not stand here. */
  #misplaced(row: DirectiveRow, line: LexedLine): string | undefined {
    const allowed = {
      config: row.takesEffect !== 'client file' && row.name !== 'push-continuation',
      'client-file': row.clientFile,
      push: row.pushable,
    }[this.#context.permission];
    const { file, line: number } = line.source;
    if (!allowed) return `option '${row.name}' cannot be used in this context (${file})`;
    return line.block !== undefined && !row.inline ? `option '${row.name}' is not expected to be inline (${file}:${number})` : undefined;
  }

  *#take(directive: Directive, depth: number): Generator<ParseEvent> {
    const { name, values, source } = directive;
    if (name === 'ignore-unknown-option') for (const each of values) this.#mayBeUnknown.add(each);
    if (name === 'setenv' && values[0] === 'FORWARD_COMPATIBLE') this.#forwardCompatible = values[1] === '1';
    if (name === 'connection') {
      for (const text of connectionErrors(directive)) yield this.#error(text);
      if (this.#ended) return;
    }
    yield { kind: 'directive', directive };
    if (name === 'config') yield* this.#include(values[0] ?? '', source, depth);
  }

  *#include(path: string, source: Source, depth: number): Generator<ParseEvent> {
    const where = `${source.file}:${source.line}`;
    if (depth >= MAX_DEPTH) {
      yield this.#error(
        `Options error: In ${where}: Maximum recursive include levels exceeded in include attempt of file ${path} -- probably you have a configuration file that tries to include itself.`,
      );
      // Files that include themselves many times over would otherwise be tried in every combination.
      this.#ended = true;
      return;
    }
    const read = this.#context.readFile(path);
    if (!read.ok) yield this.#error(`Options error: In ${where}: Error opening configuration file: ${path}`);
    else yield* this.text(read.value, path, depth + 1);
  }
}

/** A block takes the place of all values. */
function faultOf(row: DirectiveRow | undefined, line: LexedLine, values: readonly string[]): Fault | undefined {
  if (row === undefined) return { kind: 'unrecognized' };
  return line.block === undefined ? checkValues(row, values) : undefined;
}

function unrecognized(place: string, name: string): string {
  return `Options error: Unrecognized option or missing or extra parameter(s) in ${place}: ${name} (${OPENVPN_VERSION})`;
}

const ERROR_PREFIX = 'Options error: ';
const WARNING_PREFIX = 'Options warning: ';

/** Files are full of fallible lines, so errors travel as stock's text and become rows of the catalogue here. */
function errorNote(text: string): Note {
  if (text.startsWith(WARNING_PREFIX)) {
    return { kind: 'note', row: OPTIONS.badBackslash, args: { text: text.slice(WARNING_PREFIX.length) }, peer: undefined };
  }
  if (!text.startsWith(ERROR_PREFIX))
    return { kind: 'note', row: START.fatal, args: { text: text.replace(/^ERROR: /, '') }, peer: undefined };
  return { kind: 'note', row: START.optionsError, args: { text: text.slice(ERROR_PREFIX.length) }, peer: undefined };
}

/** In a file the dashes before a name may be there or not. */
function withoutDashes(line: LexedLine): LexedLine {
  const [name = '', ...values] = line.words;
  return name.length > 2 && name.startsWith('--') ? { ...line, words: [name.slice(2), ...values] } : line;
}

/** What is wrong inside a `<connection>` block. Its lines count from 1, as in stock. */
function* connectionErrors(directive: Directive): Generator<string> {
  const file = '[CONNECTION-OPTIONS]';
  for (const lexed of lexText(directive.block?.reveal() ?? '', file)) {
    if (!lexed.ok) {
      yield lexed.error;
      continue;
    }
    const [name = '', ...values] = withoutDashes(lexed.value).words;
    const row = DIRECTIVES.get(name);
    const where = `${file}:${lexed.value.source.line}`;
    const fault = faultOf(row, lexed.value, values);
    if (fault?.kind === 'unrecognized') {
      yield unrecognized(where, name);
    } else if (!CONNECTION.has(name)) yield `Options error: option '${name}' cannot be used in this context (${file})`;
    else if (fault !== undefined) yield `Options error: ${fault.text} (${where})`;
  }
}
