import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Duration } from '../base/units.ts';
import type { StreamTls } from './net-listener.ts';
import { wordsOfNetwork } from './post.ts';

/** Where a stream leads. */
export interface OutgoingPlace {
  readonly host: string;
  readonly port: number;
  /** `{}` trusts the authorities of the system; undefined is no TLS. */
  readonly tls: StreamTls | undefined;
  /** For connecting, for each write, and for the end. */
  readonly timeout: Duration;
}

/**
 * A stream that only we write, to a program that confirms nothing by its protocol. That the other end has read all shows at the end:
 * after ours, it ends its own direction, and without a reset, which it sends when something is left unread. What is read is dropped.
 */
export class OutgoingStream {
  readonly #socket: Socket;
  readonly #timeout: Duration;
  #lost: string | undefined;
  #finishing: (() => void) | undefined;
  #ended = false;

  private constructor(socket: Socket, timeout: Duration) {
    this.#socket = socket;
    this.#timeout = timeout;
    socket.resume();
    socket.on('error', (error) => this.#over(wordsOfNetwork(error)));
    socket.on('end', () => this.#otherEnded());
    socket.on('close', (failed) => (failed ? this.#over('the connection failed') : this.#otherEnded()));
  }

  /** Rejects with the system's words when it cannot be had in time. */
  static open({ host, port, tls, timeout }: OutgoingPlace): Promise<OutgoingStream> {
    return new Promise((resolve, reject) => {
      const socket = tls === undefined ? connect({ host, port }) : connectTls(tlsOptions(host, port, tls));
      const limit = setTimeout(() => {
        socket.destroy();
        reject(new Error(`no connection in ${timeout / 1000} s`));
      }, timeout);
      const failed = (error: Error): void => {
        clearTimeout(limit);
        reject(new Error(wordsOfNetwork(error), { cause: error }));
      };
      socket.once('error', failed);
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        clearTimeout(limit);
        socket.off('error', failed);
        socket.setNoDelay(true);
        resolve(new OutgoingStream(socket, timeout));
      });
    });
  }

  /** Why nothing more reaches the other end; undefined while it may. */
  get lost(): string | undefined {
    return this.#lost;
  }

  /** When the system has taken the bytes. Rejects when it does not in time, and when the stream is lost. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#inTime('nothing is read at the other end', (done) => {
      if (this.#lost !== undefined) return done(this.#lost);
      this.#finishing = () => done(this.#lost);
      this.#socket.write(bytes, (error) => done(error ? (this.#lost ?? wordsOfNetwork(error)) : undefined));
    });
  }

  /** When the other end has read all. Rejects when it may not have. The stream is over then, either way. */
  async finish(): Promise<void> {
    try {
      await this.#inTime('the end is not answered', (done) => {
        if (this.#lost !== undefined) return done(this.#lost);
        this.#ended = true;
        this.#finishing = () => done(this.#lost);
        this.#socket.end();
      });
    } finally {
      this.destroy();
    }
  }

  /** Lets go at once. */
  destroy(): void {
    this.#lost ??= 'it was closed';
    this.#socket.destroy();
  }

  #otherEnded(): void {
    if (!this.#ended) return this.#over('the other end closed the connection');
    this.#finishing?.();
  }

  #over(why: string): void {
    this.#lost ??= why;
    this.#finishing?.();
  }

  #inTime(otherwise: string, run: (done: (why: string | undefined) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => done(`${otherwise} in ${this.#timeout / 1000} s`), this.#timeout);
      const done = (why: string | undefined): void => {
        clearTimeout(limit);
        this.#finishing = undefined;
        if (why === undefined) return resolve();
        this.#lost ??= why;
        reject(new Error(why));
      };
      run(done);
    });
  }
}

function tlsOptions(host: string, port: number, { ca, cert, key, serverName }: StreamTls): ConnectionOptions {
  return {
    host,
    port,
    minVersion: 'TLSv1.2',
    servername: serverName ?? nameOrNothing(host),
    ...(ca && { ca }),
    ...(cert && { cert, key }),
  };
}

/** Addresses are no server names. */
function nameOrNothing(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}
