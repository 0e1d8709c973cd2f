import type { Now } from '../base/units.ts';
import type { DaemonReply } from '../model/daemon-port.ts';
import { IV_PROTO } from '../protocol/negotiate/peer-info.ts';
import { pushUpdates } from '../protocol/negotiate/push.ts';
import type { ServerEngine } from './server.ts';

/**
 * Sends new options to connected clients that announce that they take them, all or one (facts: management 18). Options that
 * no message can carry update nobody.
 */
export function pushUpdate(engine: ServerEngine, clientId: number | undefined, options: string, now: Now): DaemonReply {
  const messages = pushUpdates(options);
  const unsupported: number[] = [];
  let count = 0;
  for (const client of engine.clients()) {
    const meant = clientId === undefined || client.clientId === clientId;
    if (client.phase !== 'connected' || !meant || messages === undefined) continue;
    if (client.announces(IV_PROTO.pushUpdate)) {
      engine.tell(client, messages, now);
      count++;
    } else unsupported.push(client.slot.peerId);
  }
  return { kind: 'updated', count, unsupported };
}
