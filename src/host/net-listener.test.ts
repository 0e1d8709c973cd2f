import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  addressText,
  connectStream,
  type ListenerOptions,
  listenStream,
  type StreamAddress,
  type StreamConnection,
  type StreamListener,
} from './net-listener.ts';

let folder: string;
const open: StreamListener[] = [];
const sockets: Socket[] = [];
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-listen-'));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

afterAll(() => rmSync(folder, { recursive: true }));

function unixAddress(): StreamAddress & { readonly kind: 'unix' } {
  return { kind: 'unix', path: join(folder, `s${count++}`) };
}

const TCP: StreamAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 };

/** A listener, and its connections one by one. */
async function listen(where: StreamAddress, options?: ListenerOptions) {
  const waiting: ((connection: Heard) => void)[] = [];
  const listener = await listenStream(where, (connection) => waiting.shift()?.(new Heard(connection)), options);
  open.push(listener);
  const next = (): Promise<Heard> => new Promise((resolve) => waiting.push(resolve));
  return { listener, next };
}

/** A connection and what it said. */
class Heard {
  readonly connection: StreamConnection;
  text = '';
  readonly closed: Promise<string | undefined>;
  #said: (() => void) | undefined;

  constructor(connection: StreamConnection) {
    this.connection = connection;
    this.closed = new Promise((resolve) => {
      connection.listen({
        data: (bytes) => {
          this.text += bytes.toString();
          this.#said?.();
        },
        closed: resolve,
      });
    });
  }

  /** What was said, once it is at least so long. */
  async hears(length: number): Promise<string> {
    while (this.text.length < length) await new Promise<void>((resolve) => (this.#said = resolve));
    return this.text;
  }
}

function dial(where: StreamAddress): Socket {
  const socket = where.kind === 'unix' ? connect(where.path) : connect(where.port, where.host);
  socket.on('error', () => undefined);
  sockets.push(socket);
  return socket;
}

function readAll(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString()));
    socket.on('close', () => resolve(text));
  });
}

describe.each(['tcp', 'unix'] as const)('listenStream by %s', (kind) => {
  const address = (): StreamAddress => (kind === 'tcp' ? TCP : unixAddress());

  it('hands over connections that carry bytes both ways', async () => {
    const { listener, next } = await listen(address());
    const accepted = next();
    const socket = dial(listener.local);
    const heard = await accepted;
    socket.write('status\n');
    expect(await heard.hears(7)).toBe('status\n');
    expect(heard.connection.write(Buffer.from('END\r\n'))).toBe(true);
    heard.connection.end();
    expect(heard.connection.write(Buffer.from('late'))).toBe(false);
    expect(await readAll(socket)).toBe('END\r\n');
    expect(await heard.closed).toBeUndefined();
  });

  it('numbers connections and never uses a number twice', async () => {
    const { listener, next } = await listen(address());
    const ids: number[] = [];
    for (let i = 0; i < 3; i++) {
      const accepted = next();
      const socket = dial(listener.local);
      const { connection, closed } = await accepted;
      ids.push(connection.id);
      socket.destroy();
      await closed;
    }
    expect(new Set(ids).size).toBe(3);
  });

  it('does not let a slow reader pile up bytes', async () => {
    const { listener, next } = await listen(address(), { maxQueuedBytes: 100_000 });
    const accepted = next();
    dial(listener.local).pause();
    const { connection } = await accepted;
    let taken = 0;
    while (connection.write(Buffer.alloc(50_000)) && taken < 1000) taken++;
    expect(taken).toBeLessThan(1000);
    expect(connection.queued).toBeLessThanOrEqual(100_000);
  });

  it('closes connections beyond the limit', async () => {
    const { listener, next } = await listen(address(), { maxConnections: 1 });
    const accepted = next();
    dial(listener.local);
    await accepted;
    expect(await readAll(dial(listener.local))).toBe('');
  });

  it('ends everything when it is closed', async () => {
    const { listener, next } = await listen(address());
    const accepted = next();
    const socket = dial(listener.local);
    await accepted;
    const rest = readAll(socket);
    await listener.close();
    expect(await rest).toBe('');
    if (listener.local.kind === 'unix') expect(existsSync(listener.local.path)).toBe(false);
  });

  it('is what connectStream finds', async () => {
    const { listener, next } = await listen(address());
    const accepted = next();
    const mine = new Heard(await connectStream(listener.local, 1000));
    const theirs = await accepted;
    theirs.connection.write(Buffer.from('>INFO\r\n'));
    expect(await mine.hears(7)).toBe('>INFO\r\n');
    mine.connection.end();
    await theirs.closed;
  });
});

describe('a unix socket', () => {
  it("is its owner's alone, or has the mode it was given", async () => {
    const [first, second] = [unixAddress(), unixAddress()];
    await listen(first);
    await listen(second, { mode: 0o660 });
    expect([first, second].map(({ path }) => (statSync(path).mode & 0o777).toString(8))).toEqual(['600', '660']);
  });

  it('tells who is at the other end', async () => {
    const { listener, next } = await listen(unixAddress());
    const accepted = next();
    dial(listener.local);
    const { connection } = await accepted;
    expect(await connection.credentials()).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
  });

  it('takes the place of one that nobody answers on', async () => {
    const where = unixAddress();
    const gone = createServer().listen(where.path);
    await new Promise((resolve) => gone.once('listening', resolve));
    // A process that crashed leaves its socket behind: keep the file while the listener goes.
    renameSync(where.path, `${where.path}.kept`);
    await new Promise((resolve) => gone.close(resolve));
    renameSync(`${where.path}.kept`, where.path);
    const { listener } = await listen(where);
    expect(listener.local).toEqual(where);
  });

  it('does not take the place of one in use', async () => {
    const where = unixAddress();
    await listen(where);
    await expect(listenStream(where, () => undefined)).rejects.toMatchObject({
      code: 'LISTEN',
      message: expect.stringContaining(where.path),
    });
  });

  it('does not take the place of a file', async () => {
    const where = unixAddress();
    writeFileSync(where.path, 'precious');
    await expect(listenStream(where, () => undefined)).rejects.toThrow('something else than a socket');
    expect(readFileSync(where.path, 'utf8')).toBe('precious');
  });
});

describe('errors', () => {
  it('name a port in use as stock does', async () => {
    const { listener } = await listen(TCP);
    await expect(listenStream(listener.local, () => undefined)).rejects.toThrow(
      `Socket bind failed on local address ${addressText(listener.local)}: Address already in use (errno=98)`,
    );
  });

  it('name a refused connection', async () => {
    const { listener } = await listen(TCP);
    open.pop();
    await listener.close();
    await expect(connectStream(listener.local, 1000)).rejects.toMatchObject({
      code: 'LISTEN',
      message: expect.stringContaining('Connection refused'),
    });
  });

  it('have no credentials for TCP', async () => {
    const { listener, next } = await listen(TCP);
    const accepted = next();
    dial(listener.local);
    const { connection } = await accepted;
    expect(await connection.credentials()).toBeUndefined();
  });

  it.each([
    [{ kind: 'tcp', host: '127.0.0.1', port: 7505 }, '[AF_INET]127.0.0.1:7505'],
    [{ kind: 'tcp', host: '::1', port: 7505 }, '[AF_INET6]::1:7505'],
    [{ kind: 'unix', path: '/run/x' }, '/run/x'],
  ] as const)('write %j', (address, text) => {
    expect(addressText(address)).toBe(text);
  });
});
