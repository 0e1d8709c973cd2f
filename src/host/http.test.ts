import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createAuthority } from '../cli/pki/authority.ts';
import { type HttpAnswer, type HttpAnswerer, type HttpListener, type HttpQuestion, listenHttp } from './http.ts';

const LOOPBACK = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-http-'));
let open: HttpListener[] = [];

afterEach(async () => {
  await Promise.all(open.map((listener) => listener.close()));
  open = [];
});
afterAll(() => rmSync(folder, { recursive: true }));

async function serve(answer: HttpAnswerer, where: Parameters<typeof listenHttp>[0] = LOOPBACK): Promise<number> {
  const listener = await listenHttp(where, undefined, answer);
  open.push(listener);
  return listener.local.kind === 'tcp' ? listener.local.port : 0;
}

const text = (body: HttpAnswer['body']): HttpAnswer => ({ status: 200, headers: { 'content-type': 'text/plain' }, body });

describe('the HTTP server', () => {
  it('gives the question without its query, and the answer in pieces', async () => {
    const seen: HttpQuestion[] = [];
    const port = await serve((question) => {
      seen.push(question);
      return text(['a', 'b', 'c']);
    });
    const response = await fetch(`http://127.0.0.1:${port}/metrics?x=1`, { headers: { accept: 'text/plain' } });
    expect([response.status, await response.text()]).toEqual([200, 'abc']);
    expect(seen).toMatchObject([{ method: 'GET', path: '/metrics', headers: { accept: 'text/plain' } }]);
    const head = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it('makes no more pieces than are taken', async () => {
    let made = 0;
    function* endless(): Generator<string> {
      for (; made < 100_000; made++) yield 'x'.repeat(65_536);
    }
    const port = await serve(() => text(endless()));
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.pause();
    await vi.waitFor(() => expect(made).toBeGreaterThan(0));
    // Others are served meanwhile.
    for (let turn = 0; turn < 20; turn++) await (await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' })).text();
    expect(made).toBeLessThan(1000);
    socket.destroy();
  });

  it('cuts an answer off that fails half way, so that nobody takes it for whole', async () => {
    function* failing(): Generator<string> {
      yield 'half';
      throw new Error('no more');
    }
    const port = await serve(({ path }) => text(path === '/' ? 'whole' : failing()));
    await expect(fetch(`http://127.0.0.1:${port}/x`).then((response) => response.text())).rejects.toThrow(/terminated/);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('whole');
  });

  it('gives the query, and a body to whoever asks for one, up to a length', async () => {
    const port = await serve(async ({ query, body }) => text(`${query} ${(await body())?.length}`));
    const send = async (body: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}/?a=b?c`, { method: 'POST', body })).text();
    expect(await send('x'.repeat(65_536))).toBe('a=b?c 65536');
    expect(await send('x'.repeat(65_537))).toBe('a=b?c undefined');
    expect(await send('')).toBe('a=b?c 0');
  });

  it('goes on with a stream until it ends, the reader goes, or the server ends', async () => {
    const closed: string[] = [];
    const streamed = (name: string, pieces: string[]): HttpAnswer => {
      let wake = (): void => undefined;
      const close = (): void => {
        closed.push(name);
        wake();
      };
      const next = (): Promise<string | undefined> =>
        pieces.length > 0 ? Promise.resolve(pieces.shift()) : new Promise((resolve) => (wake = () => resolve(undefined)));
      return { ...text('begin '), stream: { next, close } };
    };
    const port = await serve(({ path }) => streamed(path, ['one ', 'two ']));
    const reading = new AbortController();
    const left = await fetch(`http://127.0.0.1:${port}/left`, { signal: reading.signal });
    const leftBody = left.body?.getReader();
    expect(Buffer.from((await leftBody?.read())?.value ?? []).toString()).toContain('begin');
    reading.abort();
    await vi.waitFor(() => expect(closed).toContain('/left'));
    const stays = await fetch(`http://127.0.0.1:${port}/stays`);
    await fetch(`http://127.0.0.1:${port}/head`, { method: 'HEAD' });
    await vi.waitFor(() => expect(closed).toContain('/head'));
    const ended = stays.text();
    await Promise.all(open.map((listener) => listener.close()));
    open = [];
    expect(closed).toContain('/stays');
    expect(await ended).toBe('begin one two ');
  });

  it('passes over what is no HTTP', async () => {
    const port = await serve(() => text('ok'));
    const closed = new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('\x16\x03\x01 nonsense\r\n\r\n'));
      socket
        .on('error', () => undefined)
        .on('close', resolve)
        .resume();
    });
    await closed;
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  });

  it('listens on a unix socket, which it removes', async () => {
    const path = join(folder, 'http.sock');
    await serve(() => text('ok'), { kind: 'unix', path });
    const status = await new Promise((resolve) => {
      request({ socketPath: path, path: '/' }, (response) => resolve(response.resume().statusCode)).end();
    });
    expect(status).toBe(200);
    await expect(listenHttp({ kind: 'unix', path }, undefined, () => text(''))).rejects.toMatchObject({ code: 'LISTEN' });
  });

  it('speaks TLS, and asks for a certificate when it has an authority', async () => {
    const authority = await createAuthority({ commonName: 'CA', days: 1, now: new Date() });
    const [server, client] = await Promise.all([
      authority.issue({ commonName: 'localhost', kind: 'server' }),
      authority.issue({ commonName: 'prometheus', kind: 'client' }),
    ]);
    const tls = { cert: server.certPem, key: server.keyPem, ca: authority.certPem };
    const listener = await listenHttp(LOOPBACK, tls, () => text('ok'));
    open.push(listener);
    const port = listener.local.kind === 'tcp' ? listener.local.port : 0;
    const ask = (own: { cert?: string; key?: string }): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, ca: authority.certPem, checkServerIdentity: () => undefined, ...own };
        requestTls(options, (response) => resolve(response.resume().statusCode))
          .on('error', reject)
          .end();
      });
    expect(await ask({ cert: client.certPem, key: client.keyPem })).toBe(200);
    await expect(ask({})).rejects.toThrow(/certificate required|hang up|ECONNRESET/);
  });

  it('says what it cannot use', async () => {
    const port = await serve(() => text('ok'));
    await expect(listenHttp({ ...LOOPBACK, port }, undefined, () => text(''))).rejects.toMatchObject({
      code: 'LISTEN',
      message: `HTTP: cannot listen on 127.0.0.1:${port}: Address already in use (errno=98)`,
    });
    await expect(listenHttp(LOOPBACK, { cert: 'x', key: 'y' }, () => text(''))).rejects.toMatchObject({ code: 'KEY_MATERIAL' });
  });
});
