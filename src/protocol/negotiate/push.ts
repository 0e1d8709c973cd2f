/** PUSH_REPLY: the options that a server gives a client, in one message or several (facts: wire 13). */

const HEAD = 'PUSH_REPLY';
const UPDATE_HEAD = 'PUSH_UPDATE';

/** Characters of a message in front of its continuation mark: what stock's buffers leave. */
const MAX_CONTENT = 1024 - 84;

/** More messages follow. */
const MORE = 'push-continuation 2';
/** The last of several. */
const LAST = 'push-continuation 1';

/** The receiving side reads a line of this many characters. */
const MAX_OPTION_LENGTH = 255;

/** Options of all messages together that a client takes; a server that pushes more is not honest. */
export const MAX_COLLECTED = 4096;

/** Why an option cannot be pushed, or undefined when it can. */
export function checkPushOption(option: string): string | undefined {
  if (option.includes(',')) return 'a pushed option cannot hold a comma';
  if (/[^\x20-\x7e]/.test(option)) return 'a pushed option cannot hold characters other than printable ASCII';
  if (option.length > MAX_OPTION_LENGTH) return `a pushed option cannot be longer than ${MAX_OPTION_LENGTH} characters`;
  return undefined;
}

/** The messages that carry these options, in order. Options that fail `checkPushOption` are left out: no peer could read them. */
export function pushReplies(options: readonly string[]): string[] {
  return pushMessages(HEAD, options);
}

/** The messages that change the options of a connected client; undefined when one of them cannot be sent (facts: management 18). */
export function pushUpdates(options: string): string[] | undefined {
  const each = options.split(',').map((option) => option.trim());
  if (each.some((option) => option === '' || checkPushOption(option) !== undefined)) return undefined;
  return pushMessages(UPDATE_HEAD, each);
}

function pushMessages(head: string, options: readonly string[]): string[] {
  const messages: string[] = [];
  let message = head;
  for (const option of options) {
    if (checkPushOption(option) !== undefined) continue;
    if (message.length + 1 + option.length > MAX_CONTENT) {
      messages.push(`${message},${MORE}`);
      message = head;
    }
    message += `,${option}`;
  }
  messages.push(messages.length > 0 ? `${message},${LAST}` : message);
  return messages;
}

/** One message, read. */
export interface PushPart {
  readonly options: readonly string[];
  /** False when another message must come before anything is done. */
  readonly complete: boolean;
}

/** Reads what follows `PUSH_REPLY`; the continuation mark is taken out. Undefined for any other message. */
export function parsePushReply(text: string): PushPart | undefined {
  return parsePush(HEAD, text);
}

/** Reads what follows `PUSH_UPDATE`, in the same form: `options` are items as `updateOptions` takes them. */
export function parsePushUpdate(text: string): PushPart | undefined {
  return parsePush(UPDATE_HEAD, text);
}

function parsePush(head: string, text: string): PushPart | undefined {
  if (text === head) return { options: [], complete: true };
  if (!text.startsWith(`${head},`)) return undefined;
  const options = text.slice(head.length + 1).split(',');
  const isMark = (option: string): boolean => option === MORE || option === LAST;
  return { options: options.filter((option) => option !== '' && !isMark(option)), complete: !options.includes(MORE) };
}

/** A client's side: gathers the parts until the last one has come. */
export class PushCollector {
  #options: string[] = [];

  /** All options once `part` is the last one; undefined before; `overflow` when they are too many, which begins anew. */
  add(part: PushPart): readonly string[] | undefined | 'overflow' {
    if (this.#options.length + part.options.length > MAX_COLLECTED) {
      this.#options = [];
      return 'overflow';
    }
    this.#options.push(...part.options);
    if (!part.complete) return undefined;
    const all = this.#options;
    this.#options = [];
    return all;
  }
}

/**
 * What an update makes of the options in force (facts: management 18): an option takes the place of those of its name, `-name`
 * removes them, and `?` in front allows that the client cannot change them. `offending` is the first item that it cannot
 * change and that does not allow it: then nothing is done.
 */
export function updateOptions(
  options: readonly string[],
  items: readonly string[],
  changes: ReadonlySet<string>,
): { readonly options: readonly string[] } | { readonly offending: string } {
  const replaced = new Set<string>();
  let result = options;
  for (const item of items) {
    const [, marks = '', option = ''] = /^(-\?|\?|-)? *(.*)$/s.exec(item) ?? [];
    const name = nameOf(option);
    if (!changes.has(name)) {
      if (marks.endsWith('?')) continue;
      return { offending: item };
    }
    // Several routes of one update are all meant to stay.
    if (marks.startsWith('-') || !replaced.has(name)) result = result.filter((existing) => nameOf(existing) !== name);
    replaced.add(name);
    if (!marks.startsWith('-')) result = [...result, option];
  }
  return { options: result };
}

function nameOf(option: string): string {
  return option.split(' ', 1)[0] ?? '';
}
