import { describe, expect, it } from 'vitest';
import { seconds, type WallTime } from '../base/units.ts';
import type { DaemonEvent, DaemonReply, DaemonRequest, DaemonState } from '../model/daemon-port.ts';
import { EnvList } from '../model/env-list.ts';
import { ManagementRig } from './testing.ts';

function states(count: number): DaemonState {
  return { time: (1_795_352_490_000 + count * 1000) as WallTime, name: 'CONNECTED' };
}

function logLine(rig: ManagementRig, text: string): DaemonEvent {
  return { kind: 'log', line: { time: rig.now.wall, word: 1, text } };
}

function connected(...ids: readonly number[]): ManagementRig {
  const rig = new ManagementRig();
  for (const id of ids) rig.connect(id);
  for (const id of ids) rig.read(id);
  return rig;
}

describe('requests', () => {
  const answers: Readonly<Record<string, DaemonReply>> = { done: { kind: 'done', text: '' }, refused: { kind: 'refused', text: '' } };

  it.each<[string, DaemonRequest, string, string]>([
    [
      'client-kill 7',
      { kind: 'client-kill', clientId: 7, message: 'RESTART' },
      'client-kill command succeeded',
      'client-kill command failed',
    ],
    [
      'client-kill 7x HALT,bye',
      { kind: 'client-kill', clientId: 7, message: 'HALT,bye' },
      'client-kill command succeeded',
      'client-kill command failed',
    ],
    [
      'client-auth-nt 1 2',
      { kind: 'client-auth', clientId: 1, keyId: 2, config: [] },
      'client-auth command succeeded',
      'client-auth command failed',
    ],
    [
      'client-deny 1 2 "no entry" bye',
      { kind: 'client-deny', clientId: 1, keyId: 2, reason: 'no entry', clientReason: 'bye' },
      'client-deny command succeeded',
      'client-deny command failed',
    ],
    [
      'client-pending-auth 1 2 WEB_AUTH::https://x 30',
      { kind: 'client-pending-auth', clientId: 1, keyId: 2, extra: 'WEB_AUTH::https://x', timeoutSeconds: 30 },
      'client-pending-auth command succeeded',
      'client-pending-auth command failed. Extra parameter might be too long',
    ],
    ['signal SIGHUP', { kind: 'signal', name: 'SIGHUP' }, 'signal SIGHUP thrown', "signal 'SIGHUP' is currently ignored"],
    ['verb 0', { kind: 'verb', set: 0 }, 'verb level changed', "The 'verb' command is not supported by the current daemon mode"],
    ['mute 9', { kind: 'mute', set: 9 }, 'mute level changed', "The 'mute' command is not supported by the current daemon mode"],
    [
      'hold release',
      { kind: 'hold', action: 'release' },
      'hold release succeeded',
      "The 'hold' command is not supported by the current daemon mode",
    ],
    [
      'auth-retry none',
      { kind: 'auth-retry', set: 'none' },
      'auth-retry parameter changed',
      "The 'auth-retry' command is not supported by the current daemon mode",
    ],
    ['forget-passwords', { kind: 'forget-passwords' }, 'Passwords were forgotten', 'Passwords were not forgotten'],
    [
      'needok a ok',
      { kind: 'unknown', line: Buffer.from('needok a ok') },
      'command succeeded',
      'no needok-confirmation is currently needed at this time',
    ],
    [
      'frobnicate',
      { kind: 'unknown', line: Buffer.from('frobnicate') },
      'command succeeded',
      "unknown command, enter 'help' for more options",
    ],
  ])('%s', (line, request, done, refused) => {
    for (const [how, reply] of Object.entries(answers)) {
      const rig = new ManagementRig({ answer: () => reply });
      rig.connect(1);
      rig.read(1);
      expect(rig.type(1, line)).toEqual([how === 'done' ? `SUCCESS: ${done}` : `ERROR: ${refused}`]);
      expect(rig.port.requests).toEqual([request]);
    }
  });

  it('are answered after what the daemon did for them, as with stock', () => {
    const rig = new ManagementRig({
      answer: () => {
        rig.port.emit({ kind: 'client', what: 'DISCONNECT', clientId: 7, env: new EnvList() });
        return { kind: 'killed', count: 1 };
      },
    });
    rig.connect(1);
    rig.read(1);
    const said = rig.type(1, 'kill alice', 'version');
    expect(said.slice(0, 3)).toEqual(['>CLIENT:DISCONNECT,7', '>CLIENT:ENV,END', "SUCCESS: common name 'alice' found, 1 client(s) killed"]);
    expect(said[3]).toMatch(/^OpenVPN Version: /);
  });

  it.each<[string, DaemonReply, string[]]>([
    ['kill alice', { kind: 'killed', count: 2 }, ["SUCCESS: common name 'alice' found, 2 client(s) killed"]],
    ['kill alice', { kind: 'killed', count: 0 }, ["ERROR: common name 'alice' not found"]],
    ['kill 10.0.0.1:9', { kind: 'killed', count: 1 }, ['SUCCESS: 1 client(s) at address 10.0.0.1:9 killed']],
    ['kill [fd00::1]:9', { kind: 'killed', count: 0 }, ['ERROR: client at address [fd00::1]:9 not found']],
    ['load-stats', { kind: 'load', clients: 1, received: 2, sent: 3 }, ['SUCCESS: nclients=1,bytesin=2,bytesout=3']],
    ['nclients', { kind: 'load', clients: 1, received: 2, sent: 3 }, ['SUCCESS: nclients=1']],
    ['hold', { kind: 'value', value: 1 }, ['SUCCESS: hold=1']],
    ['pid', { kind: 'done', text: 'pid=1 (relayed)' }, ['SUCCESS: pid=1 (relayed)']],
    ['signal SIGHUP', { kind: 'refused', text: 'not now' }, ['ERROR: not now']],
    ['status', { kind: 'lines', lines: ['OpenVPN STATISTICS'] }, ['OpenVPN STATISTICS', 'END']],
    ['status', { kind: 'value', value: 1 }, ["ERROR: The 'status' command is not supported by the current daemon mode"]],
  ])('%s, answered %j', (line, reply, lines) => {
    const rig = new ManagementRig({ answer: () => reply });
    rig.connect(1);
    rig.read(1);
    expect(rig.type(1, line)).toEqual(lines);
  });
});

