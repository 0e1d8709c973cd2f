import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { builtWorker } from '../support/worker-build.ts';

/** A thread that waits in a system call must not keep its process, whatever ends that (facts: node-engine, pitfall 12). */

const PROGRAM = fileURLToPath(builtWorker('test/support/plane-ends-main.ts'));
builtWorker('src/host/dataplane/batched/worker.ts');

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly output: string;
}

function start(words: readonly string[], onOutput: (child: ChildProcess) => void = () => {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--expose-gc', PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      onOutput(child);
    });
    child.once('close', (status, signal) => resolve({ status, signal, output }));
  });
}

describe('a process with a batched plane', () => {
  it.each([
    ['exit', 3],
    ['throw', 1],
    ['reject', 1],
  ])('ends at once by %s', async (how, status) => {
    expect(await start([how])).toEqual({ status, signal: null, output: 'running\n' });
  });

  it('ends by a signal', async () => {
    expect(await start(['wait'], (child) => child.kill('SIGTERM'))).toEqual({ status: null, signal: 'SIGTERM', output: 'running\n' });
  });

  it('survives many starts and stops with garbage collected at any time', { timeout: 30_000 }, async () => {
    expect(await start(['stress', '10'])).toEqual({ status: 0, signal: null, output: 'survived\n' });
  });
});
