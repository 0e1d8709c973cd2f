import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { seconds } from '../base/units.ts';
import { EnvList } from '../model/env-list.ts';
import type { DaemonEvent, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import { ALICE, recordedServer } from '../status/testing.ts';
import { COMMANDS } from './commands.ts';
import { greeting } from './notifications.ts';
import { roleFor } from './roles.ts';
import { ManagementRig } from './testing.ts';

const CONNECT: DaemonEvent = {
  kind: 'client',
  what: 'CONNECT',
  clientId: 3,
  keyId: 1,
  env: new EnvList([
    ['common_name', 'alice'],
    ['password', 'hush'],
  ]),
};

const CONNECT_LINES = ['>CLIENT:CONNECT,3,1', '>CLIENT:ENV,password=hush', '>CLIENT:ENV,common_name=alice', '>CLIENT:ENV,END'];

function answer(request: DaemonRequest): DaemonReply {
  if (request.kind === 'status')
    return { kind: 'status', report: recordedServer(0, [ALICE, { ...ALICE, clientId: 4, phase: 'handshake' }]) };
  if (request.kind === 'push-update') return { kind: 'updated', count: request.clientId === undefined ? 2 : 0, unsupported: [7] };
  return request.kind === 'pid' ? { kind: 'value', value: 7 } : { kind: 'done', text: '' };
}

const GREETING = greeting();

describe('roles', () => {
  it('let clients of a listener do what they are for, and no more', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1, { role: 'read' });
    rig.connect(2, { role: 'operate' });
    rig.connect(3, { role: 'authenticate' });
    const refused = (id: number, line: string): boolean => rig.type(id, line).some((reply) => reply.includes('takes the role'));
    const lines = [
      'pid',
      'status',
      'verb',
      'hold',
      'verb 3',
      'kill alice',
      'hold release',
      'client-auth-nt 0 1',
      'username Auth x',
      'frobnicate',
    ];
    const allowed = [1, 2, 3].map((id) => lines.filter((line) => !refused(id, line)));
    expect(allowed).toEqual([
      ['pid', 'status', 'verb', 'hold'],
      ['pid', 'status', 'verb', 'hold', 'verb 3', 'kill alice', 'hold release', 'frobnicate'],
      lines,
    ]);
    expect(rig.type(1, 'client-auth 0 1', 'kill alice', 'END', 'pid')).toEqual([
      "ERROR: this connection may read, and the 'client-auth' command takes the role authenticate",
      'SUCCESS: pid=7',
    ]);
  });

  it('are known for every command', () => {
    const setting = COMMANDS.filter(({ name }) => roleFor(name, ['x']) === 'operate').map(({ name }) => name);
    expect(setting).toEqual(
      'auth-retry client-kill forget-passwords hold kill log-reopen mute proxy push-update-broad push-update-cid remote signal verb'.split(
        ' ',
      ),
    );
  });

  it('send questions to those who may answer them', () => {
    const rig = new ManagementRig({ answer });
    for (const [id, role] of [
      [1, 'read'],
      [2, 'operate'],
      [3, 'authenticate'],
    ] as const)
      rig.connect(id, { role });
    for (const id of [1, 2, 3]) rig.read(id);
    rig.port.emit(CONNECT);
    rig.port.emit({ kind: 'prompt', text: 'HOLD:Waiting for hold release:0' });
    rig.drive();
    expect([1, 2, 3].map((id) => rig.read(id))).toEqual([
      [],
      ['>HOLD:Waiting for hold release:0'],
      [...CONNECT_LINES, '>HOLD:Waiting for hold release:0'],
    ]);
    rig.connect(4, { role: 'read' });
    rig.connect(5, { role: 'operate' });
    expect([rig.read(4), rig.read(5)]).toEqual([[GREETING], [GREETING, '>HOLD:Waiting for hold release:0']]);
  });
});

