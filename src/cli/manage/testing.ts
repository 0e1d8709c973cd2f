import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { SystemClock } from '../../host/clock.ts';
import { streamAddressText } from '../../host/stream-address.ts';
import type { DaemonReply, DaemonRequest } from '../../model/daemon-port.ts';
import { FakeDaemonPort } from '../../management/fake-port.ts';
import { Logging } from '../../service/logging.ts';
import { type ManagementPlace, ManagementService } from '../../service/management.ts';
import { manage } from '../manage.ts';

/** Daemons to manage, and `tunnelscope manage` with what a test types and what it shows; `close` ends all of it. */
export class ManageRig {
  readonly folder = mkdtempSync(join(tmpdir(), 'tunnelscope-manage-'));
  readonly path = join(this.folder, 'm.sock');
  /** Where the last interface is that was opened. */
  address = this.path;
  readonly #closing: (() => Promise<void> | void)[] = [];

  /** A management interface of ours before a scripted daemon. */
  async serve(
    answer: (request: DaemonRequest) => DaemonReply | undefined = () => ({ kind: 'done', text: '' }),
    place: Partial<ManagementPlace> = {},
  ): Promise<FakeDaemonPort> {
    const clock = new SystemClock();
    const port = new FakeDaemonPort({ title: 'OpenVPN 2.6.14 test', mode: 'server', statusVersion: 1, connected: true }, answer);
    const outlet = { write: () => undefined, close: () => Promise.resolve() };
    const service = new ManagementService(
      port,
      { renderStatus: { lines: () => ['TITLE', 'END'], json: () => ['{}', 'END'] } },
      new Logging(clock, outlet, outlet),
      clock,
    );
    const where = await service.listen({ where: { kind: 'unix', path: this.path }, password: undefined, ...place });
    this.address = streamAddressText(where);
    this.#closing.push(() => service.close());
    return port;
  }

  /** Anything that listens: `talk` has the socket, after a greeting. */
  async pretend(talk: (socket: Socket, said: string) => void, greeting = '>INFO:hello\r\n'): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => talk(socket, bytes.toString('latin1')));
      socket.write(greeting);
    });
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
    this.#closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  }

  /** Starts it; `address` is the interface's unless given. */
  run(setup: RunSetup = {}): Run {
    return new Run([...(setup.options ?? []), setup.address ?? this.address, ...(setup.command ?? [])], setup);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    rmSync(this.folder, { recursive: true });
  }
}

interface RunSetup {
  readonly address?: string;
  readonly options?: readonly string[];
  readonly command?: readonly string[];
  /** The whole of standard input; left open when it is not given. */
  readonly script?: string;
  readonly interactive?: boolean;
  readonly colour?: boolean;
  readonly columns?: number;
  readonly password?: string;
}

/** A run of the command. */
class Run {
  readonly input = new PassThrough();
  readonly code: Promise<number>;
  /** What was asked for at the terminal. */
  readonly asked: string[] = [];
  out = '';
  err = '';
  readonly #interrupt = new AbortController();

  constructor(argv: readonly string[], { script, interactive = false, colour = false, columns, password }: RunSetup) {
    const output = Object.assign(new PassThrough(), columns === undefined ? {} : { columns });
    output.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
    });
    if (script !== undefined) this.input.end(script);
    this.code = manage(argv, {
      input: this.input,
      output,
      err: (text) => {
        this.err += text;
      },
      interactive,
      colour,
      clock: new SystemClock(),
      signal: this.#interrupt.signal,
      askPassword: async (prompt) => {
        this.asked.push(prompt);
        if (password === undefined) throw new Error('no terminal');
        return password;
      },
    });
  }

  type(text: string): void {
    this.input.write(text);
  }

  interrupt(): void {
    this.#interrupt.abort();
  }

  /** Settles when the output is as wanted. */
  async until(wanted: (out: string) => boolean): Promise<void> {
    for (let turns = 0; !wanted(this.out); turns++) {
      if (turns > 1500) throw new Error(`not as wanted: ${JSON.stringify(this.out.slice(-2000))} ${this.err}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

/** What a terminal of so many columns shows after it got some text: the sequences that line editors use, and no others. */
export function screenOf(text: string, columns = 80): string[] {
  const rows: string[][] = [[]];
  let [x, y] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const sequence = /^\x1b\[(\d*)([A-Za-z])/.exec(text.slice(at, at + 12));
    if (sequence !== null) {
      at += sequence[0].length - 1;
      const count = Number(sequence[1] || '1');
      if (sequence[2] === 'A') y = Math.max(0, y - count);
      else if (sequence[2] === 'B') y += count;
      else if (sequence[2] === 'C') x += count;
      else if (sequence[2] === 'D') x = Math.max(0, x - count);
      else if (sequence[2] === 'G') x = count - 1;
      else if (sequence[2] === 'K') (rows[y] ??= []).length = x;
      else if (sequence[2] === 'J') {
        (rows[y] ??= []).length = x;
        rows.length = y + 1;
      } else if (sequence[2] !== 'm') throw new Error(`a sequence that line editors do not use: ${JSON.stringify(sequence[0])}`);
      continue;
    }
    const character = text[at] ?? '';
    if (character === '\r') x = 0;
    else if (character === '\n') [x, y] = [0, y + 1];
    else {
      if (x >= columns) [x, y] = [0, y + 1];
      const row = (rows[y] ??= []);
      while (row.length < x) row.push(' ');
      row[x++] = character;
    }
    while (rows.length <= y) rows.push([]);
  }
  return rows.map((row) => (row ?? []).join('').trimEnd());
}
