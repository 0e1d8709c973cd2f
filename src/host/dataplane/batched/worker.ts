import { type MessagePort, workerData } from 'node:worker_threads';
import type { WorkerSetup } from './layout.ts';
import { loadLibc } from './libc.ts';
import { DataLoop } from './loop.ts';
import { rehearse } from './rehearsal.ts';

/** The worker thread of the batched data plane: runs until its stop flag is set. An error ends it, which the main thread sees. */
const { setup, port } = workerData as { readonly setup: WorkerSetup; readonly port: MessagePort };
const libc = loadLibc();
const loop = new DataLoop(setup, port, libc);
if (setup.rehearses) rehearse(setup, libc, () => loop.turn(0));
loop.run();
port.close();
