import { spawn } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Tells a process that it was started as a daemon, and through which descriptor it says how its start went. */
const VARIABLE = 'TUNNELSCOPE_READY_FD';
const READY = 'ready\n';
const READY_FD = 3;

/** What is started again. */
export interface BackgroundCommand {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Where it starts, as relative paths count from there. */
  readonly directory: string;
}

/**
 * Starts a program detached from this one, its session and its terminal, and waits until it says that it is ready: Node cannot
 * fork. Gives the exit status for the one that waits: 0 when it is ready, else the program's own.
 */
export function startInBackground(command: BackgroundCommand): Promise<number> {
  return new Promise((resolve) => {
    const [program = '', ...args] = command.argv;
    const child = spawn(program, args, {
      cwd: command.directory,
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      env: { ...process.env, [VARIABLE]: String(READY_FD) },
    });
    const said = child.stdio[READY_FD] as Readable;
    said.setEncoding('utf8').once('data', (text: string) => {
      if (!text.startsWith(READY)) return;
      said.destroy();
      child.unref();
      resolve(0);
    });
    said.on('error', () => undefined);
    child.once('error', () => resolve(1));
    child.once('exit', (status) => resolve(status ?? 1));
  });
}

/** In a process that was started so: says that it is ready, once. Undefined in any other. What it starts itself is not told. */
export function backgroundReport(): (() => void) | undefined {
  const fd = Number(process.env[VARIABLE]);
  delete process.env[VARIABLE];
  if (fd !== READY_FD) return undefined;
  return () => {
    try {
      writeSync(fd, READY);
      closeSync(fd);
    } catch {
      // Who waited has gone.
    }
  };
}
