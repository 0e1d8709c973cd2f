import { parentPort, workerData } from 'node:worker_threads';
import { reasonOf, TunnelscopeError, unreachable } from '../../base/errors.ts';
import { SqliteHistory } from './sqlite.ts';
import type { HistoryStore } from './store.ts';
import type { Call, NumberedCall, ThreadWord, ThrownWords } from './thread-words.ts';

/** The thread that a history's database runs on: answers calls one after the other, until it is told to close. */

function say(word: ThreadWord): void {
  parentPort?.postMessage(word, []);
}

function wordsOf(thrown: unknown): ThrownWords {
  return { code: thrown instanceof TunnelscopeError ? thrown.code : undefined, message: reasonOf(thrown) };
}

function carryOut(store: HistoryStore, { method, args }: Call): Promise<unknown> {
  switch (method) {
    case 'begin':
      return store.begin();
    case 'write':
      return store.write(...args);
    case 'sessions':
      return store.sessions(...args);
    case 'events':
      return store.events(...args);
    case 'traffic':
      return store.traffic(...args);
    case 'retain':
      return store.retain(...args);
    case 'erase':
      return store.erase(...args);
    case 'close':
      return store.close();
    default:
      return unreachable(method);
  }
}

function serve(store: HistoryStore): void {
  parentPort?.on('message', ({ id, call }: NumberedCall) => {
    void carryOut(store, call).then(
      (value) => {
        say({ kind: 'answer', id, value });
        if (call.method === 'close') parentPort?.close();
      },
      (thrown: unknown) => say({ kind: 'refusal', id, error: wordsOf(thrown) }),
    );
  });
  say({ kind: 'ready' });
}

const { path } = workerData as { readonly path: string };
try {
  serve(SqliteHistory.open(path));
} catch (thrown) {
  say({ kind: 'failed', error: wordsOf(thrown) });
}
