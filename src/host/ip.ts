import { TunnelscopeError } from '../base/errors.ts';
import { seconds } from '../base/units.ts';
import type { CommandResult, Runner } from './scripts.ts';

/** An address or subnet in text, with its prefix length. */
export interface IpPrefix {
  readonly family: 4 | 6;
  /** `10.8.0.1`, `fd00:8::1`. */
  readonly ip: string;
  readonly bits: number;
  /** The other end of a point-to-point link. */
  readonly peer?: string | undefined;
}

/** Where packets to somewhere go. */
export interface Gateway {
  /** Undefined for what is on the link. */
  readonly gateway: string | undefined;
  readonly device: string;
  /** Undefined for the system's own. */
  readonly metric: number | undefined;
}

/** A route into the tunnel. */
export interface TunnelRoute {
  readonly to: IpPrefix;
  readonly device: string;
  /** Undefined for a route that is on the link. */
  readonly gateway: string | undefined;
  readonly metric: number | undefined;
}

/** What a daemon does to network interfaces. */
export interface Network {
  setMtu(device: string, mtu: number): Promise<void>;
  setUp(device: string): Promise<void>;
  addAddress(device: string, address: IpPrefix): Promise<void>;
  deleteAddress(device: string, address: IpPrefix): Promise<void>;
  addRoute(route: TunnelRoute): Promise<void>;
  deleteRoute(route: TunnelRoute): Promise<void>;
  /** Where the system sends packets to an address, or to `default`; undefined when nowhere. Never rejects. */
  routeTo(family: 4 | 6, ip: string): Promise<Gateway | undefined>;
}

/** The words of iproute2 for each, and stock's words when it fails (facts: logging 13). Pure, so that a test can read it. */
export const IP_COMMANDS = {
  setMtu: (device: string, mtu: number) => ['link', 'set', 'dev', device, 'mtu', String(mtu)],
  setUp: (device: string) => ['link', 'set', 'dev', device, 'up'],
  addAddress: (device: string, address: IpPrefix) => [
    ...familyFlag(address.family),
    'addr',
    'add',
    'dev',
    device,
    ...addressWords(address),
    ...(address.family === 4 && address.bits < 31 ? ['broadcast', '+'] : []),
  ],
  deleteAddress: (device: string, address: IpPrefix) => [
    ...familyFlag(address.family),
    'addr',
    'del',
    'dev',
    device,
    ...addressWords(address),
  ],
  addRoute: (route: TunnelRoute) => ['add', ...routeWords(route)],
  deleteRoute: (route: TunnelRoute) => ['del', ...routeWords(route)],
  routeTo: (family: 4 | 6, ip: string) =>
    ip === 'default' ? [...familyFlag(family), 'route', 'show', 'default'] : [...familyFlag(family), 'route', 'get', ip],
} as const;

function familyFlag(family: 4 | 6): string[] {
  return family === 6 ? ['-6'] : [];
}

function addressWords(address: IpPrefix): string[] {
  return address.peer === undefined ? [prefixText(address)] : ['local', address.ip, 'peer', address.peer];
}

/** `10.99.0.1 via 10.77.0.1 dev eth0 src ...`, or without `via` on the link. */
function readGateway(line: string): Gateway | undefined {
  const device = / dev (\S+)/.exec(line)?.[1];
  const metric = / metric (\d+)/.exec(line)?.[1];
  if (device === undefined) return undefined;
  return { gateway: / via (?:inet6 )?(\S+)/.exec(line)?.[1], device, metric: metric === undefined ? undefined : Number(metric) };
}

function prefixText(prefix: IpPrefix): string {
  return `${prefix.ip}/${prefix.bits}`;
}

function routeWords(route: TunnelRoute): string[] {
  const { to, gateway, device, metric } = route;
  const via = gateway === undefined ? [] : ['via', gateway];
  return [prefixText(to), ...via, 'dev', device, ...(metric === undefined ? [] : ['metric', String(metric)])];
}

/** A hanging `ip` must not hang the start. */
const TIMEOUT = seconds(10);
const MAX_WORDS = 500;

/** Does it by iproute2's `ip`. Rejects with `TUN`: stock's words, then those of `ip`. */
export class IpRoute2 implements Network {
  readonly #runner: Runner;
  readonly #program: string;

