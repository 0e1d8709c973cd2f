import { createServer, type Server, type Socket } from 'node:net';
import * as lines from './fleet-lines.ts';

/** A client as the daemon counts it. */
export interface PlayedClient {
  readonly slot: number;
  id: number;
  since: number;
  received: number;
  sent: number;
}

/** One daemon with its management interface, as stock speaks it; nothing behind it but counts. */
export class PlayedDaemon {
  readonly #number: number;
  readonly #clients: PlayedClient[];
  readonly #server: Server;
  #socket: Socket | undefined;
  #nextId: number;
  #turn = 0;
  #byteTimer: NodeJS.Timeout | undefined;

  constructor(number: number, path: string, clients: number, onReady: () => void) {
    this.#number = number;
    this.#nextId = clients;
    this.#clients = Array.from({ length: clients }, (_, slot) => ({ slot, id: slot, since: lines.seconds(), received: 3000, sent: 3000 }));
    this.#server = createServer((socket) => this.#serve(socket)).listen(path, onReady);
  }

  /** One client leaves and comes back, with all that stock says of it at verb 3. */
  churn(): void {
    const client = this.#clients[this.#turn++ % this.#clients.length];
    if (client === undefined) return;
    const text = [...lines.leaving(this.#number, client)];
    Object.assign(client, { id: this.#nextId++, since: lines.seconds(), received: 3000, sent: 3000 });
    this.#write([...text, ...lines.coming(this.#number, client)]);
  }

  close(): void {
    clearInterval(this.#byteTimer);
    this.#socket?.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#socket = socket;
    let rest = '';
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (text: string) => {
      const commands = (rest + text).split('\n');
      rest = commands.pop() ?? '';
      for (const command of commands) this.#write(this.#answer(command.trim().split(' ')));
    });
    this.#write([">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info"]);
  }

  #answer([name = '', word = '']: readonly string[]): string[] {
    switch (name) {
      case 'version':
        return [`OpenVPN Version: ${lines.OPENVPN_TITLE}`, 'Management Version: 5', 'END'];
      case 'status':
        return lines.status(this.#number, this.#clients);
      case 'load-stats':
        return [`SUCCESS: nclients=${this.#clients.length},bytesin=${this.#sum('received')},bytesout=${this.#sum('sent')}`];
      case 'pid':
        return [`SUCCESS: pid=${1000 + this.#number}`];
      case 'state':
        return ['SUCCESS: real-time state notification set to ON', `${lines.seconds()},CONNECTED,SUCCESS,10.8.0.1,,,,`, 'END'];
      case 'log':
      case 'echo':
        return [`SUCCESS: real-time ${name} notification set to ON`, 'END'];
      case 'bytecount':
        this.#countEvery(Number(word));
        return ['SUCCESS: bytecount interval changed'];
      default:
        return [`SUCCESS: ${name}`];
    }
  }

  #countEvery(interval: number): void {
    clearInterval(this.#byteTimer);
    this.#byteTimer = setInterval(() => {
      for (const client of this.#clients) {
        client.received += 12_345;
        client.sent += 54_321;
      }
      this.#write(this.#clients.map(({ id, received, sent }) => `>BYTECOUNT_CLI:${id},${received},${sent}`));
    }, interval * 1000);
  }

  #sum(what: 'received' | 'sent'): number {
    return this.#clients.reduce((sum, client) => sum + client[what], 0);
  }

  #write(all: readonly string[]): void {
    if (this.#socket?.writable === true) this.#socket.write(`${all.join('\r\n')}\r\n`);
  }
}
