import type { Socket } from 'node:net';
import { eventually } from './running.ts';
import { connectUnix } from './unix-socket.ts';

/** What both programs answered, made comparable: what must differ between two runs is replaced by what it is. */
export function comparable(line: string): string {
  return line
    .replace(/OpenVPN 2\.6\.14 .*/, 'OpenVPN 2.6.14 <title>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, '<date>')
    .replace(/\b1[789]\d{8}\b/g, '<time>')
    .replace(/(10\.\d+\.\d+\.\d+):\d+/g, '$1:<port>')
    .replace(/((?:un)?trusted_port)=\d+/, '$1=<port>')
    .replace(/daemon_pid=\d+/, 'daemon_pid=<pid>')
    .replace(/config=.*/, 'config=<path>')
    .replace(/(bytes_sent|bytes_received|time_duration)=\d+/, '$1=<count>')
    .replace(/nclients=(\d+),bytesin=\d+,bytesout=\d+/, 'nclients=$1,bytesin=<count>,bytesout=<count>')
    .replace(/^(>BYTECOUNT_CLI:\d+),\d+,\d+/, '$1,<count>,<count>')
    .replace(/(queue length[,\t])\d+/, '$1<count>')
    .replace(/(<port>[,\t](?:[0-9.]*[,\t][0-9a-f:]*[,\t])?)\d+([,\t])\d+/, '$1<count>$2<count>');
}

/** A management connection that keeps everything it hears, told apart into replies and notifications. */
export class Talk {
  readonly lines: string[] = [];
  /** The other end closed it. */
  closed = false;
  readonly #socket: Socket;
  #partial = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#partial + text).split('\n');
      this.#partial = lines.pop() ?? '';
      this.lines.push(...lines.map((line) => line.replace(/\r$/, '')));
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Connects to a unix socket and waits for the greeting. */
  static async open(path: string): Promise<Talk> {
    const talk = new Talk(await connectUnix(path));
    await eventually('greeting', () => talk.lines.some((line) => line.startsWith('>INFO:')));
    return talk;
  }

  /** Connects to one that asks for a password, and gives it; waits for what it says of it. */
  static async login(path: string, password: string): Promise<Talk> {
    const talk = new Talk(await connectUnix(path));
    talk.#socket.write(`${password}\n`);
    await eventually('an answer to the password', () => talk.lines.some((line) => /SUCCESS:|ERROR:/.test(line)));
    return talk;
  }

  /** The reply to some lines: everything that is no notification up to the reply to `pid` behind them. Replies about tokens look like some. */
  async ask(...lines: readonly string[]): Promise<string[]> {
    const from = this.lines.length;
    this.#socket.write(`${[...lines, 'pid'].join('\n')}\n`);
    await eventually(`reply to ${lines.join(' / ')}`, () => this.lines.slice(from).some((line) => line.startsWith('SUCCESS: pid=')));
    const said = this.lines.slice(from);
    const end = said.findIndex((line) => line.startsWith('SUCCESS: pid='));
    return said.slice(0, end).filter((line) => !line.startsWith('>') || line.startsWith('>PKCS11ID-'));
  }

  /** The `>CLIENT:` block that begins so, as soon as its END is there; the `count`th of them. */
  block(head: string, count = 1): Promise<string[]> {
    return eventually(`block ${head}`, () => {
      const starts = this.lines.flatMap((line, index) => (line.startsWith(`>CLIENT:${head}`) ? [index] : []));
      const start = starts[count - 1];
      if (start === undefined) return undefined;
      const end = this.lines.indexOf('>CLIENT:ENV,END', start);
      return end < 0 ? undefined : this.lines.slice(start, end + 1);
    });
  }

  close(): void {
    this.#socket.destroy();
  }
}
