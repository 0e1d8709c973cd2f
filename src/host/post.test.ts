import { createServer, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds } from '../base/units.ts';
import { createAuthority } from '../cli/pki/authority.ts';
import { Poster, type PostResult } from './post.ts';

const open: { close(): unknown }[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const each of open.splice(0)) each.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

/** Listens and gives its port. */
async function listening(server: Server | HttpServer): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function poster(url: string, ca?: string): Poster {
  const made = new Poster({ url: new URL(url), tls: ca === undefined ? undefined : { ca }, timeout: milliseconds(400) });
  open.push(made);
  return made;
}

const post = (to: Poster): Promise<PostResult> => to.post(Buffer.from('body'), { 'content-type': 'text/plain' });

describe('a post', () => {
  it('brings the body, and the beginning of the answer back', async () => {
    let got = '';
    const port = await listening(
      createServer((request, response) => {
        request.setEncoding('utf8').on('data', (piece: string) => (got += piece));
        request.on('end', () => response.writeHead(503, { 'retry-after': '7' }).end('x'.repeat(5000)));
      }),
    );
    const to = poster(`http://127.0.0.1:${port}/path`);
    expect(await post(to)).toEqual({ kind: 'answered', status: 503, body: 'x'.repeat(512), retryAfter: 7000 });
    expect(got).toBe('body');
  });

  it('goes nowhere where a redirection points', async () => {
    const paths: string[] = [];
    const port = await listening(
      createServer((request, response) => {
        paths.push(request.url ?? '');
        response.writeHead(307, { location: '/elsewhere' }).end();
      }),
    );
    expect(await post(poster(`http://127.0.0.1:${port}/`))).toMatchObject({ kind: 'answered', status: 307 });
    expect(paths).toEqual(['/']);
  });

  it('is given up in time when nobody answers', async () => {
    const port = await listening(createTcpServer(() => undefined));
    expect(await post(poster(`http://127.0.0.1:${port}/`))).toEqual({ kind: 'failed', reason: 'no answer in 0.4 s' });
  });

  it('fails in words when the connection is closed, refused, or answered with something else', async () => {
    const closing = await listening(createTcpServer((socket) => socket.destroy()));
    expect(await post(poster(`http://127.0.0.1:${closing}/`))).toMatchObject({ kind: 'failed' });
    const odd = await listening(createTcpServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n')));
    expect(await post(poster(`http://127.0.0.1:${odd}/`))).toMatchObject({ kind: 'failed' });
    expect(await post(poster('http://127.0.0.1:1/'))).toEqual({ kind: 'failed', reason: 'Connection refused' });
  });

  it('ends an answer that has no end', async () => {
    const port = await listening(
      createServer((_request, response) => {
        const more = (): void => void (response.destroyed || (response.write(Buffer.alloc(65_536)), setImmediate(more)));
        more();
      }),
    );
    expect(await post(poster(`http://127.0.0.1:${port}/`))).toMatchObject({ kind: 'failed' });
  });

  it('is made again at once when the connection that was kept is gone', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked++;
      response.end('ok');
    });
    const to = poster(`http://127.0.0.1:${await listening(server)}/`);
    expect(await post(to)).toMatchObject({ status: 200 });
    for (const socket of sockets) socket.resetAndDestroy();
    expect(await post(to)).toMatchObject({ status: 200 });
    expect(asked).toBe(2);
  });

  it('is made only to who has a certificate of the authority that is trusted', async () => {
    const [own, other] = await Promise.all(['own', 'other'].map((commonName) => createAuthority({ commonName, days: 1, now: new Date() })));
    const issued = await own?.issue({ commonName: 'localhost', kind: 'server' });
    const { certPem = '', keyPem = '' } = issued ?? {};
    const port = await listening(createHttpsServer({ cert: certPem, key: keyPem }, (_request, response) => void response.end()));
    const url = `https://localhost:${port}/`;
    expect(await post(poster(url, own?.certPem))).toMatchObject({ kind: 'answered', status: 200 });
    expect(await post(poster(url, other?.certPem))).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/certificate/) });
    expect(await post(poster(url))).toMatchObject({ kind: 'failed', reason: expect.stringMatching(/certificate/) });
  });
});
