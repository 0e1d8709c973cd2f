import type { Secret } from '../../base/secret.ts';
import type { Duration } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import type { StreamAddress, StreamTls } from '../../host/net-listener.ts';
import { EncodeError } from '../../management/encode.ts';
import type { Notification } from '../../management/understood.ts';
import { ManagementError } from '../../service/management-client.ts';
import { ManagementLink } from '../../service/management-link.ts';
import type { TypedCommand } from './typed.ts';

/** Which interface, and how to get in. */
export interface SessionOptions {
  readonly where: StreamAddress;
  readonly clock: Clock;
  readonly tls: StreamTls | undefined;
  readonly password: Secret | undefined;
  /** For the greeting and each reply. */
  readonly timeout: Duration;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

/** What came of a command. `lines` are as the daemon said them, END included. */
export type Answer =
  | { readonly kind: 'ok'; readonly lines: readonly string[] }
  | { readonly kind: 'error'; readonly text: string; readonly lines: readonly string[] }
  /** It was never sent. */
  | { readonly kind: 'unsent'; readonly why: string }
  | { readonly kind: 'lost'; readonly why: string };

/** What is told while the session stands; after `lost` nothing is. */
export interface SessionListener {
  /** `line` is the line as it came, of a block the first. */
  notification(notification: Notification, line: string): void;
  lost(why: string): void;
}

/** A line without a reply: what comes before the reply to the `pid` behind it belonged to something else. */
const NOTHING = Buffer.from('#');

/** One connection to a management interface. Lines go out as they were typed, one after the other, each with its answer. */
export class Session {
  readonly #link: ManagementLink;
  readonly #early: (() => void)[] = [];
  #listener: SessionListener | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #clientVersion = 1;
  #closed = false;

  private constructor(options: SessionOptions) {
    const { where, clock, tls, password, timeout } = options;
    const link = { where, clock, timeout, reconnects: false, ordered: true };
    this.#link = new ManagementLink(
      { ...link, ...(tls === undefined ? {} : { tls }), ...(password === undefined ? {} : { password }) },
      {
        entered: () => undefined,
        gone: (why) => this.#tell((listener) => listener.lost(why)),
        notification: (notification, line) => this.#tell((listener) => listener.notification(notification, line)),
      },
    );
  }

  /** Connects. Rejects with ManagementError when the daemon is not there or does not let us in. */
  static async open(options: SessionOptions): Promise<Session> {
    const session = new Session(options);
    const why = await Promise.race([session.#link.connect(), whenAborted(options.signal)]);
    if (why === undefined) return session;
    session.close();
    throw new ManagementError(why, true);
  }

  /** What `version` was said last. */
  get clientVersion(): number {
    return this.#clientVersion;
  }

  /** Whom to tell from now on; what came since the connection stands is told first. */
  listen(listener: SessionListener): void {
    this.#listener = listener;
    for (const tell of this.#early.splice(0)) tell();
  }

  /** Sends a command once those before it have their answers. */
  ask(command: TypedCommand, body?: readonly string[]): Promise<Answer> {
    const answer = this.#turn.then(async () => {
      const given = await this.#exchange(Buffer.from(command.line), body);
      // A daemon that refused the first line said something to each line of the body too.
      if (body !== undefined && given.kind === 'error') await this.#exchange(NOTHING);
      if (command.row?.name === 'version' && given.kind === 'ok') this.#noteVersion(command.words);
      return given;
    });
    this.#turn = answer;
    return answer;
  }

  /** Ends it; nothing is told any more, and commands under way are lost. */
  close(): void {
    this.#closed = true;
    this.#link.close();
  }

  #exchange(line: Buffer, body?: readonly string[]): Promise<Answer> {
    return new Promise((resolve) => {
      const sent = this.#link.use((machine, now) => {
        const done: Parameters<typeof machine.relay>[1]['done'] = (reply, said) => {
          if (reply.kind === 'lost') resolve(reply);
          else if (reply.kind === 'error') resolve({ kind: 'error', text: reply.text, lines: said });
          else resolve({ kind: 'ok', lines: said });
        };
        try {
          machine.relay(line, body === undefined ? { done } : { done, body }, now);
        } catch (error) {
          if (!(error instanceof EncodeError)) throw error;
          resolve({ kind: 'unsent', why: error.message });
        }
      });
      if (!sent) resolve({ kind: 'lost', why: 'the connection ended' });
    });
  }

  #noteVersion(words: readonly string[]): void {
    if (words[0] !== undefined) this.#clientVersion = Number.parseInt(words[0], 10) || 1;
  }

  /** Before anybody listens there is at most what one piece of the stream held. */
  #tell(tell: (listener: SessionListener) => void): void {
    const run = (): void => {
      if (this.#listener !== undefined && !this.#closed) tell(this.#listener);
    };
    if (this.#listener === undefined) this.#early.push(run);
    else run();
  }
}

function whenAborted(signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve('interrupted');
    else signal?.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
}
