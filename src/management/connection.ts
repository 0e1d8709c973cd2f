import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../base/secret.ts';
import type { Now } from '../base/units.ts';
import type { Body } from './body.ts';
import { newSettings } from './command.ts';
import { LineDecoder } from './line-codec.ts';
import { Outlet } from './outlet.ts';
import type { Role } from './roles.ts';

/** Who connected, and through which listener. */
export interface ConnectionInfo {
  /** What the log calls the client: `[AF_INET]127.0.0.1:46140`, or the path of a unix socket. */
  readonly from: string;
  /** The listener's password; without one, everyone is let in. */
  readonly password: Secret | undefined;
  /** What clients of this listener may do; everything unless it says otherwise. */
  readonly role?: Role;
}

/** Where a connection stands. `waiting` for another to leave; `closing` sends what is left and takes no more. */
export type Phase = 'waiting' | 'password' | 'open' | 'closing';

/** No further command is looked at while so many bytes of replies wait to be read. */
const MAX_REPLY_BACKLOG = 256 * 1024;

/** One management client: its input on the way in, its settings, and what waits to be sent. */
export class Connection {
  readonly id: number;
  readonly info: ConnectionInfo;
  readonly role: Role;
  readonly settings = newSettings();
  readonly outlet = new Outlet();
  readonly input = new LineDecoder();
  phase: Phase;
  /** The log says that it connected, and will say that it left. */
  announced = false;
  /** It was let in. */
  entered = false;
  /** Wrong passwords so far. */
  failures = 0;
  /** The body that is being collected. */
  body: Body | undefined;
  /** A password that waits for its turn, or whose answer does. */
  held: ((now: Now) => void) | undefined;
  /** True between a question to the daemon and its answer. */
  asking = false;
  /** How many questions it has put to the daemon; the number of the last. */
  questions = 0;
  /** True once the host was told to stop reading. */
  paused = false;

  constructor(id: number, info: ConnectionInfo) {
    this.id = id;
    this.info = info;
    this.role = info.role ?? 'authenticate';
    this.phase = info.password === undefined ? 'open' : 'password';
  }

  /** True when there is input that can be dealt with now: not while an answer is due or replies are not being read. */
  get ready(): boolean {
    const held =
      this.phase === 'waiting' || this.held !== undefined || this.asking || this.outlet.replying || this.outlet.backlog > MAX_REPLY_BACKLOG;
    return this.input.pending > 0 && this.phase !== 'closing' && !held;
  }

  /** Drops what came in and was not dealt with. */
  dropInput(): void {
    this.input.clear();
    this.body = undefined;
  }

  /** Compares in a time that does not tell how much of it was right. */
  passwordIs(attempt: Buffer): boolean {
    const password = this.info.password;
    return password !== undefined && timingSafeEqual(digest(attempt), digest(Buffer.from(password.reveal())));
  }
}

function digest(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
