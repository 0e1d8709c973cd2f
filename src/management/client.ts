import type { Machine } from '../base/machine.ts';
import type { Secret } from '../base/secret.ts';
import { tokenize } from '../base/tokenize.ts';
import { after, type Duration, type Instant, type Now, seconds } from '../base/units.ts';
import { encodeCommand, encodeRelayed } from './encode.ts';
import { FENCE, ReplyProgress, type ReplyShape, shapeOf } from './reply-shape.ts';
import { type Notification, parseNotification } from './understood.ts';

/** How a reply came out. `lines` are without END; an error is the daemon's words without `ERROR: `. */
export type Reply =
  | { readonly kind: 'ok'; readonly lines: readonly string[] }
  | { readonly kind: 'error'; readonly text: string; readonly lines: readonly string[] }
  /** Nobody answered: the connection ended, or took too long. */
  | { readonly kind: 'lost'; readonly why: string };

/** What the client wants done or made known, in order. */
export type ClientOutput =
  | { readonly kind: 'send'; readonly bytes: Buffer }
  /** `line` is the line as it came, a block's first; one that does not begin with `>` is no notification, and nobody asked for it. */
  | { readonly kind: 'notification'; readonly notification: Notification; readonly line: string }
  /** Hands out a reply. */
  | {
      readonly kind: 'replied';
      /** Hands the reply to who asked. */
      readonly deliver: () => void;
    }
  /** Let in: commands go out from now on. */
  | { readonly kind: 'ready' }
  /** It cannot go on: close the connection. */
  | { readonly kind: 'close'; readonly why: string };

/** How a client is set up. */
export interface ClientOptions {
  readonly password?: Secret;
  /** For a greeting and for each reply; 10 s unless given. */
  readonly timeout?: Duration;
  /** Replies are outputs, in their place among notifications; else they are handed out as soon as they are whole. */
  readonly ordered?: boolean;
}

/** What is called with a reply; `said` are all its lines as they came, END included. */
export type ReplyTaker = (reply: Reply, said: readonly string[]) => void;

interface Waiting {
  readonly shape: ReplyShape;
  readonly progress: ReplyProgress;
  readonly lines: string[];
  bytes: number;
  readonly done: ReplyTaker;
}

const PROMPT = 'ENTER PASSWORD:';
/** Why a connection ends whose interface asks for a password that there is none for. */
export const PASSWORD_WANTED = 'the interface asks for a password';
const TIMEOUT = seconds(10);

/** A line, a reply's lines and a block's variables beyond these are not a daemon's. */
const LIMITS = { lineBytes: 64 * 1024, replyLines: 1_000_000, replyBytes: 64 * 1024 * 1024, blockLines: 4096, blockBytes: 1024 * 1024 };

/**
 * One connection to a management interface, stock's or ours, without I/O: tell it what came (`handleData`, `handleClosed`,
 * `handleDeadline`), ask with `command`, then `poll` until nothing is left. Commands may be asked at any time, also before it is
 * let in, and many at once: replies come in their order, whatever comes between.
 */
export class ManagementClientMachine implements Machine {
  readonly #options: ClientOptions;
  readonly #outputs: ClientOutput[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #unsent: Buffer[] = [];
  #phase: 'greeting' | 'password' | 'open' | 'over' = 'greeting';
  #partial = '';
  readonly #decoder = new TextDecoder();
  #block: { readonly head: Notification; readonly line: string; readonly env: [string, string][]; bytes: number } | undefined;
  #deadline: Instant | undefined;

  constructor(options: ClientOptions, now: Now) {
    this.#options = options;
    this.#deadline = after(now.at, options.timeout ?? TIMEOUT);
  }

  /** True once it was let in. */
  get open(): boolean {
    return this.#phase === 'open';
  }

  /** Commands that have no reply yet. */
  get pending(): number {
    return this.#waiting.length;
  }

  nextDeadline(): Instant | undefined {
    return this.#deadline;
  }

