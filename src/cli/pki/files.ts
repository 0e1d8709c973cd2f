import { randomBytes, X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf, TunnelscopeError } from '../../base/errors.ts';
import { formatStaticKey, generateStaticKey } from '../../protocol/wrap/static-key.ts';
import { type Authority, createAuthority, type CrlContent, loadAuthority, readCrl, type Revocation } from './authority.ts';
import { checkClientName, checkName, clientTemplate, inlineProfile, type Profile, serverConfiguration } from './profiles.ts';

/**
 * A PKI as a folder. What is in it:
 * `ca.crt ca.key` the authority; `server.crt server.key` the server's; `tls-crypt.key` everybody's; `crl.pem` who is revoked;
 * `server.conf` ready to run; `client-template.conf` what all client profiles begin with (to be edited before `add`);
 * `NAME.crt NAME.key NAME.ovpn` a client's.
 */
const FILES = {
  caCert: 'ca.crt',
  caKey: 'ca.key',
  serverCert: 'server.crt',
  serverKey: 'server.key',
  tlsCrypt: 'tls-crypt.key',
  crl: 'crl.pem',
  serverConfiguration: 'server.conf',
  clientTemplate: 'client-template.conf',
} as const;

/** Written beside the list and moved over it, so that a server never reads half a list; its presence keeps two writers apart. */
const NEW_CRL = 'crl.pem.new';

const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;
const DAY = 86_400_000;
/** The authority and its list outlive what they are for; revoking signs the list anew, and `pki crl` does at any time. */
const AUTHORITY_DAYS = 3650;

/** A PKI to make. `folder` is absolute; `days` is how long certificates of server and clients are valid. */
export interface PkiRequest {
  readonly folder: string;
  readonly profile: Profile;
  readonly clients: readonly string[];
  readonly days: number;
  readonly now: Date;
}

