/** After the usual life: nothing new was compiled for long, as a rule. */
const BRIEFLY_MS = 20;
/** After a time in which much was compiled. */
const LONG_MS = 250;
const SLICE_MS = 1;

/**
 * Lets V8 finish what it compiles on other threads, before this one ends. Where one of those needs memory collected, it waits until this
 * thread runs code; Node's end of a thread waits for them without running any, and both would wait for ever.
 */
export function linger(compiled: 'little' | 'much'): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const slices = (compiled === 'much' ? LONG_MS : BRIEFLY_MS) / SLICE_MS;
  for (let i = 0; i < slices; i++) Atomics.wait(cell, 0, 0, SLICE_MS);
}
