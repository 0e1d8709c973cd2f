import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { milliseconds, seconds, type WallTime } from '../base/units.ts';
import { EnvList } from '../model/env-list.ts';
import type { DaemonEvent, DaemonReply, DaemonRequest, DaemonState } from '../model/daemon-port.ts';
import { LIMITS } from './server-options.ts';
import { ManagementRig } from './testing.ts';

const PASSWORD = new Secret('secret');

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

/** A daemon that answers when it is told to. */
function slowDaemon(): ManagementRig {
  const rig = new ManagementRig({ answer: () => undefined });
  rig.connect(1);
  rig.read(1);
  return rig;
}

describe('a connection', () => {
  it('is greeted, and its coming and going logged', () => {
    const rig = new ManagementRig();
    rig.connect(1);
    expect(rig.read(1)).toEqual([">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info"]);
    rig.server.handleClosed(1, rig.now);
    rig.drive();
    expect(rig.log).toEqual(['MANAGEMENT: Client connected from [AF_INET]127.0.0.1:40001', 'MANAGEMENT: Client disconnected']);
    expect(rig.server.connections).toBe(0);
  });

  it('is told what the daemon waits for, at once and when it comes later', () => {
    const rig = connected(1);
    rig.port.emit({ kind: 'prompt', text: 'HOLD:Waiting for hold release:0' });
    rig.drive();
    expect(rig.read(1)).toEqual(['>HOLD:Waiting for hold release:0']);
    rig.connect(2);
    expect(rig.read(2)[1]).toBe('>HOLD:Waiting for hold release:0');
    rig.port.emit({ kind: 'prompt', text: undefined });
    rig.connect(3);
    expect(rig.read(3)).toHaveLength(1);
    expect(rig.read(1)).toEqual([]);
  });

  it.each(['exit', 'quit'])('ends with %s, and what follows is not run', (word) => {
    const rig = connected(1);
    expect(rig.type(1, 'verb 17', word, 'pid')).toEqual(['ERROR: verb level is out of range']);
    expect(rig.closed).toEqual(new Set([1]));
    rig.send(1, 'pid\n');
    expect(rig.read(1)).toEqual([]);
    expect(rig.port.requests).toEqual([]);
  });

  it('beyond the limit is told so and closed, and the others stay', () => {
    const rig = new ManagementRig({ options: { maxConnections: 2 } });
    for (const id of [1, 2, 3]) rig.connect(id);
    expect(rig.read(3)).toEqual(['ERROR: too many management clients']);
    expect(rig.closed).toEqual(new Set([3]));
    expect(rig.server.connections).toBe(2);
    expect(rig.log.at(-2)).toContain('[AF_INET]127.0.0.1:40003 refused, 2 clients are connected');
  });

  it('is closed with the others when the daemon ends', () => {
    const rig = connected(1, 2);
    rig.server.end(rig.now);
    rig.drive();
    expect(rig.closed).toEqual(new Set([1, 2]));
    rig.port.emit(logLine(rig, 'late'));
    expect(rig.server.poll()).toBeUndefined();
  });
});

