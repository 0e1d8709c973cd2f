import { createHmac } from 'node:crypto';
import type { NewEvent, SessionRecord } from './records.ts';

const HASH_DIGITS = 16;

/** Puts keyed hashes for whatever names a person, so that equal ones can be told, and nobody who has no key knows whose they are. */
export class Names {
  readonly #key: Buffer | undefined;

  /** Without a key names stay as they are. */
  constructor(key: Buffer | undefined) {
    this.#key = key;
  }

  /** A name as the history has it. */
  of(name: string): string;
  of(name: string | undefined): string | undefined;
  of(name: string | undefined): string | undefined {
    if (this.#key === undefined || name === undefined) return name;
    return createHmac('sha256', this.#key).update(name).digest('hex').slice(0, HASH_DIGITS);
  }

  /** A session as the history has it: the port of an address is nobody's. */
  session(session: SessionRecord): SessionRecord {
    if (this.#key === undefined) return session;
    const { username, commonName, address } = session;
    return { ...session, username: this.of(username), commonName: this.of(commonName), address: this.#place(address) };
  }

  /** An event as the history has it. A command may name anybody: words of it that are no numbers are hashed, each by itself. */
  event(event: NewEvent): NewEvent {
    if (this.#key === undefined) return event;
    const { kind, user, address, what, detail } = event;
    const hidden = { ...event, user: this.of(user), address: this.#place(address) };
    if (kind === 'alert') return { ...hidden, detail: user === undefined ? detail : undefined };
    return kind === 'audit' ? { ...hidden, what: this.#command(what), detail: undefined } : hidden;
  }

  #place(address: string | undefined): string | undefined {
    return this.of(address?.replace(/^(.*\d|\[.*\]):\d+$/, '$1'));
  }

  #command(line: string): string {
    const [name = '', ...words] = line.split(' ');
    return [name, ...words.map((word) => (/^\d*$/.test(word) ? word : this.of(word)))].join(' ');
  }
}
