import { constants } from 'node:os';
import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { udpLink } from '../../../protocol/data/link.ts';
import type { PlaneStep } from '../../../protocol/data/plane.ts';
import { Arena } from './arena.ts';
import { GAUGE } from './layout.ts';
import type { Libc } from './libc.ts';
import { Sender } from './sender.ts';

// What the kernel says to a message of segments is scripted: it says so on few machines only.

const { EMSGSIZE, EIO, EINVAL, ENOBUFS, EPERM, EAGAIN, EINTR } = constants.errno;
const HERE = udpLink('192.0.2.1', 1000);
const THERE = udpLink('192.0.2.2', 1000);

/** One message that the kernel took: its packets, as text. */
type Taken = readonly string[];

class Kernel {
  readonly arena = new Arena(2 * 1024 * 1024, (buffer) => Number(koffi.address(buffer)));
  readonly taken: Taken[] = [];
  readonly off: [PlaneStep, number][] = [];
  readonly gauges = new Float64Array(32);
  readonly sender: Sender;
  #errno = 0;
  /** What it answers to the next messages; 0 takes one. */
  #answers: number[] = [];

  constructor(connected = false) {
    const unused = (): never => {
      throw new Error('not called here');
    };
    const libc: Libc = {
      poll: () => 1,
      recvmmsg: unused,
      sendmmsg: (_fd, messages, count) => this.#send(messages - this.arena.base, count),
      read: unused,
      write: unused,
      writev: unused,
      setsockopt: unused,
      getsockopt: unused,
      clock_gettime: unused,
      ioctl: unused,
      if_indextoname: unused,
      if_nametoindex: unused,
      errno: () => this.#errno,
      addressOf: unused,
    };
    const { arena, gauges } = this;
    const stepOff = (step: PlaneStep, errno: number): void => void this.off.push([step, errno]);
    this.sender = new Sender({ arena, libc, udp: 3, family: 4, connected, gauges, segments: true, stepOff });
  }

  answer(...errnos: number[]): void {
    this.#answers = errnos;
  }

  /** Sends texts in one turn, and gives what the kernel took. */
  send(texts: readonly string[], to = HERE): Taken[] {
    for (const text of texts) this.sender.add(Buffer.from(text), to);
    this.sender.flush();
    return this.taken.splice(0);
  }

  get drops(): number {
    return this.gauges[GAUGE.networkDrops] ?? 0;
  }

  #send(header: number, count: number): number {
    for (let i = 0; i < count; i++) {
      const errno = this.#answers.shift() ?? 0;
      if (errno !== 0) {
        if (i > 0) this.#answers.unshift(errno);
        this.#errno = errno;
        return i > 0 ? i : -1;
      }
      this.taken.push(this.#packetsOf(header + i * 64));
    }
    return count;
  }

  /** Reads a `msghdr` as the kernel does: its parts one behind the other, cut by the control data's size. */
  #packetsOf(header: number): string[] {
    const { data, bytes, base } = this.arena;
    const pointer = (at: number): number => Number(data.getBigUint64(at, true)) - base;
    const vectors = pointer(header + 16);
    let whole = '';
    for (let i = 0; i < Number(data.getBigUint64(header + 24, true)); i++) {
      const at = pointer(vectors + i * 16);
      whole += bytes.toString('latin1', at, at + Number(data.getBigUint64(vectors + i * 16 + 8, true)));
    }
    if (data.getBigUint64(header + 40, true) === 0n) return [whole];
    const size = data.getUint16(pointer(header + 32) + 16, true);
    return whole.match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
  }
}

describe('packets to the same place', () => {
  it('are one message of segments; a shorter one ends it', () => {
    expect(new Kernel().send(['aaaa', 'bbbb', 'cc', 'dddd'])).toEqual([['aaaa', 'bbbb', 'cc'], ['dddd']]);
  });

  it.each([
    ['EIO', EIO],
    ['EINVAL', EINVAL],
  ])('go singly after %s, and none are put together on this socket any more', (_, errno) => {
    const kernel = new Kernel();
    kernel.answer(errno);
    expect(kernel.send(['aaaa', 'bbbb', 'cc'])).toEqual([['aaaa'], ['bbbb'], ['cc']]);
    expect(kernel.off).toEqual([['gso', errno]]);
    expect(kernel.send(['aaaa', 'bbbb'])).toEqual([['aaaa'], ['bbbb']]);
    expect([kernel.off.length, kernel.drops]).toEqual([1, 0]);
  });

  it('go singly after EMSGSIZE, and from then on those of that size to that place', () => {
    const kernel = new Kernel();
    kernel.answer(EMSGSIZE);
    expect(kernel.send(['aaaa', 'bbbb', 'cc'])).toEqual([['aaaa'], ['bbbb'], ['cc']]);
    expect(kernel.off).toEqual([]);
    expect(kernel.send(['aaaa', 'bbbb'])).toEqual([['aaaa'], ['bbbb']]);
    expect(kernel.send(['aaa', 'bbb'])).toEqual([['aaa', 'bbb']]);
    expect(kernel.send(['aaaa', 'bbbb'], THERE)).toEqual([['aaaa', 'bbbb']]);
    expect(kernel.drops).toBe(0);
  });

  it('go singly once after ENOBUFS', () => {
    const kernel = new Kernel();
    kernel.answer(ENOBUFS);
    expect(kernel.send(['aaaa', 'bbbb'])).toEqual([['aaaa'], ['bbbb']]);
    expect(kernel.send(['aaaa', 'bbbb'])).toEqual([['aaaa', 'bbbb']]);
  });

  it('are dropped and counted where the network refuses them, and the others go on', () => {
    const kernel = new Kernel();
    kernel.answer(EPERM);
    for (const text of ['aaaa', 'bbbb']) kernel.sender.add(Buffer.from(text), HERE);
    expect(kernel.send(['cccc'], THERE)).toEqual([['cccc']]);
    expect([kernel.drops, kernel.off]).toEqual([2, []]);
  });

  it('wait for a busy network a moment, then are dropped and counted', () => {
    const kernel = new Kernel();
    kernel.answer(EINTR, EAGAIN);
    expect(kernel.send(['aaaa', 'bbbb'])).toEqual([['aaaa', 'bbbb']]);
    expect(kernel.drops).toBe(0);
    kernel.answer(EAGAIN, EAGAIN);
    expect(kernel.send(['aaaa', 'bbbb'])).toEqual([]);
    expect(kernel.drops).toBe(2);
    expect(kernel.send(['cccc'])).toEqual([['cccc']]);
  });
});
