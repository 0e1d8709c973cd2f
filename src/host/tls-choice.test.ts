import { describe, expect, it } from 'vitest';
import { fail } from '../base/result.ts';
import { NodeTlsDevice } from './tls.ts';
import { chooseTls } from './tls-choice.ts';
import { NativeTlsDevice } from './tls-native.ts';

const MATERIAL = { cert: undefined, key: undefined, ca: undefined, requestCertificate: false };

describe('the choice of TLS', () => {
  it('is the OpenSSL that Node contains, where it can be called', async () => {
    const { make, instead } = await chooseTls();
    expect(instead).toBeUndefined();
    expect(make(MATERIAL, () => undefined)).toBeInstanceOf(NativeTlsDevice);
  });

  it('is node:tls elsewhere, and says why', async () => {
    const { make, instead } = await chooseTls(() => Promise.resolve(fail('no such function')));
    expect(instead).toBe('no such function');
    expect(make(MATERIAL, () => undefined)).toBeInstanceOf(NodeTlsDevice);
  });
});
