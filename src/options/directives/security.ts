import { choice, command, directive, ignored, number, optional, path, refused, rest, secs, text } from '../row.ts';

const FILE = { inline: true, takesEffect: 'SIGUSR1' } as const;
const PKCS11 = refused('PKCS#11 tokens cannot be used from Node; give cert and key');
const STATIC_KEY = refused('static keys give no forward secrecy and were removed in OpenVPN 2.7; use certificates, or peer-fingerprint');
const BY_TIME = ignored('a client renegotiates by time (reneg-sec); its server may count');
const VERSIONS = ['1.0', '1.1', '1.2', '1.3'];
const direction = (value: string) => `Unknown key direction '${value}' -- must be '0' or '1'`;
const peerKind = (name: string) => choice('peer', ['client', 'server'], () => `--${name} must be 'client' or 'server'`);
const windowSize = (value: string) => `replay-window window size parameter (${value}) must be between 0 and 65536`;
const windowTime = (value: string) => `replay-window time window parameter (${value}) must be between 0 and 600`;

/** Certificates, TLS, keys and ciphers. */
export const SECURITY = [
  directive('ca', [path('file')], "Certificates of the authorities that peers' certificates must come from (PEM).", FILE),
  directive('capath', [path('directory')], 'A directory of such certificates and CRLs, named by hash.', {
    standing: refused('put the authorities into one file (ca) and give CRLs by crl-verify'),
  }),
  directive('cert', [path('file')], 'Own certificate (PEM), the ones that link it to the authority after it.', FILE),
  directive('extra-certs', [path('file')], 'More certificates that link the own one to the authority.', FILE),
  directive('key', [path('file')], 'Private key of the own certificate (PEM).', FILE),
  directive('askpass', [optional(path('file'))], 'A file with the pass phrase of the private key; without one, it is asked for.', {
    takesEffect: 'start',
  }),
  directive('auth-nocache', [], 'Forgets the pass phrase of the private key once it is used; other passwords are never kept.'),
  directive('pkcs12', [path('file')], 'Own certificate, key and authorities in one PKCS#12 file.', {
    inline: true,
    standing: refused('take it apart: openssl pkcs12 -in FILE -nodes gives ca, cert and key'),
    atClient: 'done',
  }),
  directive(
    'dh',
    [path('file')],
    'Diffie-Hellman parameters for old TLS 1.2 suites; `none` leaves those suites out, and elliptic curves are used.',
    FILE,
  ),
  directive('tls-server', [], "Takes the server's part in TLS; `server` implies it."),
  directive(
    'tls-version-min',
    [choice('version', VERSIONS, (value) => `unknown tls-version-min parameter: ${value}`), optional(choice('or-highest', ['or-highest']))],
    'The lowest TLS version to accept. Default 1.2.',
  ),
  directive(
    'tls-version-max',
    [choice('version', VERSIONS, (value) => `unknown tls-version-max parameter: ${value}`)],
    'The highest TLS version to use.',
  ),
  directive('tls-cipher', [text('list')], 'Cipher suites for TLS 1.2, by their IANA or OpenSSL names, colons between.'),
  directive('tls-ciphersuites', [text('list')], 'Cipher suites for TLS 1.3, colons between.'),
  directive('tls-groups', [text('list')], 'Key exchange groups, best first, colons between: X25519:P-256.'),
  directive('ecdh-curve', [text('curve')], 'The one curve for the key exchange.', {
    standing: ignored('stock built with OpenSSL 3 ignores it too; use tls-groups'),
  }),
  directive(
    'tls-cert-profile',
    [choice('profile', ['insecure', 'legacy', 'preferred', 'suiteb'], (value) => `ERROR: Invalid cert profile: ${value}`)],
    'How strong certificates must be. Default `legacy`.',
  ),
  directive('providers', [rest(text('provider'))], 'Loads OpenSSL providers.', { standing: refused('give them to Node by OPENSSL_CONF') }),
  directive('engine', [optional(text('name'))], 'Uses an OpenSSL engine.', {
    standing: refused("engines are gone from OpenSSL; the processor's own instructions are used anyway"),
  }),
  directive('tls-timeout', [secs()], 'Sends control packets again when they were not acknowledged for so long. Default 2.'),
  directive('hand-window', [secs()], 'How long a handshake may take. Default 60.'),
  directive('tran-window', [secs()], 'How long an old key may live on after a renegotiation began. Default 3600.'),
  directive(
    'reneg-sec',
    [secs('max'), optional(secs('min'))],
    'Renegotiates keys after at most so many seconds. 0 leaves it to the peer. Default 3600.',
  ),
  directive('reneg-bytes', [number('bytes')], 'Renegotiates keys after so many bytes.', { atClient: BY_TIME }),
  directive('reneg-pkts', [number('packets')], 'Renegotiates keys after so many packets.', { atClient: BY_TIME }),
  directive('single-session', [], 'Allows one session only.', {
    standing: ignored('a client that comes again replaces itself'),
    atClient: ignored('a client has one session'),
  }),
  directive('tls-exit', [], 'Ends when a TLS handshake fails.', {
    side: 'client',
    standing: ignored('a server goes on'),
    atClient: 'done',
  }),
  directive(
    'tls-auth',
    [path('file'), optional(choice('direction', ['0', '1'], direction))],
    'Signs control packets with a shared key, so that strangers get no answer.',
    FILE,
  ),
  directive(
    'key-direction',
    [choice('direction', ['0', '1'], direction)],
    'Which half of a tls-auth key is used for sending: 0 at one end, 1 at the other.',
  ),
  directive('tls-crypt', [path('file'), optional(text('inline'))], 'Encrypts and signs control packets with a shared key.', FILE),
  directive(
    'tls-crypt-v2',
    [
      path('file'),
      optional(choice('cookies', ['force-cookie', 'allow-noncookie'], (value) => `Unsupported tls-crypt-v2 argument: ${value}`)),
    ],
    'The same with a key for each client.',
    { inline: true, standing: refused('not in this release at servers; use tls-crypt'), atClient: 'done' },
  ),
  directive('tls-crypt-v2-verify', [command()], "Runs a command to check the data inside a client's tls-crypt-v2 key.", {
    side: 'server',
    standing: refused('tls-crypt-v2 is not in this release at servers'),
  }),
  directive(
    'crl-verify',
    [path('file'), optional(choice('dir', ['dir']))],
    'Refuses certificates that are revoked: a CRL file (PEM), read again when it changes, or with `dir` a directory of files named by the serial numbers revoked.',
    { inline: true },
  ),
  directive(
    'tls-verify',
    [command()],
    'Runs a command for each certificate of a peer, with its depth and subject added; it may refuse it.',
    { atClient: refused('not at clients in this release; use verify-x509-name or peer-fingerprint') },
  ),
  directive('tls-export-cert', [path('directory')], "Writes peers' certificates to files for scripts.", {
    standing: refused('not in this release'),
  }),
  directive(
    'verify-x509-name',
    [text('name'), optional(choice('type', ['subject', 'name', 'name-prefix'], (value) => `unknown X.509 name type: ${value}`))],
    'Accepts only a peer of this name: whole subject (default), common name, or how the common name begins.',
  ),
  directive('verify-hash', [text('hash'), optional(text('algorithm'))], 'Accepts only an authority with this fingerprint.', {
    inline: true,
    standing: refused('use peer-fingerprint, or give that authority alone as ca'),
  }),
  directive(
    'peer-fingerprint',
    [text('fingerprint')],
    'Accepts peers whose certificate has this SHA-256 fingerprint; may be given many times, and makes ca unnecessary.',
    { inline: true },
  ),
  directive('ns-cert-type', [peerKind('ns-cert-type')], 'Checks an attribute that certificates no longer have.', {
    standing: refused('use remote-cert-tls'),
  }),
  directive('remote-cert-tls', [peerKind('remote-cert-tls')], 'Accepts only certificates that were made for this part in TLS.'),
  directive('remote-cert-ku', [optional(rest(text('usage')))], 'Accepts only certificates with one of these key usages, in hex.'),
  directive(
    'remote-cert-eku',
    [text('usage')],
    "Accepts only certificates with this extended key usage: an OID, or OpenSSL's name of one.",
  ),
  directive('x509-username-field', [rest(text('field'))], "Which field of the subject is the client's name. Default CN."),
  directive('x509-track', [text('field')], 'Hands more certificate fields to scripts.', { standing: refused('not in this release') }),
  directive(
    'keying-material-exporter',
    [text('label'), number('length'), optional(rest(text('more')))],
    'Hands exported key material to plug-ins.',
    { standing: refused('there are no plug-ins to hand it to') },
  ),
  directive('force-tls-key-material-export', [optional(rest(text('more')))], 'Refuses peers that cannot make keys by TLS export.', {
    side: 'server',
    standing: refused('not in this release'),
  }),
  directive('cipher', [text('name')], 'The data cipher of peers that cannot negotiate. Use data-ciphers.', {
    pushable: true,
    clientFile: true,
  }),
  directive(
    'data-ciphers',
    [text('list')],
    'Data ciphers that may be negotiated, best first, colons between. `?` before one lets it be unknown.',
    { clientFile: true },
  ),
  directive('ncp-ciphers', [text('list')], 'The old name of data-ciphers.', { clientFile: true }),
  directive('data-ciphers-fallback', [text('name')], 'The data cipher for peers that say nothing of theirs.', { clientFile: true }),
  directive('auth', [text('digest')], 'The digest of tls-auth. Default SHA1. (Data ciphers bring their own.)'),
  directive('compat-mode', [text('version'), optional(text('more'))], 'Defaults as older releases had them.', {
    clientFile: true,
    standing: refused('set what you need by name: data-ciphers, tls-version-min'),
  }),
  directive(
    'replay-window',
    [optional(number('size', 0, 65536, windowSize)), optional(number('seconds', 0, 600, windowTime))],
    'How late packets may come, in packets and seconds. Default 64 15.',
  ),
  directive('replay-persist', [path('file')], 'Remembers over restarts which packets were seen.', {
    standing: ignored('keys never outlive the process, so nothing could be replayed'),
  }),
  directive('no-replay', [], 'Takes packets twice.', { standing: refused('replays are always refused') }),
  directive('secret', [path('file'), optional(text('direction'))], 'Encrypts with one static key, without TLS.', {
    inline: true,
    standing: STATIC_KEY,
  }),
  directive('prng', [text('algorithm'), optional(text('length'))], 'Chose a generator of random numbers.', {
    standing: ignored("OpenSSL's own is used, as in stock"),
  }),
  directive('disable-occ', [], 'Does not compare options with the peer.', { standing: ignored('what has to fit is negotiated') }),
  directive('pkcs11-providers', [rest(path('provider'))], 'Loads PKCS#11 modules.', { standing: PKCS11 }),
  directive('pkcs11-id', [text('id')], 'Which identity of a token to use.', { standing: PKCS11 }),
  directive('pkcs11-id-management', [], 'Lets a management client choose the identity.', { standing: PKCS11 }),
  directive('pkcs11-pin-cache', [number('seconds', -1)], 'How long a PIN is kept.', { standing: PKCS11 }),
  directive('pkcs11-protected-authentication', [optional(rest(text('flag')))], 'Enters the PIN at the token.', { standing: PKCS11 }),
  directive('pkcs11-private-mode', [rest(text('mode'))], "How the token's key may be used.", { standing: PKCS11 }),
  directive('pkcs11-cert-private', [optional(rest(text('flag')))], 'Logs in before certificates are read.', { standing: PKCS11 }),
];
