import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeNetwork } from './fake-network.ts';
import { connectTcp, listenTcp, type TcpConnection, type TcpServer } from './tcp.ts';

/** What a connection told, to be awaited by number. */
class Inbox {
  readonly packets: string[] = [];
  readonly closed: Promise<string>;
  #waiting: { count: number; resolve: () => void } | undefined;

  constructor(connection: TcpConnection) {
    this.closed = new Promise((resolve) => {
      connection.listen({
        packet: (bytes) => {
          this.packets.push(bytes.toString());
          if (this.#waiting !== undefined && this.packets.length >= this.#waiting.count) this.#waiting.resolve();
        },
        closed: resolve,
      });
    });
  }

  async has(count: number): Promise<string[]> {
    if (this.packets.length < count) {
      await new Promise<void>((resolve) => {
        this.#waiting = { count, resolve };
      });
    }
    return this.packets;
  }
}

const cleanUp: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0)) await clean();
});

/** A server, and a function that gives its connections in the order in which they came. */
async function serving(
  more: Partial<Parameters<typeof listenTcp>[0]> = {},
): Promise<{ server: TcpServer; accepted: () => Promise<TcpConnection> }> {
  const server = await listenTcp({ family: 4, host: '127.0.0.1', port: 0, maxConnections: 10, maxPacket: 2000, ...more });
  cleanUp.push(() => server.close());
  const connections: TcpConnection[] = [];
  const waiting: ((connection: TcpConnection) => void)[] = [];
  server.listen((connection) => {
    const next = waiting.shift();
    if (next === undefined) connections.push(connection);
    else next(connection);
  });
  const accepted = (): Promise<TcpConnection> => {
    const first = connections.shift();
    return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
  };
  return { server, accepted };
}

async function raw(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  cleanUp.push(() => void socket.destroy());
  socket.on('error', () => {});
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
  });
  return socket;
}

/** Length and packet, by hand. */
function framed(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length >> 8, text.length & 255), Buffer.from(text)]);
}

describe('a TCP server', () => {
  it('cuts the stream into packets, wherever the network cuts it', async () => {
    const { server, accepted } = await serving();
    const socket = await raw(server.local.port);
    // The receiver listens in the turn in which it gets the connection.
    const inbox = accepted().then((connection) => new Inbox(connection));
    const stream = Buffer.concat([framed('one'), framed('two'), framed('three')]);
    for (const byte of stream.subarray(0, 7)) socket.write(Buffer.of(byte));
    socket.write(stream.subarray(7));
    expect(await (await inbox).has(3)).toEqual(['one', 'two', 'three']);
  });

  it('frames what it sends, and sends it all before it ends', async () => {
    const { server, accepted } = await serving();
    const socket = await raw(server.local.port);
    const connection = await accepted();
    const inbox = new Inbox(connection);
    let came = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      came = Buffer.concat([came, chunk]);
    });
    const ended = new Promise<void>((resolve) => {
      socket.once('end', resolve);
    });
    connection.send(Buffer.from('first'), false);
    connection.send(Buffer.from('second'), true);
    connection.end('unauthentic');
    await ended;
    expect(came).toEqual(Buffer.concat([framed('first'), framed('second')]));
    expect(await inbox.closed).toBe('unauthentic');
    socket.write(framed('late'));
    connection.send(Buffer.from('late'), true);
    expect(inbox.packets).toEqual([]);
  });

  it.each([
    ['an empty packet', Buffer.of(0, 0), 'bad encapsulated packet length from peer (0), which must be > 0 and <= 2000'],
    ['a packet too long', Buffer.of(0xff, 0xff), 'bad encapsulated packet length from peer (65535), which must be > 0 and <= 2000'],
    [
      'a request of the web',
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      'bad encapsulated packet length from peer (18245), which must be > 0 and <= 2000',
    ],
  ])('ends the connection at %s', async (_what, bytes, reason) => {
    const { server, accepted } = await serving();
    const socket = await raw(server.local.port);
    const inbox = new Inbox(await accepted());
    socket.write(bytes);
    expect(await inbox.closed).toBe(reason);
  });

  it('tells when the peer goes, with or without a goodbye', async () => {
    const { server, accepted } = await serving();
    for (const leave of [(socket: Socket) => socket.end(), (socket: Socket) => socket.resetAndDestroy()]) {
      const socket = await raw(server.local.port);
      const inbox = new Inbox(await accepted());
      leave(socket);
      expect(await inbox.closed).toBe('connection-reset');
    }
  });

  it('ends a connection that never says a whole packet', async () => {
    const { server, accepted } = await serving({ firstPacketWithin: 20 });
    const socket = await raw(server.local.port);
    const inbox = new Inbox(await accepted());
    socket.write(Buffer.of(0));
    expect(await inbox.closed).toBe('silent');
  });

  it('drops data for a peer that does not read, and gives it up when control cannot be sent', async () => {
    const { server, accepted } = await serving();
    const socket = await raw(server.local.port);
    socket.pause();
    const connection = await accepted();
    const inbox = new Inbox(connection);
    const packet = Buffer.alloc(1900, 1);
    // More than any kernel buffers for a loopback connection.
    for (let i = 0; i < 100_000 && connection.dropped === 0; i++) {
      connection.send(packet, true);
      if (i % 64 === 0) {
        await new Promise<void>((resolve) => {
          setImmediate(resolve);
        });
      }
    }
    expect(connection.dropped).toBe(1);
    connection.send(packet, true);
    expect(connection.dropped).toBe(2);
    connection.send(Buffer.from('control'), false);
    expect(await inbox.closed).toBe('saturated');
  });

  it('takes no more connections than it may', async () => {
    const { server, accepted } = await serving({ maxConnections: 2 });
    const sockets = [await raw(server.local.port), await raw(server.local.port), await raw(server.local.port)];
    await accepted();
    await accepted();
    const closed = await Promise.race(
      sockets.map(
        (socket, i) =>
          new Promise<number>((resolve) => {
            socket.once('close', () => resolve(i));
            socket.resume();
          }),
      ),
    );
    expect(closed).toBe(2);
  });

  it('names a taken address in the words of OpenVPN', async () => {
    const { server } = await serving();
    await expect(listenTcp({ family: 4, host: '127.0.0.1', port: server.local.port, maxConnections: 1, maxPacket: 2000 })).rejects.toThrow(
      `TCP/UDP: Socket bind failed on local address [AF_INET]127.0.0.1:${server.local.port}: Address already in use (errno=98)`,
    );
  });

  it('ends its connections when it closes', async () => {
    const { server, accepted } = await serving();
    await raw(server.local.port);
    const inbox = new Inbox(await accepted());
    await server.close();
    expect(await inbox.closed).toBe('closed by us');
  });
});

