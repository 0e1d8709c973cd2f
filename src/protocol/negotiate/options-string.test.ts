import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildOptionsString,
  compareOptions,
  expectedOptionsString,
  type OptionsStringParts,
  parseOptionsString,
} from './options-string.ts';

const RECORDED = readFileSync(new URL('../../../test/golden/wire/options-strings.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [role = '', args = '', own = '', expected = ''] = line.split('|');
    return { title: `${role === 's' ? 'server' : 'client'} ${args.trim()}`, parts: partsOf(role, args.trim().split(' ')), own, expected };
  });

/** What stock's command line means for the string. */
function partsOf(role: string, args: readonly string[]): OptionsStringParts {
  const value = (name: string): string | undefined => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const direction = args[args.indexOf('--tls-auth') + 2];
  return {
    role: role === 's' ? 'server' : 'client',
    transport: value('--proto')?.startsWith('tcp') ? 'tcp' : 'udp',
    tunMtu: Number(value('--tun-mtu') ?? 1500),
    cipher: value('--cipher'),
    fallbackCipher: value('--data-ciphers-fallback'),
    dataCiphers: (value('--data-ciphers') ?? 'AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305').split(':'),
    auth: value('--auth') ?? 'SHA1',
    wrap: args.includes('--tls-auth')
      ? { kind: 'tls-auth', direction: direction === '0' ? 0 : direction === '1' ? 1 : undefined }
      : { kind: args.includes('--tls-crypt') ? 'tls-crypt' : 'none' },
  };
}

describe('the options string', () => {
  it('was recorded for both ends', () => {
    expect(new Set(RECORDED.map(({ title }) => title.slice(0, 6)))).toEqual(new Set(['server', 'client']));
    expect(RECORDED.length).toBeGreaterThan(40);
  });

  it.each(RECORDED)('is what stock writes for $title', ({ parts, own, expected }) => {
    expect(buildOptionsString(parts)).toBe(own);
    expect(expectedOptionsString(parts)).toBe(expected);
  });
});

describe('parseOptionsString', () => {
  it.each([
    ['V4,dev-type tun,cipher BF-CBC,auth SHA1', 'BF-CBC', false],
    ['V4,dev-type tun,cipher [null-cipher],auth SHA1', undefined, false],
    ['V4,dev-type tun,auth SHA1,comp-lzo,keysize 128', undefined, true],
    ['', undefined, false],
  ])('takes the cipher and compression of %j', (text, cipher, compression) => {
    expect(parseOptionsString(text)).toMatchObject({ cipher, compression });
  });

  it('makes whatever comes harmless and bounded', () => {
    expect(parseOptionsString('V4,ci\x1bpher é').options).toEqual(['V4', 'ci_pher _']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const { options } = parseOptionsString(text);
        expect(options.length).toBeLessThanOrEqual(64);
        expect(options.join('')).toMatch(/^[\x20-\x7e]*$/);
      }),
    );
  });
});

describe('compareOptions', () => {
  /** As the log shows it: the texts of stock 2.6.14, taken off the word WARNING. */
  function warnings(local: string, remote: string): string[] {
    return compareOptions(local, remote).map((mismatch) => {
      switch (mismatch.kind) {
        case 'differs':
          return `'${mismatch.option}' is used inconsistently, local='${mismatch.local}', remote='${mismatch.remote}'`;
        case 'only-local':
          return `'${mismatch.option}' is present in local config but missing in remote config, local='${mismatch.local}'`;
        default:
          return `'${mismatch.option}' is present in remote config but missing in local config, remote='${mismatch.remote}'`;
      }
    });
  }

  const DEFAULT = 'V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-client';

  it('finds nothing between ends that fit, whatever ciphers they name', () => {
    expect(warnings(DEFAULT, DEFAULT)).toEqual([]);
    expect(warnings(DEFAULT, `${DEFAULT},cipher AES-256-GCM`)).toEqual([]);
  });

  it('finds what stock finds, in its order', () => {
    const local = DEFAULT.replace('1541', '1449')
      .replace('tun-mtu 1500', 'tun-mtu 1400')
      .replace('SHA1', '[null-digest]')
      .replace('128', '256');
    expect(warnings(local, DEFAULT)).toEqual([
      "'link-mtu' is used inconsistently, local='link-mtu 1449', remote='link-mtu 1541'",
      "'tun-mtu' is used inconsistently, local='tun-mtu 1400', remote='tun-mtu 1500'",
      "'auth' is used inconsistently, local='auth [null-digest]', remote='auth SHA1'",
      "'keysize' is used inconsistently, local='keysize 256', remote='keysize 128'",
    ]);
  });

  it('names what only one end has', () => {
    const compressed = DEFAULT.replace('1541', '1550').replace(',auth SHA1', ',comp-lzo,auth [null-digest]');
    expect(warnings(DEFAULT, compressed)).toEqual([
      "'link-mtu' is used inconsistently, local='link-mtu 1541', remote='link-mtu 1550'",
      "'auth' is used inconsistently, local='auth SHA1', remote='auth [null-digest]'",
      "'comp-lzo' is present in remote config but missing in local config, remote='comp-lzo'",
    ]);
    expect(warnings(compressed, DEFAULT)).toEqual([
      "'link-mtu' is used inconsistently, local='link-mtu 1550', remote='link-mtu 1541'",
      "'comp-lzo' is present in local config but missing in remote config, local='comp-lzo'",
      "'auth' is used inconsistently, local='auth [null-digest]', remote='auth SHA1'",
    ]);
  });
});
