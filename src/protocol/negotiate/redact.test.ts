import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactControlMessage } from './redact.ts';

describe('redactControlMessage', () => {
  /** As stock 2.6.14 logs them, but for the last ones. */
  it.each([
    ['PUSH_REQUEST', 'PUSH_REQUEST'],
    ['PUSH_REPLY,echo secret words here,echo,route 10.0.0.0', 'PUSH_REPLY,echo,echo,route 10.0.0.0'],
    ['PUSH_REPLY,setenv-safe xecho foo,dhcp-option DOMAIN a-echo b', 'PUSH_REPLY,setenv-safe xecho,dhcp-option DOMAIN a-echo'],
    ['PUSH_REPLY,peer-id 0,auth-token SESS_ID_AT_c2VjcmV0,cipher AES-256-GCM', 'PUSH_REPLY,peer-id 0,auth-tokenSESS_ID,cipher AES-256-GCM'],
    ['PUSH_REPLY,auth-token c2VjcmV0', 'PUSH_REPLY,auth-token'],
    ['AUTH_FAILED,CRV1:R:SESS_ID_abc:dXNlcg==:code', 'AUTH_FAILED,CRV1:R:SESS_ID'],
    ['PUSH_REPLY,auth-token-user YWxpY2U=', 'PUSH_REPLY,auth-token-user YWxpY2U='],
    ['CR_RESPONSE,MTIzNDU2', 'CR_RESPONSE,[redacted]'],
  ])('%s', (message, shown) => {
    expect(redactControlMessage(message)).toBe(shown);
  });

  it('shows no token, wherever it stands', () => {
    const around = fc
      .array(fc.constantFrom('echo ', 'auth-token ', 'SESS_ID_', 'route', ' ', ',', 'AT_'), { maxLength: 6 })
      .map((pieces) => pieces.join(''));
    const marker = fc.constantFrom('auth-token ', 'SESS_ID_', 'echo ');
    fc.assert(
      fc.property(around, marker, around, (before, mark, after) => {
        expect(redactControlMessage(`PUSH_REPLY,${before}${mark}c2VjcmV0,${after}`)).not.toContain('c2VjcmV0');
      }),
    );
  });
});
