import { expect } from 'vitest';
import type { World } from './world.ts';

/** Nothing of any session is left: no instance, no open peer, no TLS session, no timer. */
export function expectNothingLeft(world: World): void {
  const { server, clients } = world;
  const left = {
    instances: server.instances,
    serverPeers: server.openPeers,
    serverTls: server.tls.open,
    clientEngines: clients.filter((client) => client.engine !== undefined).map((client) => client.name),
    clientPeers: clients.reduce((sum, client) => sum + client.openPeers, 0),
    clientTls: clients.reduce((sum, client) => sum + client.tls.open, 0),
  };
  const nothing = { instances: 0, serverPeers: 0, serverTls: 0, clientEngines: [], clientPeers: 0, clientTls: 0 };
  expect(left).toEqual(nothing);
  // Summed-up log lines and limits come to rest within seconds.
  world.run(30_000);
  expect(world.next()).toBeUndefined();
}
