import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { testPki } from '../../test/support/pki.ts';
import { SystemClock } from '../host/clock.ts';
import type { StreamAddress } from '../host/net-listener.ts';
import { FakeDaemonPort } from '../management/fake-port.ts';
import { EventQueue } from './event-queue.ts';
import { Logging } from './logging.ts';
import { type ClientEvent, ManagementClient, ManagementError } from './management-client.ts';
import { type ManagementPlace, ManagementService } from './management.ts';

const clock = new SystemClock();
const info = { title: 'OpenVPN 2.6.14 test', mode: 'server', statusVersion: 1, connected: true } as const;

let folder = '';
let closing: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-client-'));
});

afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
  rmSync(folder, { recursive: true });
});

async function serve(place: Partial<ManagementPlace> = {}) {
  const port = new FakeDaemonPort(info, (request) => (request.kind === 'pid' ? { kind: 'value', value: 7 } : { kind: 'done', text: '' }));
  const outlet = { write: () => undefined, close: () => Promise.resolve() };
  const service = new ManagementService(
    port,
    { renderStatus: { lines: () => ['END'], json: () => ['{}', 'END'] } },
    new Logging(clock, outlet, outlet),
    clock,
  );
  const where = await service.listen({ where: { kind: 'unix', path: join(folder, 'm.sock') }, password: undefined, ...place });
  const close = () => service.close();
  closing.push(close);
  return { port, where, close };
}

function client(where: StreamAddress, more: Partial<ConstructorParameters<typeof ManagementClient>[0]> = {}): ManagementClient {
  const made = new ManagementClient({ where, clock, ...more });
  closing.push(() => made.close());
  return made;
}

/** Takes events until one is as wanted. */
async function until(from: ManagementClient, wanted: (event: ClientEvent) => boolean): Promise<ClientEvent> {
  for await (const event of from.events) if (wanted(event)) return event;
  throw new Error('the events ended');
}

describe('ManagementClient', () => {
  it('asks many things at once and gives each its answer', async () => {
    const { where, port } = await serve();
    const manager = client(where);
    await manager.open();
    const [pid, version, hold] = await Promise.all([manager.pid(), manager.version(), manager.clientKill(3, 'HALT,a "b" \\c')]);
    expect([pid, version, hold]).toEqual([7, { title: info.title, management: 5 }, 'client-kill command succeeded']);
    expect(port.requests).toContainEqual({ kind: 'client-kill', clientId: 3, message: 'HALT,a "b" \\c' });
    await expect(manager.command('frobnicate')).resolves.toBeDefined();
    await expect(manager.kill('a\nsignal SIGTERM')).rejects.toThrow('control characters');
    expect(port.requests.some(({ kind }) => kind === 'signal')).toBe(false);
  });

  it('tells an error of the daemon from a lost connection', async () => {
    const { where, close } = await serve();
    const manager = client(where, { reconnects: false });
    await manager.open();
    await expect(manager.verb(99)).rejects.toMatchObject({ message: 'verb level is out of range', lost: false });
    await close();
    await until(manager, (event) => event.kind === 'disconnected');
    await expect(manager.pid()).rejects.toBeInstanceOf(ManagementError);
    await expect(manager.pid()).rejects.toMatchObject({ lost: true });
  });

  it('gives the password, and does not come in with a wrong one', async () => {
    const { where } = await serve({ password: new Secret('sesame') });
    const right = client(where, { password: new Secret('sesame') });
    await right.open();
    expect(await right.pid()).toBe(7);
    const wrong = client(where, { password: new Secret('guess'), reconnects: false });
    await expect(wrong.open()).rejects.toMatchObject({ message: 'bad password', lost: true });
  });

  it('speaks TLS, and shows who it is to a listener that wants to know', async () => {
    const { ca, server, alice } = await testPki();
    const tls = { cert: server.certPem, key: server.keyPem, ca: ca.certPem };
    const { where } = await serve({ where: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tls });
    const trust = { ca: ca.certPem, serverName: 'server' };
    const known = client(where, { tls: { ...trust, cert: alice.certPem, key: alice.keyPem } });
    await known.open();
    expect(await known.pid()).toBe(7);
    await expect(client(where, { tls: trust, reconnects: false }).open()).rejects.toMatchObject({ lost: true });
    await expect(client(where, { tls: { serverName: 'server' }, reconnects: false }).open()).rejects.toMatchObject({ lost: true });
  });

  it('comes back and subscribes again', async () => {
    const first = await serve();
    const manager = client(first.where);
    await manager.open();
    await manager.subscribe('state');
    await first.close();
    expect(await until(manager, (event) => event.kind === 'disconnected')).toMatchObject({ againIn: 250 });
    const second = await serve();
    await until(manager, (event) => event.kind === 'connected');
    expect(await manager.pid()).toBe(7);
    second.port.emit({ kind: 'state', state: { time: clock.now().wall, name: 'CONNECTED' } });
    expect(await until(manager, (event) => event.kind === 'state')).toMatchObject({ state: { name: 'CONNECTED' } });
  });

  it('is let in by who it is on a unix socket, and not by who it is not', async () => {
    const { where } = await serve({ peer: { uid: process.getuid?.(), gid: process.getgid?.() } });
    const me = client(where);
    await me.open();
    expect(await me.pid()).toBe(7);
    me.close();
    rmSync(join(folder, 'm.sock'), { force: true });
    const other = await serve({ where: { kind: 'unix', path: join(folder, 'o.sock') }, peer: { uid: 12_345, gid: undefined } });
    await expect(client(other.where, { reconnects: false }).open()).rejects.toMatchObject({ lost: true });
  });
});

describe('EventQueue', () => {
  it('drops the oldest beyond its limit and counts them', async () => {
    const queue = new EventQueue<number>(3);
    for (let i = 0; i < 5; i++) queue.push(i);
    queue.end();
    queue.push(9);
    const taken: number[] = [];
    for await (const item of queue) taken.push(item);
    expect([taken, queue.dropped]).toEqual([[2, 3, 4], 2]);
  });
});
