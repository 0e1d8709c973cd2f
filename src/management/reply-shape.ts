import { commandNamed } from './commands.ts';

/** How the end of a command's reply is known (facts: management 4, 7). */
export type ReplyShape =
  /** No reply at all. */
  | { readonly kind: 'none' }
  /** Up to a line of SUCCESS or ERROR. */
  | { readonly kind: 'line' }
  /** Up to END, or a first line of ERROR. */
  | { readonly kind: 'lines' }
  /** So many lines. */
  | { readonly kind: 'count'; readonly count: number }
  /** Up to a line of SUCCESS or ERROR that says how the command itself fared. */
  | { readonly kind: 'verdict'; readonly pattern: RegExp }
  /** Nobody knows: `pid` is asked right behind it, and its reply is the end. */
  | { readonly kind: 'fenced' }
  /** One line that looks like a notification. */
  | { readonly kind: 'pkcs11' }
  /** One after the other. */
  | { readonly kind: 'sequence'; readonly parts: readonly ReplyShape[] };

const LINE: ReplyShape = { kind: 'line' };
const LINES: ReplyShape = { kind: 'lines' };
const FENCED: ReplyShape = { kind: 'fenced' };

const WITH_END: ReadonlySet<string> = new Set(['help', 'status', 'remote-entry-count', 'remote-entry-get', 'clients', 'who']);
const HISTORIES: ReadonlySet<string> = new Set(['log', 'state', 'echo']);

/** The shape of the reply to a command. */
export function shapeOf(name: string, words: readonly string[]): ReplyShape {
  if (WITH_END.has(name)) return LINES;
  if (HISTORIES.has(name)) return historyShape(words.slice(0, 2));
  switch (name) {
    case 'version':
      // Some versions of OpenVPN take note of it without a word, others confirm some numbers and not others.
      return words.length === 0 ? LINES : FENCED;
    case 'net':
      return FENCED;
    case 'exit':
    case 'quit':
      return { kind: 'none' };
    case 'test':
      return Number(words[0]) > 0 ? { kind: 'count', count: Number(words[0]) } : { kind: 'none' };
    case 'pkcs11-id-count':
    case 'pkcs11-id-get':
      return { kind: 'pkcs11' };
    case 'push-update-broad':
    case 'push-update-cid':
      return { kind: 'verdict', pattern: /^(?:SUCCESS|ERROR): (?:push-update.*|unknown command.*|The '.*|the '.*|this connection .*)$/ };
    default:
      return commandNamed(name) === undefined ? FENCED : LINE;
  }
}

function historyShape(words: readonly string[]): ReplyShape {
  const parts = words.map((word) => (word === 'on' || word === 'off' ? LINE : LINES));
  if (parts.length === 0) return LINES;
  return parts.length === 1 ? (parts[0] ?? LINE) : { kind: 'sequence', parts };
}

/** The command that ends a reply of unknown shape, and what the daemon says to it. */
export const FENCE = { command: 'pid', reply: /^(?:SUCCESS: pid=-?\d+|ERROR: .*\bpid\b.*)$/ } as const;

/** Follows a reply line by line until it is whole. */
export class ReplyProgress {
  readonly #parts: readonly ReplyShape[];
  #part = 0;
  /** Lines of the part that is being read. */
  #lines = 0;

  constructor(shape: ReplyShape) {
    this.#parts = shape.kind === 'sequence' ? shape.parts : [shape];
  }

  /** Takes the next line; true when it was the last. */
  take(line: string): boolean {
    const part = this.#parts[this.#part];
    this.#lines++;
    if (part === undefined || !endsWith(part, line, this.#lines)) return part === undefined;
    // `on` and `off` never fail by themselves: the whole command was refused.
    if (part.kind === 'line' && line.startsWith('ERROR:')) return true;
    this.#part++;
    this.#lines = 0;
    return this.#part >= this.#parts.length;
  }
}

/** Whether the `count`th line of a reply of this shape is its last. */
function endsWith(shape: ReplyShape, line: string, count: number): boolean {
  switch (shape.kind) {
    case 'none':
    case 'pkcs11':
    case 'sequence': // Sequences do not nest.
      return true;
    case 'line':
      return /^(?:SUCCESS|ERROR):/.test(line);
    case 'verdict':
      return shape.pattern.test(line);
    case 'fenced':
      return FENCE.reply.test(line);
    case 'lines':
      return line === 'END' || (count === 1 && line.startsWith('ERROR:'));
    case 'count':
      return count >= shape.count || (count === 1 && line.startsWith('ERROR:'));
  }
}
