import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket as TcpSocket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { SystemClock } from '../../src/host/clock.ts';
import type { KeyMethod2 } from '../../src/protocol/negotiate/key-method2.ts';
import { keySource } from '../../src/protocol/negotiate/key-method2.ts';
import { generateStaticKey } from '../../src/protocol/wrap/static-key.ts';
import { prepareWrap } from '../../src/protocol/wrap/prepare.ts';
import type { WrapConfig } from '../../src/protocol/wrap/config.ts';
import { TestDaemon } from '../support/daemon.ts';
import { HostilePeer, type HostilePeerOptions } from '../support/hostile-peer.ts';
import { testPki } from '../support/pki.ts';

/**
 * The whole server over loopback against peers that mean harm, strangers and holders of keys. Whatever comes, nothing throws
 * (vitest fails on what nobody catches), nothing grows, each log line stays a line, and an honest peer is served meanwhile.
 */

/** The key of `ta.key` in a test daemon's folder. */
const WRAP: WrapConfig = { kind: 'tls-crypt', key: generateStaticKey(new SeededRandom(7)) };

const OPTIONS_STRING =
  'V4,dev-type tun,link-mtu 1521,tun-mtu 1500,proto UDPv4,cipher AES-256-GCM,auth [null-digest],keysize 256,key-method 2,tls-client';
const PEER_INFO = 'IV_VER=2.6.14\nIV_PLAT=linux\nIV_PROTO=990\nIV_NCP=2\nIV_CIPHERS=AES-256-GCM:AES-128-GCM\n';

function introduction(more: Partial<KeyMethod2> = {}): KeyMethod2 {
  return {
    ...keySource(new SeededRandom(99), 'client'),
    options: OPTIONS_STRING,
    username: undefined,
    password: undefined,
    peerInfo: PEER_INFO,
    ...more,
  };
}

let daemon: TestDaemon;
const open: (() => void)[] = [];

async function serve(lines: readonly string[] = [], without: readonly string[] = []): Promise<void> {
  daemon = await TestDaemon.start({ clock: new SystemClock(), lines, without });
}

async function connected(more: Partial<HostilePeerOptions> = {}): Promise<HostilePeer> {
  const peer = await HostilePeer.connect({ port: daemon.port, pki: await testPki(), wrap: WRAP, ...more });
  open.push(() => peer.close());
  return peer;
}

/** A peer that does everything right: the server lives. */
async function honestPeerIsServed(): Promise<void> {
  const { bob } = await testPki();
  const peer = await connected({ credentials: bob });
  peer.introduce(introduction());
  await peer.until('PUSH_REPLY', () => peer.messages.find((text) => text.startsWith('PUSH_REPLY')));
}

async function rawSocket(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  open.push(() => socket.close());
  return socket;
}

function send(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => socket.send(bytes, daemon.port, '127.0.0.1', () => resolve()));
}

function clients(): number {
  return daemon.clients().length;
}