describe('logins that wait', () => {
  it('are shown to whoever comes later and may decide', () => {
    const rig = new ManagementRig({ answer });
    rig.port.waiting = [CONNECT];
    rig.connect(1, { role: 'operate' });
    rig.connect(2);
    rig.connect(3, { password: new Secret('sesame') });
    expect([rig.read(1), rig.read(2), rig.readBytes(3).toString()]).toEqual([[GREETING], [GREETING, ...CONNECT_LINES], 'ENTER PASSWORD:']);
    expect(rig.type(3, 'sesame')).toEqual(['SUCCESS: password is correct', GREETING, ...CONNECT_LINES]);
    expect(rig.server.attended).toBe(true);
  });
});

describe('wrong passwords', () => {
  const guarded = { password: new Secret('sesame') };
  const PROMPT = 'ENTER PASSWORD:';

  it('are answered later and later, and counted', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1, guarded);
    rig.connect(2, guarded);
    rig.connect(3, guarded);
    for (const id of [1, 2, 3]) rig.read(id);
    expect(rig.type(1, 'a', 'b', 'c')).toEqual([`ERROR: bad password`, `${PROMPT}ERROR: bad password`, `${PROMPT}ERROR: bad password`]);
    expect(rig.type(2, 'd', 'e')).toEqual([]);
    rig.advance(seconds(0.25));
    expect(rig.read(2)).toEqual(['ERROR: bad password', PROMPT]);
    rig.advance(seconds(0.25));
    expect(rig.read(2)).toEqual([]);
    rig.advance(seconds(0.25));
    expect(rig.read(2)).toEqual(['ERROR: bad password', PROMPT]);
    expect(rig.server.wrongPasswords).toBe(5);
    expect(rig.log.filter((line) => line.includes('slowed down'))).toHaveLength(1);
    expect(rig.type(3, 'sesame')[0]).toBe('SUCCESS: password is correct');
  });

  it('do not lock the right one out, and leave others alone, however many they are', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(0);
    for (let id = 1; id <= 400; id++) {
      rig.connect(id, guarded);
      rig.type(id, 'guess', 'guess', 'guess');
    }
    rig.connect(1000, guarded);
    rig.type(1000, 'sesame');
    expect(rig.type(0, 'pid')).toContain('SUCCESS: pid=7');
    let waited = 0;
    for (let lines: string[] = []; !lines.includes('SUCCESS: password is correct'); waited++) {
      expect(waited).toBeLessThan(120);
      rig.advance(seconds(1));
      lines = rig.read(1000);
    }
    expect(rig.closed.has(1000)).toBe(false);
  });

  it('are forgotten after a minute', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1, guarded);
    rig.type(1, 'a', 'b', 'c');
    rig.advance(seconds(61));
    rig.connect(2, guarded);
    expect(rig.type(2, 'd')).toEqual(['ERROR: bad password', PROMPT]);
  });
});

describe('one client at a time', () => {
  it('lets the others wait without a word, and come in order', () => {
    const rig = new ManagementRig({ answer, options: { single: true } });
    for (const id of [1, 2, 3]) rig.connect(id);
    rig.send(2, 'pid\n');
    expect([1, 2, 3].map((id) => rig.read(id))).toEqual([[GREETING], [], []]);
    rig.type(1, 'quit');
    expect([2, 3].map((id) => rig.read(id))).toEqual([[GREETING, 'SUCCESS: pid=7'], []]);
    rig.server.handleClosed(2, rig.now);
    rig.drive();
    expect(rig.read(3)).toEqual([GREETING]);
  });
});

