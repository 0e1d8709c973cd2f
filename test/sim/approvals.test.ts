import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.ts';
import { seconds } from '../../src/base/units.ts';
import type { Approvals } from '../../src/engine/approvals.ts';
import type { DaemonEvent } from '../../src/model/daemon-port.ts';
import type { Now } from '../../src/base/units.ts';
import { expectNothingLeft } from './leaks.ts';
import { World } from './world.ts';

type ClientEvent = Extract<DaemonEvent, { kind: 'client' }>;

/** A world whose server asks management clients about logins. */
function approvalWorld(renegotiateSeconds = 3600, optional = false): World {
  return new World({
    seed: 11,
    server: ({ auth, control }) => ({
      auth: { ...auth, management: true, optional },
      control: { ...control, renegotiate: { ...control.renegotiate, after: seconds(renegotiateSeconds) } },
    }),
  });
}

const credentials = { username: 'al ice', password: new Secret('p"w\\d') };

function events(world: World, what?: ClientEvent['what']): ClientEvent[] {
  return world.server.events.filter((event) => event.kind === 'client').filter((event) => what === undefined || event.what === what);
}

function decide<T>(world: World, how: (approvals: Approvals, now: Now) => T): T {
  let result: T | undefined;
  world.server.tell((now) => {
    result = how(world.server.engine.approvals, now);
  });
  return result as T;
}

/** Starts a client and waits until its login waits. */
function ask(world: World, name = 'alice') {
  const client = world.addClient(name, { settings: () => ({ credentials }) });
  const before = events(world, 'CONNECT').length;
  client.start();
  world.until(() => events(world, 'CONNECT').length > before, 10_000);
  return client;
}

