import type { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { type Duration, seconds } from '../base/units.ts';
import { type Clock, SystemClock } from '../host/clock.ts';
import { readTextFile } from '../host/files.ts';
import { streamLines } from '../host/follow-file.ts';
import type { StreamAddress, StreamTls } from '../host/net-listener.ts';
import { askAtTerminal } from '../host/prompt.ts';
import { processSignals } from '../host/signals.ts';
import { streamAddressFrom, streamAddressText } from '../host/stream-address.ts';
import { PASSWORD_WANTED } from '../management/client.ts';
import { EncodeError } from '../management/encode.ts';
import { ManagementError } from '../service/management-client.ts';
import { EXIT } from './dispatch.ts';
import { runBatch, singleCommand } from './manage/batch.ts';
import { Session, type SessionOptions } from './manage/session.ts';
import { runShell } from './manage/shell.ts';
import { harmless } from './manage/show.ts';
import { lineOfWords } from './manage/typed.ts';

/** Where the command reads and writes. */
export interface ManageTerminal {
  readonly input: Readable;
  readonly output: Writable;
  readonly err: (text: string) => void;
  /** Somebody types at the input and reads the output. */
  readonly interactive: boolean;
  readonly colour: boolean;
  readonly clock: Clock;
  /** Ctrl-C where no shell reads it, and other signals that end. */
  readonly signal: AbortSignal;
  readonly askPassword: (prompt: string, signal: AbortSignal) => Promise<string>;
}

/** What the command line says. */
interface ManageArguments {
  readonly where: StreamAddress;
  readonly tls: StreamTls | undefined;
  readonly password: Secret | undefined;
  readonly timeout: Duration;
  readonly json: boolean;
  readonly secrets: boolean;
  readonly stopAtError: boolean;
  readonly follow: boolean;
  /** The one command to carry out. */
  readonly line: string | undefined;
}

const OPTIONS = {
  json: { type: 'boolean', default: false },
  follow: { type: 'boolean', short: 'f', default: false },
  'exit-on-error': { type: 'boolean', short: 'e', default: false },
  'show-secrets': { type: 'boolean', default: false },
  'password-file': { type: 'string' },
  timeout: { type: 'string', default: '10' },
  tls: { type: 'boolean', default: false },
  ca: { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  'server-name': { type: 'string' },
} as const;

const MAX_TIMEOUT = 3600;

/** `tunnelscope manage`: see its usage. */
export async function manage(argv: readonly string[], terminal: ManageTerminal = ownTerminal()): Promise<number> {
  try {
    const wanted = argumentsFrom(argv);
    return await carryOut(wanted, await connect(wanted, terminal), terminal);
  } catch (thrown) {
    const foreseen = thrown instanceof ManagementError || (thrown instanceof TunnelscopeError && !['CLI', 'BUG'].includes(thrown.code));
    if (!foreseen) throw thrown;
    terminal.err(`tunnelscope manage: ${harmless(thrown.message)}\n`);
    return EXIT.misused;
  }
}

async function carryOut(wanted: ManageArguments, session: Session, terminal: ManageTerminal): Promise<number> {
  const { input, output, signal, interactive, colour } = terminal;
  const { json, secrets, line, follow, stopAtError } = wanted;
  const show = { json, secrets, colour: colour && !json, people: false };
  if (line === undefined && interactive) {
    output.write(`connected to ${streamAddressText(wanted.where)}\n`);
    return runShell(session, { input, output, signal, show: { ...show, people: true } });
  }
  const typed = streamLines(input);
  const lines = line === undefined ? typed : singleCommand(line, typed);
  const out = (text: string): void => void output.write(text);
  const notifications = line === undefined || follow;
  return runBatch(session, lines, { out, err: terminal.err, show, notifications, stopAtError, follow, signal });
}

/** Asks for the password when the interface does and none was given. */
async function connect(wanted: ManageArguments, { clock, signal, askPassword }: ManageTerminal): Promise<Session> {
  const { where, tls, password, timeout } = wanted;
  const options: SessionOptions = { where, clock, tls, password, timeout, signal };
  try {
    return await Session.open(options);
  } catch (thrown) {
    if (!(thrown instanceof ManagementError) || thrown.message !== PASSWORD_WANTED) throw thrown;
  }
  let typed: string;
  try {
    typed = await askPassword(`Password of ${streamAddressText(where)}: `, signal);
  } catch (cause) {
    throw new TunnelscopeError('FILE', `${PASSWORD_WANTED}: give --password-file FILE`, { cause });
  }
  return Session.open({ ...options, password: new Secret(typed) });
}

/** What comes after ADDRESS is the daemon's, whatever it looks like: `push-update-cid 0 -route`. */
function argumentsFrom(argv: readonly string[]): ManageArguments {
  const own = ownWords(argv);
  const { values, positionals } = parse(argv.slice(0, own));
  const [address] = positionals;
  const words = argv.slice(own);
  if (address === undefined) throw new TunnelscopeError('CLI', 'give the ADDRESS of a management interface');
  const where = streamAddressFrom(address);
  if (where === undefined) {
    throw new TunnelscopeError(
      'CLI',
      `${JSON.stringify(address.slice(0, 120))} is neither host:port nor the path of a unix socket (with a slash)`,
    );
  }
  return {
    where,
    tls: tlsFrom(values, where),
    password: values['password-file'] === undefined ? undefined : passwordFrom(values['password-file']),
    timeout: timeoutFrom(values.timeout),
    json: values.json,
    secrets: values['show-secrets'],
    stopAtError: values['exit-on-error'],
    follow: values.follow,
    line: words.length === 0 ? undefined : commandLine(words),
  };
}

/** How many words are not the daemon's: the second that is neither an option nor an option's value begins the command. */
function ownWords(argv: readonly string[]): number {
  let address = false;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? '';
    if (word === '--') continue;
    if (word.startsWith('-') && word !== '-') {
      const name = word.slice(2);
      if (Object.hasOwn(OPTIONS, name) && OPTIONS[name as keyof typeof OPTIONS].type === 'string') index++;
    } else if (address) return index;
    else address = true;
  }
  return argv.length;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], allowPositionals: true, strict: true, options: OPTIONS });
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}

