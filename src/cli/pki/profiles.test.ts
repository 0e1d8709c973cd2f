import { describe, expect, it } from 'vitest';
import {
  checkClientName,
  checkName,
  checkProfile,
  clientTemplate,
  inlineProfile,
  type ProfileWords,
  serverConfiguration,
} from './profiles.ts';

const WORDS: ProfileWords = { serverName: 'server', remote: 'vpn.example.net', port: '1194', proto: 'udp', network: '10.8.0.0/24' };

describe('a name', () => {
  it.each(['alice', 'a', 'Alice.B-1_2@example.net', '9', 'x'.repeat(64)])('%s is taken as it is', (name) => {
    expect(checkClientName(name)).toBe(name);
  });

  it.each([
    '',
    '.',
    '..',
    '../ca',
    'a/b',
    'a\\b',
    'a b',
    'a\nb',
    'a\n',
    'a\0',
    '-rf',
    '.hidden',
    'é',
    'a"b',
    "a'b",
    'a,b',
    'a=b',
    'a;b',
    'a#b',
    'x'.repeat(65),
  ])('%j is refused', (name) => {
    expect(() => checkName(name, 'client')).toThrow(expect.objectContaining({ code: 'CLI' }));
  });

  it.each(['ca', 'server', 'tls-crypt', 'vpn1'])('%s is not free for a client when the server is vpn1', (name) => {
    expect(() => checkClientName(name, 'vpn1')).toThrow(/taken/);
  });
});

describe('a profile', () => {
  it('is made of good words', () => {
    expect(checkProfile(WORDS)).toEqual({
      serverName: 'server',
      remote: 'vpn.example.net',
      port: 1194,
      proto: 'udp',
      network: { address: '10.8.0.0', mask: '255.255.255.0' },
    });
  });

  it.each(['vpn', '192.0.2.1', '2001:db8::1', '::1', 'fe80::1'])('takes %s as remote', (remote) => {
    expect(checkProfile({ ...WORDS, remote }).remote).toBe(remote);
  });

  it.each([
    ['10.8.0.0/16', '10.8.0.0', '255.255.0.0'],
    ['192.168.7.8/29', '192.168.7.8', '255.255.255.248'],
  ])('reads the network %s', (network, address, mask) => {
    expect(checkProfile({ ...WORDS, network }).network).toEqual({ address, mask });
  });

  it.each<[Partial<ProfileWords>, RegExp]>([
    [{ port: '0' }, /--port "0"/],
    [{ port: '65536' }, /--port/],
    [{ port: '1194x' }, /--port/],
    [{ port: '' }, /--port/],
    [{ proto: 'sctp' }, /udp or tcp/],
    [{ remote: '' }, /--remote/],
    [{ remote: 'a b' }, /--remote/],
    [{ remote: 'host\nscript-security 2' }, /--remote/],
    [{ remote: '-x' }, /--remote/],
    [{ network: '10.8.0.0' }, /--network/],
    [{ network: '10.8.0.0/30' }, /\/16 to \/29/],
    [{ network: '10.0.0.0/15' }, /\/16 to \/29/],
    [{ network: '10.8.0.5/24' }, /10\.8\.0\.0\/24/],
    [{ network: 'fd00::/64' }, /IPv4/],
    [{ network: '10.8.0.0/2x' }, /--network/],
    [{ serverName: 'a b' }, /name of a server/],
  ])('refuses %j', (wrong, text) => {
    expect(() => checkProfile({ ...WORDS, ...wrong })).toThrow(
      expect.objectContaining({ code: 'CLI', message: expect.stringMatching(text) }),
    );
  });
});

describe('the texts', () => {
  const udp = checkProfile(WORDS);
  const tcp = checkProfile({ ...WORDS, proto: 'tcp', port: '443', serverName: 'vpn1' });

  it('of the server name its folder, quoted for the config file', () => {
    expect(serverConfiguration(udp, '/etc/my "vpn"\\x').split('\n')).toContain('cd "/etc/my \\"vpn\\"\\\\x"');
    expect(() => serverConfiguration(udp, '/etc/a\nscript-security 3')).toThrow(/line break/);
  });

  it('say the same of port, protocol and name on both sides', () => {
    const server = serverConfiguration(tcp, '/x').split('\n');
    const client = clientTemplate(tcp).split('\n');
    expect(server).toEqual(expect.arrayContaining(['port 443', 'proto tcp', 'server 10.8.0.0 255.255.255.0']));
    expect(client).toEqual(expect.arrayContaining(['remote vpn.example.net 443', 'proto tcp', 'verify-x509-name vpn1 name']));
  });

  it('tell the other end of an exit on UDP only: OpenVPN refuses it on TCP', () => {
    expect(serverConfiguration(udp, '/x') + clientTemplate(udp)).toMatch(/explicit-exit-notify 1\n[^]*explicit-exit-notify 1\n/);
    expect(serverConfiguration(tcp, '/x') + clientTemplate(tcp)).not.toContain('explicit-exit-notify');
  });

  it('of a client carry everything inline, whatever the template ends in', () => {
    expect(inlineProfile('client', { ca: 'A\n', cert: 'B', key: 'C\n\n', tlsCrypt: 'D\n' })).toBe(
      'client\n<ca>\nA\n</ca>\n<cert>\nB\n</cert>\n<key>\nC\n</key>\n<tls-crypt>\nD\n</tls-crypt>\n',
    );
  });
});
