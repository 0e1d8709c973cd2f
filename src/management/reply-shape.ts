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
  /** One line that looks like a notification. */
  | { readonly kind: 'pkcs11' }
  /** One after the other. */
  | { readonly kind: 'sequence'; readonly parts: readonly ReplyShape[] };

const LINE: ReplyShape = { kind: 'line' };
const LINES: ReplyShape = { kind: 'lines' };

const WITH_END: ReadonlySet<string> = new Set(['help', 'status', 'remote-entry-count', 'remote-entry-get', 'clients', 'who']);
const HISTORIES: ReadonlySet<string> = new Set(['log', 'state', 'echo']);

/** The last protocol version that a daemon takes note of without a word. */
const SILENT_VERSION = 3;

/** The shape of the reply to a command. */
export function shapeOf(name: string, words: readonly string[]): ReplyShape {
  if (WITH_END.has(name)) return LINES;
  if (HISTORIES.has(name)) return historyShape(words.slice(0, 2));
  switch (name) {
    case 'version':
      return words.length === 0 ? LINES : Number(words[0]) <= SILENT_VERSION ? { kind: 'none' } : LINE;
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
      return LINE;
  }
}

function historyShape(words: readonly string[]): ReplyShape {
  const parts = words.map((word) => (word === 'on' || word === 'off' ? LINE : LINES));
  if (parts.length === 0) return LINES;
  return parts.length === 1 ? (parts[0] ?? LINE) : { kind: 'sequence', parts };
}

/** True when the lines of a reply so far are all of it. */
export function isComplete(shape: ReplyShape, lines: readonly string[]): boolean {
  return consumed(shape, lines) !== undefined;
}

/** How many lines a reply of this shape takes of those that came; undefined when it goes on. */
function consumed(shape: ReplyShape, lines: readonly string[]): number | undefined {
  switch (shape.kind) {
    case 'none':
      return 0;
    case 'line':
    case 'verdict': {
      const pattern = shape.kind === 'verdict' ? shape.pattern : /^(?:SUCCESS|ERROR):/;
      // Only the newest line can be the one: those before were looked at as they came.
      const at =
        shape.kind === 'line' ? lines.findIndex((line) => pattern.test(line)) : pattern.test(lines.at(-1) ?? '') ? lines.length - 1 : -1;
      return at < 0 ? undefined : at + 1;
    }
    case 'lines': {
      if (lines[0]?.startsWith('ERROR:') === true) return 1;
      const at = lines.at(-1) === 'END' ? lines.length - 1 : lines.length > 1 ? lines.indexOf('END', Math.max(0, lines.length - 2)) : -1;
      return at < 0 ? undefined : at + 1;
    }
    case 'count':
      return lines.length >= shape.count || lines[0]?.startsWith('ERROR:') === true ? lines.length : undefined;
    case 'pkcs11':
      return lines.length > 0 ? 1 : undefined;
    case 'sequence': {
      let taken = 0;
      for (const part of shape.parts) {
        const length = consumed(part, part.kind === 'lines' ? upToEnd(lines.slice(taken)) : lines.slice(taken));
        if (length === undefined) return undefined;
        taken += length;
      }
      return taken;
    }
  }
}

function upToEnd(lines: readonly string[]): readonly string[] {
  const end = lines.indexOf('END');
  return end < 0 ? lines : lines.slice(0, end + 1);
}
