import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from '../../src/base/differences.ts';
import type { Program } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { comparable, Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';

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
  'verb abc': 'management.strict-levels',
  'verb 3x': 'management.strict-levels',
  'mute x': 'management.strict-levels',
  'push-update-broad x': 'management.more-commands',
  'status json': 'management.more-commands',
  who: 'management.more-commands',
  clients: 'management.more-commands',
  'client-auth x 1': 'management.refused-body',
  'pk-sig': 'management.refused-body',
  'rsa-sig': 'management.refused-body',
  certificate: 'management.refused-body',
  'kill udp:10.1.1.1:1': 'management.kill-address-forms',
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
  const result = new Map<string, readonly string[]>();
  for (const entry of SCRIPT) {
    const key = result.has(nameOf(entry)) ? `${nameOf(entry)} (again)` : nameOf(entry);
    result.set(key, sorted((await talk.ask(...(typeof entry === 'string' ? [entry] : entry))).map(comparable)));
  }
  talk.close();
  await lab.network.stopAll();
  return result;
}

describe.skipIf(!requireInterop())('a plain server', () => {
  const lab = useLab(['alice', 'bob']);

  it('answers every command as stock does', async () => {
    const stock = await answers(lab, 'stock');
    const ours = await answers(lab, 'ours');
    const differing = [...stock].filter(([name, lines]) => JSON.stringify(lines) !== JSON.stringify(ours.get(name)));
    const unlisted = differing.filter(([name]) => !(name in LISTED));
    expect(Object.fromEntries(unlisted.map(([name]) => [name, ours.get(name)]))).toEqual(Object.fromEntries(unlisted));
    const names = differing.map(([name]) => name);
    expect(Object.keys(LISTED).filter((name) => !names.includes(name))).toEqual([]);
    const ids = new Set(DIFFERENCES.map(({ id }) => id));
    expect(Object.values(LISTED).filter((id) => !ids.has(id))).toEqual([]);
  }, 120_000);
});
