import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { milliseconds } from '../base/units.ts';
import { OutgoingStream } from './outgoing-stream.ts';

let server: Server;
let sockets: Socket[];

afterEach(() => {
  server.close();
  for (const socket of sockets) socket.destroy();
});

/** A stream to a server that does this with each connection. */
async function streamTo(handle: (socket: Socket) => void): Promise<OutgoingStream> {
  sockets = [];
  server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return OutgoingStream.open({ host: '127.0.0.1', port, tls: undefined, timeout: milliseconds(400) });
}

describe('a stream that only we write', () => {
  it('ends well when the other end has read all', async () => {
    let got = '';
    const stream = await streamTo((socket) => {
      socket.setEncoding('utf8').on('data', (piece: string) => (got += piece));
      socket.on('end', () => socket.end());
      socket.resume();
    });
    await stream.write(Buffer.from('one '));
    await stream.write(Buffer.from('two'));
    await stream.finish();
    expect(got).toBe('one two');
  });

  it('does not end well when the other end resets, closes before ours, or says nothing', async () => {
    const reset = await streamTo((socket) => {
      socket.once('data', () => socket.resetAndDestroy());
      socket.resume();
    });
    await reset.write(Buffer.from('x'));
    await vi.waitFor(() => expect(reset.lost).toBeDefined());
    await expect(reset.write(Buffer.from('x'))).rejects.toThrow(reset.lost);
    const closed = await streamTo((socket) => {
      socket.resume();
      socket.end();
    });
    await vi.waitFor(() => expect(closed.lost).toBe('the other end closed the connection'));
    await expect(closed.finish()).rejects.toThrow('the other end closed the connection');
    const silent = await streamTo(() => undefined);
    await silent.write(Buffer.from('x'));
    await expect(silent.finish()).rejects.toThrow('the end is not answered in 0.4 s');
  });

  it('gives up a write that nobody reads', async () => {
    const stream = await streamTo(() => undefined);
    await expect(stream.write(Buffer.alloc(32 << 20))).rejects.toThrow('nothing is read at the other end in 0.4 s');
  });

  it('cannot be had where nobody listens', async () => {
    const place = { host: '127.0.0.1', port: 1, tls: undefined, timeout: milliseconds(400) };
    await expect(OutgoingStream.open(place)).rejects.toThrow('Connection refused');
  });
});
