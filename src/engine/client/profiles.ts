import { seconds } from '../../base/units.ts';
import { Secret } from '../../base/secret.ts';
import type { Directive, ReadFile } from '../../options/parse.ts';
import { parseText } from '../../options/parse.ts';
import type { WrapConfig } from '../../protocol/wrap/config.ts';
import type { Collected } from '../settings/collected.ts';
import { wrapOf } from '../settings/control.ts';
import { packetSettings } from '../settings/transport.ts';
import type { Profile, ProxySettings } from './configuration.ts';

const DEFAULT_PORT = 1194;

/** How long a server may take to answer (facts: wire 24). */
const CONNECT_TIMEOUT = seconds(120);

/** How long a proxy may take, unless `http-proxy-timeout` says otherwise. */
const PROXY_TIMEOUT = seconds(120);

/** What of a block decides how control packets are protected. */
const WRAPS = new Set(['tls-auth', 'tls-crypt', 'tls-crypt-v2', 'key-direction']);

const nothingIsIncluded: ReadFile = () => ({ ok: false, error: 'not read here' });

/** Every way to reach a server, in the order of the configuration: each `<connection>` block, or else each `remote` line. */
export function profilesOf(collected: Collected, wrap: WrapConfig): Profile[] {
  const blocks = collected.all('connection');
  const only = collected.value('proto-force');
  const profiles =
    blocks.length > 0
      ? blocks.flatMap((block) => profileOfBlock(collected, block, wrap))
      : collected.all('remote').map((remote) => profileOf(collected, remote, wrap));
  if (profiles.length === 0) collected.error('You must define at least one server (--remote)');
  const kept = profiles.filter(({ transport }) => only === undefined || transport === only);
  if (kept.length === 0 && profiles.length > 0) collected.error(`--proto-force ${only ?? ''} leaves no server (--remote)`);
  return kept;
}

function profileOfBlock(collected: Collected, block: Directive, wrap: WrapConfig): Profile[] {
  const inside: Directive[] = [];
  for (const event of parseText(block.block?.reveal() ?? '', '[CONNECTION-OPTIONS]', {
    permission: 'config',
    readFile: nothingIsIncluded,
  })) {
    if (event.kind === 'directive') inside.push(event.directive);
  }
  const remote = inside.findLast(({ name }) => name === 'remote');
  if (remote === undefined) {
    collected.error('a <connection> block needs a remote', block);
    return [];
  }
  const own = collected.with(inside);
  const ownWrap = inside.some(({ name }) => WRAPS.has(name)) ? wrapOf(own, own.value('auth') ?? 'SHA1') : wrap;
  return [profileOf(own, remote, ownWrap)];
}

function profileOf(collected: Collected, remote: Directive, wrap: WrapConfig): Profile {
  const [host = '', port, ownProto] = remote.values;
  const proto = ownProto ?? collected.value('proto') ?? 'udp';
  if (!/^(?:udp|tcp)[46]?(?:-client)?$/.test(proto)) collected.error(`--remote: a client cannot use --proto ${proto}`, remote);
  const transport = proto.startsWith('tcp') ? 'tcp' : 'udp';
  const { tunMtu, mssFix, explicitExitNotify } = packetSettings(collected, transport);
  return {
    host,
    port: portOf(collected, remote, port) ?? collected.number('rport') ?? collected.number('port') ?? DEFAULT_PORT,
    transport,
    family: proto.includes('4') ? 4 : proto.includes('6') ? 6 : undefined,
    local: localOf(collected),
    connectTimeout: collected.duration('connect-timeout') ?? collected.duration('server-poll-timeout') ?? CONNECT_TIMEOUT,
    exitNotify: explicitExitNotify > 0,
    wrap,
    tunMtu,
    mssFix,
    proxy: proxyOf(collected, transport),
  };
}

function portOf(collected: Collected, remote: Directive, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  collected.error(`remote: port number '${text}' is out of range`, remote);
  return undefined;
}