describe('the password', () => {
  it('is asked for first, and nothing is told before', () => {
    const rig = new ManagementRig();
    rig.connect(1, { password: PASSWORD });
    rig.port.emit({ kind: 'fatal', text: 'x' });
    expect(rig.readBytes(1).toString()).toBe('ENTER PASSWORD:');
  });

  it.each(['secret ', ' secret', 'Secret', '', 'exit', 's'.repeat(2000)])('%j is wrong', (attempt) => {
    const rig = new ManagementRig();
    rig.connect(1, { password: PASSWORD });
    rig.readBytes(1);
    rig.send(1, `${attempt}\n`);
    expect(rig.readBytes(1).toString()).toBe('ERROR: bad password\r\nENTER PASSWORD:');
  });

  it('may come after wrong ones, together with commands, and is never logged', () => {
    const rig = new ManagementRig({ answer: () => ({ kind: 'value', value: 7 }) });
    rig.connect(1, { password: PASSWORD });
    rig.send(1, 'nearly-secret\nsecret\r\npid\n');
    expect(rig.read(1).slice(-3)).toEqual([
      'ENTER PASSWORD:SUCCESS: password is correct',
      ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info",
      'SUCCESS: pid=7',
    ]);
    expect(rig.log.join('\n')).not.toContain('secret');
  });

  it('must come in time', () => {
    const rig = new ManagementRig();
    rig.connect(1, { password: PASSWORD });
    rig.connect(2, { password: PASSWORD });
    rig.send(2, 'secret\n');
    rig.advance(milliseconds(LIMITS.passwordTimeout - 1));
    expect(rig.closed.size).toBe(0);
    rig.advance(milliseconds(1));
    expect(rig.closed).toEqual(new Set([1]));
    expect(rig.read(1).at(-1)).toBe('ENTER PASSWORD:ERROR: no password was given in time');
    expect(rig.log).toContain('MANAGEMENT: [AF_INET]127.0.0.1:40001 gave no password in 30 s, closed');
    expect(rig.server.nextDeadline()).toBeUndefined();
  });
});

describe('many clients', () => {
  it('have subscriptions of their own', () => {
    const rig = connected(1, 2, 3);
    rig.type(1, 'log on');
    rig.type(2, 'state on');
    rig.type(3, 'echo on', 'log on', 'log off');
    for (const id of [1, 2, 3]) rig.read(id);
    rig.port.emit(logLine(rig, 'hello'));
    rig.port.emit({ kind: 'echo', time: rig.now.wall, text: 'msg' });
    rig.drive();
    expect(rig.read(1)).toEqual(['>LOG:1795352490,I,hello']);
    expect(rig.read(2)).toEqual([]);
    expect(rig.read(3)).toEqual(['>ECHO:1795352490,msg']);
  });

  it('see each what happens once, in order', () => {
    const rig = connected(...Array.from({ length: 100 }, (_, id) => id));
    for (let id = 0; id < 100; id++) rig.type(id, id % 2 === 0 ? 'state on' : 'log on');
    for (let id = 0; id < 100; id++) rig.read(id);
    for (let n = 0; n < 50; n++) {
      rig.port.emit(logLine(rig, `line ${n}`));
      rig.port.emit({ kind: 'state', state: states(n) });
    }
    rig.drive();
    for (let id = 0; id < 100; id++) {
      const read = rig.read(id).filter((line) => !line.includes('MANAGEMENT: >STATE'));
      const wanted =
        id % 2 === 0 ? (n: number) => `>STATE:${1_795_352_490 + n},CONNECTED,,,,,,` : (n: number) => `>LOG:1795352490,I,line ${n}`;
      expect(read).toEqual(Array.from({ length: 50 }, (_, n) => wanted(n)));
    }
  });

  it('have filters and versions of their own, which end with them', () => {
    const rig = connected(1, 2);
    rig.type(1, 'env-filter 3');
    rig.port.emit({ kind: 'client', what: 'ESTABLISHED', clientId: 4, env: new EnvList([['common_name', 'alice']]) });
    rig.drive();
    expect(rig.read(1)).toEqual(['>CLIENT:ESTABLISHED,4', '>CLIENT:ENV,END']);
    expect(rig.read(2)).toEqual(['>CLIENT:ESTABLISHED,4', '>CLIENT:ENV,common_name=alice', '>CLIENT:ENV,END']);
    rig.server.handleClosed(1, rig.now);
    rig.connect(3);
    rig.read(3);
    rig.port.emit({ kind: 'client', what: 'DISCONNECT', clientId: 4, env: new EnvList([['bytes_sent', '1']]) });
    rig.drive();
    expect(rig.read(3)).toEqual(['>CLIENT:DISCONNECT,4', '>CLIENT:ENV,bytes_sent=1', '>CLIENT:ENV,END']);
  });

  it('take turns: a flood of commands of one delays no other', () => {
    const rig = connected(1, 2);
    rig.server.handleData(1, Buffer.from('version\n'.repeat(1000)), rig.now);
    rig.server.handleData(2, Buffer.from('pid\n'), rig.now);
    rig.drive();
    const position = rig.log.findIndex((line) => line.endsWith("'pid'"));
    expect(position).toBeLessThan(10);
    expect(rig.read(1)).toHaveLength(3000);
  });

  it('all hear a fatal error before they are closed', () => {
    const rig = connected(1, 2);
    rig.port.emit({ kind: 'fatal', text: 'Cannot open TUN' });
    rig.drive();
    for (const id of [1, 2]) expect(rig.read(id)).toEqual(['>FATAL:Cannot open TUN']);
    expect(rig.closed).toEqual(new Set([1, 2]));
  });
});

