import { closeSync } from 'node:fs';
import koffi from 'koffi';
import type { Tun } from '../../src/host/tun.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const O_NONBLOCK = 0o4000;
const LARGEST = 66_000;

const library = koffi.load(null);
const socketpair: (family: number, type: number, protocol: number, into: Int32Array) => number = library.func(
  'int socketpair(int family, int type, int protocol, void *into)',
);
const read: (fd: number, into: Buffer, count: number) => number = library.func('long read(int fd, void *into, unsigned long count)');
const write: (fd: number, from: Buffer, count: number) => number = library.func('long write(int fd, void *from, unsigned long count)');

/** One end of a pair of sockets that keep packets apart: for what reads and writes a TUN device by its descriptor. */
export class PairTun implements Tun {
  readonly name = 'pair';
  readonly dropped = 0;
  readonly descriptor: number;
  readonly #end: number;
  readonly #into = Buffer.allocUnsafeSlow(LARGEST);

  constructor() {
    const pair = new Int32Array(2);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | O_NONBLOCK, 0, pair) !== 0) throw new Error('no pair of sockets');
    [this.descriptor = -1, this.#end = -1] = pair;
  }

  start(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  write(): void {}

  /** A packet for whoever reads the device. */
  inject(packet: Buffer): void {
    if (write(this.#end, packet, packet.length) !== packet.length) throw new Error('the device took no packet');
  }

  /** Takes what was written to the device. */
  written(): Buffer[] {
    const packets: Buffer[] = [];
    for (let count = read(this.#end, this.#into, LARGEST); count > 0; count = read(this.#end, this.#into, LARGEST)) {
      packets.push(Buffer.from(this.#into.subarray(0, count)));
    }
    return packets;
  }

  close(): void {
    closeSync(this.descriptor);
    closeSync(this.#end);
  }
}
