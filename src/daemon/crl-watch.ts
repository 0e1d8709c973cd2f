import type { Now } from '../base/units.ts';
import type { CrlSource } from '../engine/daemon-settings.ts';
import { readText, whyUnusable } from '../host/access.ts';
import { FileWatch } from '../host/files.ts';
import { CRL } from '../messages/crl.ts';
import type { Notes } from '../messages/notes.ts';
import { OURS } from '../messages/ours.ts';
import type { CertificateFacts } from '../protocol/verify/certificate.ts';
import { type CrlCheck, CrlStore } from '../protocol/verify/crl.ts';
import { readCrls } from '../protocol/verify/crl-file.ts';

/** A file that is looked at for every TLS session is looked at this often at most. */
const LOOK_EVERY_MS = 200;

/** The revocation lists of `crl-verify`, read again when their file changes (facts: wire 7). */
export class CrlWatch {
  readonly #source: CrlSource;
  readonly #notes: Notes;
  readonly #authorities: readonly CertificateFacts[];
  #check: CrlCheck;
  readonly #watch: FileWatch | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  /** Said already: each handshake looks. */
  #missing = false;

  /** `authorities` are the configured ones: those without a list are named. */
  constructor(source: CrlSource, authorities: readonly CertificateFacts[], notes: Notes) {
    this.#source = source;
    this.#notes = notes;
    this.#authorities = authorities;
    this.#watch = source.kind === 'file' ? new FileWatch(source.path) : undefined;
    this.#check = this.#load();
  }

  get current(): CrlCheck {
    return this.#check;
  }

  /** The lists for a TLS session that begins now. */
  refresh(now: Now): CrlCheck {
    if (this.#watch === undefined || now.at - this.#lookedAt < LOOK_EVERY_MS) return this.#check;
    this.#lookedAt = now.at;
    const look = this.#watch.look();
    if (look === 'missing' && !this.#missing) this.#notes.add(CRL.statFailed, {});
    this.#missing = look === 'missing';
    if (look === 'changed') this.#check = this.#load();
    return this.#check;
  }

  #load(): CrlCheck {
    const source = this.#source;
    switch (source.kind) {
      case 'directory':
        return { kind: 'directory', isRevoked: (serial) => whyUnusable(`${source.path}/${serial}`, 'read') === undefined };
      case 'text':
        return { kind: 'file', store: this.#store(Buffer.from(source.pem), '[[INLINE]]') };
      case 'file': {
        const read = readText(source.path);
        if (read.ok) return { kind: 'file', store: this.#store(Buffer.from(read.value), source.path) };
        this.#notes.add(CRL.cannotOpen, { file: source.path });
        return { kind: 'file', store: new CrlStore([]) };
      }
    }
  }

  #store(bytes: Buffer, file: string): CrlStore {
    const { crls, faults } = readCrls(bytes);
    if (faults.length > 0) this.#notes.add(CRL.cannotParse, { file });
    const store = new CrlStore(crls);
    this.#notes.add(CRL.loaded, { count: store.count, file });
    for (const authority of store.missingFor(this.#authorities))
      this.#notes.add(OURS.crlMissingIssuer, { issuer: authority.subject, file });
    return store;
  }
}
