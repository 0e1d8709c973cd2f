import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import type { Instant, Now, WallTime } from '../base/units.ts';
import { ManagementClientMachine, type Reply } from './client.ts';
import { EncodeError, encodeCommand } from './encode.ts';
import { tokenize } from '../base/tokenize.ts';
import type { Notification } from './understood.ts';

const at = (ms: number): Now => ({ at: ms as Instant, wall: ms as WallTime });
const GREETING = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

function drain(client: ManagementClientMachine) {
  const sent: string[] = [];
  const notifications: Notification[] = [];
  const others: string[] = [];
  for (let out = client.poll(); out !== undefined; out = client.poll()) {
    if (out.kind === 'send') sent.push(out.bytes.toString());
    else if (out.kind === 'notification') notifications.push(out.notification);
    else others.push(out.kind === 'close' ? `close: ${out.why}` : out.kind);
  }
  return { sent, notifications, others };
}

/** What stock says, notifications between the lines of a reply's neighbours included. */
const SAID = [
  GREETING,
  'SUCCESS: pid=7\r\n',
  ">LOG:1795352568,D,MANAGEMENT: CMD 'state on all'\r\n",
  'SUCCESS: real-time state notification set to ON\r\n1795352568,CONNECTING,,,,,,\r\nEND\r\n',
  '>CLIENT:CONNECT,3,1\r\n>CLIENT:ENV,common_name=älice\r\n>CLIENT:ENV,odd\r\n>CLIENT:ENV,END\r\n',
  'TITLE\tOpenVPN\r\nERROR: in a name\r\nEND\r\n',
  '>CLIENT:ADDRESS,3,10.8.0.2,1\r\n>STATE:1795352571,CONNECTED,SUCCESS,10.8.0.1,,,,\r\n>FUTURE:x,y\r\n',
  'ERROR: bad status format version number\r\n',
  ">PKCS11ID-COUNT:0\r\n>HOLD:Waiting for hold release:10\r\n>PASSWORD:Need 'Auth' username/password\r\n",
  '[0] a\r\n[1] b\r\n',
  'SUCCESS: 2 client(s) updated\r\nSUCCESS: push-update command succeeded\r\n',
].join('');

function conversation(cut: readonly Buffer[]) {
  const client = new ManagementClientMachine({}, at(0));
  const replies: Reply[] = [];
  const ask = (name: string, ...words: string[]) => client.command(name, words, { done: (reply) => replies.push(reply) }, at(0));
  ask('pid');
  ask('state', 'on', 'all');
  ask('status', '3');
  ask('status', '9');
  ask('pkcs11-id-count');
  ask('test', '2');
  ask('push-update-broad', 'x');
  for (const bytes of cut) client.handleData(bytes, at(1));
  return { replies, ...drain(client), pending: client.pending, deadline: client.nextDeadline() };
}

