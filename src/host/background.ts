import { spawn } from 'node:child_process';
import { closeSync, readFileSync, writeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { Secret } from '../base/secret.ts';

/** Tells a process that it was started as a daemon, and through which descriptor it says how its start went. */
const VARIABLE = 'TUNNELSCOPE_READY_FD';
const READY = 'ready\n';
const READY_FD = 3;
/** Where it reads what was asked for before. */
const ANSWERS_FD = 4;

/** What was asked at a terminal, by the words of the question. */
export type Answers = ReadonlyMap<string, Secret>;

/** What is started again. */
export interface BackgroundCommand {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** Where it starts, as relative paths count from there. */
  readonly directory: string;
  /** What it cannot ask for itself, as it has no terminal. They go by a pipe: arguments and environment are for others to see. */
  readonly answers: Answers;
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
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, [VARIABLE]: String(READY_FD) },
    });
    const answers = child.stdio[ANSWERS_FD] as Writable;
    // One that ends at once does not read them.
    answers.on('error', () => undefined);
    answers.end(JSON.stringify([...command.answers].map(([question, answer]) => [question, answer.reveal()])));
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

let given = new Map<string, Secret>();

/** What whoever started this process in the background had asked for; undefined when this was not asked, or is forgotten. */
export function answeredBefore(question: string): Secret | undefined {
  return given.get(question);
}

/** These answers were wrong, or may not be kept. */
export function forgetAnswers(questions: readonly string[]): void {
  for (const question of questions) given.delete(question);
}

/**
 * In a process that was started so: takes what was asked for before, and gives what says that it is ready, once. Undefined in any
 * other. What it starts itself is not told.
 */
export function backgroundReport(): (() => void) | undefined {
  const fd = Number(process.env[VARIABLE]);
  delete process.env[VARIABLE];
  if (fd !== READY_FD) return undefined;
  given = readAnswers();
  return () => {
    try {
      writeSync(fd, READY);
      closeSync(fd);
    } catch {
      // Who waited has gone.
    }
  };
}

function readAnswers(): Map<string, Secret> {
  try {
    const pairs = JSON.parse(readFileSync(ANSWERS_FD, 'utf8')) as [string, string][];
    closeSync(ANSWERS_FD);
    return new Map(pairs.map(([question, answer]) => [question, new Secret(answer)]));
  } catch {
    // Who started us has gone: it is asked for again, or missing.
    return new Map();
  }
}
