import { BatchedPlane } from '../../src/host/dataplane/batched/batched.ts';
import { NullTun } from '../../src/host/tun.ts';
import { udpLink } from '../../src/protocol/data/link.ts';
import type { PlaneSettings } from '../../src/protocol/data/plane.ts';
import { dataKeys, host, inner, testKeys } from './data-packets.ts';
import { PairTun } from './pair-tun.ts';

/**
 * A process of its own that runs batched planes and comes to an end by its first argument: `exit`, `throw`, `reject`,
 * `wait` (for a signal), or `stress`: as many starts and stops as the second says, with packets under way and garbage
 * collected at random. Prints `running` once a plane runs.
 */
const SETTINGS: PlaneSettings = {
  role: 'server',
  transport: 'udp',
  clientToClient: false,
  tunMtu: 1500,
  mssFix: undefined,
  replayWindow: { size: 64, seconds: 15 },
  ownAddresses: [],
};
const SLOT = { peerId: 2, generation: 1 };

const [how = '', count = '0'] = process.argv.slice(2);
const collect = (): void => (globalThis as { gc?: () => void }).gc?.();

/** Its end meets the rehearsal at its worst, while V8 compiles. */
async function started(tun: PairTun | NullTun): Promise<BatchedPlane> {
  const plane = new BatchedPlane({ settings: SETTINGS, tun, udp: { family: 4, host: '127.0.0.1', port: 0 }, rehearsesAfter: 0 });
  await plane.start();
  await plane.begin();
  return plane;
}

/** One life of a plane that sends packets to itself. */
async function live(seed: number): Promise<void> {
  const tun = new PairTun();
  const plane = await started(tun);
  const { port } = plane.localAddress();
  plane.command({ kind: 'open-peer', slot: SLOT, link: udpLink('127.0.0.1', port), format: 'v2' });
  plane.command({ kind: 'set-keys', slot: SLOT, keyId: 0, keys: dataKeys(testKeys(seed), 'server') });
  plane.command({ kind: 'send-with', slot: SLOT, keyId: 0 });
  plane.command({ kind: 'set-inner-routes', slot: SLOT, routes: [host('10.8.0.2')] });
  plane.command({ kind: 'set-open', slot: SLOT, open: true });
  for (let i = 0; i < 30; i++) {
    tun.inject(inner('10.8.0.1', '10.8.0.2', 'x'.repeat((i * 97 + seed) % 1400)));
    if (Math.random() < 0.2) collect();
  }
  // Dropped and made anew with packets under way.
  plane.command({ kind: 'drop-key', slot: SLOT, keyId: 0 });
  plane.command({ kind: 'set-keys', slot: SLOT, keyId: 1, keys: dataKeys(testKeys(seed + 1), 'server') });
  collect();
  if (Math.random() < 0.5) plane.settle();
  await plane.stop();
  tun.close();
}

if (how === 'stress') {
  for (let i = 0; i < Number(count); i++) await live(i);
  process.stdout.write('survived\n');
} else {
  await started(new NullTun());
  process.stdout.write('running\n');
  if (how === 'exit') process.exit(3);
  if (how === 'throw') {
    setImmediate(() => {
      throw new Error('on purpose');
    });
  }
  if (how === 'reject') void Promise.reject(new Error('on purpose'));
}
