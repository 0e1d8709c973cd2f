import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Authority, type CertificateRequest, createAuthority, type Issued } from '../../../src/cli/pki/authority.ts';

const DAY = 86_400_000;

/** Paths of one end's files. */
export interface Identity {
  readonly name: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly serial: string;
}

/** A test's certificates and keys, as files in one folder. */
export class TestPki {
  /** Path of the certificate authority's certificate. */
  readonly ca: string;
  /** Path of the certificate revocation list; written by `writeCrl`. */
  readonly crl: string;
  /** Path of a static key, for tls-crypt and tls-auth alike. */
  readonly staticKey: string;
  readonly server: Identity;
  readonly #folder: string;
  readonly #authority: Authority;

  private constructor(folder: string, authority: Authority, server: Issued) {
    this.#folder = folder;
    this.#authority = authority;
    this.ca = this.#write('ca.crt', authority.certPem);
    this.crl = join(folder, 'crl.pem');
    this.staticKey = this.#write('static.key', staticKeyText());
    this.server = this.#store('server', server, this.ca);
  }

  /** Makes an authority and a server certificate in `folder`. */
  static async create(folder: string, commonName = 'Test CA'): Promise<TestPki> {
    mkdirSync(folder, { recursive: true });
    const authority = await createAuthority({ commonName, days: 365, now: new Date() });
    return new TestPki(folder, authority, await authority.issue({ commonName: 'server', kind: 'server' }));
  }

  /** A client's certificate; `more` makes it an odd one. */
  async client(name: string, more: Partial<CertificateRequest> = {}): Promise<Identity> {
    return this.#store(name, await this.#authority.issue({ commonName: name, kind: 'client', ...more }), this.ca);
  }

  /** A client's certificate that ended yesterday. */
  async expiredClient(name: string): Promise<Identity> {
    return this.client(name, { notBefore: new Date(Date.now() - 10 * DAY), notAfter: new Date(Date.now() - DAY) });
  }

  /** A client of an authority below this one; its certificate file holds the intermediate certificate too. */
  async clientOfIntermediate(name: string): Promise<Identity & { readonly intermediate: Authority }> {
    const intermediate = await this.#authority.issueAuthority({ commonName: `${name} issuer` });
    const issued = await intermediate.issue({ commonName: name, kind: 'client' });
    return { ...this.#store(name, { ...issued, certPem: issued.chainPem }, this.ca), intermediate };
  }

  /** Writes a list of revoked certificates, valid for `days` from now; negative: it has lapsed. Replaces the file at once. */
  async writeCrl(revoked: readonly Identity[], days = 30, more: readonly string[] = []): Promise<void> {
    const now = Date.now();
    const thisUpdate = new Date(days < 0 ? now + (days - 1) * DAY : now - 60_000);
    const pem = await this.#authority.crl({ revoked, thisUpdate, nextUpdate: new Date(now + days * DAY) });
    const draft = `${this.crl}.new`;
    writeFileSync(draft, [pem, ...more].join(''));
    renameSync(draft, this.crl);
  }

  /** Another static key than the one both ends share. */
  foreignStaticKey(): string {
    return this.#write('foreign.key', staticKeyText());
  }

  #store(name: string, issued: Issued, ca: string): Identity {
    const cert = this.#write(`${name}.crt`, issued.certPem);
    return { name, ca, cert, key: this.#write(`${name}.key`, issued.keyPem), serial: issued.serial };
  }

  #write(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

/** A file of 2048 random bits as tls-auth and tls-crypt read it. */
function staticKeyText(): string {
  const lines = randomBytes(256).toString('hex').match(/.{32}/g) ?? [];
  return ['-----BEGIN OpenVPN Static key V1-----', ...lines, '-----END OpenVPN Static key V1-----', ''].join('\n');
}
