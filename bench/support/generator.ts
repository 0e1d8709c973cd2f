import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PORT, type Program } from '../../test/interop/support/daemons.ts';
import type { Host } from '../../test/interop/support/network.ts';
import type { Running } from '../../test/interop/support/running.ts';
import { ROOT } from '../../test/support/sources.ts';
import { type Bed, serverHost } from './bed.ts';

/** What the generator is told. */
export interface GeneratorSetup {
  readonly server: { readonly ip: string; readonly port: number };
  /** Paths of PEM files and of the tls-crypt key. */
  readonly ca: string;
  /** Of the clients, who take them in turns. */
  readonly identities: readonly { readonly cert: string; readonly key: string }[];
  readonly staticKey: string;
  /** Of the clients' sockets, which take one after the other. */
  readonly firstPort: number;
  readonly work:
    | { readonly kind: 'handshakes'; readonly parallel: number; readonly seconds: number }
    | { readonly kind: 'hold'; readonly clients: number; readonly parallel: number };
}

/** What it answers. */
export interface GeneratorReport {
  /** Milliseconds from the first packet to the PUSH_REPLY; of those without an end, as long as they had. */
  readonly latencies: number[];
  /** Handshakes that ended within the time given. */
  inTime: number;
  failed: number;
  unfinished: number;
  readonly seconds: number;
}

const MAIN = join(ROOT, 'build/bench/support/generator-main.js');
/** Longer than any work that benches give it. */
const PATIENCE_MS = 60_000;

/** The scheduler would now and then put both ends on one processor, which halves every rate. */
const GENERATOR_CPU = '0';
const SERVER_CPU = '1';

/** Keeps a server off the generator's processor, with all threads that it has. */
export function partFromGenerator(server: Running): void {
  execFileSync('taskset', ['-a', '-c', '-p', SERVER_CPU, String(server.pid)], { stdio: 'ignore' });
}

const FIRST_PORT = 10_000;
const LAST_PORT = 60_000;
/** More than one run makes clients. */
const PORTS_A_RUN = 2500;
let runs = 0;

/** Lets the generator work on a host against a program's server. It keeps its clients until the returned process is stopped. */
export async function generate(
  bed: Bed,
  on: Host,
  against: Program,
  work: GeneratorSetup['work'],
): Promise<{ readonly report: GeneratorReport; readonly process: Running }> {
  const server = { ip: serverHost(bed, against).ip4, port: PORT };
  const firstPort = FIRST_PORT + ((runs++ * PORTS_A_RUN) % (LAST_PORT - FIRST_PORT));
  const setup: GeneratorSetup = { server, ca: bed.pki.ca, identities: bed.crowd, staticKey: bed.pki.staticKey, firstPort, work };
  const running = bed.network.start(on, 'generator', ['taskset', '-c', GENERATOR_CPU, process.execPath, MAIN, JSON.stringify(setup)]);
  const line = await running.waitFor(/^report /, { within: PATIENCE_MS });
  return { report: JSON.parse(line.slice('report '.length)) as GeneratorReport, process: running };
}
