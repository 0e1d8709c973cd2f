import { describe, expect, it } from 'vitest';
import type { DataCipher } from '../data/plane.ts';
import { chooseClientCipher, dataCipherNamed, DEFAULT_DATA_CIPHERS, negotiateCipher, normaliseCipher, parseCipherList } from './ciphers.ts';
import { parsePeerInfo } from './peer-info.ts';

describe('cipher names', () => {
  it.each([
    ['aes-256-gcm', 'AES-256-GCM'],
    ['id-aes128-GCM', 'AES-128-GCM'],
    ['ChaCha20-Poly1305', 'CHACHA20-POLY1305'],
    ['bf-cbc', 'BF-CBC'],
    ['__proto__', '__PROTO__'],
  ])('%s is %s', (name, normal) => {
    expect(normaliseCipher(name)).toBe(normal);
  });

  it('are data ciphers when we speak them', () => {
    expect(['aes-192-gcm', 'AES-256-CBC', 'constructor', ''].map(dataCipherNamed)).toEqual([
      'AES-192-GCM',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('parseCipherList', () => {
  it.each<[string, DataCipher[]]>([
    ['AES-256-GCM', ['AES-256-GCM']],
    ['aes-128-gcm:CHACHA20-POLY1305', ['AES-128-GCM', 'CHACHA20-POLY1305']],
    ['AES-256-GCM:?AES-256-CBC:?AES-192-GCM', ['AES-256-GCM', 'AES-192-GCM']],
    ['AES-256-GCM:AES-256-GCM', ['AES-256-GCM']],
  ])('reads %s', (text, ciphers) => {
    expect(parseCipherList(text)).toEqual({ ok: true, value: ciphers });
  });

  it.each([
    ['AES-256-GCM:AES-256-CBC', /^'AES-256-CBC' is none of AES-128-GCM, /],
    ['?BF-CBC', /no usable cipher/],
    ['', /no usable cipher/],
    [Array(12).fill('AES-256-GCM').join(':'), /longer than 127/],
  ])('refuses %s', (text, error) => {
    const result = parseCipherList(text);
    expect(result.ok ? '' : result.error).toMatch(error);
  });
});

describe('negotiateCipher', () => {
  /** Server list, client's lines, cipher of its options string, fallback; and what comes of it. */
  it.each<[string, readonly DataCipher[], string, string | undefined, DataCipher | undefined, string]>([
    ['the server order decides', DEFAULT_DATA_CIPHERS, 'IV_CIPHERS=AES-128-GCM:AES-256-GCM', undefined, undefined, 'AES-256-GCM by list'],
    ['the first that both have', DEFAULT_DATA_CIPHERS, 'IV_CIPHERS=chacha20-poly1305', undefined, undefined, 'CHACHA20-POLY1305 by list'],
    ['IV_NCP stands for two', ['AES-128-GCM'], 'IV_NCP=2', undefined, undefined, 'AES-128-GCM by list'],
    [
      'the options string, for clients without list',
      ['AES-192-GCM'],
      'IV_NCP=2',
      'AES-192-GCM',
      undefined,
      'AES-192-GCM by options-string',
    ],
    ['the options string of an old client', DEFAULT_DATA_CIPHERS, '', 'aes-256-gcm', undefined, 'AES-256-GCM by options-string'],
    ['but not beside a list', ['AES-192-GCM'], 'IV_CIPHERS=AES-256-GCM', 'AES-192-GCM', undefined, 'none of AES-256-GCM'],
    ['nothing in common', DEFAULT_DATA_CIPHERS, 'IV_CIPHERS=AES-192-GCM', undefined, undefined, 'none of AES-192-GCM'],
    [
      'nothing in common, and no fallback for those who said something',
      ['AES-256-GCM'],
      'IV_CIPHERS=AES-192-GCM',
      undefined,
      'AES-256-GCM',
      'none of AES-192-GCM',
    ],
    ['an old client with another cipher', DEFAULT_DATA_CIPHERS, '', 'BF-CBC', 'AES-256-GCM', 'none of BF-CBC'],
    ['no word at all, with fallback', ['AES-128-GCM'], '', undefined, 'AES-256-GCM', 'AES-256-GCM by fallback'],
    ['no word at all, without', DEFAULT_DATA_CIPHERS, '', undefined, undefined, 'none of '],
    ['an empty list', DEFAULT_DATA_CIPHERS, 'IV_CIPHERS=', 'AES-256-GCM', undefined, 'none of '],
  ])('%s', (_, server, lines, remoteCipher, fallback, outcome) => {
    const choice = negotiateCipher({ server, fallback, peerInfo: parsePeerInfo(`${lines}\n`), remoteCipher });
    expect(choice.kind === 'cipher' ? `${choice.cipher} by ${choice.by}` : `none of ${choice.offered.join(':')}`).toBe(outcome);
  });

  it('does without peer info', () => {
    expect(negotiateCipher({ server: DEFAULT_DATA_CIPHERS, fallback: undefined, peerInfo: undefined, remoteCipher: undefined })).toEqual({
      kind: 'none',
      offered: [],
      by: 'nothing',
    });
  });
});

describe('chooseClientCipher', () => {
  it.each<[string, string | undefined, string | undefined, DataCipher | undefined, DataCipher | undefined]>([
    ['the pushed one', 'aes-128-gcm', 'AES-256-GCM', undefined, 'AES-128-GCM'],
    ['not a pushed one that we do not allow', 'AES-192-GCM', 'AES-256-GCM', 'AES-256-GCM', undefined],
    ['without a push, what the server is configured with', undefined, 'AES-256-GCM', undefined, 'AES-256-GCM'],
    ['then the fallback', undefined, 'BF-CBC', 'AES-192-GCM', 'AES-192-GCM'],
    ['or nothing', undefined, undefined, undefined, undefined],
  ])('takes %s', (_, pushed, remoteCipher, fallback, cipher) => {
    expect(chooseClientCipher({ ours: DEFAULT_DATA_CIPHERS, fallback, pushed, remoteCipher })).toBe(cipher);
  });
});
