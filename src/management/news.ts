import { MANAGEMENT } from '../messages/management.ts';
import type { Notes } from '../messages/notes.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { Connection } from './connection.ts';
import { type Histories, stateText } from './history.ts';
import { encodeEvent, encodeEventJson, isWanted } from './notifications.ts';
import { covers, roleToSee } from './roles.ts';

/** What news need of the server around them. */
export interface NewsParts {
  readonly histories: Histories;
  readonly notes: Notes;
  readonly connections: () => Iterable<Connection>;
  readonly notify: (connection: Connection, bytes: Buffer) => void;
}

/** What happens in the daemon: kept for those who ask later, and told to those who want to know and may. */
export class News {
  readonly #parts: NewsParts;
  #prompt: string | undefined;

  constructor(parts: NewsParts) {
    this.#parts = parts;
  }

  /** What the daemon waits for, as it asked. */
  get prompt(): string | undefined {
    return this.#prompt;
  }

  /** Takes an event into the histories. */
  remember(event: DaemonEvent): void {
    const { histories, notes, connections } = this.#parts;
    if (event.kind === 'log') histories.log.push(event.line);
    else if (event.kind === 'state') {
      histories.state.push(event.state);
      const watched = [...connections()].some(({ settings }) => settings.state);
      if (watched) notes.add(MANAGEMENT.state, { state: stateText(event.state) });
    } else if (event.kind === 'echo') histories.echo.push(event);
    else if (event.kind === 'prompt') this.#prompt = event.text;
    else if (event.kind === 'link') this.#prompt = undefined;
  }

  /** Tells everyone who wants to know; encodes once for all who see the same. */
  tell(event: DaemonEvent): void {
    const { connections, notify } = this.#parts;
    const encoded = new Map<string, Buffer>();
    const needed = roleToSee(event);
    let json: Buffer | undefined;
    for (const connection of connections()) {
      const { settings } = connection;
      if (connection.phase !== 'open' || !covers(connection.role, needed)) continue;
      if (settings.events) notify(connection, (json ??= encodeEventJson(event)));
      if (!isWanted(event, settings)) continue;
      const view = `${settings.envFilter} ${settings.clientVersion}`;
      const bytes = encoded.get(view) ?? encodeEvent(event, settings);
      encoded.set(view, bytes);
      notify(connection, bytes);
    }
  }
}
