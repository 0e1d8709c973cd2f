import { defineConfig } from 'vitest/config';

const unit = { include: ['src/**/*.test.ts', 'test/**/*.test.ts'], exclude: ['test/interop/**'] };

/**
 * `unit` is what `npm test` runs. `fuzz` runs the same files with many times the cases for each property. `interop`
 * needs root, /dev/net/tun and stock OpenVPN.
 */
export default defineConfig({
  test: {
    reporters: ['default', './scripts/failed-tests.ts'],
    projects: [
      // Many times what any takes on a machine that does other things, too.
      { test: { name: 'unit', ...unit, testTimeout: 30_000, hookTimeout: 30_000 } },
      { test: { name: 'fuzz', ...unit, setupFiles: ['test/fuzz/setup.ts'], testTimeout: 600_000 } },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
