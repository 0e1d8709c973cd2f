import { join } from 'node:path';
import { type Program, type Server, startServer } from '../../test/interop/support/daemons.ts';
import { type Host, Network } from '../../test/interop/support/network.ts';
import { type Identity, TestPki } from '../../test/interop/support/pki.ts';

/** Lines of both servers: the log as operators run it, and room for as many clients as a bench wants. */
const LINES = ['verb 3', 'duplicate-cn', 'max-clients 4096', 'server 10.8.0.0 255.255.0.0', 'connect-freq-initial 100000 1'];
const REPLACED = ['verb', 'server', 'connect-freq-initial', 'status', 'status-version'];
/** The kernel's data channel is another program: what is compared runs in user space on both sides. */
const STOCK_LINES = ['disable-dco'];

/** A network with a host for each server and more for clients, and certificates. Remove it at the end. */
export interface Bed {
  readonly network: Network;
  readonly pki: TestPki;
  readonly client: Identity;
}

/** Makes a bed whose network has these hosts beside `ours` and `stock`. */
export async function makeBed(hosts: readonly string[]): Promise<Bed> {
  const network = await Network.create(['ours', 'stock', ...hosts]);
  const pki = await TestPki.create(join(network.folder, 'pki'));
  return { network, pki, client: await pki.client('client') };
}

/** Where a program's server runs. */
export function serverHost({ network }: Bed, program: Program): Host {
  return network.host(program);
}

/** Starts a server on its host; both get the same configuration. */
export function benchServer(bed: Bed, program: Program, proto = 'udp', lines: readonly string[] = []): Promise<Server> {
  const own = program === 'stock' ? STOCK_LINES : [];
  return startServer(bed.network, serverHost(bed, program), bed.pki, {
    program,
    proto,
    without: REPLACED,
    lines: [...LINES, ...own, ...lines],
  });
}
