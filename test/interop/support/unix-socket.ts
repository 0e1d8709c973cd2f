import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { eventually } from './running.ts';

/** A connection to a unix socket, once somebody listens there: the file is there a moment before that. */
export function connectUnix(path: string): Promise<Socket> {
  return eventually(`somebody who listens on ${path}`, async () => {
    const socket = createConnection(path);
    try {
      await once(socket, 'connect');
      return socket;
    } catch {
      return undefined;
    }
  });
}
