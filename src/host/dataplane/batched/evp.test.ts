import koffi from 'koffi';
import { describe, expect, it } from 'vitest';
import { NODE_CIPHERS } from '../../../protocol/data/aead.ts';
import type { CryptoSource } from './layout.ts';
import { Arena } from './arena.ts';
import { chooseCiphers, CRYPTO_SOURCES } from './evp.ts';
import { KNOWN_ANSWERS } from './known-answers.ts';

const arena = new Arena(256 * 1024, (buffer) => Number(koffi.address(buffer)));
const room = arena.take(128 * 1024);
const choose = (...more: [sources?: typeof CRYPTO_SOURCES, answers?: typeof KNOWN_ANSWERS]): CryptoSource =>
  chooseCiphers(arena, () => room, true, ...more).source;
const only = (source: CryptoSource): typeof CRYPTO_SOURCES => CRYPTO_SOURCES.filter(([name]) => name === source);
const broken = (source: CryptoSource): (typeof CRYPTO_SOURCES)[number] => [
  source,
  () => {
    throw new Error('it is not there');
  },
];

describe('the ciphers that are chosen', () => {
  it('are those of the Node executable where they give the known answers', () => {
    expect(choose()).toBe('node executable');
  });

  it("are the system's library's, bound to itself, where Node's cannot be called", () => {
    expect(choose([broken('node executable'), ...only('libcrypto')])).toBe('libcrypto');
  });

  it('are those of node:crypto where neither can', () => {
    expect(choose([broken('node executable'), broken('libcrypto')])).toBe('node:crypto');
    expect(chooseCiphers(arena, () => room, false)).toEqual({ ciphers: NODE_CIPHERS, source: 'node:crypto' });
  });

  it.each(KNOWN_ANSWERS.map(({ cipher }, index) => [cipher, index] as const))('are not those that give another answer for %s', (_, at) => {
    const wrong = KNOWN_ANSWERS.map((answer, index) => {
      if (index !== at) return answer;
      const packet = Buffer.from(answer.packet);
      packet[packet.length - 1] = (packet[packet.length - 1] ?? 0) ^ 1;
      return { ...answer, packet };
    });
    expect(choose(CRYPTO_SOURCES, wrong)).toBe('node:crypto');
  });
});
