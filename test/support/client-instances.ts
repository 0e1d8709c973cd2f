import { ClientInstance } from '../../src/engine/instance.ts';
import { EnvList } from '../../src/model/env-list.ts';
import { udpLink } from '../../src/protocol/data/link.ts';
import { parsePeerInfo } from '../../src/protocol/negotiate/peer-info.ts';
import { SessionPair } from './session-pair.ts';
import { at } from './time.ts';

/** What a client instance is made of; the rest is usual. */
export interface InstanceWish {
  readonly peerId?: number;
  readonly generation?: number;
  readonly clientId?: number;
  readonly port?: number;
  readonly peerInfo?: string;
}

/** A client instance apart from any server. */
export function clientInstance(wish: InstanceWish = {}): ClientInstance {
  const { peerId = 0, generation = 1, clientId = peerId, port = 40_000 + clientId, peerInfo } = wish;
  const client = new ClientInstance({
    number: clientId + 1,
    clientId,
    slot: { peerId, generation },
    link: udpLink('198.51.100.7', port),
    session: new SessionPair().server.session,
    env: new EnvList(),
    now: at(0),
  });
  if (peerInfo !== undefined) client.peerInfo = parsePeerInfo(peerInfo);
  return client;
}