describe('a reader that does not read', () => {
  it('is closed at its limit, told why, and delays nobody', () => {
    const rig = new ManagementRig({ options: { maxBacklog: 300_000 } });
    for (const id of [1, 2]) rig.connect(id);
    for (const id of [1, 2]) rig.type(id, 'log on');
    rig.stalled.add(1);
    let heard = 0;
    for (let n = 0; n < 5000; n++) {
      rig.port.emit(logLine(rig, `${n} ${'x'.repeat(100)}`));
      rig.drive();
      heard += rig.read(2).filter((line) => line.includes('xxx')).length;
    }
    expect(heard).toBe(5000);
    expect(rig.closed).toEqual(new Set([1]));
    const received = rig.read(1);
    expect(received.at(-1)).toBe('ERROR: output was not read in time');
    expect(received.join('').length).toBeLessThan(140_000);
    expect(rig.log.some((line) => /40001 reads too slowly, closed with \d+ bytes waiting/.test(line))).toBe(true);
  });

  it('has no further commands run, and gets all replies once it reads', () => {
    const rig = connected(1);
    rig.stalled.add(1);
    rig.send(1, 'test 3000\n'.repeat(10));
    rig.send(1, 'pid\n'.repeat(10));
    expect(rig.port.requests).toEqual([]);
    const before = rig.read(1).length;
    rig.resume(1);
    expect(before).toBeLessThan(3000);
    expect(before + rig.read(1).length).toBe(30_010);
    expect(rig.port.requests).toHaveLength(10);
  });
});

describe('a reply', () => {
  it('is not torn by what happens meanwhile', () => {
    const rig = connected(1);
    rig.type(1, 'log on');
    rig.stalled.add(1);
    rig.send(1, 'test 5000\n');
    rig.port.emit(logLine(rig, 'meanwhile'));
    rig.resume(1);
    const lines = rig.read(1);
    expect(lines).toHaveLength(5002);
    expect(lines.at(-1)).toBe('>LOG:1795352490,I,meanwhile');
  });

  it('follows the log line of its command', () => {
    const rig = connected(1);
    rig.type(1, 'log on');
    expect(rig.type(1, 'verb x')).toEqual([">LOG:1795352490,D,MANAGEMENT: CMD 'verb x'", 'ERROR: verb level is out of range']);
  });

  it('comes after the replies to earlier commands, also when the daemon is late', () => {
    const rig = slowDaemon();
    expect(rig.type(1, 'pid', 'version 5', 'verb', 'hold foo')).toEqual([]);
    expect(rig.port.requests).toEqual([{ kind: 'pid' }]);
    rig.port.settle({ kind: 'value', value: 1 });
    rig.drive();
    expect(rig.read(1)).toEqual(['SUCCESS: pid=1']);
    rig.port.settle({ kind: 'value', value: 3 });
    rig.drive();
    expect(rig.read(1)).toEqual(['SUCCESS: verb=3', 'ERROR: bad hold command parameter']);
  });

  it('is an error when the daemon does not answer, and the late answer is nobody else’s', () => {
    const rig = slowDaemon();
    rig.type(1, 'pid', 'verb');
    rig.advance(LIMITS.answerTimeout);
    expect(rig.read(1)).toEqual(['ERROR: the daemon did not answer in time']);
    rig.port.settle({ kind: 'value', value: 4711 });
    rig.port.settle({ kind: 'value', value: 3 });
    rig.drive();
    expect(rig.read(1)).toEqual(['SUCCESS: verb=3']);
  });

  it('is dropped when its connection has gone', () => {
    const rig = slowDaemon();
    rig.type(1, 'pid');
    rig.server.handleClosed(1, rig.now);
    rig.port.settle({ kind: 'value', value: 1 });
    rig.drive();
    expect(rig.read(1)).toEqual([]);
    expect(rig.server.nextDeadline()).toBeUndefined();
  });

  it('wakes the host when the daemon is late', () => {
    let woken = 0;
    const rig = new ManagementRig({ answer: () => undefined, options: { onOutput: () => woken++ } });
    rig.connect(1);
    rig.type(1, 'pid');
    const before = woken;
    rig.port.settle({ kind: 'value', value: 1 });
    expect(woken).toBe(before + 1);
  });
});

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

