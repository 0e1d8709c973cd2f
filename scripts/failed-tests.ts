import { appendFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

/**
 * A reporter that adds a line for each failed test, with the first line of why, to the file that the environment variable
 * FAILED_TESTS names: who sees only the end of a long output still sees what to mend.
 */
export default class FailedTests implements Reporter {
  readonly #path = process.env['FAILED_TESTS'];

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    if (state === 'failed') this.#note(`${test.module.relativeModuleId}: ${test.fullName}`, errors[0]?.message);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) for (const error of module.errors()) this.#note(module.relativeModuleId, error.message);
  }

  #note(where: string, why = ''): void {
    if (this.#path === undefined) return;
    appendFileSync(this.#path, `${where}: ${why.split('\n', 8).join('\n    ').slice(0, 600)}\n`);
  }
}
