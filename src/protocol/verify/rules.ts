/** What a peer's certificate must satisfy beside a chain that verifies (facts: wire 7). */
export interface VerifyRules {
  /** `remote-cert-tls`: what the peer must be: the leaf has a key usage, and an extended key usage for this end. */
  readonly remoteCertTls?: 'client' | 'server';
  /** `remote-cert-ku`: the leaf's key usage holds all bits of one of these. An empty list (no value given) asks for any key usage. */
  readonly remoteCertKu?: readonly number[];
  /** `remote-cert-eku`: an OID in dots, or OpenSSL's long name of one. */
  readonly remoteCertEku?: string;
  /** `verify-x509-name`. */
  readonly verifyName?: { readonly value: string; readonly type: 'subject' | 'name' | 'name-prefix' };
  /** `peer-fingerprint`: SHA-256 of allowed leaves, lower-case hex pairs joined by colons. */
  readonly fingerprints?: readonly string[];
  /** Chain errors of the TLS library are ignored: `peer-fingerprint` without a CA. Only then. */
  readonly fingerprintsInsteadOfCa?: boolean;
  /** `x509-username-field`: the subject field that is the common name, such as `CN`; `serialNumber`; `ext:subjectAltName`. */
  readonly usernameField: string;
  /** `verify-client-cert`. */
  readonly clientCertificate: 'require' | 'optional' | 'none';
}
