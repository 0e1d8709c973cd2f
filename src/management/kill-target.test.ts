import { describe, expect, it } from 'vitest';
import { parseKillTarget } from './kill-target.ts';

describe('parseKillTarget', () => {
  it.each<[string, string, number, 'udp' | 'tcp' | undefined]>([
    ['10.99.0.2:1194', '10.99.0.2', 1194, undefined],
    ['udp:10.99.0.2:1194', '10.99.0.2', 1194, 'udp'],
    ['tcp:10.99.0.2:1194', '10.99.0.2', 1194, 'tcp'],
    ['tcp4-server:10.99.0.2:1194', '10.99.0.2', 1194, 'tcp'],
    ['udp6:[fd99::2]:1194', 'fd99::2', 1194, 'udp'],
    ['[fd99::2]:1194', 'fd99::2', 1194, undefined],
  ])('%s is an address', (text, ip, port, transport) => {
    expect(parseKillTarget(text)).toEqual({ kind: 'address', ip, port, transport });
  });

  // The texts after the arrow are what stock 2.6.14 answered.
  it.each([
    ['alice', "common name 'alice' not found"],
    ['a b', "common name 'a b' not found"],
    ['a:b', 'error parsing IP address: a'],
    ['1.2.3.4:0', 'port number is out of range: 0'],
    ['1.2.3.4:70000', 'port number is out of range: 70000'],
    ['1.2.3.4:x', 'port number is out of range: x'],
    ['1.2.3.4:1:2', 'client at address 1.2.3.4:1 not found'],
    ['fd00::1', "common name 'fd00::1' not found"],
    ['udp', "common name 'udp' not found"],
    ['10.99.0.2', "common name '10.99.0.2' not found"],
  ])('%s may be a name -> %s', (text, otherwise) => {
    expect(parseKillTarget(text)).toEqual({ kind: 'name', commonName: text, otherwise });
  });

  it.each(['', ':', ':1'])('%j is nothing', (text) => {
    expect(parseKillTarget(text)).toEqual({ kind: 'wrong', text: 'kill parse' });
  });
});
