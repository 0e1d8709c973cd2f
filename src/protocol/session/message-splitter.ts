/** A peer that sends this much without ending a message is not speaking the protocol. */
const MAX_BUFFERED = 16 * 1024;

/**
 * Turns TLS plaintext into control messages: text up to a NUL. Records are no borders (facts: wire 7), so a message may
 * come in pieces and several at once.
 */
export class MessageSplitter {
  #bytes: Buffer = Buffer.alloc(0);

  /** What is not consumed yet. */
  get buffered(): Buffer {
    return this.#bytes;
  }

  /** False when the peer exceeds the bound; the bytes are dropped then. */
  push(bytes: Buffer): boolean {
    if (this.#bytes.length + bytes.length > MAX_BUFFERED) {
      this.#bytes = Buffer.alloc(0);
      return false;
    }
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    return true;
  }

  /** Forgets the first `count` bytes: a binary message read from `buffered`. */
  skip(count: number): void {
    this.#bytes = this.#bytes.subarray(count);
  }

  /** The complete messages, trailing CR and LF taken off, empty and unprintable ones left out (facts: wire 11). */
  takeMessages(): string[] {
    const messages: string[] = [];
    for (;;) {
      const end = this.#bytes.indexOf(0);
      if (end < 0) break;
      const text = this.#bytes
        .subarray(0, end)
        .toString('utf8')
        .replace(/[\r\n]+$/, '');
      this.#bytes = this.#bytes.subarray(end + 1);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: messages with control characters are ignored
      if (text !== '' && !/[\x00-\x1f\x7f]/.test(text)) messages.push(text);
    }
    return messages;
  }
}
