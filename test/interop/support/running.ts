import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** How a process ended: an exit code, or the signal that ended it. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Waiter {
  readonly matches: (line: string) => boolean;
  readonly found: (line: string) => void;
}

/** How long tests wait for a line or an end unless they say otherwise, in milliseconds. */
export const PATIENCE = 20_000;

/** Lines are collected for a moment before they are written, so that the end that acted later may be read first. */
const SETTLE = 40;

/** A process in a namespace with its output as lines. It dies with the test process, whatever happens to that. */
export class Running {
  readonly name: string;
  /** Output and errors together, in the order they came, without line ends. */
  readonly lines: string[] = [];
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #waiters = new Set<Waiter>();
  #partial = '';
  #end: Ended | undefined;

  constructor(name: string, namespace: string, command: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.#child = spawn('ip', ['netns', 'exec', namespace, 'setpriv', '--pdeathsig', 'KILL', ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    }
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#take(`${error.message}\n`));
      this.#child.once('close', (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** True until the process has ended. */
  get alive(): boolean {
    return this.#end === undefined;
  }

  /** A place in the output, for `waitFor` to start from. */
  mark(): number {
    return this.lines.length;
  }

  /** The lines that hold the text or match the pattern. */
  matching(what: string | RegExp): string[] {
    return this.lines.filter(matcher(what));
  }

  /**
   * The first line from `from` on (default: any so far) that holds the text or matches the pattern; by then other
   * processes have written what they said of the same thing, too, unless it shall be `promptly`. Throws with the
   * tail of the output when it does not come in time, or can no longer come.
   */
  async waitFor(
    what: string | RegExp,
    options: { readonly from?: number; readonly within?: number; readonly promptly?: boolean } = {},
  ): Promise<string> {
    const matches = matcher(what);
    const already = this.lines.slice(options.from ?? 0).find(matches);
    if (already !== undefined) return already;
    const timeout = new AbortController();
    let waiter: Waiter | undefined;
    const line = new Promise<string>((resolve) => {
      waiter = { matches, found: resolve };
      this.#waiters.add(waiter);
    });
    const outOfTime = delay(options.within ?? PATIENCE, 'was not said in time', { signal: timeout.signal });
    // A line of the last chunk is found before the end is: 'close' comes after the streams have ended.
    const result = await Promise.race([
      line.then((text) => ({ text })),
      outOfTime,
      this.ended.then(() => 'can no longer be said: the process ended'),
    ]);
    timeout.abort();
    if (waiter !== undefined) this.#waiters.delete(waiter);
    if (typeof result === 'object') {
      if (options.promptly !== true) await delay(SETTLE);
      return result.text;
    }
    throw new Error(`${this.name}: ${String(what)} ${result}\n${this.tail()}`);
  }

  /** The last lines, for an error's text. */
  tail(count = 60): string {
    return this.lines.slice(-count).join('\n');
  }

  /** Writes to the standard input of the process. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(name: NodeJS.Signals): void {
    if (this.alive) this.#child.kill(name);
  }

  /** Asks the process to end and waits; kills it when it does not end in time. Harmless when it has ended. */
  async stop(name: NodeJS.Signals = 'SIGTERM', within = 10_000): Promise<Ended> {
    this.signal(name);
    const timeout = new AbortController();
    const outOfTime = delay(within, undefined, { signal: timeout.signal }).catch(() => undefined);
    const end = await Promise.race([this.ended, outOfTime]);
    timeout.abort();
    if (end !== undefined) return end;
    this.#child.kill('SIGKILL');
    await this.ended;
    throw new Error(`${this.name}: did not end within ${within} ms of ${name}\n${this.tail()}`);
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      this.lines.push(line);
      for (const waiter of this.#waiters) if (waiter.matches(line)) waiter.found(line);
    }
  }
}

function matcher(what: string | RegExp): (line: string) => boolean {
  return typeof what === 'string' ? (line) => line.includes(what) : (line) => what.test(line);
}

/** Calls `probe` until it gives something other than undefined or false. Throws with `what` after `within` milliseconds. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  within = PATIENCE,
): Promise<T> {
  const end = performance.now() + within;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`${what}: not within ${within} ms`);
    await delay(50);
  }
}
