import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from '../../src/base/differences.ts';
import { COMMANDS } from '../../src/management/commands.ts';
import { type Program, READY, TUNNEL_SERVER4 } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { comparable, Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** The same is said to stock OpenVPN and to ours: what is answered differs only where a row of the table of differences says so. */

/** One entry a command; a list of lines where a body belongs to it. */
const SCRIPT: readonly (string | readonly string[])[] = [
  ...['version', 'version 1', 'version 3', 'nclients', 'load-stats', 'load-stats 1', 'net', 'forget-passwords', 'Pid', 'frobnicate 1'],
  ...['', '   ', '# pid', '; pid', '"pid', "'pid", 'pid\\', 'verb\\x', '"verb"', `verb ${'1'.repeat(300)}`, 'client-pf 0'],
  ...['status', 'status 1', 'status 2', 'status 3', 'status 4', 'status -1', 'status 0', 'status x', 'status 2x'],
  ...['state', 'state 1', 'state all', 'state 0', 'state x', 'state on', 'state off all', 'state 1 off', 'state on on on'],
  ...['log off', 'log 0', 'log -1', 'log x', 'log', 'echo', 'echo all', 'echo 1', 'echo on', 'echo off', 'echo on all', 'echo x'],
  ...[
    'verb',
    'verb 5',
    'verb',
    'verb 3',
    'verb 16',
    'verb -1',
    'verb abc',
    'verb 3x',
    'verb 4',
    'mute',
    'mute 3',
    'mute',
    'mute -1',
    'mute x',
    'mute 0',
  ],
  ...[
    'bytecount',
    'bytecount 0',
    'bytecount x',
    'bytecount -3',
    'env-filter',
    'env-filter 2',
    'env-filter 3',
    'env-filter x',
    'env-filter 0',
  ],
  ...['hold', 'hold on', 'hold', 'hold off', 'hold', 'hold release', 'hold x', 'auth-retry', 'auth-retry none', 'auth-retry x'],
  ...['kill', 'kill nobody', 'kill 10.1.1.1:1', 'kill 10.1.1.1:x', 'kill 10.1.1.1:99999', 'kill :', 'kill x:1', 'kill udp:10.1.1.1:1'],
  ...['client-kill', 'client-kill x', 'client-kill 77', 'client-kill 77 HALT', 'client-auth-nt', 'client-auth-nt 1', 'client-auth-nt x 1'],
  ...[
    'client-auth-nt 77 1',
    'client-auth-nt 1 x',
    'client-deny 77 1',
    'client-deny 77 1 no',
    'client-deny 77 1 no "not you"',
    'client-deny x 1 no',
  ],
  ...['client-pending-auth 77 1 x', 'client-pending-auth 77 1 x 10', 'client-pending-auth 77 1 x y', 'client-pending-auth x 1 y 10'],
  ...['remote ACCEPT', 'proxy NONE', 'remote-entry-count', 'remote-entry-get all', 'cr-response x', 'username Auth x', 'password Auth x'],
  ...['password Auth', 'needok x ok', 'needstr x y', 'signal', 'signal SIGKILL', 'signal hup', 'signal SIGUSR2', 'pkcs11-id-count'],
  ...['pkcs11-id-get 0', 'pkcs11-id-get x', 'test 3', 'test 0', 'test x', 'push-update-broad x', 'help', 'status json', 'who', 'clients'],
  ...['version 4', 'version 5', 'version x', 'version -1', 'log-reopen', 'events on', 'push-update-cid 0 x', 'push-update-cid x y'],
  ...['log', 'log on off', 'log off 0', 'log off off off', 'log x on', 'echo 2 off', 'echo off x', 'state 2', 'state off x'],
  ...[
    'verb 3 # x',
    'verb 3 ;x',
    'verb 3#x',
    'verb "3"',
    "verb '3'",
    'verb  3',
    '  verb 3',
    'verb ""',
    '"verb" "3',
    'verb 3 4 5',
    'verb\t3',
  ],
  ...[
    'p\0id',
    'ver\rb 3',
    'ver\u001bb 3',
    'verb 3\u007f',
    'verb \\"3',
    'kill "a b"',
    "kill 'a\\b'",
    'kill a\\ b',
    `kill ${'x'.repeat(255)}`,
  ],
  ...[`kill ${'x'.repeat(256)}`, `kill ${'x'.repeat(257)}`, 'kill', 'kill a:b', 'kill [::1]:1', 'kill ::1', 'kill UNDEF', 'kill älice'],
  ...['signal SIGFPE', 'signal SIGUSR2 x', 'signal ""', 'hold ""', 'hold release x', 'mute 5 6', 'auth-retry interact', 'auth-retry'],
  ...['nclients x', 'pid x', 'help x', 'test 2 3', 'test -1', 'status ""', 'status 3 2', 'bytecount 2 x', 'bytecount 0', 'env-filter -1'],
  ...['username', 'username Auth', 'username Auth ""', 'password', 'password Auth ""', 'needok', 'needok x', 'needstr', 'needstr x'],
  ...['remote', 'remote SKIP 2', 'remote MOD a 1', 'proxy', 'proxy HTTP a 1', 'remote-entry-get', 'remote-entry-get 0 1', 'cr-response'],
  ...[
    'pkcs11-id-get',
    'pkcs11-id-get -1',
    'client-deny',
    'client-pending-auth',
    'client-auth-nt -1 1',
    'client-auth-nt 7x 1',
    'client-kill -1',
  ],
  ...['client-kill 77 ""', 'client-pending-auth 77 1 "" 0', 'client-pending-auth 77 1 x -1', 'client-pending-auth 77 x y 10'],
  ['client-auth 77', 'verb', 'END'],
  ['client-auth 77 1', 'END'],
  ['client-auth 77 1', 'x'.repeat(1000), 'END'],
  ['client-auth 77 1', 'push "route 10.0.0.0 255.0.0.0"', 'END'],
  ['client-auth 77 1', '', 'quit', ' END', 'END ', 'end', 'END'],
  ['client-auth x 1', 'verb', 'END'],
  ['pk-sig', 'AAAA', 'END'],
  ['rsa-sig', 'AAAA', 'END'],
  ['certificate', 'AAAA', 'END'],
];

/** What answers otherwise, and the row that says why. */
const LISTED: Readonly<Record<string, string>> = {
  help: 'management.help',
  'help x': 'management.help',
  'verb abc': 'management.strict-levels',
  'verb ""': 'management.strict-levels',
  'verb 3#x': 'management.strict-levels',
  'verb \\"3': 'management.strict-levels',
  'verb 3x': 'management.strict-levels',
  'mute x': 'management.strict-levels',
  'push-update-broad x': 'management.more-commands',
  'status json': 'management.more-commands',
  who: 'management.more-commands',
  clients: 'management.more-commands',
  'log-reopen': 'management.more-commands',
  'events on': 'management.more-commands',
  'push-update-cid 0 x': 'management.more-commands',
  'push-update-cid x y': 'management.more-commands',
  'client-auth x 1': 'management.refused-body',
  'client-auth 77': 'management.refused-body',
  'pk-sig': 'management.refused-body',
  'rsa-sig': 'management.refused-body',
  certificate: 'management.refused-body',
  'kill udp:10.1.1.1:1': 'management.kill-address-forms',
  'kill [::1]:1': 'management.kill-address-forms',
  'kill ::1': 'management.kill-address-forms',
  // Too long for a name of stock's.
  [`kill ${'x'.repeat(255)}`]: 'management.kill-address-forms',
  [`kill ${'x'.repeat(256)}`]: 'management.kill-address-forms',
};

const nameOf = (entry: string | readonly string[]): string => (typeof entry === 'string' ? entry : (entry[0] ?? ''));

/** Clients come in the order of their ids with ours, in that of a hash table with stock. */
function sorted(lines: readonly string[]): string[] {
  const row = /^(?:CLIENT_LIST|ROUTING_TABLE)[,\t]|^(?:alice|bob),|^10\.8\.|^fd00:8:/;
  const rows = lines.filter((line) => row.test(line)).sort();
  return lines.map((line) => (row.test(line) ? (rows.shift() ?? '') : line));
}

async function answers(lab: Lab, program: Program): Promise<Map<string, readonly string[]>> {
  const server = await lab.server({ program, lines: ['verb 4', 'echo msg hello', 'echo other'] });
  await lab.client('alice');
  await lab.client('bob');
  const talk = await Talk.open(server.managementPath);
  const result = await askAll(talk, SCRIPT);
  talk.close();
  await lab.network.stopAll();
  return new Map(result);
}

/** Asked while alice's login, client 0, waits; then alice is let in, and the rest is asked. */
const BEFORE: readonly (string | readonly string[])[] = [
  ...['nclients', 'load-stats', 'status 2', 'status 3', 'client-auth-nt 0 2', 'client-auth-nt 0 0', 'client-auth-nt 1 1'],
  ...['client-deny 0 2 no', 'client-pending-auth 0 2 x 10', `client-pending-auth 0 1 ${'x'.repeat(256)} 10`, 'env-filter 1'],
  ...['client-pending-auth 0 1 CR_TEXT:R:colour? 20', 'client-pending-auth 0 1 OPEN_URL:https://sso.example/ 20', 'kill UNDEF'],
  ['client-auth 0 2', 'push "route 192.168.77.0 255.255.255.0"', 'END'],
];
const AFTER: readonly (string | readonly string[])[] = [
  ...['nclients', 'status 1', 'status 2', 'status 3', 'client-pending-auth 0 1 x 10', 'client-auth-nt 0 2', 'client-auth-nt 0 1'],
  ['client-auth 0 1', 'push "route 192.168.78.0 255.255.255.0"', 'END'],
  ...['kill alice', 'kill alice', 'client-kill 0', 'client-auth-nt 0 1 again', 'client-deny 0 1 no'],
];

const AUTH_LISTED: Readonly<Record<string, string>> = {
  'after client-auth-nt 0 1': 'management.first-decision',
  'after client-auth 0 1': 'management.first-decision',
  'after client-pending-auth 0 1 x 10': 'management.first-decision',
  'before client-auth-nt 0 0': 'management.exact-key',
  'before client-pending-auth 0 2 x 10': 'management.exact-key',
};

/** The cipher that stock shows before one is negotiated (difference status.cipher-before-negotiation). */
const withoutCipher = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/(?<=\balice.*)BF-CBC$/, ''));