describe('commands of ours', () => {
  it('clients lists every client with its phase', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1);
    const rows = rig.type(1, 'clients').map((line) => line.split('\t').slice(0, 3));
    expect(rows).toEqual([['CID', 'PHASE', 'COMMON_NAME'], ['0', 'connected', 'alice'], ['4', 'handshake', 'alice'], ['END']]);
    expect(rig.type(1, 'clients handshake')).toHaveLength(3);
    expect(rig.type(1, 'clients dead')[0]).toMatch(/^ERROR: a phase is one of handshake, /);
  });

  it('events on reports as JSON, without passwords', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1);
    rig.connect(2);
    expect(rig.type(1, 'events on')).toEqual(['SUCCESS: real-time events notification set to ON']);
    rig.read(2);
    rig.port.emit(CONNECT);
    rig.port.emit({ kind: 'client', what: 'ESTABLISHED', clientId: 3, env: new EnvList(), record: ALICE });
    rig.drive();
    const events = rig.read(1).filter((line) => line.startsWith('>EVENT:'));
    expect(events.join()).not.toContain('hush');
    expect(events.map((line) => JSON.parse(line.slice(7)))).toMatchObject([
      { kind: 'client', what: 'CONNECT', clientId: 3, keyId: 1, env: { common_name: 'alice' } },
      { what: 'ESTABLISHED', record: { address: '10.99.0.2:37930', quality: { lost: 0 } } },
    ]);
    expect(rig.read(2).some((line) => line.startsWith('>EVENT:'))).toBe(false);
    expect(rig.type(1, 'events off', 'events maybe')).toEqual([
      'SUCCESS: real-time events notification set to OFF',
      "ERROR: events parameter must be 'on' or 'off'",
    ]);
  });

  it('who lists management clients and their subscriptions', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1);
    rig.connect(2, { role: 'read' });
    rig.type(2, 'log on', 'state on', 'bytecount 5');
    expect(rig.type(1, 'who').map((line) => line.split('\t'))).toEqual([
      ['ID', 'FROM', 'ROLE', 'SUBSCRIPTIONS', 'ENV_FILTER', 'VERSION', 'SELF'],
      ['1', '[AF_INET]127.0.0.1:40001', 'authenticate', '', '0', '1', 'you'],
      ['2', '[AF_INET]127.0.0.1:40002', 'read', 'log state bytecount=5', '0', '1', ''],
      ['END'],
    ]);
  });

  it('push-update answers in two lines', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1);
    rig.read(1);
    expect(rig.type(1, 'push-update-broad "-dns,route 10.0.0.0 255.0.0.0"', 'push-update-cid 3 x', 'push-update-cid x y')).toEqual([
      'PUSH_UPDATE: not sending message to unsupported peer with ID: 7',
      'SUCCESS: 2 client(s) updated',
      'SUCCESS: push-update command succeeded',
      'PUSH_UPDATE: not sending message to unsupported peer with ID: 7',
      'ERROR: no client updated',
      'ERROR: push-update command failed',
      'ERROR: cannot parse CID',
      'ERROR: push-update-cid fail during cid parsing',
    ]);
    expect(rig.port.requests).toContainEqual({ kind: 'push-update', clientId: undefined, options: '-dns,route 10.0.0.0 255.0.0.0' });
  });

  it('password may come in lines from clients of version 5, and goes on quoted', () => {
    const rig = new ManagementRig({ answer });
    rig.connect(1);
    const base64 = Buffer.from('p"w\\d kill x').toString('base64');
    expect(rig.type(1, 'password Auth')).toEqual([GREETING, "ERROR: the 'password' command requires 2 parameters"].slice(1));
    rig.type(1, 'version 5');
    rig.type(1, 'password "Private Key"', base64.slice(0, 8), base64.slice(8), 'END');
    expect(rig.port.requests.at(-1)).toMatchObject({
      kind: 'password',
      type: 'Private Key',
      line: Buffer.from('password "Private Key" "p\\"w\\\\d kill x"'),
    });
    const two = Buffer.from('x\nkill y').toString('base64');
    expect(rig.type(1, 'password Auth', two, 'END')).toEqual(['ERROR: password holds control characters']);
    expect(rig.type(1, 'password Auth', 'not base64!', 'END')).toEqual(['ERROR: could not base64-decode password']);
    expect(rig.type(1, 'password Auth', 'A'.repeat(1000), ...Array.from({ length: 6 }, () => 'A'.repeat(1000)), 'END')).toEqual([
      'ERROR: password too long',
    ]);
  });
});
