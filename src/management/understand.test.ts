import { describe, expect, it } from 'vitest';
import type { DaemonInfo } from '../model/daemon-port.ts';
import { COMMANDS, commandNamed } from './commands.ts';
import { helpLines } from './help.ts';
import { understand } from './understand.ts';

const SERVER: DaemonInfo = { title: 't', mode: 'server', statusVersion: 1, connected: true };
const CLIENT: DaemonInfo = { ...SERVER, mode: 'client' };

// What stock 2.6.14 answered in server mode, without `ERROR: `.
const REFUSED: readonly (readonly [line: string, refusal: string])[] = [
  ['log', "the 'log' command requires at least 1 parameter"],
  ['echo', "the 'echo' command requires at least 1 parameter"],
  ['bytecount', "the 'bytecount' command requires 1 parameter"],
  ['kill', "the 'kill' command requires 1 parameter"],
  ['signal', "the 'signal' command requires 1 parameter"],
  ['test', "the 'test' command requires 1 parameter"],
  ['pkcs11-id-get', "the 'pkcs11-id-get' command requires 1 parameter"],
  ['client-kill', "the 'client-kill' command requires at least 1 parameter"],
  ['client-auth', "the 'client-auth' command requires 2 parameters"],
  ['client-auth 0', "the 'client-auth' command requires 2 parameters"],
  ['client-auth-nt 0', "the 'client-auth-nt' command requires 2 parameters"],
  ['client-deny 0 0', "the 'client-deny' command requires at least 3 parameters"],
  ['client-pending-auth 0 0', "the 'client-pending-auth' command requires 4 parameters"],
  ['client-auth x 1', 'cannot parse CID'],
  ['client-auth 0 y', 'cannot parse KID'],
  ['client-pending-auth 0 x y z', 'cannot parse KID'],
  ['client-pending-auth 0 0 y z', 'cannot parse TIMEOUT'],
  ['password', "the 'password' command requires 2 parameters"],
  ['password Auth', "the 'password' command requires 2 parameters"],
  ['username', "the 'username' command requires 2 parameters"],
  ['needok x', "the 'needok' command requires 2 parameters"],
  ['needstr x', "the 'needstr' command requires 2 parameters"],
  ['proxy', "the 'proxy' command requires at least 1 parameter"],
  ['remote', "the 'remote' command requires at least 1 parameter"],
  ['remote-entry-get', "the 'remote-entry-get' command requires at least 1 parameter"],
  ['cr-response', "the 'cr-response' command requires 1 parameter"],
  ['proxy NONE', "The 'proxy' command is not supported by the current daemon mode"],
  ['remote ACCEPT x', "The 'remote' command is not supported by the current daemon mode"],
  ['remote-entry-count', "The 'remote-entry-count' command is not supported by the current daemon mode"],
  ['cr-response abc', "The 'cr-repsonse' command is not supported by the current daemon mode"],
  ['certificate', 'The certificate command is not currently available'],
  ['pk-sig', 'The pk-sig command is not currently available'],
  ['rsa-sig', 'The rsa-sig command is not currently available'],
  ['"unbalanced', 'Options error: No closing quotation (") in TCP:0'],
  ["'pid", "Options error: No closing single quotation (') in TCP:0"],
];

describe('understand', () => {
  it.each(REFUSED)('%s: %s', (line, refusal) => {
    expect(understand(line, SERVER)).toMatchObject({ refusal, blank: false });
  });

  it.each(['kill x', 'nclients', 'client-kill 1', 'client-auth 0 0', 'client-deny 0 0 x'])('has no %s in client mode', (line) => {
    const name = line.split(' ')[0];
    expect(understand(line, CLIENT).refusal).toBe(`The '${name}' command is not supported by the current daemon mode`);
  });

  it.each(['proxy NONE', 'remote ACCEPT', 'remote-entry-get all', 'cr-response x'])('has %s in client mode', (line) => {
    expect(understand(line, CLIENT).refusal).toBeUndefined();
  });

  it.each(['', '  ', '# pid', '; pid'])('takes %j for blank', (line) => {
    expect(understand(line, SERVER)).toMatchObject({ blank: true, command: undefined, refusal: undefined });
  });

  it.each(['PID', 'pid#x', 'frobnicate', '"" x', 'client-pf 1', 'constructor', '__proto__'])('does not know %j', (line) => {
    expect(understand(line, SERVER)).toMatchObject({ blank: false, command: undefined, refusal: undefined });
  });

  it('ignores surplus parameters', () => {
    expect(understand('status 1 2 3', SERVER)).toMatchObject({ words: ['1'], refusal: undefined });
    expect(understand('pid extra', SERVER)).toMatchObject({ words: [], refusal: undefined });
    expect(understand('log on off all', SERVER)).toMatchObject({ words: ['on', 'off'] });
    expect(understand('client-deny 0 1 "no entry" bye x', SERVER)).toMatchObject({ words: ['0', '1', 'no entry', 'bye'] });
  });
});

describe('COMMANDS', () => {
  it('has every command of 2.6 once, and ours, in order', () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
    const ours = ['clients', 'events', 'log-reopen', 'push-update-broad', 'push-update-cid', 'who'];
    expect(names.filter((name) => !ours.includes(name))).toEqual(
      (
        'auth-retry bytecount certificate client-auth client-auth-nt client-deny client-kill client-pending-auth cr-response echo ' +
        'env-filter exit forget-passwords help hold kill load-stats log mute nclients needok needstr net password pid pk-sig ' +
        'pkcs11-id-count pkcs11-id-get proxy quit remote remote-entry-count remote-entry-get rsa-sig signal state status test username ' +
        'verb version'
      ).split(' '),
    );
    for (const name of names) expect(commandNamed(name)?.name).toBe(name);
  });

  it('is what help shows', () => {
    const help = [...helpLines('OpenVPN 2.6.14 x', COMMANDS)];
    expect(help.slice(0, 2)).toEqual(['Management Interface for OpenVPN 2.6.14 x', 'Commands:']);
    expect(help.at(-1)).toBe('END');
    expect(help.slice(2, -1).map((line) => line.split(' ')[0])).toEqual(COMMANDS.map(({ name }) => name));
    expect(help).toContain(
      'client-auth CID KID ... END              : Let a client in, with the configuration that follows up to END. (server only)',
    );
  });
});