async function askAll(talk: Talk, script: typeof SCRIPT, prefix = ''): Promise<[string, readonly string[]][]> {
  const result = new Map<string, readonly string[]>();
  for (const entry of script) {
    let key = `${prefix}${nameOf(entry)}`;
    while (result.has(key)) key = `${key} (again)`;
    result.set(key, withoutCipher(sorted((await talk.ask(...(typeof entry === 'string' ? [entry] : entry))).map(comparable))));
  }
  return [...result];
}

async function authAnswers(lab: Lab, program: Program): Promise<Map<string, readonly string[]>> {
  const server = await lab.server({ program, lines: ['management-client-auth'] });
  const talk = await Talk.open(server.managementPath);
  const login = lab.file('alice\npw\n', 0o600);
  const alice = await lab.client('alice', { wait: false, lines: [`auth-user-pass ${login}`] });
  await talk.block('CONNECT,0,1');
  const before = await askAll(talk, BEFORE, 'before ');
  await talk.ask('client-auth-nt 0 1');
  await alice.process.waitFor(READY);
  const after = await askAll(talk, AFTER, 'after ');
  talk.close();
  await lab.network.stopAll();
  return new Map([...before, ...after]);
}

const NOTIFIED = /^>(?:STATE|ECHO|HOLD|NOTIFY|CLIENT:(?!ENV)|BYTECOUNT|FATAL|INFO)/;

