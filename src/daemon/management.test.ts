import { describe, expect, it } from 'vitest';
import { accepted, SERVER } from '../../test/support/configuration.ts';
import { SystemClock } from '../host/clock.ts';
import { FakeDaemonPort } from '../management/fake-port.ts';
import { Logging } from '../service/logging.ts';
import { makeManagement, openManagement } from './management.ts';

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
    await expect(openManagement(service, daemon)).rejects.toMatchObject({
      code: 'LISTEN',
      message: 'MANAGEMENT: connect to /nowhere/at/all failed: No such file or directory',
    });
    await service.close();
  });
});
