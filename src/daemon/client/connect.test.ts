import { describe, expect, it } from 'vitest';
import { connect } from './index.ts';

describe('connect', () => {
  it.each([
    ['client\nremote vpn.test', /No client-side authentication method is specified/],
    ['client\nauth-user-pass\nremote vpn.test', /You must define CA file/],
    ['client\nnosuch', /Unrecognized option or missing or extra parameter\(s\) in config:3: nosuch/],
    ['server 10.8.0.0 255.255.255.0', /--server requires --mode server/],
  ])('says of %j what is wrong with it', async (config, text) => {
    await expect(connect({ config })).rejects.toMatchObject({ code: 'OPTIONS', message: expect.stringMatching(text) });
  });

  it('wants the login that the configuration asks for', async () => {
    const fingerprint = Array.from({ length: 32 }, () => 'ab').join(':');
    const config = `client\nauth-user-pass\nremote 127.0.0.1 9 udp\nnobind\npeer-fingerprint ${fingerprint}`;
    await expect(connect({ config })).rejects.toMatchObject({ code: 'OPTIONS', message: expect.stringContaining('give them as login') });
  });
});