/** What is said unasked while a client comes and goes and the server restarts: the words in order, byte counts once. */
async function notified(lab: Lab, program: Program): Promise<readonly string[]> {
  const server = await lab.server({ program, lines: ['echo msg hello'] });
  const talk = await Talk.open(server.managementPath);
  await talk.ask('state on', 'echo on', 'bytecount 1');
  const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
  await talk.block('ESTABLISHED,0');
  // Stock counts only while there is traffic.
  await eventually('byte counts', async () => {
    await lab.ping(alice, TUNNEL_SERVER4, 1);
    return talk.lines.some((line) => line.startsWith('>BYTECOUNT_CLI:0,'));
  });
  await talk.ask('bytecount 0');
  await alice.process.stop();
  await eventually('its exit', () => talk.lines.some((line) => line.startsWith('>NOTIFY')));
  await server.process.waitFor('client-instance exiting');
  for (const signal of ['SIGUSR1', 'SIGHUP']) {
    const from = talk.lines.length;
    await talk.ask('hold on', `signal ${signal}`);
    await eventually('hold', () => talk.lines.slice(from).some((line) => line.startsWith('>HOLD')));
    await talk.ask('hold release');
    await eventually('ready', () => talk.lines.slice(from).some((line) => line.includes(',CONNECTED,SUCCESS')));
  }
  await talk.ask('signal SIGTERM');
  await eventually('end', () => talk.closed);
  await lab.network.stopAll();
  const lines = talk.lines.filter((line) => NOTIFIED.test(line)).map(comparable);
  return lines.filter((line, index) => !line.startsWith('>BYTECOUNT') || lines.indexOf(line) === index);
}

