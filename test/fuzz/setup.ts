import type { Parameters } from 'fast-check';
import { vi } from 'vitest';

/**
 * `npm run fuzz` runs the same property tests as `npm test` with many times the cases and a seed that differs each run
 * (fast-check prints it on failure). TUNNELSCOPE_FUZZ_FACTOR sets how many times; 50 by default. TUNNELSCOPE_FUZZ_SECONDS is how
 * long each mutational fuzzer goes on; 60 by default.
 */
process.env['TUNNELSCOPE_FUZZ_SECONDS'] ??= '60';
const factor = Number(process.env['TUNNELSCOPE_FUZZ_FACTOR'] ?? '50');

vi.mock('fast-check', async (importOriginal) => {
  const actual = await importOriginal<typeof import('fast-check')>();
  const assert = new Proxy(actual.assert, {
    apply(target, self, [property, parameters]: [unknown, Parameters | undefined]) {
      return Reflect.apply(target, self, [property, { ...parameters, numRuns: (parameters?.numRuns ?? 100) * factor }]);
    },
  });
  return { ...actual, assert, default: { ...actual.default, assert } };
});
