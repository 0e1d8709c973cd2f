import { type MessagePort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from './layout.ts';
import { loadLibc } from './libc.ts';
import { linger } from './linger.ts';
import { DataLoop } from './loop.ts';
import { rehearse } from './rehearsal.ts';

/** The worker thread of the batched data plane: runs until its stop flag is set. An error ends it, which the main thread sees. */
const { setup, port } = workerData as { readonly setup: WorkerSetup; readonly port: MessagePort };
/** Who has carried so many packets both ways needs no rehearsal. */
const PRACTISED = 1000;
/** So long after the rehearsal the last of it is compiled. */
const COMPILING_MS = 1000;

const libc = loadLibc();
const loop = new DataLoop(setup, port, libc);
let rehearsed = Number.NEGATIVE_INFINITY;
if (setup.rehearsesAfter !== undefined) {
  const begins = performance.now() + setup.rehearsesAfter;
  let left = setup.rehearsesAfter;
  while (left > 0 && loop.turn(Math.ceil(left))) left = begins - performance.now();
  if (left <= 0 && loop.carried < PRACTISED) {
    rehearse(setup, libc, () => loop.turn(0));
    rehearsed = performance.now();
  }
}
loop.run();
port.close();
linger(performance.now() - rehearsed < COMPILING_MS ? 'much' : 'little');
