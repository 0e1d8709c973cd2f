import { describe, expect, it } from 'vitest';
import type { DaemonEvent } from '../model/daemon-port.ts';
import { EnvList } from '../model/env-list.ts';
import { ManagementRig } from './testing.ts';

/** What is odd in stock and kept, because programs depend on it (facts: management 22). */

const DONE = { kind: 'done', text: '' } as const;

function rigOf(answer: ConstructorParameters<typeof ManagementRig>[0] = { answer: () => DONE }): ManagementRig {
  const rig = new ManagementRig(answer);
  rig.connect(1);
  rig.read(1);
  return rig;
}

const connect: DaemonEvent = {
  kind: 'client',
  what: 'CONNECT',
  clientId: 3,
  keyId: 1,
  env: new EnvList([
    ['common_name', 'a=b,c'],
    ['password', 'hunter2'],
  ]),
};

describe('what is kept of stock', () => {
  it.each<[command: string, reply: string[]]>([
    ['test 2', [0, 1].map((i) => `[${i}] The purpose of this command is to generate large amounts of output.`)],
    ['net', ['ERROR: Sorry, this command is currently only implemented on Windows']],
    ['status 9', ['ERROR: bad status format version number']],
    ['client-auth-nt 3 1', ['SUCCESS: client-auth command succeeded']],
    ['cr-response aGk=', ["ERROR: The 'cr-repsonse' command is not supported by the current daemon mode"]],
  ])('are replies without END and with slips of the pen: %s', (command, reply) => {
    expect(rigOf().type(1, command, 'pid')).toEqual([...reply, 'SUCCESS: command succeeded']);
  });

  it.each([
    ['bytecount abc', ['SUCCESS: bytecount interval changed']],
    ['bytecount 5x', ['SUCCESS: bytecount interval changed']],
    ['status abc', ['STATUS', 'END']],
    ['status 3x', ['STATUS', 'END']],
  ])('are numbers that are none: %s', (command, reply) => {
    const report = { kind: 'client', title: '', time: 0, tunRead: 0, tunWrite: 0, linkRead: 0, linkWrite: 0, authRead: 0 } as const;
    const rig = rigOf({ answer: () => ({ kind: 'status', report: { ...report, time: rig.now.wall } }) });
    expect(rig.type(1, command)).toEqual(reply);
  });

  it.each(['version 3', 'version 1', '', '   ', '# a comment'])('is the silence after %j', (line) => {
    expect(rigOf().type(1, line)).toEqual([]);
  });

  it('is the name of those that have none yet', () => {
    const rig = rigOf({ answer: () => ({ kind: 'killed', count: 2 }) });
    expect(rig.type(1, 'kill UNDEF')).toEqual(["SUCCESS: common name 'UNDEF' found, 2 client(s) killed"]);
    expect(rig.port.requests).toEqual([{ kind: 'kill-name', commonName: 'UNDEF' }]);
  });

  it('are values as they are, and the password for who decides about logins alone', () => {
    const rig = rigOf();
    rig.connect(2, { role: 'operate' });
    rig.read(2);
    rig.port.emit(connect);
    rig.drive();
    expect(rig.read(1)).toEqual([
      '>CLIENT:CONNECT,3,1',
      '>CLIENT:ENV,password=hunter2',
      '>CLIENT:ENV,common_name=a=b,c',
      '>CLIENT:ENV,END',
    ]);
    expect(rig.read(2).join()).not.toContain('hunter2');
  });

  it('is the exit of a client that is not named', () => {
    const rig = rigOf();
    rig.port.emit({ kind: 'notify', type: 'remote-exit', text: 'EXIT' });
    rig.drive();
    expect(rig.read(1)).toEqual(['>NOTIFY:info,remote-exit,EXIT']);
  });
});
