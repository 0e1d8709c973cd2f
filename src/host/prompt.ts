import { spawnSync } from 'node:child_process';
import { openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { TunnelscopeError } from '../base/errors.ts';

/** Longer than anything that is asked for. */
const MAX_ANSWER = 4096;

/** What was typed, or pasted, behind the answer of the question before. */
let ahead = '';

/**
 * Asks at the terminal that controls the process; `secret` does not show what is typed. Signals are heard meanwhile; an abort gives
 * up and rejects. Throws OPTIONS in stock's words when there is no terminal.
 */
export async function askAtTerminal(prompt: string, secret: boolean, signal?: AbortSignal, terminal = '/dev/tty'): Promise<string> {
  const fd = open(terminal, prompt);
  const echo = (how: 'echo' | '-echo'): void => {
    spawnSync('stty', [how], { stdio: [fd, 'ignore', 'ignore'] });
  };
  const input = new ReadStream(fd);
  try {
    // First: whoever types as soon as he is asked must not be shown either.
    if (secret) echo('-echo');
    writeSync(fd, prompt);
    return await firstLine(input, signal);
  } finally {
    if (secret) {
      echo('echo');
      writeSync(fd, '\n');
    }
    input.destroy();
  }
}

function open(path: string, prompt: string): number {
  try {
    return openSync(path, 'r+');
  } catch (cause) {
    const text = `neither stdin nor stderr are a tty device and you have neither a controlling tty nor systemd - can't ask for '${prompt}'.  If you used --daemon, you need to use --askpass to make passphrase-protected keys work, and you can not use --auth-nocache.`;
    throw new TunnelscopeError('OPTIONS', text, { cause });
  }
}

async function firstLine(input: ReadStream, signal: AbortSignal | undefined): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (ahead.includes('\n')) resolve();
      else if (ahead.length > MAX_ANSWER) reject(new TunnelscopeError('OPTIONS', 'what was typed is too long'));
    };
    input.setEncoding('utf8');
    input.on('data', (piece: string) => {
      ahead += piece;
      look();
    });
    input.once('end', () => reject(new TunnelscopeError('OPTIONS', 'the terminal was closed')));
    input.once('error', reject);
    const giveUp = (): void => reject(new TunnelscopeError('OPTIONS', 'not asked any more'));
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    look();
  });
  const end = ahead.indexOf('\n');
  const line = ahead.slice(0, end);
  ahead = ahead.slice(end + 1);
  return line.replace(/\r$/, '');
}
