import { row } from './row.ts';

/** What the check of a peer's certificate says (facts: logging 13). Kinds of a level 2 are invisible at `verb 1`. */
export const VERIFY = {
  ok: row('verify.ok', 'D_HANDSHAKE', 'VERIFY OK: depth={depth:int}, {subject:rest}', { event: 'certificate-verified' }),
  error: row('verify.error', 'D_TLS_ERRORS', 'VERIFY ERROR: depth={depth:int}, error={reason}: {subject:text}, serial={serial:word}', {
    event: 'certificate-refused',
    also: ['VERIFY ERROR: depth={depth:int}, error={reason}: {subject:rest}'],
  }),
  /** The certificate's issuer has no CRL in the file: said, and let through. */
  crlMissing: row('verify.crl-missing', 'D_TLS_DEBUG_LOW', 'VERIFY WARNING: depth={depth:int}, {reason}: {subject:rest}', {
    event: 'crl-failed',
  }),
  crlNotLoaded: row('verify.crl-not-loaded', 'D_TLS_ERRORS', 'VERIFY ERROR: CRL not loaded', { event: 'certificate-refused' }),
  noSubject: row(
    'verify.no-subject',
    'D_TLS_ERRORS',
    'VERIFY ERROR: depth={depth:int}, could not extract X509 subject string from certificate',
    {
      event: 'certificate-refused',
    },
  ),
  noUsername: row(
    'verify.no-username',
    'D_TLS_ERRORS',
    "VERIFY ERROR: could not extract {field} from X509 subject string ('{subject}') -- note that the field length is limited to {limit:int} characters",
    { event: 'certificate-refused' },
  ),
  validatingKeyUsage: row('verify.validating-key-usage', 'D_HANDSHAKE', 'Validating certificate key usage'),
  keyUsageFound: row('verify.key-usage-found', 'D_TLS_ERRORS', 'ERROR: Certificate has key usage {found:hex}, expected one of:'),
  keyUsageExpected: row('verify.key-usage-expected', 'D_TLS_ERRORS', ' * {expected:hex}'),
  keyUsageOk: row('verify.key-usage-ok', 'D_HANDSHAKE', 'VERIFY KU OK'),
  keyUsageError: row('verify.key-usage-error', 'D_HANDSHAKE', 'VERIFY KU ERROR', { event: 'certificate-refused' }),
  validatingExtendedKeyUsage: row('verify.validating-extended-key-usage', 'D_HANDSHAKE', 'Validating certificate extended key usage'),
  extendedKeyUsageName: row(
    'verify.extended-key-usage-name',
    'D_HANDSHAKE',
    '++ Certificate has EKU (str) {found:text}, expects {expected:rest}',
  ),
  extendedKeyUsageOid: row(
    'verify.extended-key-usage-oid',
    'D_HANDSHAKE',
    '++ Certificate has EKU (oid) {found:text}, expects {expected:rest}',
  ),
  extendedKeyUsageOk: row('verify.extended-key-usage-ok', 'D_HANDSHAKE', 'VERIFY EKU OK'),
  extendedKeyUsageError: row('verify.extended-key-usage-error', 'D_HANDSHAKE', 'VERIFY EKU ERROR', { event: 'certificate-refused' }),
  keyUsageMissing: row('verify.key-usage-missing', 'D_TLS_ERRORS', 'Certificate does not have key usage extension'),
  extendedKeyUsageMissing: row(
    'verify.extended-key-usage-missing',
    'D_HANDSHAKE',
    'Certificate does not have extended key usage extension',
  ),
  nsCertTypeOk: row('verify.ns-cert-type-ok', 'D_HANDSHAKE', 'VERIFY OK: nsCertType={type:word}'),
  nsCertTypeError: row(
    'verify.ns-cert-type-error',
    'D_HANDSHAKE',
    'VERIFY nsCertType ERROR: {subject:text}, require nsCertType={type:word}',
    {
      event: 'certificate-refused',
    },
  ),
  nameOk: row('verify.name-ok', 'D_HANDSHAKE', 'VERIFY X509NAME OK: {name:rest}'),
  nameError: row('verify.name-error', 'D_HANDSHAKE', 'VERIFY X509NAME ERROR: {subject:text}, must be {name:rest}', {
    event: 'certificate-refused',
  }),
  scriptOk: row('verify.script-ok', 'D_HANDSHAKE', 'VERIFY SCRIPT OK: depth={depth:int}, {subject:rest}'),
  scriptError: row('verify.script-error', 'D_HANDSHAKE', 'VERIFY SCRIPT ERROR: depth={depth:int}, {subject:rest}', {
    event: 'certificate-refused',
  }),
  pluginOk: row('verify.plugin-ok', 'D_HANDSHAKE', 'VERIFY PLUGIN OK: depth={depth:int}, {subject:rest}'),
  pluginError: row('verify.plugin-error', 'D_HANDSHAKE', 'VERIFY PLUGIN ERROR: depth={depth:int}, {subject:rest}', {
    event: 'certificate-refused',
  }),
  fingerprintError: row(
    'verify.fingerprint-error',
    'D_TLS_ERRORS',
    'TLS Error: --tls-verify/--peer-fingerprint certificate hash verification failed. (got certificate fingerprint: {fingerprint:word})',
    {
      event: 'certificate-refused',
      also: [
        'TLS Error: --tls-verify/--peer-fingerprint certificate hash verification failed. (got fingerprint: {fingerprint:word})',
        'TLS Error: --tls-verify/--peer-fingerprint certificate hash verification failed. {rest:rest}',
      ],
    },
  ),
  attribute: row('verify.attribute', 'D_X509_ATTR', "X509 ATTRIBUTE name='{name}' value='{value}' depth={depth:int}"),
  chainTooLong: row(
    'verify.chain-too-long',
    'D_TLS_ERRORS',
    'TLS Error: Convoluted certificate chain detected with depth [{depth:int}] greater than {limit:int}',
    {
      event: 'certificate-refused',
    },
  ),
} as const;
