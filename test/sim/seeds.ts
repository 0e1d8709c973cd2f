/**
 * The seeds of a simulation test: `count` fixed ones, or the one of SIM_SEED, so that a failure is replayed by
 *
 *   SIM_SEED=1234 npx vitest run --project unit test/sim
 */
export function seeds(count: number): number[] {
  const chosen = process.env['SIM_SEED'];
  if (chosen !== undefined) return [Number(chosen)];
  return Array.from({ length: count }, (_, index) => 1 + index * 7919);
}

/** Runs a simulation; whatever goes wrong says by which seed it is replayed. */
export function simulate(seed: number, run: (seed: number) => void): void {
  try {
    run(seed);
  } catch (thrown) {
    if (thrown instanceof Error) thrown.message = `SIM_SEED=${seed}: ${thrown.message}`;
    throw thrown;
  }
}