function linesStayLines(): void {
  expect(daemon.lines.filter((line) => /[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(line))).toEqual([]);
  expect(daemon.output.filter((line) => line.indexOf('\n') !== line.length - 1)).toEqual([]);
}

afterEach(() => {
  for (const close of open.splice(0)) close();
  linesStayLines();
});

describe('strangers on UDP', () => {
  beforeEach(() => serve());

  it('send bytes of every length and opcode: no client comes of it, each kind is said once', async () => {
    const random = new SeededRandom(4);
    const socket = await rawSocket();
    const from = daemon.mark();
    for (let opcode = 0; opcode < 32; opcode++) {
      for (const length of [1, 2, 8, 9, 13, 14, 15, 30, 53, 54, 100, 1400, 9000]) {
        const bytes = random.bytes(length);
        bytes[0] = (opcode << 3) | (opcode & 7);
        await send(socket, bytes);
      }
    }
    await send(socket, Buffer.alloc(0));
    await send(socket, Buffer.alloc(60_000, 0x38));
    await honestPeerIsServed();
    expect(clients()).toBe(1);
    const said = daemon.lines.slice(from).filter((line) => !line.includes('127.0.0.1:') || line.includes(`:${socket.address().port}`));
    expect(said.length).toBeLessThan(20);
  });

  it('flood with unknown peer ids: counted, and honest peers are served', async () => {
    const socket = await rawSocket();
    const from = daemon.mark();
    const packet = Buffer.alloc(200, 0x5a);
    packet[0] = 0x48;
    for (let id = 0; id < 2000; id++) {
      packet.writeUIntBE(id & 0xffffff, 1, 3);
      if (id % 20 === 0) await send(socket, packet);
      else socket.send(packet, daemon.port, '127.0.0.1');
    }
    await honestPeerIsServed();
    expect(daemon.lines.slice(from).filter((line) => line.includes(`:${socket.address().port}`)).length).toBeLessThan(10);
  });

  it('replay a whole recorded handshake from elsewhere: nobody comes of it', async () => {
    const victim = await connected();
    victim.introduce(introduction());
    await victim.until('PUSH_REPLY', () => victim.messages.find((text) => text.startsWith('PUSH_REPLY')));
    expect(clients()).toBe(1);
    const socket = await rawSocket();
    for (const packet of victim.sent) await send(socket, packet);
    // And from the victim's own address.
    for (const packet of victim.sent) victim.throw(packet);
    await honestPeerIsServed();
    expect(clients()).toBe(2);
  });

  it('half-open handshakes by the thousand: nothing is kept for them', async () => {
    const wrap = prepareWrap(WRAP, 'client');
    const socket = await rawSocket();
    const random = new SeededRandom(5);
    for (let count = 0; count < 3000; count++) {
      const reset = wrap
        .open()
        .wrap({ opcode: 7, keyId: 0, sessionId: random.bytes(8) }, Buffer.from([0, 0, 0, 0, 0]), new SystemClock().now());
      if (count % 50 === 0) await send(socket, reset);
      else socket.send(reset, daemon.port, '127.0.0.1');
    }
    await turn();
    expect(clients()).toBe(0);
    expect(daemon.lines.filter((line) => line.includes('initial')).length).toBeLessThan(5);
  });
});

describe('holders of keys', () => {
  it.each([
    ['garbage', (random: SeededRandom) => random.bytes(2000)],
    ['nothing but zeros', () => Buffer.alloc(9000)],
    ['an unknown key method', () => Buffer.from([0, 0, 0, 0, 9, ...Buffer.alloc(200, 1)])],
    [
      'a key message whose lengths lie',
      () => Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.alloc(112), Buffer.from('ffffffffffff', 'hex')]),
    ],
  ])('say %s inside TLS: the session fails, the server lives', async (_what, say) => {
    await serve();
    const peer = await connected();
    peer.say(say(new SeededRandom(1)));
    await daemon.waitFor(/TLS Error|TLS key negotiation failed|SIGUSR1\[soft,tls-error\]/);
    await daemon.when('its end', () => (clients() === 0 ? true : undefined));
    await honestPeerIsServed();
  });

  it('send control messages without end: dropped at the bound, not kept', async () => {
    await serve();
    const peer = await connected();
    peer.introduce(introduction());
    await peer.until('PUSH_REPLY', () => peer.messages.find((text) => text.startsWith('PUSH_REPLY')));
    for (let count = 0; count < 20; count++) {
      peer.say(Buffer.alloc(8000, 0x41));
      await turn();
    }
    await honestPeerIsServed();
    expect(daemon.lines.filter((line) => line.length > 12_000)).toEqual([]);
  });

  it.each([
    ['names', { username: `a\n\u001b[31mb\u0000c\u009b\u2028${'n'.repeat(3000)}`, password: new Secret(`p\n${'x'.repeat(3000)}`) }],
    ['an options string', { options: `V4,cipher \u001b[2J\n${'o'.repeat(7000)}` }],
    ['a peer info', { peerInfo: `${'IV_X=\u001b[31m\u0007\n'.repeat(400)}UV_NAME=$(reboot)\`id\`\r\n${'x'.repeat(1000)}` }],
    ['a peer info of names alone', { peerInfo: Array.from({ length: 700 }, (_, index) => `UV_${index}=1`).join('\n') }],
  ])('send %s that are long and hostile', async (_what, more) => {
    await serve([
      'verb 4',
      'status status.log 1',
      'status-version 2',
      'management manage.sock unix',
      'script-security 2',
      'auth-user-pass-verify /bin/true via-file',
    ]);
    const peer = await connected();
    peer.introduce(introduction({ username: 'alice', password: new Secret('x'), ...more }));
    await daemon.waitFor(/Peer Connection Initiated|TLS Error|TLS Auth Error|SENT CONTROL|key negotiation/);
    linesStayLines();
    await daemon.when('a whole status file', () => (daemon.text('status.log').endsWith('END\n') ? true : undefined));
    await honestPeer(daemon);
  });

  it('have a name that steers terminals and breaks lines', async () => {
    await serve(['status status.log 1', 'status-version 2', 'verb 4']);
    const { ca } = await testPki();
    const name = 'evil\nCLIENT_LIST,root\u001b[31m\u009b2J\u2028,$(id) "quoted" \\';
    const credentials = await ca.issue({ commonName: name, kind: 'client' });
    const peer = await connected({ credentials });
    peer.introduce(introduction());
    await peer.until('PUSH_REPLY', () => peer.messages.find((text) => text.startsWith('PUSH_REPLY')));
    await daemon.when('the status', () => (daemon.text('status.log').includes('evil') ? true : undefined));
    const rows = readFileSync(daemon.path('status.log'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('CLIENT_LIST'));
    expect(rows).toHaveLength(1);
    expect(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(rows.join(''))).toBe(false);
  });

  it('fill the roster to max-clients: the next ones are refused, said once and counted', async () => {
    await serve(['max-clients 3', 'duplicate-cn']);
    const peers = await Promise.all([connected(), connected(), connected()]);
    expect(peers).toHaveLength(3);
    const from = daemon.mark();
    const more: HostilePeer[] = [];
    for (let count = 0; count < 20; count++) {
      const peer = await HostilePeer.start({ port: daemon.port, pki: await testPki(), wrap: WRAP });
      open.push(() => peer.close());
      more.push(peer);
    }
    await daemon.waitFor('MULTI: new incoming connection would exceed maximum number of clients (3)', from);
    await Promise.all(
      more.map((peer) => peer.until('an answer', () => (peer.outputs.some((out) => out.kind === 'tls-open') ? true : undefined))),
    );
    await turn();
    expect(clients()).toBe(3);
    expect(daemon.lines.slice(from).filter((line) => line.includes('would exceed maximum'))).toHaveLength(1);
  });
});

