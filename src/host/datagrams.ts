import { createSocket, type Socket } from 'node:dgram';
import { wordsOfNetwork } from './post.ts';

/** Sends datagrams to one address. What the network refuses is told; what it loses, nobody knows. */
export class Datagrams {
  readonly #socket: Socket;
  #fault: string | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // A refusal of one shows when the next is sent.
    socket.on('error', (error) => (this.#fault = wordsOfNetwork(error)));
  }

  /** Rejects when the name cannot be resolved. */
  static open(host: string, port: number): Promise<Datagrams> {
    return new Promise((resolve, reject) => {
      const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
      const failed = (error: Error): void => {
        socket.close();
        reject(new Error(wordsOfNetwork(error), { cause: error }));
      };
      socket.once('error', failed);
      socket.connect(port, host, () => {
        socket.off('error', failed);
        resolve(new Datagrams(socket));
      });
    });
  }

  /** Why it cannot go on; undefined while it can. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** When the system has taken it. Rejects when it does not. */
  send(datagram: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#fault !== undefined) return reject(new Error(this.#fault));
      this.#socket.send(datagram, (error) => (error === null ? resolve() : reject(new Error(wordsOfNetwork(error), { cause: error }))));
    });
  }

  close(): void {
    this.#socket.close();
  }
}
