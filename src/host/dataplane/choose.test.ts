import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { PairTun } from '../../../test/support/pair-tun.ts';
import { builtWorker } from '../../../test/support/worker-build.ts';
import type { PlaneEvent, PlaneSettings } from '../../protocol/data/plane.ts';
import { SystemClock } from '../clock.ts';
import { FakeTun, NullTun, type Tun } from '../tun.ts';
import { openUdp, type UdpOptions } from '../udp.ts';
import { batchedIsFor, ChosenPlane, type ChosenPlaneOptions } from './choose.ts';
import { udpTransport } from './transport.ts';

const SETTINGS: PlaneSettings = {
  role: 'server',
  transport: 'udp',
  clientToClient: false,
  tunMtu: 1500,
  mssFix: undefined,
  replayWindow: { size: 64, seconds: 15 },
  ownAddresses: [],
};
const UDP: UdpOptions = { family: 4, host: '127.0.0.1', port: 0 };
const WORKER = builtWorker('src/host/dataplane/batched/worker.ts');
const CONTROL = Buffer.from('3811223344556677880000000000', 'hex');

let plane: ChosenPlane;
const events: PlaneEvent[] = [];

async function start(tun: Tun, batched: ChosenPlaneOptions['batched']): Promise<void> {
  plane = new ChosenPlane({
    settings: SETTINGS,
    tun,
    clock: new SystemClock(),
    open: async () => udpTransport(await openUdp(UDP)),
    batched,
  });
  await plane.start();
}

/** Begins, and shows that a packet to the address that was bound at the start comes through. */
async function begin(): Promise<void> {
  const { port } = plane.localAddress();
  const came = new Promise<void>((resolve) => {
    plane.onEvent((event) => {
      events.push(event);
      resolve();
    });
  });
  await plane.begin();
  const socket = createSocket('udp4');
  socket.send(CONTROL, port, '127.0.0.1');
  await came;
  socket.close();
  expect(events).toMatchObject([{ kind: 'control', bytes: CONTROL }]);
  expect(plane.localAddress().port).toBe(port);
}

describe('the plane that is chosen', () => {
  afterEach(async () => {
    events.length = 0;
    await plane.stop();
  });

  it('is the portable one where nobody asked for another', async () => {
    await start(new NullTun(), undefined);
    await begin();
    expect(plane.running()).toMatchObject({ adapter: 'portable', crypto: 'node:crypto' });
    expect(plane.running().instead).toBeUndefined();
  });

  it('is the batched one where it runs', async () => {
    const tun = new PairTun();
    await start(tun, { udp: UDP, without: ['gro'], worker: WORKER });
    await begin();
    expect(plane.running().adapter).toBe('batched');
    expect(plane.running().steps).not.toContain('gro');
    await plane.stop();
    tun.close();
  });

  it('is the portable one, on the socket that is bound, where the thread cannot start', async () => {
    await start(new NullTun(), { udp: UDP, without: [], worker: new URL('./nowhere.js', WORKER) });
    await begin();
    expect(plane.running()).toMatchObject({ adapter: 'portable' });
    expect(plane.running().instead).toMatch(/Cannot find module/);
  });

  it('is the portable one for a device that only Node can read', async () => {
    await start(new FakeTun(), { udp: UDP, without: [] });
    await begin();
    expect(plane.running()).toMatchObject({ adapter: 'portable', instead: 'the device has no descriptor' });
  });
});

it.each([
  ['linux', 'x64', true],
  ['linux', 'arm64', true],
  ['linux', 'ia32', false],
  ['linux', 's390x', false],
  ['darwin', 'arm64', false],
  ['win32', 'x64', false],
])('the batched plane is for %s on %s: %s', (platform, arch, is) => {
  expect(batchedIsFor(platform, arch)).toBe(is);
});
