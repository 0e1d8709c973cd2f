import { describe, expect, it } from 'vitest';
import { accepted, refused, SERVER } from '../../../test/support/configuration.ts';

describe('transport', () => {
  it.each([
    ['', { transport: 'udp', family: 4, familyAssumed: true, host: undefined, port: 1194 }],
    ['proto udp6\n', { transport: 'udp', family: 'dual', familyAssumed: false, host: undefined, port: 1194 }],
    ['local ::1\n', { transport: 'udp', family: 'dual', familyAssumed: false, host: '::1', port: 1194 }],
    ['proto udp4\nport 443\n', { transport: 'udp', family: 4, familyAssumed: false, host: undefined, port: 443 }],
    ['proto udp6\nbind ipv6only\n', { transport: 'udp', family: 6, familyAssumed: false, host: undefined, port: 1194 }],
    ['proto tcp\n', { transport: 'tcp', family: 4, familyAssumed: true, host: undefined, port: 1194 }],
    ['proto tcp-server\nlocal 127.0.0.1\nlport 0\n', { transport: 'tcp', family: 4, familyAssumed: false, host: '127.0.0.1', port: 0 }],
    ['proto tcp4-server\nport 1\nlport 2\n', { transport: 'tcp', family: 4, familyAssumed: false, host: undefined, port: 2 }],
    ['proto tcp6-server\nlocal ::1\n', { transport: 'tcp', family: 'dual', familyAssumed: false, host: '::1', port: 1194 }],
  ])('%j listens', (lines, expected) => {
    const { daemon, server } = accepted(`${SERVER}${lines}`);
    expect(daemon.listen).toEqual(expected);
    expect(server.transport).toBe(expected.transport);
  });

  it.each([
    ['dev tun\n', { kind: 'tun', name: undefined, setAddresses: true, setRoutes: true }],
    ['dev tun7\nifconfig-noexec\n', { kind: 'tun', name: 'tun7', setAddresses: false, setRoutes: true }],
    ['dev vpn\ndev-type tun\nroute-noexec\n', { kind: 'tun', name: 'vpn', setAddresses: true, setRoutes: false }],
    ['dev null\n', { kind: 'null' }],
  ])('%j is a device', (lines, expected) => {
    expect(accepted(`${SERVER.replace('dev tun\n', '')}${lines}`).daemon.device).toEqual(expected);
  });

  it.each(['dev tap\n', 'dev tun\ndev-type tap\n', 'dev vpn\n', ''])('%j is none', (lines) => {
    expect(refused(`${SERVER.replace('dev tun\n', '')}${lines}`)[0]).toMatch(/--dev/);
  });

  it.each([
    ['', { size: 1492, counts: 'mtu' }],
    ['mssfix\n', { size: 1492, counts: 'mtu' }],
    ['mssfix 1300\n', { size: 1300, counts: 'payload' }],
    ['mssfix 1300 mtu\n', { size: 1300, counts: 'mtu' }],
    ['mssfix 1300 fixed\n', { size: 1300, counts: 'fixed' }],
    ['mssfix 0\n', undefined],
    ['tun-mtu 1400\n', { size: 1400, counts: 'fixed' }],
    ['tun-mtu 1400\nmssfix 1200\n', { size: 1200, counts: 'payload' }],
  ])('%j clamps segments', (lines, expected) => {
    expect(accepted(`${SERVER}${lines}`).server.mssFix).toEqual(expected);
  });

  it.each([
    ['', 0],
    ['explicit-exit-notify\n', 1],
    ['explicit-exit-notify 2\n', 2],
    ['explicit-exit-notify 3\n', 1],
    ['explicit-exit-notify 0\n', 0],
    ['proto tcp\nexplicit-exit-notify 2\n', 0],
  ])('%j tells clients of the end', (lines, expected) => {
    expect(accepted(`${SERVER}${lines}`).server.explicitExitNotify).toBe(expected);
  });
});