function commandLine(words: readonly string[]): string {
  try {
    return lineOfWords(words);
  } catch (thrown) {
    if (!(thrown instanceof EncodeError)) throw thrown;
    throw new TunnelscopeError('CLI', `the command cannot be sent: ${thrown.message}`, { cause: thrown });
  }
}

type Values = ReturnType<typeof parse>['values'];

function tlsFrom(values: Values, where: StreamAddress): StreamTls | undefined {
  const { ca, cert, key, 'server-name': serverName } = values;
  const asked = values.tls || [ca, cert, key, serverName].some((value) => value !== undefined);
  if (!asked) return undefined;
  if (where.kind === 'unix') throw new TunnelscopeError('CLI', 'there is no TLS on unix sockets');
  if ((cert === undefined) !== (key === undefined)) throw new TunnelscopeError('CLI', '--cert and --key go together');
  return {
    ...(ca === undefined ? {} : { ca: readTextFile(ca) }),
    ...(cert === undefined ? {} : { cert: readTextFile(cert) }),
    ...(key === undefined ? {} : { key: readTextFile(key) }),
    ...(serverName === undefined ? {} : { serverName }),
  };
}

/** The first line, as OpenVPN's own password files have it. */
function passwordFrom(path: string): Secret {
  return new Secret(readTextFile(path).split(/\r?\n/, 1)[0] ?? '');
}

function timeoutFrom(word: string): Duration {
  const value = Number(word);
  if (!(value > 0 && value <= MAX_TIMEOUT)) throw new TunnelscopeError('CLI', `--timeout takes seconds, up to ${MAX_TIMEOUT}`);
  return seconds(value);
}

/** An output that nobody reads ends it. */
function ownTerminal(): ManageTerminal {
  const end = new AbortController();
  processSignals.deliverTo((name) => {
    if (name === 'SIGINT' || name === 'SIGTERM' || name === 'SIGHUP') end.abort();
  });
  process.stdout.on('error', () => process.exit(EXIT.misused));
  return {
    input: process.stdin,
    output: process.stdout,
    err: (text) => process.stderr.write(text),
    interactive: process.stdin.isTTY && process.stdout.isTTY && process.env['TERM'] !== 'dumb',
    colour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    clock: new SystemClock(),
    signal: end.signal,
    askPassword: (prompt, signal) => askAtTerminal(prompt, true, signal),
  };
}
