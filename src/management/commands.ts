import { ask, type Call, type Command, type CommandMode, error, type Outcome, relay, relayOr, reply } from './command.ts';
import { helpLines } from './help.ts';
import { checkClientIds, checkPendingAuth, runClientAuth, runClientDeny, runClientPendingAuth } from './run-auth.ts';
import { runBytecount, runEnvFilter, runHistory, runState, runTest, runVersion } from './run-connection.ts';
import {
  runAuthRetry,
  runClientKill,
  runHold,
  runKill,
  runLoadStats,
  runMute,
  runNclients,
  runSignal,
  runStatus,
  runVerb,
} from './run-daemon.ts';
import { askNumber } from './command.ts';
import { atoi } from './numbers.ts';
import { runClients, runEvents, runWho } from './run-listings.ts';
import { runPassword, runPasswordBody } from './run-password.ts';
import { runPushUpdateBroad, runPushUpdateCid } from './run-push-update.ts';

/** The management commands: dispatch, help and the reference page all come of this table (facts: management 7). */
export const COMMANDS: readonly Command[] = [
  command('auth-retry', '[none|interact|nointeract]', 0, 'always', 'Show or set what a client does when its login fails.', runAuthRetry),
  command('bytecount', 'N', 1, 'always', 'Report byte counts every N seconds; 0 stops.', runBytecount),
  onRequest('certificate', 'Give the client certificate that was asked for, up to END.'),
  {
    ...command('client-auth', 'CID KID', 2, 'server', 'Let a client in, with the configuration that follows up to END.', runClientAuth),
    body: true,
    check: checkClientIds,
  },
  {
    ...command('client-auth-nt', 'CID KID', 2, 'server', 'Let a client in, without configuration.', runClientAuth),
    check: checkClientIds,
  },
  {
    ...command('client-deny', 'CID KID REASON [CLIENTREASON]', 3, 'server', 'Refuse a client; CLIENTREASON is told to it.', runClientDeny),
    check: checkClientIds,
  },
  command('client-kill', 'CID [MESSAGE]', 1, 'server', 'Send a client MESSAGE (RESTART without one) and end its session.', runClientKill),
  {
    ...command(
      'client-pending-auth',
      'CID KID EXTRA SECONDS',
      4,
      'server',
      'Tell a client that its login goes on elsewhere.',
      runClientPendingAuth,
    ),
    check: checkPendingAuth,
  },
  command('clients', '[PHASE]', 0, 'server', 'Show every client with how far it has come; with PHASE, those that are there.', runClients),
  {
    ...clientOnly('cr-response', 'BASE64', 1, 'Answer a challenge of the server.', 'command failed'),
    secret: true,
    nameInRefusal: 'cr-repsonse',
  },
  command(
    'echo',
    'on|off|all|N [on|off|all|N]',
    1,
    'always',
    'Report echo options as they come; show those that came.',
    runHistory('echo'),
  ),
  command('env-filter', '[LEVEL]', 0, 'always', 'Choose which variables of clients are shown: 0 all, 1 and 2 fewer, 3 none.', runEnvFilter),
  command('events', 'on|off', 1, 'always', 'Report everything that happens, as JSON.', runEvents),
  command('exit', '', 0, 'always', 'Close this connection.', close),
  command('forget-passwords', '', 0, 'always', 'Forget passwords that were entered.', runForgetPasswords),
  command('help', '', 0, 'always', 'Show this list.', ({ info }) => ({ kind: 'reply', lines: helpLines(info.title, COMMANDS) })),
  command('hold', '[on|off|release]', 0, 'always', 'Show or set the hold flag; release a daemon that waits.', runHold),
  command('kill', 'CN|IP:PORT', 1, 'server', 'End the sessions of a common name, or the one from an address.', runKill),
  { ...command('load-stats', '', 0, 'always', 'Show the number of clients and the bytes received and sent.', runLoadStats), quiet: true },
  command('log', 'on|off|all|N [on|off|all|N]', 1, 'always', 'Report log lines as they come; show those that came.', runHistory('log')),
  command('log-reopen', '', 0, 'always', 'Open the log file anew, as after it was renamed.', () =>
    ask({ kind: 'log-reopen' }, { done: 'log file opened again', refused: 'log-reopen command failed' }),
  ),
  command('mute', '[N]', 0, 'always', 'Show or set how many similar log lines in a row are shown.', runMute),
  command('nclients', '', 0, 'server', 'Show the number of connected clients.', runNclients),
  prompted('needok', 'TYPE ok|cancel', 'needok-confirmation', 'Answer a NEED-OK request.'),
  { ...prompted('needstr', 'TYPE STRING', 'needstr-string', 'Answer a NEED-STR request.'), secret: true },
  command(
    'net',
    '',
    0,
    'always',
    'Show interfaces and routes; on Windows only.',
    relayOr(() => reply(error('Sorry, this command is currently only implemented on Windows'))),
  ),
  { ...command('password', 'TYPE PASSWORD', 2, 'always', 'Give a password that was asked for.', runPassword), secret: true },
  command('pid', '', 0, 'always', 'Show the process id of the daemon.', () => askNumber({ kind: 'pid' }, 'pid')),
  onRequest('pk-sig', 'Give the signature that was asked for, in base64 up to END.'),
  command(
    'pkcs11-id-count',
    '',
    0,
    'always',
    'Show the number of certificates on PKCS#11 tokens.',
    relayOr(() => reply('>PKCS11ID-COUNT:0')),
  ),
  command(
    'pkcs11-id-get',
    'INDEX',
    1,
    'always',
    'Show a certificate on a PKCS#11 token.',
    relayOr(({ words }) => reply(`>PKCS11ID-ENTRY:'${atoi(words[0] ?? '')}'`)),
  ),
  { ...clientOnly('proxy', 'NONE|HTTP|SOCKS [HOST PORT [nct]]', 1, 'Answer a PROXY request.', 'proxy command failed'), secret: true },
  command('push-update-broad', 'OPTIONS', 1, 'server', 'Send new options to all clients that take them.', runPushUpdateBroad),
  command('push-update-cid', 'CID OPTIONS', 2, 'server', 'Send new options to one client.', runPushUpdateCid),
  command('quit', '', 0, 'always', 'Close this connection.', close),
  clientOnly('remote', 'ACCEPT|SKIP|MOD [HOST PORT|N]', 1, 'Answer a REMOTE request.', 'remote command failed'),
  clientOnly('remote-entry-count', '', 0, 'Show the number of servers in the configuration.', 'command failed'),
  clientOnly('remote-entry-get', 'all|FROM [TO]', 1, 'Show servers in the configuration.', 'command failed'),
  onRequest('rsa-sig', 'Give the signature that was asked for, in base64 up to END.'),
  command('signal', 'SIGHUP|SIGTERM|SIGUSR1|SIGUSR2', 1, 'always', 'Do what the daemon does on a signal.', runSignal),
  command('state', '[on|off|all|N [on|off|all|N]]', 0, 'always', 'Report states as they change; show those before.', runState),
  command('status', '[1|2|3|json]', 0, 'always', 'Show clients and routes, in one of the formats of status files or as JSON.', runStatus),
  command('test', 'N', 1, 'always', 'Send N lines, to try out how they are read.', runTest),
  { ...prompted('username', 'TYPE NAME', 'username', 'Give a user name that was asked for.'), secret: true },
  command('verb', '[N]', 0, 'always', 'Show or set how much is logged: 0 to 15.', runVerb),
  command('version', '[N]', 0, 'always', 'Show versions, or say which version of this interface you speak.', runVersion),
  command('who', '', 0, 'always', 'Show who is connected to this interface, and their subscriptions.', runWho),
];

