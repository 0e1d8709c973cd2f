import { createHash, X509Certificate } from 'node:crypto';
import { buildChain, type PeerChain } from './tls-chain.ts';

/** Chains that are remembered at most: as many as a large server has clients. */
const MOST = 4096;
/** Dates decide between authorities of one name, so that a chain is built again after an hour. */
const KEPT_MS = 3_600_000;
const NO_CHAIN: PeerChain = { facts: [], trusted: true };

/**
 * The chains of the peers of one context. A client shows the same certificates in every renegotiation and whenever it
 * comes back; to read them and check their signatures again would cost more than the rest of what we do in a handshake.
 * What changes with time - dates, revocation - is judged anew from the facts each time.
 */
export class ChainBook {
  readonly #authorities: readonly X509Certificate[];
  readonly #most: number;
  readonly #known = new Map<string, { readonly chain: PeerChain; readonly built: number }>();

  constructor(authorities: readonly X509Certificate[], most: number = MOST) {
    this.#authorities = authorities;
    this.#most = most;
  }

  /** The chain of these certificates in DER, leaf first. Throws what Node throws for a certificate that it cannot read. */
  chainOf(sent: readonly Buffer[], wall: number): PeerChain {
    const [leaf, ...others] = sent;
    if (leaf === undefined) return NO_CHAIN;
    const key = digestOf(sent);
    const known = this.#known.get(key);
    if (known !== undefined && wall >= known.built && wall - known.built < KEPT_MS) return known.chain;
    const read = others.map((der) => new X509Certificate(der));
    const chain = buildChain(new X509Certificate(leaf), read, this.#authorities, wall);
    this.#known.delete(key);
    // Strangers would push out those who come back.
    if (chain.trusted) this.#remember(key, chain, wall);
    return chain;
  }

  #remember(key: string, chain: PeerChain, built: number): void {
    this.#known.set(key, { chain, built });
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** DER says its own length, so that certificates put together cannot be taken for others. */
function digestOf(sent: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const der of sent) hash.update(der);
  return hash.digest('base64');
}