describe('a login that a management client decides about', () => {
  it('is raised as CONNECT with the environment, newest first, count and password on top', () => {
    const world = approvalWorld();
    ask(world);
    const [connect] = events(world, 'CONNECT');
    expect(connect).toMatchObject({ clientId: 0, keyId: 1 });
    expect(connect?.env.newestFirst().slice(0, 6)).toEqual([
      ['n_clients', '0'],
      ['password', 'p"w\\d'],
      ['untrusted_port', '40000'],
      ['untrusted_ip', '198.51.100.7'],
      ['common_name', 'alice'],
      ['username', 'al ice'],
    ]);
  });

  it('waits, and connects with what the approval pushes and routes', () => {
    const world = approvalWorld();
    const alice = ask(world);
    world.run(10_000);
    expect(alice.isConnected).toBe(false);
    const config = ['push "route 192.168.77.0 255.255.255.0"', 'iroute 192.168.50.0 255.255.255.0', 'nonsense'];
    expect(decide(world, (approvals, now) => approvals.allow(0, 1, config, now))).toBe(true);
    world.until(() => alice.isConnected, 10_000);
    expect(alice.connects[0]?.options).toContain('route 192.168.77.0 255.255.255.0');
    world.run(100);
    expect(world.server.events.flatMap((event) => (event.kind === 'client-address' ? [[event.address, event.primary]] : []))).toEqual([
      ['10.8.0.2', true],
      ['192.168.50.0/255.255.255.0', false],
    ]);
    const [established] = events(world, 'ESTABLISHED');
    expect(established?.env.newestFirst()[0]).toEqual(['n_clients', '1']);
    expect(established?.env.get('password')).toBeUndefined();
    expect(world.server.lines.join('\n')).toContain('client-auth:3');
  });

  it('is decided once: what comes later fails', () => {
    const world = approvalWorld();
    const alice = ask(world);
    expect(decide(world, (approvals, now) => approvals.allow(0, 7, [], now))).toBe(false);
    expect(decide(world, (approvals, now) => approvals.allow(1, 1, [], now))).toBe(false);
    expect(decide(world, (approvals, now) => approvals.allow(0, 1, [], now))).toBe(true);
    expect(decide(world, (approvals, now) => approvals.deny(0, 1, { reason: 'no', clientReason: 'no' }, now))).toBe(false);
    expect(decide(world, (approvals, now) => approvals.allow(0, 1, [], now))).toBe(false);
    world.until(() => alice.isConnected, 10_000);
  });

  it('is refused with the reason for the peer, and ends in DISCONNECT without environment', () => {
    const world = approvalWorld();
    const alice = ask(world);
    const why = { reason: 'bad credentials', clientReason: 'Wrong password, try again' };
    expect(decide(world, (approvals, now) => approvals.deny(0, 1, why, now))).toBe(true);
    world.run(10_000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure', text: 'Wrong password, try again' }]);
    expect(world.server.lines.join('\n')).toContain('MULTI: connection rejected: bad credentials, CLI:Wrong password, try again');
    const [disconnect] = events(world, 'DISCONNECT');
    expect([disconnect?.clientId, disconnect?.env.newestFirst()]).toEqual([0, []]);
    expectNothingLeft(world);
  });

  it('fails when nobody decides within hand-window', () => {
    const world = approvalWorld();
    const alice = ask(world);
    world.run(59_000);
    expect(alice.ends).toEqual([]);
    world.run(2000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure' }]);
    expect(decide(world, (approvals, now) => approvals.allow(0, 1, [], now))).toBe(false);
    world.run(5000);
    expectNothingLeft(world);
  });

  it('gets the time that pending auth asks for, at most half of reneg-sec', () => {
    const world = approvalWorld(200);
    ask(world);
    expect(decide(world, (approvals, now) => approvals.defer(0, 1, 'WEB_AUTH::https://sso.example/login', seconds(90), now))).toBe(true);
    world.run(80_000);
    expect(decide(world, (approvals) => approvals.pending())).toHaveLength(1);
    expect(decide(world, (approvals, now) => approvals.defer(0, 1, 'OPEN_URL:x', seconds(500), now))).toBe(true);
    const sent = world.server.lines.filter((line) => line.includes('SENT CONTROL'));
    expect(sent.map((line) => line.replace(/^.*': ?|^.*\]: /, ''))).toEqual([
      "'AUTH_PENDING,timeout 90' (status=1)",
      "'INFO_PRE,WEB_AUTH::https://sso.example/login' (status=1)",
      "'AUTH_PENDING,timeout 20' (status=1)",
      "'INFO_PRE,OPEN_URL:x' (status=1)",
    ]);
    world.run(21_000);
    expect(decide(world, (approvals) => approvals.pending())).toEqual([]);
    expect(decide(world, (approvals, now) => approvals.defer(0, 1, 'x', seconds(5), now))).toBe(false);
  });

  it('can be shown again to whoever comes later, until it is decided', () => {
    const world = approvalWorld();
    ask(world, 'alice');
    ask(world, 'bob');
    expect(decide(world, (approvals) => approvals.pending())).toEqual(events(world, 'CONNECT'));
    decide(world, (approvals, now) => approvals.allow(0, 1, [], now));
    expect(decide(world, (approvals) => approvals.pending())).toEqual(events(world, 'CONNECT').slice(1));
  });

  it('comes without name and password with auth-user-pass-optional, and is refused without that', () => {
    const open = approvalWorld(3600, true);
    open.addClient('alice').start();
    open.until(() => events(open, 'CONNECT').length === 1, 10_000);
    decide(open, (approvals, now) => approvals.allow(0, 1, [], now));
    open.until(() => open.server.connected.includes('alice'), 10_000);
    const closed = approvalWorld();
    const bob = closed.addClient('bob');
    bob.start();
    closed.run(20_000);
    expect([events(closed), bob.ends.map(({ reason }) => reason)]).toEqual([[], ['auth-failure']]);
  });

  it('comes as REAUTH with every renegotiation, whose refusal ends the client', () => {
    const world = approvalWorld(60);
    const alice = ask(world);
    decide(world, (approvals, now) => approvals.allow(0, 1, ['push "route 192.168.77.0 255.255.255.0"'], now));
    world.until(() => alice.isConnected, 10_000);
    world.until(() => events(world, 'REAUTH').length === 1, 70_000);
    expect(events(world, 'REAUTH')[0]).toMatchObject({ clientId: 0, keyId: 2 });
    decide(world, (approvals, now) => approvals.allow(0, 2, [], now));
    const sent = world.send(alice, 'server');
    world.run(1000);
    expect(world.server.received).toContain(sent);
    world.until(() => events(world, 'REAUTH').length === 2, 70_000);
    decide(world, (approvals, now) => approvals.deny(0, 3, { reason: 'over', clientReason: undefined }, now));
    world.run(10_000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure' }]);
    const [disconnect] = events(world, 'DISCONNECT');
    expect(
      disconnect?.env
        .newestFirst()
        .slice(0, 3)
        .map(([name]) => name),
    ).toEqual(['time_duration', 'bytes_sent', 'bytes_received']);
  });
});
