import { resolve } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { addClient, createPki, renewCrl, revokeClient } from './pki/files.ts';
import { checkProfile, type ProfileWords } from './pki/profiles.ts';

const DEFAULTS = {
  'server-name': 'server',
  remote: '127.0.0.1',
  port: '1194',
  proto: 'udp',
  network: '10.8.0.0/24',
  days: '825',
} as const;

const MOST_CLIENTS = 1000;
const MOST_DAYS = 36_500;
const DAY = 86_400_000;

/** What a form of the command is called with beside its words. */
interface Call {
  readonly argv: readonly string[];
  readonly now: Date;
  readonly print: (text: string) => void;
}

const ACTIONS: Readonly<Record<string, (call: Call) => Promise<void>>> = { add, revoke, crl };

/** `tunnelscope pki`: makes a PKI, or with `add`, `revoke` or `crl` as first word changes one. */
export async function pki(argv: readonly string[], print: (text: string) => void = toStandardOutput): Promise<number> {
  const [first = '', ...rest] = argv;
  const action = Object.hasOwn(ACTIONS, first) ? ACTIONS[first] : undefined;
  const now = new Date();
  if (action === undefined) await create({ argv, now, print });
  else await action({ argv: rest, now, print });
  return 0;
}

async function create({ argv, now, print }: Call): Promise<void> {
  const { values, positionals } = parse(argv, {
    clients: { type: 'string' },
    names: { type: 'string' },
    'server-name': { type: 'string', default: DEFAULTS['server-name'] },
    remote: { type: 'string', default: DEFAULTS.remote },
    port: { type: 'string', default: DEFAULTS.port },
    proto: { type: 'string', default: DEFAULTS.proto },
    network: { type: 'string', default: DEFAULTS.network },
    days: { type: 'string', default: DEFAULTS.days },
  });
  const [folder] = expectWords(positionals, ['DIR']);
  const words: ProfileWords = {
    serverName: values['server-name'],
    remote: values.remote,
    port: values.port,
    proto: values.proto,
    network: values.network,
  };
  const profile = checkProfile(words);
  const clients = clientNames(values.clients, values.names);
  const written = await createPki({ folder: resolve(folder), profile, clients, days: countFrom('days', values.days, 1, MOST_DAYS), now });
  print(`Made ${resolve(folder)}:\n${written.map((name) => `  ${name}\n`).join('')}`);
  print(`The server: tunnelscope run --config ${shellWord(resolve(folder, 'server.conf'))}\n`);
  if (clients.length > 0)
    print(`Clients:    openvpn --config NAME.ovpn; they look for the server at ${profile.remote} port ${profile.port}\n`);
}

async function add({ argv, now, print }: Call): Promise<void> {
  const { values, positionals } = parse(argv, { days: { type: 'string', default: DEFAULTS.days } });
  const [folder, name] = expectWords(positionals, ['DIR', 'NAME']);
  const written = await addClient(resolve(folder), name, countFrom('days', values.days, 1, MOST_DAYS), now);
  print(`Made in ${resolve(folder)}: ${written.join(', ')}\n`);
}

async function revoke({ argv, now, print }: Call): Promise<void> {
  const { positionals } = parse(argv, {});
  const [folder, name] = expectWords(positionals, ['DIR', 'NAME']);
  const serial = await revokeClient(resolve(folder), name, now);
  print(`Revoked ${name}, serial ${serial}: ${resolve(folder, 'crl.pem')} now says so, and servers re-read it by themselves.\n`);
}

async function crl({ argv, now, print }: Call): Promise<void> {
  const { values, positionals } = parse(argv, { days: { type: 'string', default: '3650' } });
  const [folder] = expectWords(positionals, ['DIR']);
  const nextUpdate = new Date(now.getTime() + countFrom('days', values.days, 1, MOST_DAYS) * DAY);
  await renewCrl(resolve(folder), now, nextUpdate);
  print(`Signed ${resolve(folder, 'crl.pem')} anew, valid until ${nextUpdate.toISOString().slice(0, 10)}.\n`);
}

/** `parseArgs`, with its complaints as errors of ours. */
function parse<const O extends NonNullable<ParseArgsConfig['options']>>(argv: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}

/** The words in their places, exactly as many as there are places. */
function expectWords<const N extends readonly string[]>(words: readonly string[], places: N): { readonly [K in keyof N]: string } {
  const wrong = words.length !== places.length || words.includes('');
  if (wrong)
    throw new TunnelscopeError(
      'CLI',
      `expected ${places.join(' ')}, got ${words.map((word) => JSON.stringify(word)).join(' ') || 'nothing'}`,
    );
  return words as { readonly [K in keyof N]: string };
}

function clientNames(clients: string | undefined, names: string | undefined): string[] {
  const named = names === undefined ? [] : names.split(',');
  const count = clients === undefined ? Number(names === undefined) : countFrom('clients', clients, 0, MOST_CLIENTS);
  return [...named, ...Array.from({ length: count }, (_, index) => `client${index + 1}`)];
}

function countFrom(option: string, word: string, least: number, most: number): number {
  const count = /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
  if (count >= least && count <= most) return count;
  throw new TunnelscopeError(
    'CLI',
    `--${option} ${JSON.stringify(word.slice(0, 80))} is not usable: give a number from ${least} to ${most}`,
  );
}

/** A word that can be pasted into a shell. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function toStandardOutput(text: string): void {
  process.stdout.write(text);
}