/** Without `nobind` stock takes the server's own port, 1194; with `lport 0` or `nobind` any. */
function localOf(collected: Collected): Profile['local'] {
  const host = collected.value('local');
  const port = collected.number('lport');
  if (collected.has('nobind')) {
    if (host !== undefined || (port ?? 0) > 0)
      collected.error("--nobind doesn't make sense unless used with --remote alone", collected.last('nobind'));
    return undefined;
  }
  return { host, port: port ?? collected.number('port') ?? DEFAULT_PORT };
}

function proxyOf(collected: Collected, transport: 'udp' | 'tcp'): ProxySettings | undefined {
  const http = collected.last('http-proxy');
  const socks = collected.last('socks-proxy');
  if (http !== undefined && socks !== undefined) collected.error('--http-proxy can not be used together with --socks-proxy', http);
  if (http !== undefined) {
    if (transport === 'udp') {
      collected.error('--http-proxy MUST be used in TCP Client mode (i.e. --proto tcp-client)', http);
    }
    return httpProxy(collected, http);
  }
  if (socks === undefined) return undefined;
  if (transport === 'udp') collected.error('--socks-proxy carries TCP only in this release; use --proto tcp-client', socks);
  const [host = '', port = '1080', file] = socks.values;
  const login = file === undefined ? undefined : loginOf(collected, socks, file);
  return { ...NO_PROXY_OPTIONS, kind: 'socks', host, port: Number(port), login };
}

const NO_PROXY_OPTIONS = { noClearText: false, headers: [], httpVersion: '1.0', timeout: PROXY_TIMEOUT } as const;

function httpProxy(collected: Collected, directive: Directive): ProxySettings {
  const [host = '', port = '8080', auth, method = 'none'] = directive.values;
  if (!['none', 'basic'].includes(method)) {
    collected.error(`--http-proxy: method '${method}' is not in this release; basic is`, directive);
  }
  const options = collected.all('http-proxy-option');
  const custom = options
    .filter(({ values }) => values[0] === 'CUSTOM-HEADER')
    .map(({ values }) => [values[1] ?? '', values[2] ?? ''] as const);
  const agent = options.findLast(({ values }) => values[0] === 'AGENT')?.values[1];
  const separate = collected.last('http-proxy-user-pass');
  return {
    kind: 'http',
    host,
    port: Number(port),
    login: httpLogin(collected, directive, auth, separate),
    noClearText: auth === 'auto-nct',
    headers: [...(agent === undefined ? [] : [['User-Agent', agent] as const]), ...custom],
    httpVersion: options.findLast(({ values }) => values[0] === 'VERSION')?.values[1] ?? '1.0',
    timeout: collected.duration('http-proxy-timeout') ?? PROXY_TIMEOUT,
  };
}

function httpLogin(
  collected: Collected,
  directive: Directive,
  auth: string | undefined,
  separate: Directive | undefined,
): ProxySettings['login'] {
  if (separate?.block !== undefined) return linesOf(separate.block.reveal());
  if (separate?.values[0] !== undefined) return loginOf(collected, separate, separate.values[0]);
  if (auth === undefined) return undefined;
  return auth === 'auto' || auth === 'auto-nct' || auth === 'stdin' ? 'ask' : loginOf(collected, directive, auth);
}

function loginOf(collected: Collected, directive: Directive, file: string): ProxySettings['login'] {
  if (file === 'stdin') return 'ask';
  const read = collected.files.read(file);
  if (read.ok) return linesOf(read.value);
  collected.fileError(`--${directive.name}`, file, read.error);
  return undefined;
}

/** A name on the first line, a password on the second; `ask` where one is missing. */
function linesOf(text: string): ProxySettings['login'] {
  const [username = '', password] = text.split(/\r?\n/);
  return username === '' || password === undefined || password === '' ? 'ask' : { username, password: new Secret(password) };
}
