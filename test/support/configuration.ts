import { SeededRandom } from '../../src/base/random.ts';
import { fail, ok } from '../../src/base/result.ts';
import { type Configuration, type SettingsFiles, settingsFromOptions } from '../../src/engine/settings-from-options.ts';
import type { Note } from '../../src/messages/notes.ts';
import { renderRow } from '../../src/messages/row.ts';
import { parseText } from '../../src/options/parse.ts';
import { formatStaticKey, generateStaticKey } from '../../src/protocol/wrap/static-key.ts';

const NO_FILE = 'No such file or directory (errno=2)';
/** A key file for tls-auth and tls-crypt: `ta.key`. */
export const STATIC_KEY = formatStaticKey(generateStaticKey(new SeededRandom(7)));
/** The key in `token.key`. */
export const TOKEN_KEY = Buffer.from(Array.from({ length: 128 }, (_, i) => i));

const FILES: Record<string, string> = {
  'ca.crt': 'CA PEM\n',
  'server.crt': 'CERT PEM\n',
  'extra.crt': 'EXTRA PEM\n',
  'server.key': 'KEY PEM\n',
  'dh2048.pem': 'DH PEM\n',
  'ta.key': STATIC_KEY,
  'crl.pem': 'CRL PEM\n',
  'pass.txt': 'sesame\r\nmore\n',
  'empty.txt': '\n',
  'token.key': `-----BEGIN OpenVPN auth-token server key-----\n${TOKEN_KEY.toString('base64')}\n-----END OpenVPN auth-token server key-----\n`,
};
const PRESENT = new Set([
  ...Object.keys(FILES),
  'ccd',
  '/tmp',
  '/bin/true',
  '/bin/false',
  'status.log',
  'pid',
  'ipp',
  '/var/log/openvpn/ipp.txt',
]);

const files: SettingsFiles = {
  read: (path) => {
    const text = FILES[path];
    return text === undefined ? fail(NO_FILE) : ok(text);
  },
  isOpenToOthers: () => false,
  check: (path) => (PRESENT.has(path) || path === '/var/log/openvpn/openvpn-status.log' ? undefined : NO_FILE),
};

/** What a configuration in `server.conf` comes to, errors of the parser included. */
export function settingsOf(text: string) {
  const events = [...parseText(text, 'server.conf', { permission: 'config', readFile: files.read })];
  const wrong = events.flatMap((event) => (event.kind === 'error' ? [event.note] : []));
  if (wrong.length > 0) return fail({ errors: wrong, warnings: [] });
  const directives = events.flatMap((event) => (event.kind === 'directive' ? [event.directive] : []));
  return settingsFromOptions(directives, { files, random: new SeededRandom(1) });
}

/** Notes as the log shows them. */
export const texts = (notes: readonly Note[]) => notes.map((note) => renderRow(note.row, note.args));

/** A right configuration without addresses; and one of eight lines that runs. */
export const BASE = 'dev tun\nca ca.crt\ncert server.crt\nkey server.key\ndh none\ntopology subnet\nkeepalive 10 60\n';
export const SERVER = `${BASE}server 10.8.0.0 255.255.255.0\n`;

/** The settings of a configuration that must be right. */
export function accepted(text: string): Configuration {
  const result = settingsOf(text);
  if (!result.ok) throw new Error(texts(result.error.errors).join('\n'));
  return result.value;
}

/** What is said against a configuration that must be wrong. */
export function refused(text: string): string[] {
  const result = settingsOf(text);
  if (result.ok) throw new Error('nothing was refused');
  return texts(result.error.errors);
}
