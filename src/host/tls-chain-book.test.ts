import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TestPki, testPki } from '../../test/support/pki.ts';
import { ChainBook } from './tls-chain-book.ts';

let pki: TestPki;
let book: ChainBook;

beforeAll(async () => {
  pki = await testPki();
  book = new ChainBook([new X509Certificate(pki.ca.certPem)]);
});

const der = (pem: string): Buffer => new X509Certificate(pem).raw;
const NOW = Date.UTC(2026, 5, 1);
const HOUR = 3_600_000;

describe('a book of chains', () => {
  it('gives the same chain for the same certificates, without reading them again', () => {
    const first = book.chainOf([der(pki.alice.certPem)], NOW);
    expect(first.facts.map(({ subject }) => subject)).toEqual(['CN=alice', 'CN=Test CA']);
    expect(first.trusted).toBe(true);
    expect(book.chainOf([der(pki.alice.certPem)], NOW + HOUR - 1)).toBe(first);
  });

  it('builds it again after an hour, and when the clock went back', () => {
    const first = book.chainOf([der(pki.alice.certPem)], NOW);
    expect(book.chainOf([der(pki.alice.certPem)], NOW + HOUR)).not.toBe(first);
    expect(book.chainOf([der(pki.alice.certPem)], NOW - 1)).not.toBe(first);
  });

  it('tells apart who sends the same leaf with other certificates', () => {
    const alone = book.chainOf([der(pki.foreign.certPem)], NOW);
    const accompanied = book.chainOf([der(pki.foreign.certPem), der(pki.foreignCa.certPem)], NOW);
    expect(alone.facts).toHaveLength(1);
    expect(accompanied.facts).toHaveLength(2);
    expect([alone.trusted, accompanied.trusted]).toEqual([false, false]);
  });

  it('does not remember strangers', () => {
    expect(book.chainOf([der(pki.foreign.certPem)], NOW)).not.toBe(book.chainOf([der(pki.foreign.certPem)], NOW));
  });

  it('knows of nobody who sent nothing', () => {
    expect(book.chainOf([], NOW)).toEqual({ facts: [], trusted: true });
  });

  it('throws for what is no certificate, and does not remember it', () => {
    expect(() => book.chainOf([Buffer.from('no certificate')], NOW)).toThrow(/PEM routines/);
    expect(() => book.chainOf([Buffer.from('no certificate')], NOW)).toThrow(/PEM routines/);
  });

  it('forgets the oldest when it is full', () => {
    const small = new ChainBook([new X509Certificate(pki.ca.certPem)], 2);
    const first = small.chainOf([der(pki.alice.certPem)], NOW);
    const second = small.chainOf([der(pki.rsa.certPem)], NOW);
    small.chainOf([der(pki.expired.certPem)], NOW);
    expect(small.chainOf([der(pki.rsa.certPem)], NOW)).toBe(second);
    expect(small.chainOf([der(pki.alice.certPem)], NOW)).not.toBe(first);
  });
});
