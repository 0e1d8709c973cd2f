import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { TunnelscopeError } from '../base/errors.ts';
import type { WallTime } from '../base/units.ts';
import { certificateFacts } from '../protocol/verify/certificate.ts';
import { readCrls } from '../protocol/verify/crl-file.ts';
import { failureFrom } from './errno.ts';

/** When a certificate ends to be valid, or the next revocation list of an issuer is due. */
export interface CertificateDate {
  readonly subject: string;
  readonly notAfter: WallTime;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g;
const MAX_FILE_BYTES = 32 << 20;
/** More than any chain, and fewer than anybody wants series for. */
const MAX_IN_FILE = 256;

/** The certificates of a file, PEM or DER; those inside a client's configuration count. Rejects with FILE or KEY_MATERIAL. */
export async function certificateDates(path: string): Promise<CertificateDate[]> {
  const bytes = await contentOf(path);
  const blocks = bytes.toString('latin1').match(PEM_CERTIFICATE)?.slice(0, MAX_IN_FILE) ?? [bytes];
  return blocks.map((block) => {
    try {
      const { subject, notAfter } = certificateFacts(new X509Certificate(block));
      return { subject, notAfter };
    } catch (cause) {
      throw new TunnelscopeError('KEY_MATERIAL', `${path}: it holds no certificate that can be read`, { cause });
    }
  });
}

/** The lists of a file that are due some day, by their issuer. Rejects with FILE or KEY_MATERIAL. */
export async function revocationListDates(path: string): Promise<CertificateDate[]> {
  const { crls, faults } = readCrls(await contentOf(path));
  const [fault] = faults;
  if (fault !== undefined) throw new TunnelscopeError('KEY_MATERIAL', `${path}: ${fault}`);
  return crls.flatMap(({ issuer, nextUpdate }) => (nextUpdate === undefined ? [] : [{ subject: issuer, notAfter: nextUpdate }]));
}

async function contentOf(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    throw new TunnelscopeError('FILE', `${path}: ${failureFrom(thrown).words}`, { cause: thrown });
  }
  if (bytes.length > MAX_FILE_BYTES) throw new TunnelscopeError('FILE', `${path}: it holds more than ${MAX_FILE_BYTES} bytes`);
  return bytes;
}
