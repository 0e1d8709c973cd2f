import { bitsMask, maskBits, networkOf, parseIp, parsePrefix } from '../../base/ip.ts';
import { tokenize } from '../../base/tokenize.ts';

/**
 * What a client makes of its interface: the options that its server pushed, after those that the operator gave, as one plan. Pure:
 * carrying it out needs the system's own routes.
 */
export interface TunnelPlan {
  readonly address4: { readonly address: Buffer; readonly bits: number } | undefined;
  /** The other end of a point-to-point interface. */
  readonly peer4: Buffer | undefined;
  readonly address6: { readonly address: Buffer; readonly bits: number } | undefined;
  /** Where IPv4 routes into the tunnel go: `route-gateway`, or the other end. */
  readonly gateway4: Buffer | undefined;
  /** The server's own IPv6 address inside. */
  readonly gateway6: Buffer | undefined;
  readonly routes: readonly PlannedRoute[];
  readonly redirect: RedirectPlan | undefined;
  /** `dhcp-option ...` and `dns ...`, as scripts are told of them. */
  readonly foreign: readonly string[];
  readonly echoes: readonly string[];
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly inactive: { readonly seconds: number; readonly bytes: number } | undefined;
  readonly sessionTimeout: number | undefined;
}

/** One route, host bits zero. `tunnel` goes where the tunnel's routes go, `net` where the default route went before. */
export interface PlannedRoute {
  readonly family: 4 | 6;
  readonly network: Buffer;
  readonly bits: number;
  readonly gateway: Buffer | 'tunnel' | 'net';
  readonly metric: number | undefined;
}

/** `redirect-gateway` and `redirect-private`. */
export interface RedirectPlan {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Two halves beside the default route in place of another default route. */
  readonly halves: boolean;
  /** The server is reached without a route of its own: it is on the same network. */
  readonly local: boolean;
}

type Draft = { -readonly [Name in keyof TunnelPlan]: TunnelPlan[Name] } & {
  routes: PlannedRoute[];
  foreign: string[];
  echoes: string[];
  environment: (readonly [string, string])[];
};

/** Options of the whole address range in halves, as redirect-gateway sets them. */
const HALVES4 = ['0.0.0.0/1', '128.0.0.0/1'];
const ALL4 = ['0.0.0.0/0'];
const ALL6 = ['::/3', '2000::/4', '3000::/4', 'fc00::/7'];

/** Reads options in order, later ones counting. `problems` names those that make no sense. */
export function planTunnel(options: readonly string[]): { readonly plan: TunnelPlan; readonly problems: readonly string[] } {
  const plan: Draft = {
    address4: undefined,
    peer4: undefined,
    address6: undefined,
    gateway4: undefined,
    gateway6: undefined,
    routes: [],
    redirect: undefined,
    foreign: [],
    echoes: [],
    environment: [],
    inactive: undefined,
    sessionTimeout: undefined,
  };
  const problems: string[] = [];
  let metric: number | undefined;
  for (const option of options) {
    const words = tokenize(option, '[PUSH-OPTIONS]');
    const [name = '', ...args] = words.ok ? words.value : [];
    if (name === 'route-metric') metric = number(args[0]);
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (!words.ok || read?.(plan, args, option) === false) problems.push(option);
  }
  plan.gateway4 ??= plan.peer4;
  plan.routes = plan.routes.map((route) => (route.metric === undefined ? { ...route, metric } : route));
  return { plan, problems };
}

