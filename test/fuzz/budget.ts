import { randomBytes } from 'node:crypto';

/**
 * How long the mutational fuzzers go on: `npm test` runs a fixed number of cases from fixed seeds, `npm run fuzz` as many
 * as fit into TUNNELSCOPE_FUZZ_SECONDS, from a seed that differs each run. FUZZ_SEED replays one case.
 */
export function* fuzzSeeds(fixed: number): Generator<number, void> {
  const replayed = process.env['FUZZ_SEED'];
  const seconds = process.env['TUNNELSCOPE_FUZZ_SECONDS'];
  if (replayed !== undefined) yield Number(replayed);
  else if (seconds === undefined) for (let seed = 1; seed <= fixed; seed++) yield seed;
  else yield* until(performance.now() + 1000 * Number(seconds));
}

function* until(end: number): Generator<number, void> {
  const first = randomBytes(4).readUInt32BE();
  let count = 0;
  for (; performance.now() < end; count++) yield (first + count) >>> 0;
  process.stdout.write(`${count} cases from seed ${first} on\n`);
}

/** Runs a case; whatever goes wrong says how it is replayed. */
export function fuzzCase(seed: number, run: (seed: number) => void): void {
  try {
    run(seed);
  } catch (thrown) {
    if (thrown instanceof Error) thrown.message = `FUZZ_SEED=${seed}: ${thrown.message}`;
    throw thrown;
  }
}
