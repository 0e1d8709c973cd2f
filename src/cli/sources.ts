import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TunnelscopeError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { Duration } from '../base/units.ts';
import { readTextFile } from '../host/files.ts';
import type { StreamTls } from '../host/net-listener.ts';
import { streamAddressFrom } from '../host/stream-address.ts';
import { attachedDaemon, type DaemonConfig, daemonOfStatusFile, readConfig } from '../monitor/config/config.ts';
import { defined } from '../monitor/config/parts.ts';
import type { Thresholds } from '../telemetry/health.ts';

/** Options that say how to get into management interfaces. */
export const ACCESS_OPTIONS = {
  'password-file': { type: 'string' },
  tls: { type: 'boolean', default: false },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  'server-name': { type: 'string' },
} as const;

/** Options of commands that look at daemons: those, and how long to wait. */
export const SOURCE_OPTIONS = { ...ACCESS_OPTIONS, timeout: { type: 'string', default: '10' } } as const;

/** What was given for them. */
export interface SourceValues {
  readonly 'password-file'?: string | undefined;
  readonly tls: boolean;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly 'server-name'?: string | undefined;
}

/** A daemon to look at, with what a configuration says of its health. */
export interface NamedSource {
  readonly config: DaemonConfig;
  readonly thresholds: Partial<Thresholds>;
}

/**
 * The daemons that words stand for: HOST:PORT or the path of a socket is a management interface, a path that ends in .yaml or .yml
 * is a configuration of the monitor with all its daemons, any other path a status file. Throws CLI, FILE or OPTIONS.
 */
export function sourcesFrom(words: readonly string[], values: SourceValues, staleAfter: Duration): NamedSource[] {
  if (words.length === 0) throw new TunnelscopeError('CLI', 'give a SOURCE: host:port, a socket, a status file, or a monitor.yaml');
  const { password, tls } = accessFrom(values);
  const found = words.flatMap((word): NamedSource[] => {
    if (/\.ya?ml$/.test(word)) return fromConfiguration(word);
    const where = isSocket(word) ? { kind: 'unix' as const, path: resolve(word) } : streamAddressFrom(word);
    // A path where there is no socket is that of a status file, whether it is there or not.
    const isAddress = where?.kind === 'tcp' || isSocket(word);
    const config =
      where !== undefined && isAddress ? attachedDaemon(word, where, password, tls) : daemonOfStatusFile(word, resolve(word), staleAfter);
    return [{ config, thresholds: {} }];
  });
  const names = new Set(found.map(({ config }) => config.name));
  if (names.size < found.length) throw new TunnelscopeError('CLI', 'each SOURCE once, and no two daemons of one name');
  return found;
}

/** What lets us into management interfaces. Throws CLI or FILE. */
export function accessFrom(values: SourceValues): { readonly password: Secret | undefined; readonly tls: StreamTls | undefined } {
  const file = values['password-file'];
  return { password: file === undefined ? undefined : passwordFrom(file), tls: tlsFrom(values) };
}

function fromConfiguration(path: string): NamedSource[] {
  const { daemons, thresholds } = readConfig(path);
  return daemons.map((config) => ({ config, thresholds: { ...thresholds, ...config.thresholds } }));
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() === true;
}

function passwordFrom(path: string): Secret {
  const [line = ''] = readTextFile(path, 1 << 16).split(/\r?\n/, 1);
  if (line === '') throw new TunnelscopeError('FILE', `the first line of ${path} is no password`);
  return new Secret(line);
}

function tlsFrom({ tls, ca, cert, key, 'server-name': serverName }: SourceValues): StreamTls | undefined {
  if ((cert === undefined) !== (key === undefined)) throw new TunnelscopeError('CLI', 'give --cert and --key, or neither');
  const read = (path: string | undefined): string | undefined => (path === undefined ? undefined : readTextFile(path, 1 << 20));
  const given = defined({ ca: read(ca), cert: read(cert), key: read(key), serverName });
  return tls || Object.keys(given).length > 0 ? given : undefined;
}

/** A number that an option was given. Throws CLI. */
export function numberFrom(option: string, word: string, min: number, max: number): number {
  const value = /^\d{1,9}(?:\.\d{1,3})?$/.test(word) ? Number(word) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new TunnelscopeError('CLI', `--${option} ${JSON.stringify(word.slice(0, 80))} is not usable: give a number from ${min} to ${max}`);
}
