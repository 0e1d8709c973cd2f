import { describe, expect, it } from 'vitest';
import { accepted, refused, SERVER, TOKEN_KEY } from '../../../test/support/configuration.ts';

describe('logins', () => {
  const LOGIN = `${SERVER}script-security 3\nauth-user-pass-verify "/bin/true --flag 'a b'" via-env\n`;

  it('takes scripts apart as lines are', () => {
    const { daemon, server } = accepted(`${LOGIN}client-connect /bin/true\nsetenv A b\nsetenv-safe C d\nsetenv FORWARD_COMPATIBLE 1\n`);
    expect(daemon.scripts.commands.get('auth-user-pass-verify')).toEqual(['/bin/true', '--flag', 'a b']);
    expect(daemon.scripts).toMatchObject({
      security: 3,
      environment: [
        ['A', 'b'],
        ['OPENVPN_C', 'd'],
      ],
    });
    expect(server.hooks).toEqual({ clientConnect: true, clientDisconnect: false, learnAddress: false, tlsVerify: false });
    expect(server.auth).toMatchObject({ script: 'via-env', optional: false, clientCertificate: 'require', token: undefined });
  });

  it('reads the key of tokens, or makes one', () => {
    const { token } = accepted(`${LOGIN}auth-gen-token 7200 300\nauth-gen-token-secret token.key\n`).server.auth;
    expect(token).toMatchObject({ lifetime: 7_200_000, renewal: 300_000 });
    expect(token?.key.reveal()).toEqual(TOKEN_KEY.subarray(64, 96));
    const made = accepted(`${LOGIN}auth-gen-token\n`).server.auth.token;
    expect(made).toMatchObject({ lifetime: undefined, renewal: 3_600_000 });
    expect(made?.key.reveal()).toHaveLength(32);
    expect(refused(`${LOGIN}auth-gen-token\nreneg-sec 0\n`)[0]).toMatch(
      /--auth-gen-token needs a non-infinite --renegotiate_seconds setting/,
    );
    for (const [token, reneg] of [
      ['auth-gen-token 0 100', ''],
      ['auth-gen-token', 'reneg-sec 100'],
    ]) {
      const text = /--auth-gen-token renewal time needs to be at least {2}two times --hand-window \(60\)\./;
      expect(refused(`${LOGIN}${token}\n${reneg}\n`)[0]).toMatch(text);
    }
    expect(accepted(`${LOGIN}auth-gen-token 3600 200\nreneg-sec 100\n`).server.auth.token?.renewal).toBe(200_000);
    expect(refused(`${LOGIN}auth-gen-token\nauth-gen-token-secret ca.crt\n`)[0]).toMatch(/no OpenVPN auth-token server key/);
  });

  it('limits clients', () => {
    const { server } = accepted(
      `${SERVER}max-clients 5\nclient-config-dir ccd\nccd-exclusive\nconnect-freq 3 60\nconnect-freq-initial 5 1\ninactive 30 1000\nsession-timeout 90\nmax-routes-per-client 9\nduplicate-cn\nclient-to-client\n`,
    );
    expect(server).toMatchObject({
      maxClients: 5,
      clientConfig: { exclusive: true },
      connectFreq: { count: 3, per: 60_000 },
      connectFreqInitial: { count: 5, per: 1000 },
      inactive: { after: 30_000, bytes: 1000 },
      sessionTimeout: 90_000,
      maxRoutesPerClient: 9,
      duplicateCn: true,
      clientToClient: true,
    });
  });
});