  /** `program` is what `iproute` names; by default `ip` from the system's folders. */
  constructor(runner: Runner, program = 'ip') {
    this.#runner = runner;
    this.#program = program;
  }

  setMtu(device: string, mtu: number): Promise<void> {
    return this.#do(IP_COMMANDS.setMtu(device, mtu), `Linux can't set mtu (${mtu}) on ${device}`);
  }

  setUp(device: string): Promise<void> {
    return this.#do(IP_COMMANDS.setUp(device), `Linux can't bring ${device} up`);
  }

  addAddress(device: string, address: IpPrefix): Promise<void> {
    return this.#do(
      IP_COMMANDS.addAddress(device, address),
      `Linux can't add IP${address.family === 6 ? 'v6' : ''} to interface ${device}`,
    );
  }

  deleteAddress(device: string, address: IpPrefix): Promise<void> {
    return this.#do(
      IP_COMMANDS.deleteAddress(device, address),
      `Linux can't del IP${address.family === 6 ? 'v6' : ''} from iface ${device}`,
    );
  }

  addRoute(route: TunnelRoute): Promise<void> {
    const what = `ERROR: Linux route ${route.to.family === 6 ? 'v6 ' : ''}add command failed`;
    return this.#do([...familyFlag(route.to.family), 'route', ...IP_COMMANDS.addRoute(route)], what);
  }

  deleteRoute(route: TunnelRoute): Promise<void> {
    const what = `ERROR: Linux route ${route.to.family === 6 ? 'v6 ' : ''}delete command failed`;
    return this.#do([...familyFlag(route.to.family), 'route', ...IP_COMMANDS.deleteRoute(route)], what);
  }

  async #do(words: readonly string[], failed: string): Promise<void> {
    await this.#run(words, failed);
  }

  async routeTo(family: 4 | 6, ip: string): Promise<Gateway | undefined> {
    try {
      const [line = ''] = await this.#run(IP_COMMANDS.routeTo(family, ip), 'no route');
      return readGateway(line);
    } catch {
      return undefined;
    }
  }

  async #run(words: readonly string[], failed: string): Promise<string[]> {
    const said: string[] = [];
    const result = await this.#runner.run({
      argv: [this.#program, ...words],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      timeout: TIMEOUT,
      onLine: (line) => said.push(line.trim()),
    });
    if (result.kind === 'exited' && result.status === 0) return said;
    throw new TunnelscopeError('TUN', `${failed}: ${describe(result, this.#program, said)}`);
  }
}

function describe(result: CommandResult, program: string, said: readonly string[]): string {
  switch (result.kind) {
    case 'exited':
      return said.length === 0 ? `${program} ended with status ${result.status}` : said.join('; ').slice(0, MAX_WORDS);
    case 'signalled':
      return `${program} was ended by ${result.signal}`;
    case 'timed-out':
      return `${program} did not end in time`;
    case 'not-started':
      return `cannot run ${program}: ${result.reason}`;
    default:
      return result satisfies never;
  }
}

/** `dev null`, and tests: remembers what was asked, one line each. */
export class FakeNetwork implements Network {
  readonly calls: string[] = [];
  /** What `routeTo` says. */
  gateway: Gateway | undefined;
  /** Calls that begin so are refused. */
  refused: string | undefined;

  setMtu(device: string, mtu: number): Promise<void> {
    return this.#note(`mtu ${device} ${mtu}`);
  }

  setUp(device: string): Promise<void> {
    return this.#note(`up ${device}`);
  }

  addAddress(device: string, address: IpPrefix): Promise<void> {
    return this.#note(`address ${device} ${prefixText(address)}`);
  }

  deleteAddress(device: string, address: IpPrefix): Promise<void> {
    return this.#note(`no address ${device} ${prefixText(address)}`);
  }

  addRoute(route: TunnelRoute): Promise<void> {
    return this.#note(`route ${routeWords(route).join(' ')}`);
  }

  deleteRoute(route: TunnelRoute): Promise<void> {
    return this.#note(`no route ${routeWords(route).join(' ')}`);
  }

  routeTo(): Promise<Gateway | undefined> {
    return Promise.resolve(this.gateway);
  }

  #note(call: string): Promise<void> {
    this.calls.push(call);
    const isRefused = this.refused !== undefined && call.startsWith(this.refused);
    return isRefused ? Promise.reject(new Error(`refused: ${call}`)) : Promise.resolve();
  }
}
