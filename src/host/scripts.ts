import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Duration } from '../base/units.ts';
import { failureFrom } from './errno.ts';

/** A program to run. No shell is between: the words are its arguments as they are. */
export interface Command {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** The whole environment: nothing of ours is added. */
  readonly env: Readonly<Record<string, string>>;
  /** After which it is ended, with all that it started; never when undefined. */
  readonly timeout?: Duration | undefined;
  /** Hears each line of its standard output and standard error, line ends taken off. */
  readonly onLine?: ((line: string, stream: 'stdout' | 'stderr') => void) | undefined;
}

/** How it ended. */
export type CommandResult =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  /** In the system's words: `No such file or directory`. */
  | { readonly kind: 'not-started'; readonly reason: string };

/** Runs programs. */
export interface Runner {
  /** Never rejects. */
  run(command: Command): Promise<CommandResult>;
}

/** A longer line is cut into pieces of this many characters. */
const MAX_LINE = 4096;
/** Lines beyond this many are not told; a script that prints for ever must not fill the log. */
const MAX_LINES = 1000;
/** What a program has after SIGTERM before SIGKILL. */
const KILL_AFTER = 1000;
/** How long its output may stay open after its end: a script that leaves a child behind never closes it. */
const DRAIN = 200;

/** Runs them as children of this process, each in a process group of its own. */
export class ProcessRunner implements Runner {
  run(command: Command): Promise<CommandResult> {
    return new Promise((resolve) => {
      const [program = '', ...args] = command.argv;
      let child: ChildProcess;
      try {
        child = spawn(program, args, { env: { ...command.env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
      } catch (thrown) {
        resolve({ kind: 'not-started', reason: failureFrom(thrown).words });
        return;
      }
      follow(child, command, resolve);
    });
  }
}

function follow(child: ChildProcess, command: Command, resolve: (result: CommandResult) => void): void {
  const budget = { lines: MAX_LINES };
  for (const stream of ['stdout', 'stderr'] as const) {
    const output = child[stream];
    if (output !== null) readLines(output, (line) => budget.lines-- > 0 && command.onLine?.(line, stream));
  }
  let timedOut = false;
  const end = (signal: NodeJS.Signals): void => killGroup(child, signal);
  let timer = schedule(command.timeout, () => {
    timedOut = true;
    end('SIGTERM');
    timer = schedule(KILL_AFTER, () => end('SIGKILL'));
  });
  const finish = (result: CommandResult): void => {
    clearTimeout(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
    resolve(timedOut ? { kind: 'timed-out' } : result);
  };
  child.once('error', (error) => finish({ kind: 'not-started', reason: failureFrom(error).words }));
  child.once('exit', (status, signal) => {
    const result: CommandResult = signal === null ? { kind: 'exited', status: status ?? 0 } : { kind: 'signalled', signal };
    const drained = setTimeout(() => finish(result), DRAIN);
    child.once('close', () => {
      clearTimeout(drained);
      finish(result);
    });
  });
}

function schedule(after: number | undefined, run: () => void): NodeJS.Timeout | undefined {
  return after === undefined ? undefined : setTimeout(run, after);
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has gone by itself.
  }
}

/** Lines of a stream, the last one also without its end. */
function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    rest += text;
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.replace(/\r$/, '').slice(0, MAX_LINE));
    while (rest.length > MAX_LINE) {
      onLine(rest.slice(0, MAX_LINE));
      rest = rest.slice(MAX_LINE);
    }
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
  // A program that is gone cannot be read any more; its exit says the rest.
  stream.on('error', () => undefined);
}

/** Remembers what it was asked to run, and answers as it was told. */
export class FakeRunner implements Runner {
  readonly commands: Command[] = [];
  readonly #answer: (command: Command) => CommandResult;

  constructor(answer: (command: Command) => CommandResult = () => ({ kind: 'exited', status: 0 })) {
    this.#answer = answer;
  }

  run(command: Command): Promise<CommandResult> {
    this.commands.push(command);
    return Promise.resolve(this.#answer(command));
  }
}
