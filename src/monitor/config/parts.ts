import { createHash } from 'node:crypto';
import { reasonOf } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { type Duration, milliseconds } from '../../base/units.ts';
import { readTextFile } from '../../host/files.ts';
import type { StreamAddress, StreamTls } from '../../host/net-listener.ts';
import { streamAddressFrom } from '../../host/stream-address.ts';
import { described, type Field, made, map, required, text, textAs } from './fields.ts';

/** Fields that several parts of a configuration have: addresses, lengths of time, files, secrets, TLS. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `10s`, `1m`, `250ms`; a bare number counts seconds. Within bounds, which are written the same way. */
export function duration(min: string, max: string): Field<Duration> {
  const what = `a length of time from ${min} to ${max}, such as ${min}`;
  const [low = 0, high = 0] = [min, max].map(durationFrom);
  return textAs(what, (word) => {
    const length = durationFrom(word);
    return length !== undefined && length >= low && length <= high ? milliseconds(length) : undefined;
  });
}

function durationFrom(word: string): number | undefined {
  const [, digits, unit = 's'] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(word) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit] ?? 0);
}

/** Where something listens. A path counts from the folder of the configuration file. */
export function address(): Field<StreamAddress> {
  const what = 'an address such as 127.0.0.1:7505 or [::1]:7505, or the path of a socket with a slash in it';
  return made(textAs(what, streamAddressFrom), (where, site) =>
    where.kind === 'unix' ? { kind: 'unix', path: site.resolve(where.path) } : where,
  );
}

/** A path, as it counts from the folder of the configuration file. */
export function path(): Field<string> {
  return made(text('a path'), (written, site) => site.resolve(written));
}

/** What a file holds, read now. */
export function content(): Field<string> {
  return made(path(), (file, site, node) => {
    try {
      return readTextFile(file, MAX_MATERIAL);
    } catch (error) {
      return site.problem(node, reasonOf(error));
    }
  });
}

const MAX_MATERIAL = 1 << 20;

/** A secret that stands in the file itself, or better comes from the environment. */
export function secret(): Field<Secret> {
  return made(text('a secret, such as ${NAME} of the environment'), (word) => new Secret(word));
}

/** The first line of a file that holds a secret. */
export function secretFile(): Field<Secret> {
  return made(content(), (whole, site, node) => {
    const line = whole.split(/\r?\n/, 1)[0] ?? '';
    return line === '' ? site.problem(node, 'the first line of the file is empty') : new Secret(line);
  });
}

/** The two ways to give a password. */
export const PASSWORD = {
  password: described(secret(), 'The password; `${NAME}` takes it from the environment.'),
  'password-file': described(secretFile(), 'A file whose first line is the password.'),
};

/** The one that was given. */
export function passwordOf(given: {
  readonly password: Secret | undefined;
  readonly 'password-file': Secret | undefined;
}): Secret | undefined {
  return given['password-file'] ?? given.password;
}

/** TLS of a client: all may be left out, then the system's authorities are trusted. */
export function clientTls(): Field<StreamTls> {
  const fields = map({
    ca: described(content(), 'Certificates of the authorities that are trusted, PEM.'),
    cert: described(content(), 'Our certificate, PEM, where one is asked for.'),
    key: described(content(), 'Its private key.'),
    'server-name': described(text('a name'), 'The name that the certificate of the other end must have, when it is not its address.'),
  });
  return made(fields, ({ ca, cert, key, 'server-name': serverName }, site, node) => {
    if ((cert === undefined) !== (key === undefined)) return site.problem(node, 'give cert and key, or neither');
    return defined({ ca, cert, key, serverName });
  });
}

/** TLS of a listener. */
export function serverTls(): Field<StreamTls> {
  const fields = map({
    cert: required(described(content(), 'Certificate and those above it, PEM.')),
    key: required(described(content(), 'Its private key.')),
    ca: described(content(), 'Lets in only who has a certificate of these authorities.'),
  });
  return made(fields, ({ cert, key, ca }) => defined({ cert, key, ca }));
}

/** A digest of all that was read, secrets included; it tells nothing about them. */
export function fingerprintOf(raw: object): string {
  const revealed = JSON.stringify(raw, function (this: Record<string, unknown>, key, value: unknown) {
    const own = this[key];
    return own instanceof Secret ? String(own.reveal()) : value;
  });
  return createHash('sha256').update(revealed).digest('hex');
}

/** An object without the values that are undefined. */
export function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in values) {
    const value = values[key];
    if (isDefined(value)) kept[key] = value;
  }
  return kept;
}

function isDefined<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}