describe('a management client', () => {
  const whole = conversation([Buffer.from(SAID)]);

  it('gives each command its own reply, and everything else as what it is', () => {
    expect(whole.replies).toEqual([
      { kind: 'ok', lines: ['SUCCESS: pid=7'] },
      { kind: 'ok', lines: ['SUCCESS: real-time state notification set to ON', '1795352568,CONNECTING,,,,,,'] },
      { kind: 'ok', lines: ['TITLE\tOpenVPN', 'ERROR: in a name'] },
      { kind: 'error', text: 'bad status format version number', lines: ['ERROR: bad status format version number'] },
      { kind: 'ok', lines: ['>PKCS11ID-COUNT:0'] },
      { kind: 'ok', lines: ['[0] a', '[1] b'] },
      { kind: 'ok', lines: ['SUCCESS: 2 client(s) updated', 'SUCCESS: push-update command succeeded'] },
    ]);
    expect(whole.notifications.slice(1)).toMatchObject([
      { kind: 'log', time: 1795352568, flags: 'D' },
      {
        kind: 'client',
        what: 'CONNECT',
        clientId: 3,
        keyId: 1,
        env: [
          ['common_name', 'älice'],
          ['odd', ''],
        ],
      },
      { kind: 'client-address', clientId: 3, address: '10.8.0.2', primary: true },
      { kind: 'state', state: { name: 'CONNECTED', detail: 'SUCCESS', tun4: '10.8.0.1', remote: undefined, remotePort: undefined } },
      { kind: 'unknown', line: 'FUTURE:x,y' },
      { kind: 'hold', seconds: 10 },
      { kind: 'password', type: 'Auth', needs: 'username/password' },
    ]);
    expect([whole.pending, whole.deadline, whole.others]).toEqual([0, undefined, ['ready']]);
  });

  it('understands the same however the bytes are cut', () => {
    const bytes = Buffer.from(SAID);
    expect(conversation([...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const parts = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
        expect(conversation(parts)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
  });

  it('takes any bytes without an exception, and says no more after it gave up', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
        const client = new ManagementClientMachine({ password: new Secret('x') }, at(0));
        for (const chunk of chunks) client.handleData(Buffer.from(chunk), at(0));
        drain(client);
      }),
      { numRuns: 200 },
    );
    const client = new ManagementClientMachine({}, at(0));
    for (let i = 0; i < 100; i++) client.handleData(Buffer.alloc(1024, 'x'), at(0));
    expect(drain(client).others).toEqual(['close: a line is too long']);
  });

  it('gives the password once, and says when it is wrong or missing', () => {
    const right = new ManagementClientMachine({ password: new Secret('sesame') }, at(0));
    right.handleData(Buffer.from('ENTER PASSWORD:'), at(0));
    expect(drain(right).sent).toEqual(['sesame\n']);
    right.handleData(Buffer.from(`SUCCESS: password is correct\r\n${GREETING}`), at(0));
    expect([right.open, drain(right).others]).toEqual([true, ['ready']]);
    const wrong = new ManagementClientMachine({ password: new Secret('x') }, at(0));
    wrong.handleData(Buffer.from('ENTER PASSWORD:ENTER PASSWORD:'), at(0));
    expect(drain(wrong).others).toEqual(['close: the password is wrong']);
    const none = new ManagementClientMachine({}, at(0));
    none.handleData(Buffer.from('ENTER PASSWORD:'), at(0));
    expect(drain(none).others).toEqual(['close: the interface asks for a password']);
  });

  it('gives commands up when no reply comes, or the connection goes', () => {
    const replies: Reply[] = [];
    const done = (reply: Reply): unknown => replies.push(reply);
    const slow = new ManagementClientMachine({}, at(0));
    slow.handleData(Buffer.from(GREETING), at(0));
    slow.command('pid', [], { done }, at(0));
    slow.command('verb', [], { done }, at(0));
    slow.handleDeadline(at(10_000));
    expect([replies, drain(slow).others]).toEqual([
      [
        { kind: 'lost', why: 'no reply in time' },
        { kind: 'lost', why: 'no reply in time' },
      ],
      ['ready', 'close: no reply in time'],
    ]);
    slow.command('pid', [], { done }, at(0));
    const gone = new ManagementClientMachine({}, at(0));
    gone.command('pid', [], { done }, at(0));
    gone.handleClosed();
    expect(replies.slice(2)).toEqual([
      { kind: 'lost', why: 'the connection ended' },
      { kind: 'lost', why: 'the connection ended' },
    ]);
  });
});

describe('encodeCommand', () => {
  it('makes words that come out as they went in, and never another command', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 4 }), (words) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what cannot be said is refused
        const sayable = words.every((word) => !/[\x00-\x1f\x7f]/.test(word));
        if (!sayable) return expect(() => encodeCommand('kill', words)).toThrow(EncodeError);
        const line = encodeCommand('kill', words).toString();
        expect(line.indexOf('\n')).toBe(line.length - 1);
        expect(tokenize(line.slice(0, -1), 'x')).toEqual({ ok: true, value: ['kill', ...words] });
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['kill', ['a\nkill b'], undefined],
    ['kill', ['x'.repeat(257)], undefined],
    ['ki ll', [], undefined],
    ['client-auth', ['0', '1'], ['push "x"\nEND']],
    ['client-auth', ['0', '1'], ['a', 'END', 'kill x']],
    ['client-auth', ['0', '1'], ['x'.repeat(1024)]],
  ] as const)('refuses %s %j %j', (name, words, body) => {
    expect(() => encodeCommand(name, words, body)).toThrow(EncodeError);
  });

  it('puts END behind a body', () => {
    expect(encodeCommand('client-auth', [0, 1], ['push "route 10.0.0.0"']).toString()).toBe(
      'client-auth 0 1\npush "route 10.0.0.0"\nEND\n',
    );
  });
});