const BY_NAME: ReadonlyMap<string, Command> = new Map(COMMANDS.map((row) => [row.name, row]));

/** The command of a name, for a line with so many parameters from a client of that version. */
export function commandNamed(name: string, parameters = 0, clientVersion = 1): Command | undefined {
  if (name === 'password' && parameters === 1 && clientVersion >= MULTI_LINE_PASSWORD_VERSION) return PASSWORD_BODY;
  return BY_NAME.get(name);
}

/** Clients that said `version 5` or more may give a password in lines (facts: management 8). */
const MULTI_LINE_PASSWORD_VERSION = 5;

const PASSWORD_BODY: Command = {
  ...command('password', 'TYPE', 1, 'always', 'Give a password that was asked for, in base64 up to END.', runPasswordBody),
  body: true,
  secret: true,
};

/** Stock's words for a command that nobody knows. */
export const UNKNOWN_COMMAND = "unknown command, enter 'help' for more options";

/** A row whose usage tells how many parameters there may be: one a word that is not inside another's brackets. */
function command(name: string, usage: string, min: number, mode: CommandMode, help: string, run: (call: Call) => Outcome): Command {
  const max = usage === '' ? 0 : usage.split(' ').length;
  return { name, usage, params: { min, max: Math.max(min, max) }, mode, help, run };
}

/** A command of client mode: the daemon behind understands it, or nobody does. */
function clientOnly(name: string, usage: string, min: number, help: string, refused: string): Command {
  return command(name, usage, min, 'client', help, (call) => relay(call, refused));
}

/** An answer to a prompt: without one, the daemon refuses. */
function prompted(name: string, usage: string, what: string, help: string): Command {
  return command(name, usage, 2, 'always', help, (call) => relay(call, `no ${what} is currently needed at this time`));
}

/** A command with a body that only a request of the daemon makes available. */
function onRequest(name: string, help: string): Command {
  const unavailable = `The ${name} command is not currently available`;
  return {
    ...command(name, '', 0, 'on-request', help, (call) => relay(call, unavailable, call.body)),
    body: true,
    check: (_words, info) => (info.attached === undefined ? unavailable : undefined),
  };
}

function close(): Outcome {
  return { kind: 'close' };
}

function runForgetPasswords(): Outcome {
  return ask({ kind: 'forget-passwords' }, { done: 'Passwords were forgotten', refused: 'Passwords were not forgotten' });
}
