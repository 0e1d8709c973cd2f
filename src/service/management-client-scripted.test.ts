import { describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { milliseconds } from '../base/units.ts';
import { ManualClock } from '../host/clock.ts';
import type { StreamConnection, StreamReceiver } from '../host/net-listener.ts';
import { COMMANDS } from '../management/commands.ts';
import { type ClientEvent, ManagementClient, type ManagementClientOptions } from './management-client.ts';

/** Our client before a daemon whose every word a test says, in time that passes when the test says so. */

const GREETING = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

class Rig {
  readonly clock = new ManualClock();
  readonly client: ManagementClient;
  readonly sent: string[] = [];
  /** When each connection was tried, in milliseconds since the first. */
  readonly tries: number[] = [];
  refusing = false;
  ended = 0;
  #receiver: StreamReceiver | undefined;
  readonly #began = this.clock.now().at;

  constructor(options: Partial<ManagementClientOptions> = {}) {
    const connect = async (): Promise<StreamConnection> => {
      this.tries.push(this.clock.now().at - this.#began);
      if (this.refusing) throw new Error('Connection refused');
      return this.#connection();
    };
    this.client = new ManagementClient({ where: { kind: 'unix', path: '/m' }, clock: this.clock, connect, ...options });
  }

  /** Lets it in. */
  async enter(): Promise<void> {
    const opened = this.client.open();
    await this.settle();
    this.say(GREETING);
    await opened;
  }

  say(text: string): void {
    this.#receiver?.data(Buffer.from(text));
  }

  hangUp(): void {
    this.#receiver?.closed(undefined);
  }

  /** Promises that stand are kept. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  /** Everything that came up to now. */
  async taken(): Promise<ClientEvent[]> {
    this.client.close();
    const all: ClientEvent[] = [];
    for await (const event of this.client.events) all.push(event);
    return all;
  }

  #connection(): StreamConnection {
    return {
      id: 1,
      remote: { kind: 'unix', path: '/m' },
      queued: 0,
      listen: (receiver) => {
        this.#receiver = receiver;
      },
      write: (bytes) => this.sent.push(Buffer.from(bytes).toString()) > 0,
      pause: () => undefined,
      resume: () => undefined,
      end: () => void this.ended++,
      credentials: () => Promise.resolve(undefined),
    };
  }
}

/** What something is rejected with, once it is. */
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

type Row = readonly [command: string, ask: (client: ManagementClient) => Promise<unknown>, line: string, reply: string, result: unknown];

const done = (text: string) => `SUCCESS: ${text}\r\n`;

/** Every command with its method: what goes out, what comes back, what is made of it. */
const ROWS: readonly Row[] = [
  ['auth-retry', (c) => c.authRetry(), 'auth-retry', done('auth-retry=none'), 'auth-retry=none'],
  [
    'auth-retry',
    (c) => c.authRetry('interact'),
    'auth-retry interact',
    done('auth-retry parameter changed'),
    'auth-retry parameter changed',
  ],
  ['bytecount', (c) => c.bytecount(5), 'bytecount 5', done('bytecount interval changed'), undefined],
  ['certificate', (c) => c.answerRequest('certificate', ['-----B', 'x']), 'certificate\n-----B\nx\nEND', done('c'), ['SUCCESS: c']],
  [
    'client-auth',
    (c) => c.clientAuth(3, 1, ['push "route 10.0.0.0"']),
    'client-auth 3 1\npush "route 10.0.0.0"\nEND',
    done('x'),
    undefined,
  ],
  ['client-auth-nt', (c) => c.clientAuth(3, 1), 'client-auth-nt 3 1', done('x'), undefined],
  ['client-deny', (c) => c.clientDeny(3, 1, 'no entry', 'a "b"'), 'client-deny 3 1 "no entry" "a \\"b\\""', done('x'), 'x'],
  ['client-deny', (c) => c.clientDeny(3, 1, 'no'), 'client-deny 3 1 no', done('x'), 'x'],
  ['client-kill', (c) => c.clientKill(3), 'client-kill 3', done('x'), 'x'],
  ['client-kill', (c) => c.clientKill(3, 'HALT,by e'), 'client-kill 3 "HALT,by e"', done('x'), 'x'],
  ['client-pending-auth', (c) => c.clientPendingAuth(3, 1, 'CR_TEXT::x?', 30), 'client-pending-auth 3 1 "CR_TEXT::x?" 30', done('x'), 'x'],
  [
    'clients',
    (c) => c.clients('handshake'),
    'clients handshake',
    'CID\tPHASE\r\n4\thandshake\r\nEND\r\n',
    [
      new Map([
        ['CID', '4'],
        ['PHASE', 'handshake'],
      ]),
    ],
  ],
  ['cr-response', (c) => c.crResponse('Ymx1ZQ=='), 'cr-response Ymx1ZQ==', done('command succeeded'), 'command succeeded'],
  ['echo', (c) => c.history('echo'), 'echo all', '1,msg a\r\nEND\r\n', ['1,msg a']],
  ['env-filter', (c) => c.envFilter(2), 'env-filter 2', done('env_filter_level=2'), 'env_filter_level=2'],
  ['events', (c) => c.subscribe('events'), 'events on', done('x'), undefined],
  ['forget-passwords', (c) => c.forgetPasswords(), 'forget-passwords', done('Passwords were forgotten'), 'Passwords were forgotten'],
  ['help', (c) => c.help(), 'help', 'Commands:\r\npid : x\r\nEND\r\n', ['Commands:', 'pid : x']],
  ['hold', (c) => c.hold(), 'hold', done('hold=1'), true],
  ['kill', (c) => c.kill('al ice'), 'kill "al ice"', done('x'), 'x'],
  ['load-stats', (c) => c.loadStats(), 'load-stats', done('nclients=1,bytesin=2,bytesout=3'), { clients: 1, received: 2, sent: 3 }],
  ['log', (c) => c.history('log', 7), 'log 7', '1,I,a\r\nEND\r\n', ['1,I,a']],
  ['log-reopen', (c) => c.logReopen(), 'log-reopen', done('x'), 'x'],
  ['mute', (c) => c.mute(), 'mute', done('mute=3'), 3],
  ['mute', (c) => c.mute(0), 'mute 0', done('mute level changed'), 0],
  ['nclients', (c) => c.nclients(), 'nclients', done('nclients=2'), 2],
  ['needok', (c) => c.needOk('token-insertion-request', false), 'needok token-insertion-request cancel', done('x'), 'x'],
  ['needstr', (c) => c.needStr('name', 'Jo Do'), 'needstr name "Jo Do"', done('x'), 'x'],
  ['net', (c) => c.net(), 'net\npid', `a\r\nb\r\nEND\r\n${done('pid=1')}`, ['a', 'b']],
  ['password', (c) => c.password('Private Key', new Secret('p"w\\d')), 'password "Private Key" "p\\"w\\\\d"', done('x'), 'x'],
  ['pid', (c) => c.pid(), 'pid', done('pid=7'), 7],
  ['pk-sig', (c) => c.answerRequest('pk-sig', ['AA', 'BB']), 'pk-sig\nAA\nBB\nEND', done('x'), ['SUCCESS: x']],
  ['pkcs11-id-count', (c) => c.pkcs11Count(), 'pkcs11-id-count', '>PKCS11ID-COUNT:2\r\n', 2],
  [
    'pkcs11-id-get',
    (c) => c.pkcs11Entry(0),
    'pkcs11-id-get 0',
    ">PKCS11ID-ENTRY:'0', ID:'a/b', BLOB:'QUI='\r\n",
    { id: 'a/b', certificate: 'QUI=' },
  ],
  ['pkcs11-id-get', (c) => c.pkcs11Entry(9), 'pkcs11-id-get 9', ">PKCS11ID-ENTRY:'9'\r\n", undefined],
  ['proxy', (c) => c.proxy('HTTP', 'proxy.example', 3128, 'nct'), 'proxy HTTP proxy.example 3128 nct', done('x'), 'x'],
  [
    'push-update-broad',
    (c) => c.pushUpdate('-dns,route 10.0.0.0'),
    'push-update-broad "-dns,route 10.0.0.0"',
    `${done('1 client(s) updated')}${done('push-update command succeeded')}`,
    ['SUCCESS: 1 client(s) updated', 'SUCCESS: push-update command succeeded'],
  ],
  [
    'push-update-cid',
    (c) => c.pushUpdate('-dns', 3),
    'push-update-cid 3 -dns',
    `${done('1 client(s) updated')}${done('push-update command succeeded')}`,
    ['SUCCESS: 1 client(s) updated', 'SUCCESS: push-update command succeeded'],
  ],
  ['remote', (c) => c.remote('MOD', 'vpn.example', 1194), 'remote MOD vpn.example 1194', done('x'), 'x'],
  ['remote-entry-count', (c) => c.remoteEntryCount(), 'remote-entry-count', '2\r\nEND\r\n', 2],
  [
    'remote-entry-get',
    (c) => c.remoteEntries(),
    'remote-entry-get all',
    '0,a.example,1194,udp,enabled\r\n1,fd00::1,443,tcp6-client,disabled\r\nEND\r\n',
    [
      { index: 0, host: 'a.example', port: 1194, proto: 'udp', enabled: true },
      { index: 1, host: 'fd00::1', port: 443, proto: 'tcp6-client', enabled: false },
    ],
  ],
  ['rsa-sig', (c) => c.answerRequest('rsa-sig', ['AA']), 'rsa-sig\nAA\nEND', done('x'), ['SUCCESS: x']],
  ['signal', (c) => c.signal('SIGUSR2'), 'signal SIGUSR2', done('signal SIGUSR2 thrown'), 'signal SIGUSR2 thrown'],
  ['state', (c) => c.history('state', 1), 'state 1', '1,CONNECTED,,,,,,\r\nEND\r\n', ['1,CONNECTED,,,,,,']],
  ['status', (c) => c.status(2), 'status 2', 'TITLE,x\r\nEND\r\n', ['TITLE,x']],
  ['status', (c) => c.status('json'), 'status json', '{}\r\nEND\r\n', ['{}']],
  ['test', (c) => c.test(2), 'test 2', 'a\r\nb\r\n', ['a', 'b']],
  ['username', (c) => c.username('Auth', 'al ice'), 'username Auth "al ice"', done('x'), 'x'],
  ['verb', (c) => c.verb(4), 'verb 4', done('verb level changed'), 4],
  [
    'version',
    (c) => c.version(),
    'version',
    'OpenVPN Version: OpenVPN 2.6\r\nManagement Version: 5\r\nEND\r\n',
    { title: 'OpenVPN 2.6', management: 5 },
  ],
  ['version', (c) => c.announceVersion(4), 'version 4\npid', done('pid=1'), undefined],
  [
    'who',
    (c) => c.who(),
    'who',
    'ID\tFROM\r\n1\tx\r\nEND\r\n',
    [
      new Map([
        ['ID', '1'],
        ['FROM', 'x'],
      ]),
    ],
  ],
];

describe('every command', () => {
  it.each(ROWS)('%s', async (_name, ask, line, reply, result) => {
    const rig = new Rig();
    await rig.enter();
    const asked = ask(rig.client);
    expect(rig.sent.splice(0)).toEqual([`${line}\n`]);
    rig.say(reply);
    expect(await asked).toEqual(result);
    rig.client.close();
  });

  it('has a method, but for those that close the connection', () => {
    const closing = new Set(['exit', 'quit']);
    const named = new Set(ROWS.map(([name]) => name));
    expect(COMMANDS.map(({ name }) => name).filter((name) => !named.has(name) && !closing.has(name))).toEqual([]);
  });

  it('is sent at once, however many wait, and each gets the reply that is its own', async () => {
    const rig = new Rig();
    await rig.enter();
    const asked = ROWS.map(([, ask]) => ask(rig.client));
    expect(rig.sent).toEqual(ROWS.map(([, , line]) => `${line}\n`));
    const replies = Buffer.from(ROWS.map(([, , , reply]) => `>LOG:1,I,between\r\n${reply}`).join(''));
    for (const byte of replies) rig.say(String.fromCharCode(byte));
    expect(await Promise.all(asked)).toEqual(ROWS.map(([, , , , result]) => result));
    rig.client.close();
  });
});

describe('a connection that fails', () => {
  it('is tried again with pauses that double up to the longest, and begin anew after one that stood', async () => {
    const rig = new Rig({ longestPause: milliseconds(1500) });
    rig.refusing = true;
    const opened = rig.client.open();
    await rig.settle();
    for (let i = 0; i < 140; i++) await rig.advance(50);
    const pauses = rig.tries.slice(1).map((at, index) => at - (rig.tries[index] ?? 0));
    expect(pauses.slice(0, 5)).toEqual([250, 500, 1000, 1500, 1500]);
    rig.refusing = false;
    while (rig.tries.length < 8) await rig.advance(100);
    rig.say(GREETING);
    await opened;
    await rig.advance(6000);
    rig.hangUp();
    const events = await rig.taken();
    const ends = events.flatMap((event) => (event.kind === 'disconnected' ? [event] : []));
    expect(ends.slice(0, 5).map(({ againIn }) => againIn)).toEqual([250, 500, 1000, 1500, 1500]);
    expect(ends[0]?.why).toBe('Connection refused');
    expect(ends.at(-1)).toEqual({ kind: 'disconnected', why: 'the connection ended', againIn: 250 });
  });

  it('loses what was asked, and brings every subscription back, but those that were given up', async () => {
    const rig = new Rig();
    await rig.enter();
    const asked = [
      ...(['log', 'state', 'echo', 'events'] as const).map((name) => rig.client.subscribe(name)),
      rig.client.bytecount(5),
      rig.client.subscribe('echo', false),
    ];
    for (const _ of asked) rig.say('SUCCESS: x\r\n');
    await Promise.all(asked);
    const lost = failureOf(rig.client.pid());
    rig.sent.length = 0;
    rig.hangUp();
    expect(await lost).toMatchObject({ lost: true, message: 'the connection ended' });
    await expect(rig.client.verb()).rejects.toMatchObject({ lost: true, message: 'not connected' });
    await rig.advance(250);
    rig.say(GREETING);
    expect(rig.sent).toEqual(['log on\n', 'state on\n', 'events on\n', 'bytecount 5\n']);
    expect((await rig.taken()).map(({ kind }) => kind)).toEqual(['connected', 'info', 'disconnected', 'connected', 'info']);
  });

  it('is given up when nobody greets or answers in time', async () => {
    const rig = new Rig({ timeout: milliseconds(2000), reconnects: false });
    const opened = failureOf(rig.client.open());
    await rig.settle();
    await rig.advance(2000);
    expect(rig.ended).toBe(1);
    rig.hangUp();
    expect(await opened).toMatchObject({ lost: true });
    const other = new Rig({ timeout: milliseconds(2000), reconnects: false });
    await other.enter();
    const lost = failureOf(other.client.pid());
    await other.advance(1999);
    expect(other.ended).toBe(0);
    await other.advance(1);
    expect(other.ended).toBe(1);
    expect(await lost).toMatchObject({ lost: true, message: 'no reply in time' });
    other.hangUp();
    expect((await other.taken()).at(-1)).toEqual({ kind: 'disconnected', why: 'no reply in time', againIn: undefined });
  });

  it('is not tried again after close', async () => {
    const rig = new Rig();
    await rig.enter();
    rig.hangUp();
    rig.client.close();
    await rig.advance(60_000);
    expect(rig.tries).toHaveLength(1);
  });
});

describe('events', () => {
  it('beyond the buffer are dropped, the oldest first, and counted', async () => {
    const rig = new Rig({ buffer: 10 });
    await rig.enter();
    for (let i = 0; i < 50; i++) rig.say(`>LOG:${i},I,x\r\n`);
    const events = await rig.taken();
    expect(events.map((event) => (event.kind === 'log' ? event.time : undefined))).toEqual(Array.from({ length: 10 }, (_, i) => 40 + i));
    expect(rig.client.events.dropped).toBe(42);
  });

  it('of a kind that nobody knows yet are there as they came', async () => {
    const rig = new Rig();
    await rig.enter();
    rig.say('>FUTURE:a,b\r\n>CLIENT:REINCARNATED,x\r\n>\r\n');
    expect((await rig.taken()).slice(2)).toEqual([
      { kind: 'unknown', line: 'FUTURE:a,b' },
      { kind: 'unknown', line: 'CLIENT:REINCARNATED,x' },
      { kind: 'unknown', line: '' },
    ]);
  });
});
