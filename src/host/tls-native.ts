import { TunnelscopeError, unreachable } from '../base/errors.ts';
import type { TlsCommand } from '../protocol/tls.ts';
import type { OpensslLibrary } from './openssl.ts';
import type { TlsDevice, TlsListener } from './tls.ts';
import { ChainBook } from './tls-chain-book.ts';
import { createTlsContext, type TlsMaterial } from './tls-context.ts';
import { nativeContext } from './tls-native-context.ts';
import { NativeSession, type NativeShared } from './tls-native-session.ts';

/** A record with its header and tag fits, and so do most flights. */
const SCRATCH_BYTES = 17_408;

/**
 * The device over the OpenSSL inside Node, without node:tls between: a handshake costs half as much, since no stream
 * and no copy of certificates is made for it. All runs on the calling thread.
 */
export class NativeTlsDevice implements TlsDevice {
  readonly #openssl: OpensslLibrary;
  readonly #listener: TlsListener;
  readonly #sessions = new Map<number, NativeSession>();
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  /** Sessions with something to do, in the order in which they were asked. */
  readonly #pending = new Map<number, NativeSession>();
  #turning = false;
  #shared: NativeShared;

  /** Throws `KEY_MATERIAL` in stock's words. */
  constructor(openssl: OpensslLibrary, material: TlsMaterial, listener: TlsListener) {
    this.#openssl = openssl;
    this.#listener = listener;
    this.#shared = this.#share(material);
  }

  get open(): number {
    return this.#sessions.size;
  }

  setContext(material: TlsMaterial): void {
    const former = this.#shared;
    this.#shared = this.#share(material);
    former.context.free();
  }

  command(command: TlsCommand): void {
    const { tls } = command;
    switch (command.kind) {
      case 'tls-open':
        if (this.#sessions.has(tls)) throw new TunnelscopeError('BUG', `TLS session ${tls} is opened twice`);
        this.#sessions.set(tls, new NativeSession(command.role, this.#shared));
        return this.#soon(tls);
      case 'tls-feed':
        this.#sessions.get(tls)?.feed(command.bytes);
        return this.#soon(tls);
      case 'tls-write':
        this.#sessions.get(tls)?.write(command.message);
        return this.#soon(tls);
      case 'tls-close':
        return this.#forget(tls);
      default:
        return unreachable(command);
    }
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
    this.#pending.clear();
    this.#shared.context.free();
  }

  #share(material: TlsMaterial): NativeShared {
    const { authorities } = createTlsContext(material);
    const context = nativeContext(this.#openssl, material);
    if (context === undefined) throw new TunnelscopeError('KEY_MATERIAL', 'TLS cannot be set up: OpenSSL does not take the key material');
    return { openssl: this.#openssl, context, chains: new ChainBook(authorities), scratch: this.#scratch };
  }

  /** A command never answers from within its own call. */
  #soon(tls: number): void {
    const session = this.#sessions.get(tls);
    if (session === undefined) return;
    this.#pending.set(tls, session);
    if (this.#turning) return;
    this.#turning = true;
    queueMicrotask(() => this.#turn());
  }

  #turn(): void {
    try {
      for (const [tls, session] of this.#pending) {
        this.#pending.delete(tls);
        for (const event of session.run()) {
          // What an event led to may have closed the session: nothing more is heard of it then.
          if (this.#sessions.get(tls) !== session) break;
          if (event.kind === 'failed') this.#forget(tls);
          this.#listener(tls, event);
        }
      }
    } finally {
      this.#turning = false;
    }
  }

  #forget(tls: number): void {
    this.#sessions.get(tls)?.close();
    this.#sessions.delete(tls);
    this.#pending.delete(tls);
  }
}
