import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { milliseconds, type WallTime } from '../base/units.ts';
import { EnvList } from '../model/env-list.ts';
import type { DaemonEvent, DaemonState } from '../model/daemon-port.ts';
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
    rig.connect(4);
    expect(rig.read(4)).toEqual(['ERROR: too many management clients']);
    expect(rig.log.filter((line) => line.includes('40003') || line.includes('40004'))).toEqual([
      'MANAGEMENT: [AF_INET]127.0.0.1:40003 refused, 2 clients are connected',
    ]);
    expect(rig.log).not.toContain('MANAGEMENT: Client disconnected');
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
