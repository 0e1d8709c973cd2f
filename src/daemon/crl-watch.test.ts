import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { recordedNotes } from '../../test/support/notes.ts';
import { testPki } from '../../test/support/pki.ts';
import { at } from '../../test/support/time.ts';
import { certificateFacts } from '../protocol/verify/certificate.ts';
import type { CrlCheck } from '../protocol/verify/crl.ts';
import { CrlWatch } from './crl-watch.ts';

const pki = await testPki();
const authorities = [pki.ca.certPem, pki.intermediate.certPem].map((pem) => certificateFacts(new X509Certificate(pem)));
const [ca] = authorities.slice(0, 1);

let folder: string;
let file: string;
let written = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-crl-'));
  file = join(folder, 'crl.pem');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Each write has a time of its own, however fast they come. */
function write(text: string): void {
  writeFileSync(file, text);
  written += 10;
  utimesSync(file, 1_700_000_000 + written, 1_700_000_000 + written);
}

function count(check: CrlCheck): number {
  return check.kind === 'file' ? check.store.count : -1;
}

describe('a file of revocation lists', () => {
  it('is read at the start, and names the authorities without a list', () => {
    write(pki.crl);
    const { notes, lines } = recordedNotes();
    const watch = new CrlWatch({ kind: 'file', path: file }, authorities, notes);
    expect(count(watch.current)).toBe(1);
    expect(lines).toEqual([`CRL: loaded 1 CRLs from file ${file}`, `CRL: no list of issuer 'CN=Test Intermediate CA' in ${file}`]);
  });

  it('is read again when it changed, and looked at five times a second at most', () => {
    write(pki.crl);
    const { notes, lines } = recordedNotes();
    const watch = new CrlWatch({ kind: 'file', path: file }, ca === undefined ? [] : [ca], notes);
    expect(count(watch.refresh(at(0)))).toBe(1);
    write(pki.crl + pki.intermediateCrl);
    expect(count(watch.refresh(at(199)))).toBe(1);
    expect(count(watch.refresh(at(200)))).toBe(2);
    expect(count(watch.refresh(at(1000)))).toBe(2);
    expect(lines).toEqual([`CRL: loaded 1 CRLs from file ${file}`, `CRL: loaded 2 CRLs from file ${file}`]);
  });

  it('that goes away leaves the lists in force, is said once, and is read when it is back', () => {
    write(pki.crl);
    const { notes, lines } = recordedNotes();
    const watch = new CrlWatch({ kind: 'file', path: file }, [], notes);
    rmSync(file);
    for (let ms = 0; ms < 5000; ms += 500) expect(count(watch.refresh(at(ms)))).toBe(1);
    write(pki.crl + pki.intermediateCrl);
    expect(count(watch.refresh(at(6000)))).toBe(2);
    rmSync(file);
    watch.refresh(at(7000));
    expect(lines.filter((line) => line.startsWith('WARNING: Failed to stat CRL file, not reloading CRL.'))).toHaveLength(2);
  });

  it('that turns into nonsense holds no list any more: nobody who needs one gets in', () => {
    write(pki.crl);
    const { notes, lines } = recordedNotes();
    const watch = new CrlWatch({ kind: 'file', path: file }, [], notes);
    write('garbage');
    expect(count(watch.refresh(at(1000)))).toBe(0);
    expect(lines).toContain(`CRL: cannot read CRL from file ${file}`);
    write(pki.crl);
    expect(count(watch.refresh(at(2000)))).toBe(1);
  });

  it('that became a folder cannot be read, and does not throw', () => {
    write(pki.crl);
    const { notes, lines } = recordedNotes();
    const watch = new CrlWatch({ kind: 'file', path: file }, [], notes);
    rmSync(file);
    mkdirSync(file);
    expect(count(watch.refresh(at(1000)))).toBe(0);
    expect(lines).toContain(`CRL: cannot read: ${file}`);
  });
});

describe('other sources', () => {
  it('a block in the configuration is read once', () => {
    const { notes, lines } = recordedNotes();
    const watch = new CrlWatch({ kind: 'text', pem: pki.crl }, [], notes);
    expect(count(watch.refresh(at(1000)))).toBe(1);
    expect(lines).toEqual(['CRL: loaded 1 CRLs from file [[INLINE]]']);
  });

  it('a folder revokes the serials that it has a file for, as they come and go', () => {
    const { notes } = recordedNotes();
    const watch = new CrlWatch({ kind: 'directory', path: folder }, [], notes);
    const revoked = (serial: string): boolean => {
      const check = watch.refresh(at(0));
      return check.kind === 'directory' && check.isRevoked(serial);
    };
    expect(revoked('4711')).toBe(false);
    writeFileSync(join(folder, '4711'), '');
    expect(revoked('4711')).toBe(true);
    renameSync(join(folder, '4711'), join(folder, '4712'));
    expect([revoked('4711'), revoked('4712')]).toEqual([false, true]);
  });
});
