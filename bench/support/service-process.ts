import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ROOT } from '../../test/support/sources.ts';

const MAIN = join(ROOT, 'build/bench/support/management-main.js');
/** As in the daemon. */
const BACKLOG = 4 * 1024 * 1024;
let started = 0;

/** The management interface of a simulated server, in a process of its own. */
export class ServiceProcess {
  /** Of its unix socket. */
  readonly path: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor(path: string, clients: number, backlog: number) {
    this.path = path;
    this.#child = spawn(process.execPath, [MAIN, JSON.stringify([path, clients, backlog])], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout });
  }

  /** Starts it with so many clients; its socket is in the folder. `backlog`: the bytes that one may leave unread. */
  static async start(folder: string, clients: number, backlog = BACKLOG): Promise<ServiceProcess> {
    const service = new ServiceProcess(join(folder, `management${++started}.sock`), clients, backlog);
    await once(service.#lines, 'line');
    return service;
  }

  /** Tells it something and gives the number that it answers. */
  async tell(line: string): Promise<number> {
    const answer = once(this.#lines, 'line') as Promise<[string]>;
    this.#child.stdin.write(`${line}\n`);
    return Number((await answer)[0]);
  }

  /** Ends it. */
  async stop(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.stdin.end();
    await ended;
  }
}
