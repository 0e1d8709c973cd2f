import type { MessagePort } from 'node:worker_threads';
import type { PlaneCommand, PlaneEvent } from '../../../protocol/data/plane.ts';
import { FLAG, GAUGE, MAX_UNREAD_CONTROL, MAX_UNREAD_TRACE, type Said } from './layout.ts';
import type { SharedMemory } from './memory.ts';

/** The worker's voice: collects what is said in a turn, and drops what may be dropped when the main thread does not keep up. */
export class Mailbox {
  readonly #port: MessagePort;
  readonly #memory: SharedMemory;
  #said: Said[] = [];

  constructor(port: MessagePort, memory: SharedMemory) {
    this.#port = port;
    this.#memory = memory;
  }

  say(said: Said): void {
    this.#said.push(said);
  }

  /** Tells an event. Its bytes are copied: they lie where the next packet will. */
  event(event: PlaneEvent): void {
    if (event.kind !== 'control') this.#said.push({ kind: 'event', event });
    else if (this.#hasRoom(MAX_UNREAD_CONTROL)) this.#said.push({ kind: 'event', event: { ...event, bytes: ownCopy(event.bytes) } });
  }

  traced(said: Omit<Extract<Said, { kind: 'traced' }>, 'kind'>): void {
    if (this.#hasRoom(MAX_UNREAD_TRACE)) this.#said.push({ kind: 'traced', ...said, bytes: ownCopy(said.bytes) });
  }

  /** Sends what was said, all in one message. */
  flush(): void {
    if (this.#said.length === 0) return;
    Atomics.add(this.#memory.flags, FLAG.unread, this.#said.length);
    this.#port.postMessage(this.#said, []);
    this.#said = [];
  }

  #hasRoom(limit: number): boolean {
    if (Atomics.load(this.#memory.flags, FLAG.unread) + this.#said.length < limit) return true;
    const { gauges } = this.#memory;
    gauges[GAUGE.unreadDrops] = (gauges[GAUGE.unreadDrops] ?? 0) + 1;
    return false;
  }
}

/** A copy with a buffer of its own: a message takes the whole buffer behind an array along. */
function ownCopy(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}

/** A command with buffers of its own, fit to be sent. */
export function packed(command: PlaneCommand): PlaneCommand {
  switch (command.kind) {
    case 'send-control':
      return { ...command, bytes: ownCopy(command.bytes) };
    case 'set-keys': {
      const { keys } = command;
      const direction = (key: typeof keys.send): typeof keys.send => ({ ...key, implicitIv: ownCopy(key.implicitIv) });
      return { ...command, keys: { ...keys, send: direction(keys.send), receive: direction(keys.receive) } };
    }
    case 'set-inner-routes':
      return { ...command, routes: command.routes.map((route) => ({ ...route, network: ownCopy(route.network) })) };
    default:
      return command;
  }
}

/** A command as it came: what travelled as plain bytes is a Buffer again. */
export function unpacked(command: PlaneCommand): PlaneCommand {
  switch (command.kind) {
    case 'send-control':
      return { ...command, bytes: asBuffer(command.bytes) };
    case 'set-keys': {
      const { keys } = command;
      const direction = (key: typeof keys.send): typeof keys.send => ({ ...key, implicitIv: asBuffer(key.implicitIv) });
      return { ...command, keys: { ...keys, send: direction(keys.send), receive: direction(keys.receive) } };
    }
    case 'set-inner-routes':
      return { ...command, routes: command.routes.map((route) => ({ ...route, network: asBuffer(route.network) })) };
    default:
      return command;
  }
}

/** The same bytes as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
