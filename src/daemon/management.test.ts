import { describe, expect, it } from 'vitest';
import { accepted, SERVER } from '../../test/support/configuration.ts';
import { freePort } from '../../test/support/daemon.ts';
import { SystemClock } from '../host/clock.ts';
import { FakeDaemonPort } from '../management/fake-port.ts';
import { Logging } from '../service/logging.ts';
import { makeManagement, ManagementPlaces } from './management.ts';

const world = () => {
  const clock = new SystemClock();
  const outlet = { write: () => undefined, close: () => Promise.resolve() };
  const port = new FakeDaemonPort({ title: 't', mode: 'server', statusVersion: 1, connected: true }, () => undefined);
  return { port, logging: new Logging(clock, outlet, outlet), clock, raise: () => undefined, forgetPasswords: () => undefined };
};

describe('the management interface of a daemon', () => {
  it('is not there without a management line', () => {
    expect(makeManagement(accepted(SERVER).daemon, world())).toBeUndefined();
  });

  it('fails the start when the program of management-client cannot be reached', async () => {
    const { daemon } = accepted(`${SERVER}management /nowhere/at/all unix\nmanagement-client\n`);
    const service = makeManagement(daemon, world());
    if (service === undefined) throw new Error('no service');
    await expect(new ManagementPlaces(service, daemon).open()).rejects.toMatchObject({
      code: 'LISTEN',
      message: 'MANAGEMENT: connect to /nowhere/at/all failed: No such file or directory',
    });
    await service.close();
  });

  it("listens inside the tunnel on the server's own address, and moves with it", async () => {
    const port = await freePort();
    const { daemon } = accepted(`${SERVER}management tunnel ${port}\n`);
    const service = makeManagement(daemon, world());
    if (service === undefined) throw new Error('no service');
    const places = new ManagementPlaces(service, daemon);
    await places.open();
    expect(places.addresses).toEqual([]);
    await places.follow(Buffer.from([127, 0, 0, 2]));
    await places.follow(Buffer.from([127, 0, 0, 2]));
    expect(places.addresses).toEqual([`127.0.0.2:${port}`]);
    await places.follow(Buffer.from([127, 0, 0, 3]));
    expect(places.addresses).toEqual([`127.0.0.3:${port}`]);
    const again = new ManagementPlaces(service, daemon);
    await again.follow(Buffer.from([127, 0, 0, 2]));
    await again.follow(undefined);
    expect(again.addresses).toEqual([]);
    await service.close();
  });
});
