import vectors from '../golden/wire/vectors.json' with { type: 'json' };

/** Recorded packets and keys of an implementation that stock OpenVPN 2.6.14 talked to; made with the static key 00..ff. */
export const VECTORS = vectors;

/** The 256 bytes 00..ff. */
export const COUNTING_KEY = Buffer.from(VECTORS.staticKeyHex, 'hex');