describe('replies of unknown length', () => {
  const said = (question: (client: ManagementClientMachine, done: (reply: Reply) => void) => void, answer: string) => {
    const client = new ManagementClientMachine({}, at(0));
    const replies: Reply[] = [];
    client.handleData(Buffer.from(GREETING), at(0));
    question(client, (reply) => replies.push(reply));
    const { sent } = drain(client);
    client.handleData(Buffer.from(answer), at(1));
    return { sent, replies, deadline: client.nextDeadline(), ...{ others: drain(client).others } };
  };

  it.each([
    ['says nothing', 'SUCCESS: pid=7\r\n', { kind: 'ok', lines: [] }],
    [
      'confirms',
      'SUCCESS: Management client version set to 5\r\nSUCCESS: pid=7\r\n',
      { kind: 'ok', lines: ['SUCCESS: Management client version set to 5'] },
    ],
    ['refuses', 'ERROR: no\r\nSUCCESS: pid=7\r\n', { kind: 'error', text: 'no', lines: ['ERROR: no'] }],
    ['lists', 'one\r\ntwo\r\nEND\r\nSUCCESS: pid=7\r\n', { kind: 'ok', lines: ['one', 'two'] }],
  ])('end where the next begins: a daemon that %s', (_what, answer, reply) => {
    const found = said((client, done) => client.command('version', [5], { done }, at(0)), answer);
    expect(found).toEqual({ sent: ['version 5\npid\n'], replies: [reply], deadline: undefined, others: [] });
    expect(said((client, done) => client.relay(Buffer.from('frob "a b"'), { done }, at(0)), answer)).toEqual({
      sent: ['frob "a b"\npid\n'],
      replies: [reply],
      deadline: undefined,
      others: [],
    });
  });

  it('are relayed in any bytes, with their lines, and never as more than one command', () => {
    const found = said(
      (client, done) => client.relay(Buffer.from([...Buffer.from('password Auth '), 0xe4]), { done }, at(0)),
      'SUCCESS: ok\r\n',
    );
    expect(found.replies).toEqual([{ kind: 'ok', lines: ['SUCCESS: ok'] }]);
    const client = new ManagementClientMachine({}, at(0));
    const relay = (line: string, body?: string[]) =>
      client.relay(Buffer.from(line), { done: () => undefined, ...(body && { body }) }, at(0));
    for (const bad of ['a\nb', 'a\rb', `kill ${'x'.repeat(1024)}`]) expect(() => relay(bad)).toThrow(EncodeError);
    expect(() => relay('client-auth 0 1', ['push "x"', 'END', 'signal SIGTERM'])).toThrow(EncodeError);
    expect(() => relay('client-auth 0 1', ['push "x"\nEND'])).toThrow(EncodeError);
  });

  it('do not grow without bound', () => {
    const lines = `${'x'.repeat(60_000)}\r\n`.repeat(1200);
    const found = said((client, done) => client.command('pid', [], { done }, at(0)), lines);
    expect(found.replies).toEqual([{ kind: 'lost', why: 'a reply is too long' }]);
    expect(found.others).toEqual(['close: a reply is too long']);
    const block = `>CLIENT:CONNECT,0,1\r\n${`>CLIENT:ENV,a=${'x'.repeat(60_000)}\r\n`.repeat(20)}`;
    expect(said(() => undefined, block).others).toEqual(['close: a block is too long']);
  });
});
