/** Runs work that was written in steps to its end at a stroke, and gives what it comes to. */
export function runThrough<T>(steps: Generator<unknown, T, void>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
