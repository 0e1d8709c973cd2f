import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { TunnelscopeError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { answeredBefore } from '../host/background.ts';

/** Longer than any password that an interface takes. */
const MAX_BYTES = 4096;

const LF = 0x0a;

/**
 * Asks at the terminal that controls the process, without showing what is typed, and waits for the answer; in the background, what
 * was answered before counts. Throws OPTIONS when there is no terminal, or when nothing was typed.
 */
export function askPassword(prompt: string, terminal = '/dev/tty'): Secret {
  const before = answeredBefore(prompt);
  if (before !== undefined) return before;
  const fd = openTerminal(terminal);
  const echo = (how: 'echo' | '-echo'): void => {
    spawnSync('stty', [how], { stdio: [fd, 'ignore', 'ignore'] });
  };
  try {
    // First, so that not even the fastest typist is shown.
    echo('-echo');
    writeSync(fd, prompt);
    const typed = readLine(fd);
    writeSync(fd, '\n');
    if (typed === '') throw new TunnelscopeError('OPTIONS', 'Error reading password from Management authfile: stdin');
    return new Secret(typed);
  } finally {
    echo('echo');
    closeSync(fd);
  }
}

function openTerminal(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (cause) {
    throw new TunnelscopeError('OPTIONS', `there is no terminal to ask for the management password at; give a file with it`, { cause });
  }
}

function readLine(fd: number): string {
  const bytes = Buffer.alloc(MAX_BYTES);
  let length = 0;
  while (length < bytes.length && readSync(fd, bytes, length, 1, null) === 1 && bytes[length] !== LF) length++;
  return bytes.subarray(0, length).toString('utf8').replace(/\r$/, '');
}