describe('a body', () => {
  it('is collected up to END and handed over, blank lines and all', () => {
    const rig = new ManagementRig({ answer: () => ({ kind: 'done', text: '' }) });
    rig.connect(1);
    rig.read(1);
    const replies = rig.type(1, 'client-auth 1 2', 'push "route 10.0.0.0 255.0.0.0"', '', ' END', 'END ', 'end', 'quit', 'END', 'pid');
    expect(replies[0]).toBe('SUCCESS: client-auth command succeeded');
    expect(rig.port.requests).toEqual([
      { kind: 'client-auth', clientId: 1, keyId: 2, config: ['push "route 10.0.0.0 255.0.0.0"', '', ' END', 'END ', 'end', 'quit'] },
      { kind: 'pid' },
    ]);
    expect(rig.log.filter((line) => line.includes('CMD'))).toEqual(["MANAGEMENT: CMD 'client-auth 1 2'", "MANAGEMENT: CMD 'pid'"]);
  });

  it.each(['client-auth x 1', 'client-auth 1', 'certificate', 'pk-sig', 'rsa-sig'])('of a refused %s is dropped', (header) => {
    const rig = connected(1);
    expect(rig.type(1, header, 'signal SIGTERM', 'exit', 'END', 'verb 99')).toEqual([
      expect.stringMatching(/^ERROR: /),
      'ERROR: verb level is out of range',
    ]);
    expect(rig.port.requests).toEqual([]);
    expect(rig.closed.size).toBe(0);
  });

  it('with a line that is too long is not used', () => {
    const rig = connected(1);
    expect(rig.type(1, 'client-auth 1 2', 'x'.repeat(2000), 'push x', 'END')).toEqual(['ERROR: line too long (1023 bytes max)']);
    expect(rig.port.requests).toEqual([]);
  });

  it('of 10 MiB takes no memory and is refused at its END', () => {
    const rig = connected(1);
    rig.send(1, 'client-auth 1 2\n');
    const piece = Buffer.from(`${'x'.repeat(1000)}\n`.repeat(64));
    for (let i = 0; i < 164; i++) rig.send(1, piece);
    expect(rig.read(1)).toEqual([]);
    expect(rig.type(1, 'END', 'verb 99')).toEqual([
      'ERROR: too many lines before END (65536 bytes max)',
      'ERROR: verb level is out of range',
    ]);
  });
});