interface NewFile {
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

/**
 * Makes a whole PKI and gives the names of the files written. Throws `FILE` when the folder holds any of a PKI already
 * or cannot be written, `CLI` for names that cannot be used. Nothing is written before everything is made.
 */
export async function createPki(request: PkiRequest): Promise<string[]> {
  const { folder, profile, now } = request;
  const clients = [...new Set(request.clients)].map((name) => checkClientName(name, profile.serverName));
  checkName(profile.serverName, 'server');
  const configuration = serverConfiguration(profile, folder);
  await refuseExisting(folder, [...Object.values(FILES), ...clients.flatMap(clientFileNames)]);

  const authority = await createAuthority({ commonName: 'Tunnelscope CA', days: Math.max(AUTHORITY_DAYS, request.days), now });
  const notAfter = new Date(now.getTime() + request.days * DAY);
  const server = await authority.issue({ commonName: profile.serverName, kind: 'server', notAfter });
  const tlsCrypt = formatStaticKey(generateStaticKey({ bytes: randomBytes }));
  const template = clientTemplate(profile);
  const files: NewFile[] = [
    publicFile(FILES.caCert, authority.certPem),
    secretFile(FILES.caKey, authority.keyPem),
    publicFile(FILES.serverCert, server.chainPem),
    secretFile(FILES.serverKey, server.keyPem),
    secretFile(FILES.tlsCrypt, tlsCrypt),
    publicFile(FILES.crl, await authority.crl({ revoked: [], nextUpdate: authority.notAfter })),
    publicFile(FILES.serverConfiguration, configuration),
    publicFile(FILES.clientTemplate, template),
  ];
  for (const name of clients) files.push(...(await clientFiles(authority, name, notAfter, { template, tlsCrypt })));

  await attempt(`cannot make ${folder}`, () => mkdir(folder, { recursive: true }));
  return writeAll(folder, files, 'new');
}

/**
 * Issues one more client and gives the names of the files written. A name that is revoked is issued anew, over its old
 * files; any other name in use is refused (`FILE`). The certificate ends with the authority at the latest.
 */
export async function addClient(folder: string, name: string, days: number, now: Date): Promise<string[]> {
  const authority = await openAuthority(folder, now);
  const template = await readText(folder, FILES.clientTemplate);
  const tlsCrypt = await readText(folder, FILES.tlsCrypt);
  const server = new X509Certificate(await readText(folder, FILES.serverCert));
  checkClientName(name, [server.toLegacyObject().subject.CN].flat()[0]);
  const reissued = await isRevoked(folder, name);
  if (!reissued) await refuseExisting(folder, clientFileNames(name));
  const notAfter = new Date(Math.min(now.getTime() + days * DAY, authority.notAfter.getTime()));
  return writeAll(folder, await clientFiles(authority, name, notAfter, { template, tlsCrypt }), reissued ? 'over' : 'new');
}

/** Puts a client on the revocation list, and gives its serial in hexadecimal. Throws `FILE` when it has no certificate here or is revoked already. */
export async function revokeClient(folder: string, name: string, now: Date): Promise<string> {
  checkClientName(name);
  const authority = await openAuthority(folder, now);
  const serial = await serialOf(folder, name);
  if (serial === undefined) throw new TunnelscopeError('FILE', `there is no ${join(folder, `${name}.crt`)} to revoke`);
  await updateCrl(folder, authority, authority.notAfter, (list) => {
    if (list.revoked.some((entry) => entry.serial === serial)) throw new TunnelscopeError('FILE', `${name} is revoked already`);
    return [...list.revoked, { serial, at: now }];
  });
  return serial;
}

/** Signs the revocation list anew with the same entries, valid until `nextUpdate`. */
export async function renewCrl(folder: string, now: Date, nextUpdate: Date): Promise<void> {
  await updateCrl(folder, await openAuthority(folder, now), nextUpdate, (list) => list.revoked);
}

async function openAuthority(folder: string, now: Date): Promise<Authority> {
  const certPem = await readText(folder, FILES.caCert);
  const keyPem = await readText(folder, FILES.caKey);
  return loadAuthority({ certPem, keyPem, now });
}

async function clientFiles(
  authority: Authority,
  name: string,
  notAfter: Date,
  common: { readonly template: string; readonly tlsCrypt: string },
): Promise<NewFile[]> {
  const client = await authority.issue({ commonName: name, kind: 'client', notAfter });
  const profile = inlineProfile(common.template, {
    ca: authority.certPem,
    cert: client.certPem,
    key: client.keyPem,
    tlsCrypt: common.tlsCrypt,
  });
  return [publicFile(`${name}.crt`, client.certPem), secretFile(`${name}.key`, client.keyPem), secretFile(`${name}.ovpn`, profile)];
}

function clientFileNames(name: string): string[] {
  return [`${name}.crt`, `${name}.key`, `${name}.ovpn`];
}

async function updateCrl(
  folder: string,
  authority: Authority,
  nextUpdate: Date,
  change: (list: CrlContent) => readonly Revocation[],
): Promise<void> {
  const path = join(folder, NEW_CRL);
  const file = await attempt(`cannot make ${path} (left by a run that is going on or was cut short?)`, () => open(path, 'wx', PUBLIC_MODE));
  try {
    const revoked = change(readCrl(await readText(folder, FILES.crl)));
    await file.chmod(PUBLIC_MODE);
    await fill(file, await authority.crl({ revoked, nextUpdate }));
    await rename(path, join(folder, FILES.crl));
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  } finally {
    await file.close();
  }
}

async function isRevoked(folder: string, name: string): Promise<boolean> {
  const serial = await serialOf(folder, name);
  if (serial === undefined) return false;
  return readCrl(await readText(folder, FILES.crl)).revoked.some((entry) => entry.serial === serial);
}

/** The serial of a client's certificate, written as revocation lists write it; undefined when there is no such file. */
async function serialOf(folder: string, name: string): Promise<string | undefined> {
  const file = `${name}.crt`;
  if (!(await listFolder(folder)).includes(file)) return undefined;
  const pem = await readText(folder, file);
  try {
    return new X509Certificate(pem).serialNumber.toLowerCase().replace(/^(?:00)+(?=.)/, '');
  } catch (thrown) {
    throw new TunnelscopeError('KEY_MATERIAL', `${join(folder, file)} holds no certificate: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

async function refuseExisting(folder: string, names: readonly string[]): Promise<void> {
  const present = new Set(await listFolder(folder));
  const taken = names.filter((name) => present.has(name));
  if (taken.length === 0) return;
  const some = taken.length > 3 ? `${taken.slice(0, 3).join(', ')} and ${taken.length - 3} more` : taken.join(', ');
  throw new TunnelscopeError('FILE', `${folder} already holds ${some}: nothing was changed; choose another folder or name`);
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
    throw new TunnelscopeError('FILE', `cannot read ${folder}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

async function readText(folder: string, name: string): Promise<string> {
  return attempt(`cannot read ${join(folder, name)}`, () => readFile(join(folder, name), 'utf8'));
}

async function writeAll(folder: string, files: readonly NewFile[], how: 'new' | 'over'): Promise<string[]> {
  const exclusive = how === 'new' ? constants.O_EXCL : constants.O_TRUNC;
  for (const { name, text, mode } of files) {
    await attempt(`cannot write ${join(folder, name)}`, async () => {
      const file = await open(join(folder, name), constants.O_WRONLY | constants.O_CREAT | exclusive, mode);
      try {
        await file.chmod(mode);
        await fill(file, text);
      } finally {
        await file.close();
      }
    });
  }
  return files.map((file) => file.name);
}

async function fill(file: FileHandle, text: string): Promise<void> {
  await file.writeFile(text);
  await file.sync();
}

async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    throw new TunnelscopeError('FILE', `${what}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

function publicFile(name: string, text: string): NewFile {
  return { name, text, mode: PUBLIC_MODE };
}

function secretFile(name: string, text: string): NewFile {
  return { name, text, mode: SECRET_MODE };
}
