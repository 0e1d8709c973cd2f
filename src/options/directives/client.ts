import { choice, directive, host, ignored, number, optional, path, port, refused, rest, secs, text } from '../row.ts';

/** What makes a configuration a client's. */
const CLIENT = { side: 'client', standing: refused('it is for clients only') } as const;
/** Harmless where they stray into a server's configuration. */
const STRAY = { side: 'client', standing: ignored('it is for clients only') } as const;
const RETRIED = ignored('errors of proxies are always tried again');
const FROM_SERVER = ignored('the server gives it');
/** A server pushes it; the operator need not write it. */
const PUSHED = { side: 'client', pushable: true, standing: ignored('it is for clients only') } as const;

/** The client end. */
export const CLIENT_SIDE = [
  directive('client', [], 'Connects to a server and takes its directives: pull and tls-client.', CLIENT),
  directive('tls-client', [], "Takes the client's part in TLS.", CLIENT),
  directive('pull', [], 'Takes directives from the server.', CLIENT),
  directive(
    'pull-filter',
    [choice('action', ['accept', 'ignore', 'reject'], (value) => `Unknown --pull-filter type: ${value}`), text('prefix')],
    'Accepts, ignores or refuses directives of the server that begin so.',
    CLIENT,
  ),
  directive(
    'remote',
    [host('address'), optional(text('port')), optional(text('protocol'))],
    'A server to connect to; of many, the next is tried when one fails.',
    CLIENT,
  ),
  directive('remote-random', [], 'Tries servers in random order.', STRAY),
  directive('remote-random-hostname', [], "Puts a random word before the server's name.", {
    ...STRAY,
    atClient: refused('not in this release; give the name as it is'),
  }),
  directive('connection', [], 'A block with one way to reach a server.', { ...CLIENT, inline: true }),
  directive('nobind', [], 'Lets the system choose the local port.', CLIENT),
  directive('rport', [port()], "The server's port.", STRAY),
  directive('connect-retry', [secs(), optional(secs('max'))], 'Waits so long between attempts.', STRAY),
  directive('connect-retry-max', [number('count')], 'Gives up after so many attempts.', STRAY),
  directive('connect-timeout', [secs()], 'How long an attempt may take.', STRAY),
  directive('server-poll-timeout', [secs()], 'The same as connect-timeout.', STRAY),
  directive('resolv-retry', [text('seconds')], "Asks for the server's address again for so long.", STRAY),
  directive('preresolve', [optional(text('name'))], 'Resolves all names at start.', {
    ...STRAY,
    atClient: ignored('names are looked up when their server is tried'),
  }),
  directive('ip-remote-hint', [optional(text('address'))], 'Uses this address for the server.', {
    ...STRAY,
    atClient: refused('not in this release; give the address as remote'),
  }),
  directive(
    'http-proxy',
    [host('address'), optional(text('port')), optional(text('auth-file')), optional(text('method'))],
    'Connects through an HTTP proxy.',
    CLIENT,
  ),
  directive('http-proxy-option', [text('option'), optional(text('value')), optional(text('more'))], 'Details of the HTTP proxy.', STRAY),
  directive('http-proxy-user-pass', [path('file'), optional(rest(text('more')))], 'Name and password for the HTTP proxy.', {
    ...STRAY,
    inline: true,
  }),
  directive('http-proxy-override', [host('address'), text('port'), optional(text('method'))], 'Replaces the HTTP proxy.', {
    ...STRAY,
    atClient: refused('give the proxy that is wanted as http-proxy'),
  }),
  directive('http-proxy-retry', [optional(rest(text('more')))], 'Retries proxy errors.', { ...STRAY, atClient: RETRIED }),
  directive('http-proxy-timeout', [secs()], 'How long the proxy may take.', STRAY),
  directive(
    'socks-proxy',
    [host('address'), optional(text('port')), optional(path('auth-file'))],
    'Connects through a SOCKS5 proxy.',
    CLIENT,
  ),
  directive('socks-proxy-retry', [optional(rest(text('more')))], 'Retries proxy errors.', { ...STRAY, atClient: RETRIED }),
  directive('auth-user-pass', [optional(path('file'))], 'Logs in with a name and password.', { ...CLIENT, inline: true }),
  directive(
    'auth-retry',
    [choice('mode', ['none', 'nointeract', 'interact'], () => "--auth-retry method must be 'interact', 'nointeract', or 'none'")],
    'What to do when the login is refused.',
    STRAY,
  ),
  directive('auth-token', [text('token')], 'A token in place of the password.', { ...PUSHED, atClient: FROM_SERVER, clientFile: true }),
  directive('auth-token-user', [text('name')], 'The name that goes with the token, in base64.', {
    ...PUSHED,
    atClient: FROM_SERVER,
    clientFile: true,
  }),
  directive('static-challenge', [text('text'), text('echo')], 'Asks one more question at login.', STRAY),
  directive('push-peer-info', [], 'Tells the server more about this machine.', STRAY),
  directive('push-continuation', [number('state')], 'Part of a push that came in pieces.', { ...PUSHED, atClient: FROM_SERVER }),
  directive('key-derivation', [rest(text('method'))], 'How data keys are made, as negotiated.', { ...PUSHED, atClient: FROM_SERVER }),
  directive('protocol-flags', [rest(text('flag'))], 'What both ends understand, as negotiated.', { ...PUSHED, atClient: FROM_SERVER }),
  directive('dns', [rest(text('word'))], 'Name servers and search domains.', PUSHED),
  directive('dhcp-option', [text('type'), optional(text('value'))], 'Name servers and such, in the words of DHCP.', PUSHED),
];
