/** Who writes lines: our log, pino in the same thread, or pino through a worker of its own. */
export type LogWriter = 'ours' | 'pino' | 'pino-worker';

/** What the program that writes log lines is told. */
export type LogSetup =
  | { readonly kind: 'write'; readonly writer: LogWriter; readonly path: string; readonly lines: number }
  | { readonly kind: 'pace'; readonly path: string; readonly perSecond: number; readonly seconds: number };

/** What it answers. */
export interface LogReport {
  /** Until everything was written, or of watching. */
  readonly seconds: number;
  /** That were logged, warming up included. */
  readonly lines: number;
  /** How late the event loop was, in milliseconds: 99 of 100 times no later. */
  readonly delayP99?: number;
}