describe('hostile input', () => {
  it('1 MiB without a line end is one error', () => {
    const rig = connected(1);
    for (let i = 0; i < 1024; i++) rig.send(1, Buffer.alloc(1024, 'x'));
    expect(rig.read(1)).toEqual(['ERROR: line too long (1023 bytes max)']);
    expect(rig.type(1, 'pid', 'verb 99').at(-1)).toBe('ERROR: verb level is out of range');
  });

  it('is not read faster than it is dealt with', () => {
    const rig = slowDaemon();
    rig.send(1, 'pid\n');
    rig.send(1, 'version 1\n'.repeat(10_000));
    expect(rig.paused).toEqual(new Set([1]));
    rig.port.settle({ kind: 'value', value: 1 });
    rig.drive();
    expect(rig.paused.size).toBe(0);
    expect(rig.closed.size).toBe(0);
  });

  it('that does not stop at all is the end of it', () => {
    const rig = slowDaemon();
    rig.send(1, 'pid\n');
    for (let i = 0; i < 20; i++) rig.send(1, Buffer.alloc(64 * 1024, 'x'));
    expect(rig.closed).toEqual(new Set([1]));
    expect(rig.read(1)).toEqual(['ERROR: too much input']);
    expect(rig.log.at(-2)).toContain('sent too much at once');
  });

  it('that is no UTF-8 is text with replacement characters', () => {
    const rig = new ManagementRig({ answer: () => ({ kind: 'killed', count: 0 }) });
    rig.connect(1);
    rig.read(1);
    rig.send(1, Buffer.from('kill k\xff\n', 'latin1'));
    expect(rig.port.requests).toEqual([{ kind: 'kill-name', commonName: 'k\ufffd' }]);
  });

  it('of any kind, cut anywhere, gets the same replies, and whole lines only', () => {
    const word = fc.constantFrom(
      'pid',
      'log',
      'state',
      'on',
      'all',
      '1',
      'client-auth',
      '0 0',
      'END',
      'certificate',
      '"',
      "'",
      '\\',
      'env-filter',
      'x',
      '\0',
      '#',
    );
    const line = fc.oneof(
      fc.array(word, { maxLength: 4 }).map((words) => words.join(' ')),
      fc.string(),
    );
    const input = fc.array(line, { maxLength: 15 }).map((lines) => Buffer.from(`${lines.join('\n')}\n`));
    fc.assert(
      fc.property(input, fc.array(fc.nat(200), { maxLength: 10 }), (bytes, cuts) => {
        const [whole, pieces] = [connected(1), connected(1)];
        whole.send(1, bytes);
        let from = 0;
        for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
          pieces.send(1, bytes.subarray(from, cut));
          from = Math.max(from, cut);
        }
        const reply = whole.readBytes(1).toString();
        expect(pieces.readBytes(1).toString()).toBe(reply);
        expect(reply === '' || reply.endsWith('\r\n')).toBe(true);
        expect(reply.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
      }),
      { numRuns: 150 },
    );
  });
});
