import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { EXIT } from '../dispatch.ts';
import { completeLine, helpText } from './complete.ts';
import { Screen } from './screen.ts';
import type { Answer, Session } from './session.ts';
import { harmless, showAnswer, showNotification, type ShowOptions } from './show.ts';
import { BodyLines, lacksSecret, typedLine, type TypedCommand } from './typed.ts';

/** The terminal of a shell. */
export interface ShellOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly show: ShowOptions;
  /** Ends it, as Ctrl-D does. */
  readonly signal: AbortSignal;
}

const PROMPT = 'manage> ';
const BODY_PROMPT = '...> ';
const SECRET_PROMPT = 'value, not shown: ';

/** What the next line belongs to. */
type Expecting =
  | { readonly kind: 'command' }
  | { readonly kind: 'body'; readonly command: TypedCommand; readonly body: BodyLines }
  | { readonly kind: 'secret'; readonly command: TypedCommand };

/**
 * A shell at a terminal. What comes unasked is written above the line that is being typed, which is drawn again as it was. Gives 0
 * at its end, 2 when the connection was lost; closes the session.
 */
export function runShell(session: Session, options: ShellOptions): Promise<number> {
  return new Promise((resolve) => {
    new Shell(session, options, resolve).start();
  });
}

class Shell {
  readonly #session: Session;
  readonly #options: ShellOptions;
  readonly #screen: Screen;
  readonly #readline: Interface;
  readonly #finished: (code: number) => void;
  #expecting: Expecting = { kind: 'command' };
  /** The answers that are waited for. */
  #asked: Promise<unknown> = Promise.resolve();
  #over = false;

  constructor(session: Session, options: ShellOptions, finished: (code: number) => void) {
    this.#session = session;
    this.#options = options;
    this.#finished = finished;
    this.#screen = new Screen(options.output);
    this.#readline = createInterface({
      input: options.input,
      output: this.#screen,
      terminal: true,
      prompt: PROMPT,
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer: (line: string) => (this.#expecting.kind === 'command' ? completeLine(line) : [[], line]),
    });
    this.#screen.drawFor(this.#readline);
  }

  start(): void {
    const { signal, show } = this.#options;
    this.#readline.on('line', (line) => this.#line(line));
    this.#readline.on('SIGINT', () => this.#interrupt());
    this.#readline.on('history', (history) => this.#forgetSecret(history));
    this.#readline.on('close', () => this.#end());
    if (signal.aborted) return this.#finish(EXIT.ok);
    signal.addEventListener('abort', () => this.#finish(EXIT.ok), { once: true });
    this.#screen.print('`?` explains the commands, Tab completes them, Ctrl-D ends.\n');
    this.#readline.prompt();
    this.#session.listen({
      notification: (notification, line) => this.#screen.print(showNotification(notification, line, show)),
      lost: (why) => {
        this.#screen.print(`connection lost: ${harmless(why)}\n`);
        this.#finish(EXIT.misused);
      },
    });
  }

  #line(line: string): void {
    const expecting = this.#expecting;
    switch (expecting.kind) {
      case 'command':
        this.#command(line);
        break;
      case 'body':
        if (expecting.body.take(line)) this.#bodyEnded(expecting);
        break;
      case 'secret':
        this.#screen.reveal();
        this.#expect({ kind: 'command' });
        this.#withSecret(expecting.command, line);
        break;
    }
    if (!this.#over) this.#readline.prompt();
    if (this.#expecting.kind === 'secret') this.#screen.hide(SECRET_PROMPT);
  }

  #command(line: string): void {
    const help = /^\s*(?:\?|help(?=\s+\S))\s*(\S*)\s*$/.exec(line);
    if (help !== null) return this.#screen.print(helpText(help[1] === '' ? undefined : harmless(help[1] ?? '')));
    const typed = typedLine(line, this.#session.clientVersion);
    switch (typed.kind) {
      case 'blank':
        return;
      case 'end':
        return this.#end();
      case 'wrong':
        return this.#screen.print(showAnswer({ shown: line }, { kind: 'unsent', why: typed.why }, this.#options.show));
      case 'command':
        if (typed.needsBody) this.#expect({ kind: 'body', command: typed, body: new BodyLines() });
        else if (lacksSecret(typed)) this.#expect({ kind: 'secret', command: typed });
        else this.#ask(typed);
    }
  }

  #bodyEnded({ command, body }: Extract<Expecting, { kind: 'body' }>): void {
    this.#expect({ kind: 'command' });
    if (body.tooLong) this.#show(command, { kind: 'unsent', why: 'there are too many lines before END' });
    else this.#ask(command, body.lines);
  }

  #withSecret(command: TypedCommand, secret: string): void {
    const whole = typedLine(`${command.line} "${secret.replace(/[\\"]/g, '\\$&')}"`, this.#session.clientVersion);
    if (whole.kind === 'command') this.#ask(whole);
    else this.#show(command, { kind: 'unsent', why: 'what was typed cannot be sent' });
  }

  #ask(command: TypedCommand, body?: readonly string[]): void {
    this.#asked = this.#session.ask(command, body).then((answer) => this.#show(command, answer));
  }

  #show(command: TypedCommand, answer: Answer): void {
    this.#screen.print(showAnswer(command, answer, this.#options.show));
  }

  #expect(expecting: Expecting): void {
    this.#expecting = expecting;
    this.#readline.setPrompt(expecting.kind === 'body' ? BODY_PROMPT : PROMPT);
  }

  /** Gives up what is being typed; with nothing typed, ends. */
  #interrupt(): void {
    const nothing = this.#expecting.kind === 'command' && this.#readline.line === '';
    if (nothing) return this.#finish(EXIT.ok);
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
    this.#screen.reveal();
    this.#expect({ kind: 'command' });
    this.#screen.write('^C\n');
    this.#readline.prompt();
  }

  /** Passwords do not come back with the up key. */
  #forgetSecret(history: string[]): void {
    const [line = ''] = history;
    const typed = this.#expecting.kind === 'command' ? typedLine(line, this.#session.clientVersion) : undefined;
    if (typed === undefined || (typed.kind === 'command' && typed.row?.secret === true)) history.shift();
  }

  /** Once the answers are there that are waited for. */
  #end(): void {
    void this.#asked.finally(() => this.#finish(EXIT.ok));
  }

  #finish(code: number): void {
    if (this.#over) return;
    this.#over = true;
    this.#session.close();
    this.#screen.close();
    this.#readline.close();
    this.#finished(code);
  }
}