/** Differences management.disconnect-always and engine.device-kept. */
const OURS_ALONE = /^>CLIENT:(?:ADDRESS|DISCONNECT),0/;
const STOCK_ALONE = /^>STATE:<time>,ASSIGN_IP,/;

const without = (lines: readonly string[], pattern: RegExp): string[] => lines.filter((line) => !pattern.test(line));

const AGREED = { unlisted: {}, stale: [], unnamed: [] };

/** Replies that differ without a row, entries whose replies do not differ, and those that name no row. */
function disagreements(
  stock: ReadonlyMap<string, readonly string[]>,
  ours: ReadonlyMap<string, readonly string[]>,
  listed: Readonly<Record<string, string>>,
): object {
  const differing = [...stock].filter(([name, lines]) => JSON.stringify(lines) !== JSON.stringify(ours.get(name)));
  const names = new Set(differing.map(([name]) => name));
  const ids = new Set(DIFFERENCES.map(({ id }) => id));
  return {
    unlisted: Object.fromEntries(
      differing.filter(([name]) => !(name in listed)).map(([name, lines]) => [name, { stock: lines, ours: ours.get(name) }]),
    ),
    stale: Object.keys(listed).filter((name) => !names.has(name)),
    unnamed: Object.values(listed).filter((id) => !ids.has(id)),
  };
}

describe.skipIf(!requireInterop())('a server', () => {
  const lab = useLab(['alice', 'bob']);

  it('answers every command as stock does', async () => {
    const [stock, ours] = [await answers(lab, 'stock'), await answers(lab, 'ours')];
    expect(disagreements(stock, ours, LISTED)).toEqual(AGREED);
    const asked = new Set([...stock.keys()].map((name) => name.split(' ')[0]));
    const closing = new Set(['exit', 'quit']);
    expect(COMMANDS.map(({ name }) => name).filter((name) => !asked.has(name) && !closing.has(name))).toEqual([]);
  }, 120_000);

  it('answers about logins as stock does', async () => {
    const [stock, ours] = [await authAnswers(lab, 'stock'), await authAnswers(lab, 'ours')];
    expect(disagreements(stock, ours, AUTH_LISTED)).toEqual(AGREED);
  }, 120_000);

  it('says unasked what stock says', async () => {
    const stock = await notified(lab, 'stock');
    expect(stock.map((line) => line.replace(/[:,].*/, ''))).toContain('>NOTIFY');
    const ours = await notified(lab, 'ours');
    expect(ours.filter((line) => line.startsWith('>CLIENT:ADDRESS'))).toHaveLength(2);
    expect(without(ours, OURS_ALONE)).toEqual(without(stock, STOCK_ALONE));
    expect(DIFFERENCES.map(({ id }) => id)).toEqual(expect.arrayContaining(['management.disconnect-always', 'engine.device-kept']));
  }, 120_000);
});
