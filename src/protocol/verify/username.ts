import type { CertificateFacts } from './certificate.ts';

/** The most bytes that a name field may have. */
export const USERNAME_LIMIT = 64;

/**
 * The name that `x509-username-field` picks: the last field of that name, `serialNumber` for `0x` and hex digits,
 * `ext:subjectAltName` for the last mail address; several fields, with blanks between, are joined by `_`. Undefined
 * when one is missing, empty or longer than 64 bytes (facts: wire 7).
 */
export function usernameOf(certificate: CertificateFacts, fields: string): string | undefined {
  const parts: string[] = [];
  for (const field of fields.split(' ').filter((name) => name !== '')) {
    const part = fieldOf(certificate, field);
    if (part === undefined || part === '' || Buffer.byteLength(part) > USERNAME_LIMIT) return undefined;
    parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.join('_');
}

function fieldOf(certificate: CertificateFacts, field: string): string | undefined {
  if (field === 'serialNumber') return `0x${certificate.serialHex.replaceAll(':', '').toUpperCase()}`;
  if (field === 'ext:subjectAltName') return certificate.altNames.findLast((name) => name.kind === 'email')?.value;
  const wanted = field.toLowerCase();
  return certificate.subjectFields.findLast(([name]) => name.toLowerCase() === wanted)?.[1];
}
