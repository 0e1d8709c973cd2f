import { describe, expect, it } from 'vitest';
import { EnvList } from '../model/env-list.ts';
import { filterEnv } from './env-filter.ts';

const ENV = new EnvList([
  ['dev', 'tun0'],
  ['dev_type', 'tun'],
  ['X509_0_CN', 'alice'],
  ['X509_0_O', 'Org'],
  ['tls_serial_0', '7'],
  ['IV_VER', '2.6.14'],
  ['IV_PLAT', 'linux'],
  ['username', 'al'],
  ['common_name', 'alice'],
  ['n_clients', '1'],
]);

const PEER_INFO = ['IV_VER=2.6.14', 'IV_PLAT=linux'];
const LISTED = ['username=al', 'tls_serial_0=7', 'X509_0_CN=alice', 'dev=tun0'];
const WITH_CERTIFICATE = ['username=al', 'tls_serial_0=7', 'X509_0_O=Org', 'X509_0_CN=alice', 'dev=tun0'];

describe('filterEnv', () => {
  it.each<[number, boolean, string[]]>([
    [1, true, [...PEER_INFO, ...WITH_CERTIFICATE]],
    [1, false, WITH_CERTIFICATE],
    [2, true, [...PEER_INFO, ...LISTED]],
    [2, false, LISTED],
    [3, true, PEER_INFO],
    [3, false, []],
    [99, false, []],
    [-1, true, WITH_CERTIFICATE],
  ])('level %d, peer info %s', (level, withPeerInfo, shown) => {
    expect(filterEnv(ENV, level, withPeerInfo)).toEqual(shown);
  });

  it('shows all at level 0, newest first', () => {
    const all = filterEnv(ENV, 0, true);
    expect(all).toHaveLength(10);
    expect(all.slice(0, 3)).toEqual(['n_clients=1', 'common_name=alice', 'username=al']);
    expect(all.at(-1)).toBe('dev=tun0');
  });
});
