import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { residentBytes } from '../../bench/support/usage.ts';
import type { Server } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** Bad input at full size against the running daemon, beside somebody who works with it meanwhile. */

const MIB = 1024 * 1024;
/** What the process may take more than before, whatever comes: buffers of the system's reads, and garbage that is not collected yet. */
const MAX_GROWTH = 96 * MIB;
/** No command of the honest client may take longer, on a machine that does other things too. */
const MAX_WAIT = 5000;

/** Sends bytes as they are, as fast as they are taken, and keeps the end of what it hears. */
class Rude {
  heard = '';
  closed = false;
  readonly #socket: Socket;

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.setEncoding('latin1').on('data', (text: string) => {
      this.heard = (this.heard + text).slice(-100_000);
    });
    this.#socket.on('error', () => undefined).once('close', () => (this.closed = true));
  }

  async send(...pieces: readonly (Buffer | string)[]): Promise<void> {
    for (const piece of pieces) {
      if (this.closed) return;
      await new Promise<void>((resolve) => {
        this.#socket.write(piece, () => resolve());
      });
    }
  }

  /** When it has heard something. */
  hears(what: string): Promise<true> {
    return eventually(what, () => this.heard.includes(what));
  }

  /** How often it has heard something. */
  count(what: string): number {
    return this.heard.split(what).length - 1;
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** Asks for the process id again and again, and knows how long it ever had to wait. */
class Honest {
  longest = 0;
  answers = 0;
  readonly #socket: Socket;
  #asked = 0;

  constructor(path: string) {
    this.#socket = createConnection(path);
    this.#socket.setEncoding('latin1').on('data', (text: string) => {
      if (text.includes('SUCCESS: pid=')) this.#answered();
    });
    this.#ask();
  }

  #ask(): void {
    this.#asked = performance.now();
    this.#socket.write('pid\n');
  }

  #answered(): void {
    this.longest = Math.max(this.longest, performance.now() - this.#asked);
    this.answers++;
    setTimeout(() => this.#ask(), 5);
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** The most memory that a process ever had, looked at again and again. */
class MemoryWatch {
  readonly before: number;
  highest: number;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.before = residentBytes(pid);
    this.highest = this.before;
    this.#timer = setInterval(() => {
      this.highest = Math.max(this.highest, residentBytes(pid));
    }, 20);
  }

  stop(): number {
    clearInterval(this.#timer);
    return this.highest - this.before;
  }
}

function halves(): Buffer {
  const bytes = Buffer.alloc(MIB);
  // NUL, ESC, the first half of a character, the second half of another, a byte that no UTF-8 has.
  for (let at = 0; at < bytes.length; at++) bytes[at] = [0x00, 0x1b, 0xc3, 0xa9, 0xff, 0x7f, 0x0d][at % 7] ?? 0;
  return bytes;
}