describe('a TCP client', () => {
  it('speaks with a server', async () => {
    const { server, accepted } = await serving();
    const client = await connectTcp('127.0.0.1', server.local.port, 2000, 5000);
    const atClient = new Inbox(client);
    const connection = await accepted();
    const atServer = new Inbox(connection);
    client.send(Buffer.from('hello'), false);
    expect(await atServer.has(1)).toEqual(['hello']);
    connection.send(Buffer.from('welcome'), false);
    expect(await atClient.has(1)).toEqual(['welcome']);
    expect(client).toMatchObject({ remoteHost: '127.0.0.1', remotePort: server.local.port });
    expect(connection.number).not.toBe(client.number);
    client.end('done');
    expect(await atServer.closed).toBe('connection-reset');
    expect(await atClient.closed).toBe('done');
  });

  it('says why it could not connect', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise<void>((resolve) => {
      closed.once('listening', resolve);
    });
    const { port } = closed.address() as AddressInfo;
    await new Promise<void>((resolve) => {
      closed.close(() => resolve());
    });
    await expect(connectTcp('127.0.0.1', port, 2000, 5000)).rejects.toThrow(
      `TCP: connect to 127.0.0.1:${port} failed: Connection refused (errno=111)`,
    );
  });
});

describe('TCP of the fake network', () => {
  it('behaves as the real one, when told to move', async () => {
    const network = new FakeNetwork();
    const server = network.listenTcp('10.0.0.1', 443);
    const atServer: Inbox[] = [];
    let connection: TcpConnection | undefined;
    server.listen((accepted) => {
      connection = accepted;
      atServer.push(new Inbox(accepted));
    });
    const client = network.connectTcp('10.0.0.2', '10.0.0.1', 443);
    const atClient = new Inbox(client);
    client.send(Buffer.from('hello'), false);
    network.settle();
    expect(atServer[0]?.packets).toEqual(['hello']);
    connection?.send(Buffer.from('welcome'), false);
    connection?.end('closed by us');
    network.settle();
    expect(atClient.packets).toEqual(['welcome']);
    expect(await atClient.closed).toBe('connection-reset');
    expect(await atServer[0]?.closed).toBe('closed by us');
    expect(() => network.listenTcp('10.0.0.1', 443)).toThrow(/Address already in use/);
    await server.close();
    expect(() => network.connectTcp('10.0.0.2', '10.0.0.1', 443)).toThrow(/Connection refused/);
  });
});
