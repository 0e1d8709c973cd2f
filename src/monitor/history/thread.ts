import { Worker } from 'node:worker_threads';
import { type ErrorCode, ERRORS, reasonOf, TunnelscopeError } from '../../base/errors.ts';
import { setDatabaseAside } from '../../host/database-files.ts';
import type { EventKind, EventRecord, SessionRecord, TrafficRow } from './records.ts';
import type { Beginning, DamageListener, HistoryChange, HistoryQuery, HistoryStore, Page, Retention } from './store.ts';
import type { Call, NumberedCall, ThreadWord, ThrownWords } from './thread-words.ts';

/** The same module as source and built. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** A call that has no answer yet. */
interface Waiting {
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A history in an SQLite file, on a thread of its own: the caller's never waits for the disk. A database that is damaged is kept aside,
 * `onDamaged` is told, and what was asked of it is asked of a new one in its place; the thread ends in between, for only then is the
 * file let go.
 */
export class ThreadHistory implements HistoryStore {
  readonly #path: string;
  readonly #onDamaged: DamageListener;
  readonly #module: URL;
  /** In the order in which they are to be done. */
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;
  #gone: Error | undefined;
  #opened: Pick<Waiting, 'resolve' | 'reject'> | undefined;

  private constructor(path: string, onDamaged: DamageListener, module: URL) {
    this.#path = path;
    this.#onDamaged = onDamaged;
    this.#module = module;
  }

  /** Opens one for writing; makes it where there is none. Rejects with FILE. `module` is the thread's, for tests. */
  static async open(path: string, onDamaged: DamageListener, module: URL = WORKER): Promise<ThreadHistory> {
    const history = new ThreadHistory(path, onDamaged, module);
    await new Promise((resolve, reject) => {
      history.#opened = { resolve, reject };
      history.#start();
    });
    return history;
  }

  async begin(): Promise<Beginning> {
    return (await this.#call({ method: 'begin', args: [] })) as Beginning;
  }

  async write(changes: readonly HistoryChange[]): Promise<void> {
    await this.#call({ method: 'write', args: [changes] });
  }

  async sessions(query: HistoryQuery): Promise<Page<SessionRecord>> {
    return (await this.#call({ method: 'sessions', args: [query] })) as Page<SessionRecord>;
  }

  async events(kind: EventKind, query: HistoryQuery): Promise<Page<EventRecord>> {
    return (await this.#call({ method: 'events', args: [kind, query] })) as Page<EventRecord>;
  }

  async traffic(query: Omit<HistoryQuery, 'after'>): Promise<readonly TrafficRow[]> {
    return (await this.#call({ method: 'traffic', args: [query] })) as readonly TrafficRow[];
  }

  async retain(retention: Retention): Promise<number> {
    return (await this.#call({ method: 'retain', args: [retention] })) as number;
  }

  async erase(user: string): Promise<number> {
    return (await this.#call({ method: 'erase', args: [user] })) as number;
  }

  /** All that was asked before is done first. */
  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const closed = this.#call({ method: 'close', args: [] });
    this.#gone = new TunnelscopeError('FILE', 'the history is closed');
    await closed;
    // A thread that ends lets go of the file.
    await this.#worker?.terminate();
  }

  #call(call: Call): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    return new Promise((resolve, reject) => {
      const id = ++this.#calls;
      this.#waiting.set(id, { call, resolve, reject });
      this.#post({ id, call });
    });
  }

  #post(call: NumberedCall): void {
    this.#worker?.postMessage(call);
  }

  #start(): void {
    const worker = new Worker(this.#module, { name: 'history', workerData: { path: this.#path } });
    worker.on('message', (word: ThreadWord) => {
      if (this.#worker === worker) this.#heard(word, worker);
    });
    const ended = (why: string): void => {
      if (this.#worker === worker) this.#fail(new TunnelscopeError('FILE', `the thread of the history ended: ${why}`));
    };
    worker.on('error', (error) => ended(reasonOf(error)));
    worker.on('exit', (code) => ended(`exit ${code}`));
    this.#worker = worker;
  }

  #heard(word: ThreadWord, worker: Worker): void {
    switch (word.kind) {
      case 'ready':
        this.#opened?.resolve(undefined);
        return;
      case 'failed':
        return isDamage(word.error) ? void this.#beginAnew(word.error.message, worker) : this.#fail(errorOf(word.error));
      case 'answer':
        return this.#take(word.id)?.resolve(word.value);
      case 'refusal':
        return isDamage(word.error) ? void this.#beginAnew(word.error.message, worker) : this.#take(word.id)?.reject(errorOf(word.error));
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  async #beginAnew(reason: string, worker: Worker): Promise<void> {
    this.#worker = undefined;
    await worker.terminate();
    try {
      this.#onDamaged(setDatabaseAside(this.#path), reason);
    } catch (thrown) {
      return this.#fail(new TunnelscopeError('FILE', `${reason}; it cannot be put aside: ${reasonOf(thrown)}`, { cause: thrown }));
    }
    this.#start();
    for (const [id, { call }] of this.#waiting) this.#post({ id, call });
  }

  #fail(why: Error): void {
    this.#gone ??= why;
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#opened?.reject(why);
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }
}

function isDamage({ code }: ThrownWords): boolean {
  return code === 'DATABASE_DAMAGED';
}

function errorOf({ code, message }: ThrownWords): TunnelscopeError {
  return new TunnelscopeError(isCode(code) ? code : 'BUG', message);
}

function isCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERRORS, code);
}
