import { spawnSync } from 'node:child_process';
import { openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { writeSync } from 'node:fs';
import { TunnelscopeError } from '../base/errors.ts';

/** Longer than anything that is asked for. */
const MAX_ANSWER = 4096;

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

function firstLine(input: ReadStream, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    input.setEncoding('utf8');
    input.on('data', (piece: string) => {
      text += piece;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end).replace(/\r$/, ''));
      else if (text.length > MAX_ANSWER) reject(new TunnelscopeError('OPTIONS', 'what was typed is too long'));
    });
    input.once('end', () => reject(new TunnelscopeError('OPTIONS', 'the terminal was closed')));
    input.once('error', reject);
    signal?.addEventListener('abort', () => reject(new TunnelscopeError('OPTIONS', 'not asked any more')), { once: true });
  });
}