describe('strangers on TCP', () => {
  beforeEach(() => serve(['proto tcp4-server', 'max-clients 20'], ['proto']));

  async function dial(): Promise<TcpSocket> {
    const socket = connectTcp(daemon.port, '127.0.0.1');
    socket.on('error', () => undefined);
    open.push(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  it.each([
    ['a frame of length 0', Buffer.from([0, 0, 1, 2, 3])],
    ['a frame that is too long', Buffer.from([0xff, 0xff, 1, 2, 3])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['TLS', Buffer.from('16030100f4010000f00303', 'hex')],
  ])('send %s: the connection ends', async (_what, bytes) => {
    const socket = await dial();
    const ended = once(socket, 'close');
    socket.write(bytes);
    socket.resume();
    await ended;
    expect(clients()).toBe(0);
    expect(await daemon.waitFor(/^WARNING: Bad encapsulated packet length from peer \(\d+\), which must be > 0/)).toBeDefined();
  });

  it('send garbage in sound frames: no client comes of it', async () => {
    const random = new SeededRandom(6);
    const socket = await dial();
    for (let count = 0; count < 300; count++) {
      const bytes = random.bytes(2 + (count % 200) + 1);
      bytes.writeUInt16BE(bytes.length - 2, 0);
      socket.write(bytes);
    }
    await daemon.waitFor(/tls-crypt unwrap error|Control packet from/);
    expect(clients()).toBe(0);
    expect(daemon.lines.filter((line) => /unwrap|Control packet/.test(line)).length).toBeLessThan(10);
  });

  it('hold connections open and say nothing: there are only so many, and they do not keep others out for ever', async () => {
    const held = await Promise.all(Array.from({ length: 60 }, () => dial()));
    expect(held).toHaveLength(60);
    await turn();
    expect(clients()).toBe(0);
    for (const socket of held) socket.destroy();
    const late = await dial();
    const reset = prepareWrap(WRAP, 'client')
      .open()
      .wrap({ opcode: 7, keyId: 0, sessionId: Buffer.alloc(8, 3) }, Buffer.from([0, 0, 0, 0, 0]), new SystemClock().now());
    const answered = once(late, 'data');
    late.write(Buffer.concat([Buffer.from([0, reset.length]), reset]));
    await answered;
    expect(clients()).toBe(1);
  });

  it('reset connections in the middle of a frame', async () => {
    for (let count = 0; count < 50; count++) {
      const socket = await dial();
      socket.write(Buffer.from([1, 0, 7]));
      socket.resetAndDestroy();
    }
    await daemon.when('quiet', () => (clients() === 0 ? true : undefined));
    expect(daemon.lines.filter((line) => line.startsWith('TCP connection established'))).toHaveLength(50);
  });
});

async function honestPeer(server: TestDaemon): Promise<void> {
  expect(server.app.localAddress).toBeDefined();
  const { bob } = await testPki();
  const peer = await connected({ credentials: bob });
  peer.introduce(introduction({ username: 'bob', password: new Secret('y') }));
  await peer.until('PUSH_REPLY', () => peer.messages.find((text) => text.startsWith('PUSH_REPLY')));
}