describe('bytecount', () => {
  const clients = [{ clientId: 3, received: 10, sent: 20 }];

  it('comes at each client’s own interval', () => {
    const rig = new ManagementRig({
      answer: (request) => (request.kind === 'client-bytes' ? { kind: 'client-bytes', clients } : undefined),
    });
    for (const id of [1, 2]) rig.connect(id);
    rig.type(1, 'bytecount 2');
    rig.type(2, 'bytecount 5');
    const counts: Record<number, number> = { 1: 0, 2: 0 };
    for (let second = 1; second <= 10; second++) {
      rig.advance(seconds(1));
      for (const id of [1, 2]) counts[id] = (counts[id] ?? 0) + rig.read(id).filter((line) => line === '>BYTECOUNT_CLI:3,10,20').length;
    }
    expect(counts).toEqual({ 1: 5, 2: 2 });
    rig.type(1, 'bytecount 0');
    rig.type(2, 'bytecount junk');
    expect(rig.server.nextDeadline()).toBeUndefined();
  });

  it('is a client’s totals in client mode', () => {
    const rig = new ManagementRig({ answer: () => ({ kind: 'load', clients: 0, received: 7, sent: 8 }), info: { mode: 'client' } });
    rig.connect(1);
    rig.type(1, 'bytecount 1');
    rig.advance(seconds(1));
    expect(rig.read(1)).toEqual(['>BYTECOUNT:7,8']);
  });

  it('ends with the connection', () => {
    const rig = connected(1);
    rig.type(1, 'bytecount 1');
    rig.server.handleClosed(1, rig.now);
    expect(rig.server.nextDeadline()).toBeUndefined();
  });
});

describe('histories', () => {
  it('show what was, the newest last, and start with what was before the server', () => {
    const rig = new ManagementRig({ options: { logHistory: 3, earlierLog: [{ time: 0 as WallTime, word: 1, text: 'early' }] } });
    rig.connect(1);
    rig.verb = 0;
    rig.port.emit(logLine(rig, 'later'));
    expect(rig.type(1, 'log all').slice(-3)).toEqual([
      '1795352490,,MANAGEMENT: Client connected from [AF_INET]127.0.0.1:40001',
      '1795352490,I,later',
      'END',
    ]);
    expect(rig.type(1, 'log 1')).toEqual(['1795352490,I,later', 'END']);
    expect(rig.type(1, 'log 2000000000')).toHaveLength(4);
  });

  it('and tests of any length are made as they are read', () => {
    const rig = connected(1, 2);
    rig.stalled.add(1);
    rig.send(1, 'test 2000000000\n');
    expect(rig.read(1).length).toBeLessThan(3000);
    expect(rig.type(2, 'log 2000000000').at(-1)).toBe('END');
  });

  it('of states hold a hundred', () => {
    const rig = connected(1);
    for (let n = 0; n < 150; n++) rig.port.emit({ kind: 'state', state: states(n) });
    expect(rig.type(1, 'state all')).toHaveLength(101);
    expect(rig.type(1, 'state')).toEqual([`${1_795_352_490 + 149},CONNECTED,,,,,,`, 'END']);
  });

  it('log a state when somebody watches', () => {
    const rig = connected(1);
    rig.port.emit({ kind: 'state', state: states(0) });
    rig.drive();
    expect(rig.log.some((line) => line.includes('>STATE'))).toBe(false);
    rig.type(1, 'state on', 'log on');
    rig.port.emit({ kind: 'state', state: states(1) });
    rig.drive();
    expect(rig.read(1)).toEqual(['>LOG:1795352490,,MANAGEMENT: >STATE:1795352491,CONNECTED,,,,,,', '>STATE:1795352491,CONNECTED,,,,,,']);
  });
});
