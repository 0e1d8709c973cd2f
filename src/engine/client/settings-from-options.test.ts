import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../base/random.ts';
import { clientFromOptions } from './settings-from-options.ts';
import { renderRow } from '../../messages/row.ts';
import { type Directive, parseText } from '../../options/parse.ts';

const USUAL = 'client\ndev tun\nnobind\nremote vpn.test\nca ca\ncert cert\nkey key\nremote-cert-tls server\n';

/** Errors and warnings of a configuration whose files all hold the same. */
function said(lines: string, usual = USUAL): { readonly errors: readonly string[]; readonly warnings: readonly string[] } {
  const directives: Directive[] = [];
  for (const event of parseText(usual + lines, 'c', { permission: 'config', readFile: () => ({ ok: false, error: '' }) })) {
    if (event.kind === 'directive') directives.push(event.directive);
  }
  const files = { read: () => ({ ok: true as const, value: 'text' }), check: () => undefined, isOpenToOthers: () => false };
  const made = clientFromOptions(directives, { files, random: new SeededRandom(1) });
  const text = (notes: readonly { row: Parameters<typeof renderRow>[0]; args: Parameters<typeof renderRow>[1] }[]): string[] =>
    notes.map(({ row, args }) => renderRow(row, args));
  return made.ok
    ? { errors: [], warnings: text(made.value.warnings) }
    : { errors: text(made.error.errors), warnings: text(made.error.warnings) };
}

describe('a client’s configuration', () => {
  it('runs as it is usual', () => {
    expect(said('').errors).toEqual([]);
  });

  it.each([
    ['client-to-client', '--client-to-client requires --mode server'],
    ['tls-crypt-v2 key', "--tls-crypt-v2: OpenVPN tls-crypt-v2 client key pem decode failed in file 'key'"],
    ['tls-crypt-v2 key\ntls-auth key', '--tls-crypt-v2, --tls-auth and --tls-crypt are mutually exclusive in client mode'],
    ['tls-verify /bin/true', '--tls-verify is not supported here: not at clients in this release'],
    ['shaper 1000', '--shaper is not supported here: not in this release; shape the device (tc)'],
    ['up-restart', '--up-restart is not supported here'],
    ['socks-proxy proxy.test', '--socks-proxy carries TCP only in this release'],
    ['http-proxy proxy.test 8080', '--http-proxy MUST be used in TCP Client mode'],
    ['proto tcp-client\nhttp-proxy proxy.test 8080 auto ntlm', "--http-proxy: method 'ntlm' is not in this release"],
    ['management tunnel 7505', '--management tunnel is for servers in this release'],
    ['allow-compression yes', '--allow-compression: only no is supported here'],
    ['proto tcp-server', '--remote: a client cannot use --proto tcp-server'],
    ['remote vpn.test 70000', "remote: port number '70000' is out of range"],
    ['resolv-retry soon', "--resolv-retry: 'soon' is neither seconds nor infinite"],
    ['<connection>\nport 5\n</connection>', 'a <connection> block needs a remote'],
    ['identity-dir ids', '--cert cannot be used with --identity-dir'],
    ['identity alice', '--identity needs --identity-dir'],
    ['pkcs12 bundle', 'Parameter --cert cannot be used when --pkcs12 is also specified.'],
    ['static-challenge text 1', '--static-challenge needs --auth-user-pass'],
    ['management-query-passwords', '--management is not specified'],
    ['management-external-key', '--management-external-key is not supported here'],
  ])('refuses %j by name', (lines, text) => {
    expect(said(lines).errors.some((error) => error.startsWith(`Options error: ${text}`))).toBe(true);
  });

  it.each(['reneg-bytes 5', 'float', 'preresolve', 'route-delay 5'])('says that %j has no effect', (line) => {
    const name = line.split(' ')[0] ?? '';
    expect(said(line)).toMatchObject({
      errors: [],
      warnings: expect.arrayContaining([expect.stringContaining(`--${name} has no effect here: `)]),
    });
  });

  it('warns of a client that would take any server', () => {
    expect(said('', USUAL.replace('remote-cert-tls server\n', '')).warnings).toContainEqual(
      expect.stringContaining('No server certificate verification method has been enabled'),
    );
  });

  it.each([
    ['', 'You must define TUN/TAP device (--dev)', /dev tun\n/],
    ['', 'You must define at least one server (--remote)', /remote vpn.test\n/],
    ['', 'You must define CA file (--ca)', /ca ca\n/],
    ['', 'You must define private key file (--key)', /key key\n/],
  ])('misses nothing silently%s: %s', (_, text, without) => {
    expect(said('', USUAL.replace(without, '')).errors.some((error) => error.startsWith(`Options error: ${text}`))).toBe(true);
  });
});
