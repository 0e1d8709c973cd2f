import { createConnection, type Socket } from 'node:net';
import { eventually } from '../../test/interop/support/running.ts';

const LF = 0x0a;

/**
 * A management client that does as little as possible with what it hears: finds the end of what it asked for, and counts lines of what
 * comes unasked. So it is never what is waited for: looking at a reply costs it a fraction of a microsecond a chunk.
 */
export class Manager {
  /** Lines so far that were not a reply to `ask`. */
  lines = 0;
  closed = false;
  /** Hears every chunk. */
  onData: (chunk: Buffer) => void = () => {};
  readonly #socket: Socket;
  #tail = '';
  #end: { readonly text: string; readonly found: () => void } | undefined;

  private constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', () => undefined).once('close', () => (this.closed = true));
  }

  /** Connects and waits for the greeting. */
  static async open(path: string): Promise<Manager> {
    const manager = new Manager(path);
    await eventually('greeting', () => manager.lines > 0);
    return manager;
  }

  /** Sends a text and settles when what was heard ends with `end`; gives the milliseconds. */
  async ask(text: string, end: string): Promise<number> {
    const started = performance.now();
    const found = new Promise<void>((resolve) => {
      this.#end = { text: end, found: resolve };
    });
    this.#socket.write(text);
    await found;
    return performance.now() - started;
  }

  /** Reads no more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const end = this.#end;
    if (end === undefined) {
      for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, at + 1)) this.lines++;
      return this.onData(chunk);
    }
    this.#tail = (this.#tail + chunk.toString('latin1', Math.max(0, chunk.length - 64))).slice(-64);
    if (!this.#tail.endsWith(end.text)) return;
    this.#end = undefined;
    this.#tail = '';
    end.found();
  }
}