describe.skipIf(!requireInterop())('the management interface under bad input', () => {
  const lab = useLab([]);
  const open: { leave(): void }[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.leave();
  });

  function rude(path: string): Rude {
    const made = new Rude(path);
    open.push(made);
    return made;
  }

  /** Does something bad and gives what it did to the honest client and to the daemon's memory. */
  async function under(server: Server, attack: () => Promise<void>): Promise<void> {
    const honest = new Honest(server.managementPath);
    open.push(honest);
    await eventually('an answer', () => honest.answers > 0);
    const watch = new MemoryWatch(server.process.pid);
    open.push({ leave: () => watch.stop() });
    await attack();
    const { answers } = honest;
    await eventually('answers go on', () => honest.answers > answers + 5);
    expect(watch.stop()).toBeLessThan(MAX_GROWTH);
    expect(honest.longest).toBeLessThan(MAX_WAIT);
    expect(server.process.alive).toBe(true);
  }

  it('takes long lines, no lines, bytes that are no text and bodies without an end', { timeout: 60_000 }, async () => {
    const server = await lab.server({ program: 'ours', lines: ['verb 3'], without: ['verb'] });
    const { managementPath: path } = server;
    const mib = Buffer.alloc(MIB, 'x');
    const tooLong = 'ERROR: line too long (1023 bytes max)\r\n';
    await under(server, async () => {
      const long = rude(path);
      await long.send(mib, '\n', mib, '\n', mib, '\npid\n');
      await long.hears('SUCCESS: pid=');
      expect(long.count(tooLong)).toBe(3);

      const endless = rude(path);
      await endless.send(...Array.from({ length: 32 }, () => mib));
      await endless.hears(tooLong);
      // Said once, however long the line goes on; one that outruns the daemon may be closed with a reason.
      expect(endless.count(tooLong)).toBe(1);
      expect(endless.count('ERROR') - endless.count('ERROR: too much input\r\n')).toBe(1);

      const binary = rude(path);
      await binary.send(halves(), '\npid\n');
      await binary.hears('SUCCESS: pid=');
      expect(binary.count(tooLong)).toBe(1);
      await binary.send(Buffer.from('kill \x1b[2Jk\xc3\0\xa9\xff\n', 'latin1'));
      await binary.hears("ERROR: common name '[2Jk");

      const unended = rude(path);
      await unended.send('client-auth 0 1\n', ...Array.from({ length: 1024 }, () => `push "route 10.0.0.0 255.0.0.0"\n`.repeat(40)));
      await unended.send('END\npid\n');
      await unended.hears('SUCCESS: pid=');
      expect(unended.count('ERROR: too many lines before END (65536 bytes max)\r\n')).toBe(1);

      const body = rude(path);
      await body.send('client-auth 0 1\n', ...Array.from({ length: 10 }, () => mib), '\nEND\npid\n');
      await body.hears('SUCCESS: pid=');
      expect(body.count(tooLong)).toBe(1);

      const waiting = rude(path);
      await waiting.send('client-auth 0 1\npush "x"\n');
      await waiting.hears('>INFO:');
    });
  });

  it('takes more commands than it can answer, from one that does not read the answers', { timeout: 60_000 }, async () => {
    const server = await lab.server({ program: 'ours', lines: ['verb 1'], without: ['verb'] });
    await under(server, async () => {
      const greedy = createConnection(server.managementPath);
      open.push({ leave: () => greedy.destroy() });
      greedy.pause();
      for (let lot = 0; lot < 64 && greedy.write('help\n'.repeat(10_000)); lot++);
      await eventually('the daemon stops to read', () => greedy.writableLength > 0);
      const busy = rude(server.managementPath);
      await busy.send('status 3\n'.repeat(20_000), 'pid\n');
      await busy.hears('SUCCESS: pid=');
    });
  });

  it('takes ten thousand connections, and tells those beyond its limit why they are closed', { timeout: 60_000 }, async () => {
    const server = await lab.server({ program: 'ours', lines: ['verb 1'], without: ['verb'] });
    await under(server, async () => {
      let told = 0;
      let entered = 0;
      for (let lot = 0; lot < 100; lot++) {
        const some = Array.from({ length: 100 }, () => rude(server.managementPath));
        await eventually('an answer for each', () => some.every(({ heard, closed }) => heard.includes('\n') || closed));
        told += some.filter(({ heard }) => heard === 'ERROR: too many management clients\r\n').length;
        entered += some.filter(({ heard }) => heard.startsWith('>INFO:')).length;
      }
      expect({ told, entered }).toEqual({ told: 10_000 - 999, entered: 999 });
    });
    expect(server.process.matching('refused, 1000 clients are connected')).toHaveLength(1);
  });

  it('takes a thousand wrong passwords, and lets the right one in meanwhile', { timeout: 60_000 }, async () => {
    const guarded = join(lab.network.folder, 'guarded.sock');
    const lines = [`management ${guarded} unix ${lab.file('right\n', 0o600)}`];
    const server = await lab.server({ program: 'ours', lines });
    await under(server, async () => {
      const guessers = Array.from({ length: 50 }, () => rude(guarded));
      await Promise.all(guessers.map((guesser) => guesser.send('wrong\n'.repeat(20))));
      await eventually('guesses are delayed', () => server.process.matching('wrong passwords, the last from').length > 0);
      const knowing = rude(guarded);
      await knowing.send('right\npid\n');
      await knowing.hears('SUCCESS: pid=');
      expect(guessers.some(({ heard }) => heard.includes('SUCCESS'))).toBe(false);
      expect(guessers.some(({ heard }) => heard.includes('ERROR: bad password'))).toBe(true);
    });
  });
});
