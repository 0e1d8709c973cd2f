import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Program, READY, type Server, type ServerOptions, startServer } from '../../test/interop/support/daemons.ts';
import { type Host, Network } from '../../test/interop/support/network.ts';
import { type Identity, TestPki } from '../../test/interop/support/pki.ts';
import { eventually } from '../../test/interop/support/running.ts';

/** Lines of both servers: the log as operators run it, and room for as many clients as a bench wants. */
const LINES = ['verb 3', 'duplicate-cn', 'max-clients 4096', 'server 10.8.0.0 255.255.0.0', 'connect-freq-initial 100000 1'];
const REPLACED = ['verb', 'server', 'connect-freq-initial', 'status', 'status-version'];
/**
 * For what is not about carrying packets: a batched data plane has a thread with memory of its own, and hands every control
 * packet from one thread to the other.
 */
export const PORTABLE = ['data-plane portable'];
/** The kernel's data channel is another program: what is compared runs in user space on both sides. */
const STOCK_LINES = ['disable-dco'];

/** A network with a host for each server and more for clients, and certificates. Remove it at the end. */
export interface Bed {
  readonly network: Network;
  readonly pki: TestPki;
  readonly client: Identity;
  /** Of the generator's clients: a server that remembers certificates shall not see the same one all the time. */
  readonly crowd: readonly Identity[];
}

const CROWD = 64;

/** Makes a bed whose network has these hosts beside `ours` and `stock`. */
export async function makeBed(hosts: readonly string[], crowd: number = CROWD): Promise<Bed> {
  const network = await Network.create(['ours', 'stock', ...hosts]);
  const pki = await TestPki.create(join(network.folder, 'pki'));
  const people = Array.from({ length: crowd }, (_, index) => pki.client(`client${index}`));
  return { network, pki, client: await pki.client('client'), crowd: await Promise.all(people) };
}

/** Where a program's server runs. */
export function serverHost({ network }: Bed, program: Program): Host {
  return network.host(program);
}

/** Starts a server on its host, the other program's if `options` say so; both get the same configuration. */
export function benchServer(
  bed: Bed,
  program: Program,
  proto = 'udp',
  lines: readonly string[] = [],
  options: Pick<ServerOptions, 'program'> = {},
): Promise<Server> {
  return start(bed, program, { proto, lines, ...options });
}

/** The same over UDP, with its log in a file. */
export async function loggingServer(bed: Bed, program: Program, log: string, lines: readonly string[]): Promise<Server> {
  const server = await start(bed, program, { lines: [`log ${log}`, ...lines], wait: false });
  await eventually('the server in its log', () => existsSync(log) && readFileSync(log, 'utf8').includes(READY));
  return server;
}

function start(bed: Bed, program: Program, { lines = [], ...options }: ServerOptions): Promise<Server> {
  const own = (options.program ?? program) === 'stock' ? STOCK_LINES : [];
  return startServer(bed.network, serverHost(bed, program), bed.pki, {
    program,
    ...options,
    without: REPLACED,
    lines: [...LINES, ...own, ...lines],
  });
}
