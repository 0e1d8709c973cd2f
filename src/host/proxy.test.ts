import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { httpConnect, socksConnect } from './proxy.ts';

const open: (Server | Socket)[] = [];

afterEach(() => {
  for (const each of open.splice(0)) {
    if ('close' in each && 'listen' in each) each.close();
    else each.destroy();
  }
});

/** A socket to a server that answers each piece it hears with the next of these. */
async function talking(answers: readonly (Buffer | string)[]): Promise<{ readonly socket: Socket; readonly heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const rest = [...answers];
  const server = createServer((peer) => {
    peer.on('error', () => undefined);
    open.push(peer);
    peer.on('data', (piece: Buffer) => {
      heard.push(piece);
      const answer = rest.shift();
      if (answer === undefined) peer.end();
      else peer.write(answer);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const socket = connect(typeof address === 'object' && address !== null ? address.port : 0, '127.0.0.1');
  await new Promise<void>((resolve) => {
    socket.once('connect', () => resolve());
  });
  open.push(server, socket);
  return { socket, heard };
}

const LOGIN = { username: 'ann', password: new Secret('pw') };
const HTTP = { version: '1.0', headers: [], login: undefined } as const;
const TARGET = { host: 'vpn.test', port: 1194 };

describe('HTTP CONNECT', () => {
  it('asks for the target, and leaves what follows the answer in the socket', async () => {
    const { socket, heard } = await talking(['HTTP/1.1 200 OK\r\nVia: x\r\n\r\nfirst packet']);
    const options = { version: '1.1', headers: [['User-Agent', 'me']], login: LOGIN } as const;
    expect(await httpConnect(socket, TARGET, options, 5000)).toBe('connected');
    expect(heard[0]?.toString()).toBe(
      'CONNECT vpn.test:1194 HTTP/1.1\r\nHost: vpn.test\r\nUser-Agent: me\r\nProxy-Authorization: Basic YW5uOnB3\r\n\r\n',
    );
    const rest = await new Promise<Buffer>((resolve) => {
      socket.once('data', resolve);
    });
    expect(rest.toString()).toBe('first packet');
  });

  it.each([
    ['HTTP/1.0 407 Login\r\n\r\n', 'login-needed'],
    ['HTTP/1.0 403 No\r\n\r\n', { refused: "HTTP proxy returned: 'HTTP/1.0 403 No'" }],
    ['nonsense\r\n\r\n', { refused: "HTTP proxy returned: 'nonsense'" }],
  ])('tells how the proxy answered: %j', async (answer, expected) => {
    const { socket } = await talking([answer]);
    expect(await httpConnect(socket, TARGET, HTTP, 5000)).toEqual(expected);
  });

  it('gives up on a proxy that says nothing, closes, or never ends', async () => {
    await expect(httpConnect((await talking([''])).socket, TARGET, HTTP, 50)).rejects.toThrow('did not answer in time');
    await expect(httpConnect((await talking([])).socket, TARGET, HTTP, 5000)).rejects.toThrow('closed the connection');
    await expect(httpConnect((await talking(['x'.repeat(9000)])).socket, TARGET, HTTP, 5000)).rejects.toThrow('too long');
  });
});

describe('SOCKS5', () => {
  it('logs in and asks for a name', async () => {
    const { socket, heard } = await talking([Buffer.from([5, 2]), Buffer.from([1, 0]), Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])]);
    expect(await socksConnect(socket, TARGET, LOGIN, 5000)).toBe('connected');
    expect(heard.map((piece) => piece.toString('hex'))).toEqual([
      '05020002',
      `0103${Buffer.from('ann').toString('hex')}02${Buffer.from('pw').toString('hex')}`,
      `0501000308${Buffer.from('vpn.test').toString('hex')}04aa`,
    ]);
  });

  it.each([
    ['10.9.8.7', '050100010a09080704aa'],
    ['fd00::7', '05010004fd00000000000000000000000000000704aa'],
  ])('asks for an address: %s', async (host, expected) => {
    const { socket, heard } = await talking([Buffer.from([5, 0]), Buffer.from([5, 0, 0, 3, 1, 0x61, 0, 0])]);
    expect(await socksConnect(socket, { host, port: 1194 }, undefined, 5000)).toBe('connected');
    expect(heard[1]?.toString('hex')).toBe(expected);
  });

  it.each([
    [[Buffer.from([5, 2])], 'login-needed', undefined],
    [[Buffer.from([5, 255])], { refused: 'socks_handshake: Socks proxy returned bad status' }, undefined],
    [[Buffer.from([5, 2]), Buffer.from([1, 1])], { refused: 'socks_username_password_auth: server refused the authentication' }, LOGIN],
    [
      [Buffer.from([5, 0]), Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])],
      { refused: 'recv_socks_reply: Socks proxy returned bad reply: connection refused' },
      undefined,
    ],
  ])('tells how the proxy answered: %j', async (answers, expected, login) => {
    const { socket } = await talking(answers);
    expect(await socksConnect(socket, TARGET, login, 5000)).toEqual(expected);
  });
});
