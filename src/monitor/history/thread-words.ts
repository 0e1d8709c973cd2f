import type { HistoryStore } from './store.ts';

/** What the thread of a history and the main thread say to each other. */

type Method = keyof HistoryStore;

/** A call of a method of the store. */
export type Call = { readonly [M in Method]: { readonly method: M; readonly args: Parameters<HistoryStore[M]> } }[Method];

/** A call with a number that its answer has again. */
export interface NumberedCall {
  readonly id: number;
  readonly call: Call;
}

/** What the thread says: it is ready or cannot be, and how a call went. */
export type ThreadWord =
  | { readonly kind: 'ready' }
  /** It could not be opened. */
  | { readonly kind: 'failed'; readonly error: ThrownWords }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: ThrownWords };

/** An error on its way from one thread to the other. */
export interface ThrownWords {
  readonly code: string | undefined;
  readonly message: string;
}
