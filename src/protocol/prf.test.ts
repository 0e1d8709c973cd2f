import { describe, expect, it } from 'vitest';
import { bytes, filled, text } from '../../test/support/byte-builder.ts';
import { COUNTING_KEY, VECTORS } from '../../test/support/vectors.ts';
import { Secret } from '../base/secret.ts';
import { keysFromPrf, tls1Prf } from './prf.ts';

describe('tls1Prf', () => {
  it('agrees with OpenSSL, label or seed alike', () => {
    const secret = COUNTING_KEY.subarray(0, 32);
    const { out48 } = VECTORS.prf_tls1_primitive;
    expect(tls1Prf(secret, '', bytes(text('seed')), 48).toString('hex')).toBe(out48);
    expect(tls1Prf(secret, 'se', bytes(text('ed')), 48).toString('hex')).toBe(out48);
    expect(tls1Prf(secret, 'seed', Buffer.alloc(0), 17).toString('hex')).toBe(out48.slice(0, 34));
  });
});

describe('keysFromPrf', () => {
  const client = { preMaster: new Secret(bytes(filled(1, 48))), random1: bytes(filled(2, 32)), random2: bytes(filled(3, 32)) };
  const server = { preMaster: undefined, random1: bytes(filled(4, 32)), random2: bytes(filled(5, 32)) };
  const inputs = { client, server, clientId: bytes(VECTORS.prf.clientSid), serverId: bytes(VECTORS.prf.serverSid) };

  it('gives the keys that stock OpenVPN derives', () => {
    expect(keysFromPrf(inputs).toString('hex')).toBe(VECTORS.prf.keys256);
  });

  it('needs the pre-master secret of the client', () => {
    expect(() => keysFromPrf({ ...inputs, client: server })).toThrow(/pre-master/);
  });
});
