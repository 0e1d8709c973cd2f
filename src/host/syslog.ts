/** Where messages for the system's log go. */
export interface Syslog {
  /** Never waits. `priority` is LOG_ERR and its kin, without facility. False when the line was dropped. */
  send(priority: number, text: string): boolean;
  /** Lines dropped so far, because the system's log did not take them in time. */
  readonly dropped: number;
  /** When all is handed over; waits a second at most. */
  close(): Promise<void>;
}

const LOG_DAEMON = 3 << 3;
const LOG_PID = 1;
/** Messages that wait at most: the C library's call waits for a log that is busy, so it runs on another thread, one at a time. */
const MAX_WAITING = 10_000;
const CLOSE_LIMIT_MS = 1000;

/** syslog(3) of the C library, facility daemon, with the process id behind the name. */
export class SystemLog implements Syslog {
  /** Hears, before the next message goes, of how many were dropped. */
  onRecovered: (lost: number) => void = () => {};
  readonly #calls: Promise<SyslogCalls>;
  readonly #waiting: { readonly priority: number; readonly text: string }[] = [];
  #dropped = 0;
  #lost = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  /** `name` stands before every message; `openvpn` unless the configuration has another. `open` is for tests. */
  constructor(name: string, open: (name: string) => Promise<SyslogCalls> = openSyslog) {
    this.#calls = open(name);
  }

  get dropped(): number {
    return this.#dropped;
  }

  send(priority: number, text: string): boolean {
    if (this.#closed || this.#waiting.length >= MAX_WAITING) {
      this.#dropped++;
      this.#lost++;
      return false;
    }
    if (this.#lost > 0) {
      const lost = this.#lost;
      this.#lost = 0;
      this.onRecovered(lost);
    }
    this.#waiting.push({ priority, text });
    this.#running ??= this.#run();
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    let limit: NodeJS.Timeout | undefined;
    const outOfTime = new Promise<void>((finish) => {
      limit = setTimeout(finish, CLOSE_LIMIT_MS);
    });
    await Promise.race([this.#running ?? Promise.resolve(), outOfTime]);
    clearTimeout(limit);
  }

  async #run(): Promise<void> {
    const calls = await this.#calls;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) await calls.send(next.priority, next.text);
    this.#running = undefined;
  }
}

/** The calls of the library: what `SystemLog` stands on. */
export interface SyslogCalls {
  send(priority: number, text: string): Promise<void>;
  /** The library keeps the pointer, so that the bytes must stay. */
  readonly ident: Buffer;
}

/** Without the library for system calls there is nobody to hand messages to: they are gone. */
async function openSyslog(name: string): Promise<SyslogCalls> {
  const ident = Buffer.from(`${name}\0`);
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    library.func('void openlog(const void *ident, int option, int facility)')(ident, LOG_PID, LOG_DAEMON);
    // Declared with the one argument that our format has: calls with a variable number of them cannot run on another thread.
    const syslog = library.func('void syslog(int priority, const char *format, const char *text)');
    return { ident, send: (priority, text) => new Promise((resolve) => syslog.async(priority, '%s', text, () => resolve())) };
  } catch {
    return { ident, send: () => Promise.resolve() };
  }
}
