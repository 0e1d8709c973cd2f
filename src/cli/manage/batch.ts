import { EXIT } from '../dispatch.ts';
import type { Answer, Session } from './session.ts';
import { harmless, showAnswer, showNotification, type ShowOptions } from './show.ts';
import { BodyLines, typedLine, type TypedCommand } from './typed.ts';

/** Where a script's replies go, and how it runs. */
export interface BatchOptions {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly show: ShowOptions;
  /** What comes unasked is shown too. */
  readonly notifications: boolean;
  /** The first command that fails is the last. */
  readonly stopAtError: boolean;
  /** Stay, for what comes unasked, when the lines have ended. */
  readonly follow: boolean;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

type Over = { readonly kind: 'lost'; readonly why: string } | { readonly kind: 'interrupted' };

/**
 * Carries out lines one after the other. Gives the exit status: 0 when every command succeeded; 1 when the daemon said ERROR to one; 2 when
 * one was never sent, had no reply, or the connection was lost before the end of the lines. Closes the session.
 */
export async function runBatch(session: Session, lines: AsyncIterator<string>, options: BatchOptions): Promise<number> {
  const over = whenOver(session, options);
  const batch = new Batch(session, new Ahead(lines), options);
  try {
    const stays = (): boolean => batch.lost || (options.follow && !batch.stopped);
    const end = (await Promise.race([batch.run(), over])) ?? (stays() ? await over : undefined);
    if (end === undefined) return batch.status;
    session.close();
    await batch.told;
    const interruptedLate = end.kind === 'interrupted' && batch.done;
    if (!interruptedLate) options.err(end.kind === 'lost' ? `connection lost: ${harmless(end.why)}\n` : 'interrupted\n');
    return interruptedLate ? batch.status : EXIT.misused;
  } finally {
    session.close();
  }
}

/** One command, given on the command line: its body, if it has one, is the input up to END or its end. */
export async function* singleCommand(line: string, input: AsyncIterator<string>): AsyncGenerator<string> {
  yield line;
  const typed = typedLine(line, 1);
  if (typed.kind !== 'command' || !typed.needsBody) return;
  for (let next = await input.next(); next.done !== true && next.value !== 'END'; next = await input.next()) yield next.value;
  yield 'END';
}

function whenOver(session: Session, { out, show, notifications, signal }: BatchOptions): Promise<Over> {
  return new Promise((resolve) => {
    session.listen({
      notification: (notification, line) => {
        if (notifications && notification.kind !== 'info') out(showNotification(notification, line, show));
      },
      lost: (why) => resolve({ kind: 'lost', why }),
    });
    const interrupt = (): void => resolve({ kind: 'interrupted' });
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt, { once: true });
  });
}

class Batch {
  readonly #session: Session;
  readonly #lines: Ahead;
  readonly #options: BatchOptions;
  /** The worst so far. */
  status: number = EXIT.ok;
  /** The command under way was told of. */
  told: Promise<void> = Promise.resolve();
  /** The lines were carried out to their end. */
  done = false;
  /** It ended at the first error. */
  stopped = false;
  /** It ended because nobody answers any more. */
  lost = false;

  constructor(session: Session, lines: Ahead, options: BatchOptions) {
    this.#session = session;
    this.#lines = lines;
    this.#options = options;
  }

  async run(): Promise<undefined> {
    for (let line = await this.#lines.take(); line !== undefined; line = await this.#lines.take()) {
      const typed = typedLine(line, this.#session.clientVersion);
      if (typed.kind === 'blank') continue;
      if (typed.kind === 'end') break;
      const body = typed.needsBody ? await this.#body() : undefined;
      if (typed.kind === 'wrong') this.#tell({ shown: '[...]' }, { kind: 'unsent', why: typed.why });
      else await (this.told = this.#ask(typed, body));
      if (this.lost) return;
      this.stopped = this.status !== EXIT.ok && this.#options.stopAtError;
      if (this.stopped) break;
    }
    this.done = true;
  }

  async #ask(typed: TypedCommand, body: BodyLines | 'endless' | undefined): Promise<void> {
    if (body === 'endless') return this.#tell(typed, { kind: 'unsent', why: 'the line END is missing' });
    if (body?.tooLong === true) return this.#tell(typed, { kind: 'unsent', why: 'there are too many lines before END' });
    this.#tell(typed, await this.#session.ask(typed, body?.lines));
  }

  async #body(): Promise<BodyLines | 'endless'> {
    const body = new BodyLines();
    for (let line = await this.#lines.take(); line !== undefined; line = await this.#lines.take()) if (body.take(line)) return body;
    return 'endless';
  }

  /** The daemon's words go out; what it did not say is ours to say, to people on the other stream. */
  #tell(command: Pick<TypedCommand, 'shown'>, answer: Answer): void {
    const { out, err, show } = this.#options;
    this.lost = answer.kind === 'lost';
    const ours = answer.kind === 'unsent' || answer.kind === 'lost';
    const text = showAnswer(command, answer, show);
    if (ours && !show.json) err(text);
    else out(text);
    if (ours) this.status = EXIT.misused;
    else if (answer.kind === 'error') this.status = Math.max(this.status, EXIT.failed);
  }
}

/** Lines, read one ahead: so it is known that a command was the last before the connection that it ends is gone. */
class Ahead {
  readonly #lines: AsyncIterator<string>;
  #next: Promise<IteratorResult<string>>;

  constructor(lines: AsyncIterator<string>) {
    this.#lines = lines;
    this.#next = this.#read();
  }

  /** The next line; undefined at the end. */
  async take(): Promise<string | undefined> {
    const { done, value } = await this.#next;
    if (done === true) return undefined;
    this.#next = this.#read();
    return value;
  }

  #read(): Promise<IteratorResult<string>> {
    const next = this.#lines.next();
    // An error is that of whoever takes the line.
    next.catch(() => undefined);
    return next;
  }
}
