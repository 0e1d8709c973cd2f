import type { TimerTable } from '../base/machine.ts';
import { after, type Instant, seconds } from '../base/units.ts';
import type { DaemonPort, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import type { Connection } from './connection.ts';
import { encodeLines } from './line-codec.ts';
import { bytesLine, clientBytesLines } from './notifications.ts';

/** The next byte count of a connection, by its id. */
export type ByteCountTimer = `bytes:${number}`;

/** What byte counts need of the server around them. */
export interface ByteCountParts {
  readonly port: DaemonPort;
  readonly timers: Pick<TimerTable<ByteCountTimer>, 'set' | 'clear'>;
  readonly connections: () => Iterable<Connection>;
  readonly notify: (connection: Connection, bytes: Buffer) => void;
  readonly request: (request: DaemonRequest, connection: Connection, use: (answer: DaemonReply) => void) => void;
}

/** `bytecount N`: each connection is told every so many seconds of its own, and the daemon is asked no oftener than somebody wants. */
export class ByteCounts {
  readonly #parts: ByteCountParts;

  constructor(parts: ByteCountParts) {
    this.#parts = parts;
  }

  /** The interval of a connection was set, or has begun anew. */
  arm({ id, settings }: Connection, at: Instant): void {
    if (settings.byteInterval === 0) this.#parts.timers.clear(`bytes:${id}`);
    else this.#parts.timers.set(`bytes:${id}`, after(at, seconds(settings.byteInterval)));
    this.#watch();
  }

  /** Asks the daemon for one connection, whose time has come. */
  count(connection: Connection, at: Instant): void {
    const { port, notify, request } = this.#parts;
    this.arm(connection, at);
    const { mode, attached } = port.info();
    const kind = mode === 'server' || attached !== undefined ? 'client-bytes' : 'load-stats';
    request({ kind }, connection, (answer) => {
      if (answer.kind === 'client-bytes') notify(connection, encodeLines(clientBytesLines(answer.clients)));
      else if (answer.kind === 'load') notify(connection, encodeLines([bytesLine(answer.received, answer.sent)]));
    });
  }

  /** A connection is gone. */
  forget({ id, settings }: Connection): void {
    this.#parts.timers.clear(`bytes:${id}`);
    if (settings.byteInterval > 0) this.#watch();
  }

  /** Says to the daemon what the shortest interval is. */
  #watch(): void {
    const wanted = [...this.#parts.connections()].map(({ settings }) => settings.byteInterval).filter((interval) => interval > 0);
    this.#parts.port.watchBytes?.(wanted.length === 0 ? 0 : Math.min(...wanted));
  }
}
