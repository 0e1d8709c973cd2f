import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IV_PROTO, OUR_IV_PROTO, parsePeerInfo, renderPeerInfo } from './peer-info.ts';

/** What a stock 2.6.14 client sends. */
const STOCK = [
  'IV_VER=2.6.14',
  'IV_PLAT=linux',
  'IV_TCPNL=1',
  'IV_MTU=1600',
  'IV_NCP=2',
  'IV_CIPHERS=AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305',
  'IV_PROTO=990',
  'IV_LZO_STUB=1',
  'IV_COMP_STUB=1',
  'IV_COMP_STUBv2=1',
];

describe('parsePeerInfo', () => {
  it('reads what a stock client says', () => {
    const info = parsePeerInfo(`${STOCK.join('\n')}\n`);
    expect(info.entries.map(([name, value]) => `${name}=${value}`)).toEqual(STOCK);
    expect(info).toMatchObject({ version: '2.6.14', platform: 'linux', proto: 990, maxTunMtu: 1600, listsCiphers: true, rejected: 0 });
    expect(info.ciphers).toEqual(['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305']);
  });

  it('reads an old client: no protocol bits, no ciphers', () => {
    expect(parsePeerInfo('IV_VER=2.3.18\nIV_PLAT=win\nIV_PROTO=2\n')).toMatchObject({ proto: 2, ciphers: undefined, listsCiphers: false });
    expect(parsePeerInfo('')).toMatchObject({ entries: [], proto: 0, ciphers: undefined, maxTunMtu: undefined, version: undefined });
  });

  it('takes IV_NCP=2 for the two ciphers that it stands for, unless ciphers are listed', () => {
    expect(parsePeerInfo('IV_NCP=2\n')).toMatchObject({ ciphers: ['AES-256-GCM', 'AES-128-GCM'], listsCiphers: false });
    expect(parsePeerInfo('IV_NCP=1\n').ciphers).toBeUndefined();
    expect(parsePeerInfo('IV_NCP=2\nIV_CIPHERS=AES-192-GCM\n')).toMatchObject({ ciphers: ['AES-192-GCM'], listsCiphers: true });
    expect(parsePeerInfo('IV_CIPHERS=\n')).toMatchObject({ ciphers: [], listsCiphers: true });
  });

  it('makes values as harmless as stock does', () => {
    const latin1 = Buffer.from("UV_ONE=x y$z(a)`b`;c=d|e'f<g>é", 'utf8').toString('latin1');
    expect(parsePeerInfo(latin1).entries).toEqual([['UV_ONE', "x_y_z_a)_b_;c=d|e'f<g>__"]]);
    expect(parsePeerInfo('UV_A=\x1b[2J\t\x7f\nUV_B=\n').entries).toEqual([
      ['UV_A', '_[2J__'],
      ['UV_B', ''],
    ]);
  });

  it.each([
    ['no equals sign', 'IV_VER'],
    ['no name', '=1'],
    ['a name with other characters', 'IV-VER=1'],
    ['a blank before the name', ' IV_VER=1'],
  ])('rejects a line with %s', (_, line) => {
    expect(parsePeerInfo(`${line}\nIV_PLAT=x\n`)).toMatchObject({ entries: [['IV_PLAT', 'x']], rejected: 1 });
  });

  it('takes IV_ and UV_ names alone, as stock does', () => {
    expect(parsePeerInfo('ID=1\nPATH=/tmp\nIV_X=1\nUV_Y=2\nLD_PRELOAD=x\niv_z=3\n')).toMatchObject({
      entries: [
        ['IV_X', '1'],
        ['UV_Y', '2'],
      ],
      rejected: 4,
    });
  });

  it('keeps the order and repetitions of the peer; the last one counts', () => {
    const info = parsePeerInfo('IV_PROTO=2\nIV_VER=a\nIV_PROTO=990\n');
    expect(info.entries.map(([name]) => name)).toEqual(['IV_PROTO', 'IV_VER', 'IV_PROTO']);
    expect(info.proto).toBe(990);
  });

  it.each(['', '-1', '0x10', '99999999999', '1e3', 'NaN'])('takes IV_PROTO=%s for none', (value) => {
    expect(parsePeerInfo(`IV_PROTO=${value}\nIV_MTU=${value}\n`)).toMatchObject({ proto: 0, maxTunMtu: undefined });
  });

  it('reads 64 lines of 255 characters and counts the rest', () => {
    const info = parsePeerInfo('UV_A=1\n'.repeat(100) + 'UV_B=2\n');
    expect([info.entries.length, info.rejected]).toEqual([64, 37]);
    expect(parsePeerInfo(`UV_A=${'x'.repeat(1000)}\n`).entries[0]?.[1]).toHaveLength(250);
  });

  it('lets nothing through that could act in a log or a shell', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('I', 'V', '_', '=', '\n', ' ', '$', '`', '(', '\x00', '\x9b', 'ÿ', '9'), maxLength: 200 }),
        (text) => {
          for (const [name, value] of parsePeerInfo(text).entries) {
            expect(name).toMatch(/^[IU]V_\w*$/);
            expect(value).toMatch(/^[\x21-\x7e]*$/);
            expect(value).not.toMatch(/[$(`]/);
          }
        },
      ),
    );
  });
});

describe('renderPeerInfo', () => {
  it('writes lines in stock order, and announces what we can', () => {
    const own = {
      version: '0.1.0',
      platform: 'linux',
      ciphers: ['AES-256-GCM', 'AES-128-GCM'],
      maxTunMtu: 1600,
      more: [['UV_SITE', 'a']],
    } as const;
    expect(renderPeerInfo(own)).toBe(
      'IV_VER=0.1.0\nIV_PLAT=linux\nIV_TCPNL=1\nIV_MTU=1600\nIV_NCP=2\nIV_CIPHERS=AES-256-GCM:AES-128-GCM\nIV_PROTO=926\nUV_SITE=a\n',
    );
  });

  it('announces PUSH_UPDATE where it is taken', () => {
    const text = renderPeerInfo({ version: '1', platform: 'linux', ciphers: [], maxTunMtu: 1600, takesUpdates: true });
    expect(parsePeerInfo(text).proto).toBe(926 + 4096);
  });

  it('announces the bits of stock 2.6 but for DNS', () => {
    expect(OUR_IV_PROTO | IV_PROTO.dnsOption).toBe(990);
    expect(Object.values(IV_PROTO)).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);
  });
});