/** What one option does to the plan; false when its arguments make no sense. */
const READERS: Readonly<Record<string, (plan: Draft, args: readonly string[], option: string) => boolean>> = {
  ifconfig: readAddress4,
  'ifconfig-ipv6': readAddress6,
  'route-gateway': (plan, [text = '']) => {
    const gateway = parseIp(text);
    if (gateway?.family === 4) plan.gateway4 = gateway.bytes;
    return gateway?.family === 4;
  },
  route: readRoute4,
  'route-ipv6': readRoute6,
  'redirect-gateway': (plan, args) => readRedirect(plan, args),
  'redirect-private': (plan, args) => readRedirect(plan, [...args, '!ipv4']),
  'dhcp-option': (plan, _, option) => plan.foreign.push(option) > 0,
  dns: (plan, _, option) => plan.foreign.push(option) > 0,
  echo: (plan, args) => plan.echoes.push(args.join(' ')) > 0,
  parameter: (plan, args) => plan.echoes.push(args.join(' ')) > 0,
  setenv: (plan, [name = '', value = '']) => plan.environment.push([name, value]) > 0,
  'setenv-safe': (plan, [name = '', value = '']) => plan.environment.push([`OPENVPN_${name}`, value]) > 0,
  inactive: (plan, [length, bytes]) => {
    const count = number(length);
    plan.inactive = count === undefined || count === 0 ? undefined : { seconds: count, bytes: number(bytes) ?? 0 };
    return count !== undefined;
  },
  'session-timeout': (plan, [length]) => {
    plan.sessionTimeout = number(length) || undefined;
    return number(length) !== undefined;
  },
};

function readAddress4(plan: Draft, [local = '', other = '']: readonly string[]): boolean {
  const address = parseIp(local);
  const second = parseIp(other);
  if (address?.family !== 4 || second?.family !== 4) return false;
  const bits = maskBits(second.bytes);
  if (bits === undefined && second.bytes[0] === 255) return false;
  plan.address4 = { address: address.bytes, bits: bits ?? 32 };
  plan.peer4 = bits === undefined ? second.bytes : undefined;
  return true;
}

function readAddress6(plan: Draft, [local = '', other = '']: readonly string[]): boolean {
  const prefix = parsePrefix(local);
  if (prefix?.family !== 6) return false;
  plan.address6 = { address: prefix.bytes, bits: prefix.bits };
  const gateway = parseIp(other);
  plan.gateway6 = gateway?.family === 6 ? gateway.bytes : undefined;
  return true;
}

function readRoute4(plan: Draft, [network = '', netmask = 'default', gateway = 'default', metric]: readonly string[]): boolean {
  const address = parseIp(network);
  const mask = netmask === 'default' ? { family: 4 as const, bytes: bitsMask(32) } : parseIp(netmask);
  const bits = mask?.family === 4 ? maskBits(mask.bytes) : undefined;
  const via = gatewayOf(gateway, 4);
  if (address?.family !== 4 || bits === undefined || via === undefined) return false;
  plan.routes.push({ family: 4, network: networkOf(address.bytes, bits), bits, gateway: via, metric: number(metric) });
  return true;
}

function readRoute6(plan: Draft, [network = '', gateway = 'default', metric]: readonly string[]): boolean {
  const prefix = parsePrefix(network);
  const via = gatewayOf(gateway, 6);
  if (prefix?.family !== 6 || via === undefined) return false;
  const { bytes, bits } = prefix;
  plan.routes.push({ family: 6, network: networkOf(bytes, bits), bits, gateway: via, metric: number(metric) });
  return true;
}

function gatewayOf(text: string, family: 4 | 6): PlannedRoute['gateway'] | undefined {
  if (text === 'default' || text === 'vpn_gateway' || text === '') return 'tunnel';
  if (text === 'net_gateway' || text === 'net_gateway_ipv6') return 'net';
  const address = parseIp(text);
  return address?.family === family ? address.bytes : undefined;
}

function readRedirect(plan: Draft, flags: readonly string[]): boolean {
  plan.redirect = {
    ipv4: !flags.includes('!ipv4'),
    ipv6: flags.includes('ipv6'),
    halves: flags.includes('def1'),
    local: flags.includes('local') || flags.includes('autolocal'),
  };
  return true;
}

/** The routes that a redirection adds, into the tunnel. */
export function redirectRoutes(redirect: RedirectPlan): PlannedRoute[] {
  const four = redirect.ipv4 ? (redirect.halves ? HALVES4 : ALL4) : [];
  const six = redirect.ipv6 ? ALL6 : [];
  return [...four, ...six].flatMap((text) => {
    const prefix = parsePrefix(text);
    return prefix === undefined
      ? []
      : [{ family: prefix.family, network: prefix.bytes, bits: prefix.bits, gateway: 'tunnel', metric: undefined }];
  });
}

function number(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
