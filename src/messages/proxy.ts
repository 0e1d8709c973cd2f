import { row } from './row.ts';

/** What stock's client says of a proxy before its server (facts: logging 2); ours says `client.proxy-failed`. */
export const PROXY = {
  sent: row('proxy.sent', 'D_PROXY', "Send to HTTP proxy: '{line}'", { side: 'client' }),
  returned: row('proxy.returned', 'D_PROXY', "HTTP proxy returned: '{line}'", { side: 'client' }),
  loginNeeded: row('proxy.login-needed', 'D_PROXY', 'Proxy requires authentication', { side: 'client' }),
  loginUnsupported: row('proxy.login-unsupported', 'D_PROXY', 'HTTP proxy: no support for proxy authentication method', { side: 'client' }),
  loginAttempted: row('proxy.login-attempted', 'D_PROXY', 'Attempting {method:word} Proxy-Authorization', {
    side: 'client',
    also: ['Attempting {method:word} Proxy-Authorization phase {phase:int}'],
  }),
  readFailed: row('proxy.read-failed', 'D_LINK_ERRORS_ERRNO', 'recv_line: TCP port read failed on recv()', {
    side: 'client',
    also: ['recv_line: TCP port read failed on recv(): {reason} (errno={errno:int})'],
  }),
  socksRefused: row('proxy.socks-refused', 'D_LINK_ERRORS', 'socks_handshake: {reason:rest}', {
    side: 'client',
    also: ['recv_socks_reply: {reason:rest}', 'establish_socks_proxy_udpassoc: {reason:rest}'],
  }),
  socksLoginRefused: row('proxy.socks-login-refused', 'D_LINK_ERRORS', 'socks_username_password_auth: {reason:rest}', { side: 'client' }),
  parameters: row('proxy.parameters', 'D_SHOW_PARMS', 'BEGIN http_proxy', { side: 'client', also: ['END http_proxy'] }),
} as const;
