import { TunnelscopeError } from '../../base/errors.ts';
import { bitsMask, formatIp, networkOf, parsePrefix } from '../../base/ip.ts';

/**
 * The texts around the keys: the server's configuration, and what every client's has in common. Both are read alike by
 * `tunnelscope run` and by OpenVPN.
 */

/** What a configuration of ours says beyond the names of its files. Made of operator's words by `checkProfile`. */
export interface Profile {
  /** The common name of the server's certificate, which clients insist on. */
  readonly serverName: string;
  /** Where clients find the server: a host name or an address. */
  readonly remote: string;
  readonly port: number;
  readonly proto: 'udp' | 'tcp';
  /** The tunnel's network as the `server` directive wants it. */
  readonly network: { readonly address: string; readonly mask: string };
}

/** The same as typed on a command line. */
export interface ProfileWords {
  readonly serverName: string;
  readonly remote: string;
  readonly port: string;
  readonly proto: string;
  readonly network: string;
}

/** What a client's profile carries inside. All PEM or key files, as text. */
export interface InlineBlocks {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly tlsCrypt: string;
}

/** File names and directives take these names unquoted; a common name has at most 64 characters (RFC 5280, ub-common-name). */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const HOST = /^[A-Za-z0-9:_][A-Za-z0-9.:_-]{0,252}$/;
/** A client of such a name would overwrite files of the authority or the server. */
const TAKEN_NAMES: readonly string[] = ['ca', 'server', 'tls-crypt'];
/** The sizes of network that OpenVPN's `server` directive accepts. */
const NETWORK_BITS = { fewest: 16, most: 29 };

/** Refuses (`CLI`) what cannot be both a common name and part of a file name. `what` says whose name it is. */
export function checkName(name: string, what: string): string {
  if (NAME.test(name)) return name;
  const shown = JSON.stringify(name.slice(0, 80));
  throw new TunnelscopeError(
    'CLI',
    `${shown} cannot be the name of a ${what}: use 1 to 64 letters, digits and the characters . _ - @, beginning with a letter or digit`,
  );
}

/** Refuses (`CLI`) a client's name that `checkName` refuses or that belongs to the authority or the server. */
export function checkClientName(name: string, serverName?: string): string {
  checkName(name, 'client');
  if (!TAKEN_NAMES.includes(name) && name !== serverName) return name;
  throw new TunnelscopeError('CLI', `a client cannot be called '${name}': that name is taken by the authority or the server`);
}

/** Turns words into a profile, or refuses the first that cannot be used (`CLI`). */
export function checkProfile(words: ProfileWords): Profile {
  const serverName = checkName(words.serverName, 'server');
  if (!HOST.test(words.remote)) throw wrongWord('remote', words.remote, 'a host name or an IP address');
  if (!/^\d{1,5}$/.test(words.port) || Number(words.port) < 1 || Number(words.port) > 65_535) {
    throw wrongWord('port', words.port, 'a number from 1 to 65535');
  }
  if (words.proto !== 'udp' && words.proto !== 'tcp') throw wrongWord('proto', words.proto, 'udp or tcp');
  return { serverName, remote: words.remote, port: Number(words.port), proto: words.proto, network: networkFrom(words.network) };
}

/** The server's configuration. `folder` is absolute; everything else is named relative to it, so that a move changes one line. */
export function serverConfiguration(profile: Profile, folder: string): string {
  const udp = profile.proto === 'udp';
  return lines(
    '# The server, for `tunnelscope run --config server.conf` or `openvpn --config server.conf`.',
    '# All files named below are in this folder:',
    `cd ${quoted(folder)}`,
    '',
    `port ${profile.port}`,
    `proto ${profile.proto}`,
    '# With Tunnelscope, `dev null` needs neither root nor a network device: clients then reach each other only.',
    'dev tun',
    'topology subnet',
    `server ${profile.network.address} ${profile.network.mask}`,
    '',
    'ca ca.crt',
    'cert server.crt',
    'key server.key',
    'dh none',
    'tls-crypt tls-crypt.key',
    'crl-verify crl.pem',
    'remote-cert-tls client',
    '',
    'keepalive 10 60',
    'persist-key',
    'persist-tun',
    ...(udp ? ['explicit-exit-notify 1'] : []),
    '',
    'status status.log 10',
    'verb 3',
  );
}

/** What all clients' profiles begin with; `inlineProfile` adds what is a client's own. */
export function clientTemplate(profile: Profile): string {
  const udp = profile.proto === 'udp';
  return lines(
    'client',
    'dev tun',
    `proto ${profile.proto}`,
    `remote ${profile.remote} ${profile.port}`,
    'resolv-retry infinite',
    'nobind',
    'persist-key',
    'persist-tun',
    'remote-cert-tls server',
    `verify-x509-name ${profile.serverName} name`,
    ...(udp ? ['explicit-exit-notify 1'] : []),
    'verb 3',
  );
}

/** A whole client profile in one file. */
export function inlineProfile(template: string, blocks: InlineBlocks): string {
  const inline = (tag: string, text: string): string => `<${tag}>\n${text.trimEnd()}\n</${tag}>\n`;
  const head = template.endsWith('\n') ? template : `${template}\n`;
  return head + inline('ca', blocks.ca) + inline('cert', blocks.cert) + inline('key', blocks.key) + inline('tls-crypt', blocks.tlsCrypt);
}

function networkFrom(word: string): Profile['network'] {
  const prefix = word.includes('/') ? parsePrefix(word) : undefined;
  const { fewest, most } = NETWORK_BITS;
  if (prefix === undefined || prefix.family !== 4 || prefix.bits < fewest || prefix.bits > most) {
    throw wrongWord('network', word, `an IPv4 network of /${fewest} to /${most}, such as 10.8.0.0/24`);
  }
  const network = networkOf(prefix.bytes, prefix.bits);
  if (!network.equals(prefix.bytes)) throw wrongWord('network', word, `the network's first address: ${formatIp(network)}/${prefix.bits}`);
  return { address: formatIp(network), mask: formatIp(bitsMask(prefix.bits)) };
}

/** OpenVPN reads a backslash and a double quote inside double quotes only when they are escaped, and ends a word at the line's end. */
function quoted(path: string): string {
  if (/[\r\n\0]/.test(path))
    throw new TunnelscopeError('CLI', "the folder's path contains a line break, which no configuration file can express");
  return `"${path.replace(/[\\"]/g, '\\$&')}"`;
}

function wrongWord(option: string, word: string, right: string): TunnelscopeError {
  return new TunnelscopeError('CLI', `--${option} ${JSON.stringify(word.slice(0, 80))} is not usable: give ${right}`);
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