  handleDeadline(now: Now): void {
    if (this.#deadline === undefined || this.#deadline > now.at) return;
    this.#end(this.#phase === 'open' ? 'no reply in time' : 'no greeting in time');
  }

  /** Bytes came, cut anywhere. */
  handleData(bytes: Buffer, now: Now): void {
    if (this.#phase === 'over') return;
    this.#partial += this.#decoder.decode(bytes, { stream: true });
    for (;;) {
      if (this.#phase !== 'open' && this.#partial.startsWith(PROMPT)) {
        this.#partial = this.#partial.slice(PROMPT.length);
        if (!this.#givePassword()) return;
        continue;
      }
      const end = this.#partial.indexOf('\n');
      if (end < 0) break;
      const line = this.#partial.slice(0, end).replace(/\r$/, '');
      this.#partial = this.#partial.slice(end + 1);
      this.#line(line, now);
    }
    if (this.#partial.length > LIMITS.lineBytes) this.#end('a line is too long');
  }

  /** The connection is gone. */
  handleClosed(): void {
    this.#lose('the connection ended');
    this.#phase = 'over';
  }

  /** Asks something. Throws EncodeError for words that no quoting can carry. */
  command(
    name: string,
    words: readonly (string | number)[],
    options: { readonly body?: readonly string[]; readonly done: ReplyTaker },
    now: Now,
  ): void {
    this.#ask(encodeCommand(name, words, options.body), shapeOf(name, words.map(String)), options.done, now);
  }

  /** Asks with a line that somebody else made, as it is, whatever it says. Throws EncodeError for what is more than one line. */
  relay(line: Buffer, options: { readonly body?: readonly string[]; readonly done: ReplyTaker }, now: Now): void {
    const split = tokenize(line.toString('utf8'), '');
    const [name = '', ...words] = split.ok ? split.value : [];
    this.#ask(encodeRelayed(line, options.body), shapeOf(name, words), options.done, now);
  }

  #ask(bytes: Buffer, shape: ReplyShape, done: ReplyTaker, now: Now): void {
    if (this.#phase === 'over') return this.#deliver(done, { kind: 'lost', why: 'the connection ended' }, []);
    if (shape.kind === 'none') this.#deliver(done, { kind: 'ok', lines: [] }, []);
    else {
      this.#waiting.push({ shape, progress: new ReplyProgress(shape), lines: [], bytes: 0, done });
      if (this.#phase === 'open' && this.#waiting.length === 1) this.#arm(now);
    }
    const all = shape.kind === 'fenced' ? Buffer.concat([bytes, Buffer.from(`${FENCE.command}\n`)]) : bytes;
    if (this.#phase === 'open') this.#outputs.push({ kind: 'send', bytes: all });
    else this.#unsent.push(all);
  }

  /** What must be done next; undefined when nothing is left. */
  poll(): ClientOutput | undefined {
    return this.#outputs.shift();
  }

  #givePassword(): boolean {
    const { password } = this.#options;
    if (password === undefined || this.#phase === 'password') {
      this.#end(password === undefined ? PASSWORD_WANTED : 'the password is wrong');
      return false;
    }
    this.#phase = 'password';
    this.#outputs.push({ kind: 'send', bytes: Buffer.from(`${password.reveal()}\n`) });
    return true;
  }

  #line(line: string, now: Now): void {
    if (line.startsWith('>')) return this.#unasked(line, now);
    // `SUCCESS: password is correct`, or why not.
    if (this.#phase !== 'open') return line.startsWith('ERROR:') ? this.#end(line.slice('ERROR: '.length)) : undefined;
    const head = this.#waiting[0];
    if (head === undefined) return line.startsWith('ERROR:') ? undefined : this.#push({ kind: 'unknown', line }, line);
    head.lines.push(line);
    head.bytes += line.length;
    if (head.lines.length > LIMITS.replyLines || head.bytes > LIMITS.replyBytes) return this.#end('a reply is too long');
    if (head.progress.take(line)) this.#answer(head, now);
  }

  #answer(head: Waiting, now: Now): void {
    this.#waiting.shift();
    if (this.#waiting.length === 0) this.#deadline = undefined;
    else this.#arm(now);
    if (head.shape.kind === 'fenced') head.lines.pop();
    const { lines } = head;
    const last = lines.at(-1) ?? '';
    if (last.startsWith('ERROR:')) this.#deliver(head.done, { kind: 'error', text: last.replace(/^ERROR: ?/, ''), lines }, lines);
    else this.#deliver(head.done, { kind: 'ok', lines: last === 'END' ? lines.slice(0, -1) : lines }, lines);
  }

  #deliver(done: ReplyTaker, reply: Reply, said: readonly string[]): void {
    if (this.#options.ordered !== true) return done(reply, said);
    this.#outputs.push({ kind: 'replied', deliver: () => done(reply, said) });
  }

  #unasked(whole: string, now: Now): void {
    const line = whole.slice(1);
    const head = this.#waiting[0];
    if (head?.shape.kind === 'pkcs11' && line.startsWith('PKCS11ID-')) {
      head.lines.push(whole);
      return this.#answer(head, now);
    }
    if (this.#phase !== 'open' && line.startsWith('INFO:')) this.#enter(now);
    if (this.#block !== undefined && /^(?:CLIENT|UPDOWN):ENV,/.test(line)) return this.#blockLine(line.slice(line.indexOf(',') + 1));
    const notification = parseNotification(line);
    if (notification.kind === 'client' || notification.kind === 'client-response' || notification.kind === 'updown') {
      this.#block = { head: notification, line: whole, env: [], bytes: 0 };
    } else this.#push(notification, whole);
  }

  #blockLine(variable: string): void {
    const block = this.#block;
    if (block === undefined) return;
    if (variable === 'END') {
      this.#block = undefined;
      return this.#push({ ...block.head, env: block.env } as Notification, block.line);
    }
    const equals = variable.indexOf('=');
    block.bytes += variable.length;
    if (block.env.length >= LIMITS.blockLines || block.bytes > LIMITS.blockBytes) return this.#end('a block is too long');
    block.env.push(equals < 0 ? [variable, ''] : [variable.slice(0, equals), variable.slice(equals + 1)]);
  }

  #enter(now: Now): void {
    this.#phase = 'open';
    this.#deadline = undefined;
    this.#outputs.push({ kind: 'ready' });
    for (const bytes of this.#unsent.splice(0)) this.#outputs.push({ kind: 'send', bytes });
    if (this.#waiting.length > 0) this.#arm(now);
  }

  #arm(now: Now): void {
    this.#deadline = after(now.at, this.#options.timeout ?? TIMEOUT);
  }

  #push(notification: Notification, line: string): void {
    this.#outputs.push({ kind: 'notification', notification, line });
  }

  #end(why: string): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.#lose(why);
    this.#outputs.push({ kind: 'close', why });
  }

  #lose(why: string): void {
    this.#deadline = undefined;
    for (const { done } of this.#waiting.splice(0)) this.#deliver(done, { kind: 'lost', why }, []);
  }
}
