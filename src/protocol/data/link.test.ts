import { describe, expect, it } from 'vitest';
import { hostOf, tcpLink, udpLink } from './link.ts';

describe('links', () => {
  it.each([
    ['192.0.2.1', { family: 4, ip: '192.0.2.1' }],
    ['::ffff:192.0.2.1', { family: 4, ip: '192.0.2.1', mapped: true }],
    ['fe80::1%eth0', { family: 6, ip: 'fe80::1' }],
    ['2001:db8::1', { family: 6, ip: '2001:db8::1' }],
  ])('of %s keep the host as sockets spell it', (host, address) => {
    const link = udpLink(host, 1194);
    expect(hostOf(link)).toBe(host);
    expect(link.address).toMatchObject({ ...address, port: 1194, transport: 'udp' });
    expect(link.connection).toBeUndefined();
  });

  it('have equal keys for equal addresses and connections only', () => {
    expect(udpLink('192.0.2.1', 1).key).toBe(udpLink('192.0.2.1', 1).key);
    expect(udpLink('192.0.2.1', 1).key).not.toBe(udpLink('192.0.2.1', 2).key);
    expect(tcpLink(1, '192.0.2.1', 1, 'tcp-server').key).not.toBe(tcpLink(2, '192.0.2.1', 1, 'tcp-server').key);
    expect(tcpLink(1, '192.0.2.1', 1, 'tcp-server')).toMatchObject({ connection: 1, address: { transport: 'tcp-server' } });
  });
});
