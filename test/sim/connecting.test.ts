import { describe, expect, it } from 'vitest';
import { seconds } from '../../src/base/units.ts';
import type { Answer, Question } from '../../src/engine/types.ts';
import { inner } from '../support/data-packets.ts';
import { expectNothingLeft } from './leaks.ts';
import { World } from './world.ts';

/** A server that reads client files: what each name's file says. */
function withFiles(files: Readonly<Record<string, string>>, exclusive = false): World {
  const world = new World({ seed: 81, server: () => ({ clientConfig: { exclusive } }) });
  world.server.answer = (question) => ({ answer: fileAnswer(question, files), after: 1 });
  return world;
}

function fileAnswer(question: Question, files: Readonly<Record<string, string>>): Answer {
  if (question.what !== 'client-file') return { ok: true };
  const text = files[question.commonName];
  return text === undefined ? { ok: true } : { ok: true, config: { text, name: `ccd/${question.commonName}` } };
}

function withHooks(...hooks: readonly ('clientConnect' | 'clientDisconnect' | 'learnAddress' | 'tlsVerify')[]): World {
  const on = Object.fromEntries(hooks.map((hook) => [hook, true]));
  return new World({ seed: 82, server: (settings) => ({ hooks: { ...settings.hooks, ...on } }) });
}

describe('a client file', () => {
  it('gives an address of its own and more to push', () => {
    const world = withFiles({ alice: 'ifconfig-push 10.8.0.77 255.255.255.0\npush "route 10.1.0.0 255.255.0.0"\n' });
    const [alice] = world.connect('alice');
    expect(alice?.address).toBe('10.8.0.77');
    expect(alice?.connects[0]?.options).toContain('route 10.1.0.0 255.255.0.0');
    const body = alice === undefined ? '' : world.send(alice, 'server');
    world.run(50);
    expect(world.server.received).toEqual([body]);
    expect(world.server.lines).toContain('alice OPTIONS IMPORT: reading client specific options from: ccd/alice');
  });

  it('gives subnets, which go to the newest client that has them, and end with it', () => {
    const world = withFiles({ alice: 'iroute 10.66.0.0 255.255.255.0\n', bob: 'iroute 10.66.0.0 255.255.255.0\n' });
    const towards = (): void => world.server.sendInner(inner('10.8.0.1', '10.66.0.5', 'inside'));
    const [alice] = world.connect('alice');
    towards();
    world.run(50);
    expect(alice?.received).toEqual(['inside']);
    const [bob] = world.connect('bob');
    towards();
    world.run(50);
    expect([alice?.received.length, bob?.received]).toEqual([1, ['inside']]);
    bob?.tell((now) => bob.engine?.leave('SIGTERM', now));
    world.run(10_000);
    towards();
    world.run(50);
    expect([alice?.received.length, bob?.received.length]).toEqual([1, 1]);
    const routes = world.server.events.flatMap((event) =>
      event.kind === 'client-address' ? [`${event.clientId} ${event.address} ${event.primary}`] : [],
    );
    expect(routes).toEqual(['0 10.8.0.2 true', '0 10.66.0.0/255.255.255.0 false', '1 10.8.0.3 true', '1 10.66.0.0/255.255.255.0 false']);
  });

  it('may disable a client', () => {
    const world = withFiles({ alice: 'disable\n' });
    const alice = world.addClient('alice');
    alice.start();
    world.run(10_000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure' }]);
    expect(world.server.lines).toContain("alice MULTI: client has been rejected due to 'disable' directive");
    expectNothingLeft(world);
  });

  it('must be there where it is exclusive', () => {
    const world = withFiles({ alice: '' }, true);
    const [alice, bob] = ['alice', 'bob'].map((name) => world.addClient(name));
    alice?.start();
    bob?.start();
    world.run(10_000);
    expect([alice?.isConnected, bob?.isConnected]).toEqual([true, false]);
    expect(bob?.ends).toMatchObject([{ reason: 'auth-failure' }]);
  });
});

describe('hooks', () => {
  it('are asked in order, with an environment that grows, and told of the end', () => {
    const world = withHooks('tlsVerify', 'clientConnect', 'clientDisconnect', 'learnAddress');
    const [alice] = world.connect('alice');
    alice?.tell((now) => alice.engine?.leave('SIGTERM', now));
    world.run(10_000);
    const asked = world.server.questions.map((question) =>
      question.what === 'learn-address' ? `learn ${question.operation} ${question.address}` : question.what,
    );
    expect(asked.filter((each) => !each.startsWith('learn delete'))).toEqual([
      'tls-verify',
      'tls-verify',
      'client-connect',
      'learn add 10.8.0.2',
      'client-disconnect',
    ]);
    expect(asked.filter((each) => each === 'learn delete 10.8.0.2')).toHaveLength(1);
    const env = (what: Question['what']): (string | undefined)[] => {
      const question = world.server.questions.find((each) => each.what === what);
      return ['common_name', 'ifconfig_pool_remote_ip', 'bytes_received'].map((name) =>
        question !== undefined && 'env' in question ? question.env.get(name) : undefined,
      );
    };
    expect(env('client-connect')).toEqual(['alice', '10.8.0.2', expect.anything()]);
    expect(Number(env('client-disconnect')[2])).toBeGreaterThan(1000);
    expectNothingLeft(world);
  });

  it('that say no to a certificate keep the client out, and no key is made', () => {
    const world = withHooks('tlsVerify', 'clientConnect');
    world.server.answer = (question) => ({ answer: { ok: question.what !== 'tls-verify' || question.depth !== 0 }, after: 1 });
    const alice = world.addClient('alice');
    alice.start();
    world.run(10_000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-temp-failure', again: true }]);
    expect(world.server.questions.map(({ what }) => what)).toEqual(['tls-verify', 'tls-verify']);
    expectNothingLeft(world);
  });

  it('that say no to a client keep it out, and its address is free for the next', () => {
    const only = { first: Buffer.of(10, 8, 0, 2), last: Buffer.of(10, 8, 0, 2), bits: 24 };
    const world = new World({ seed: 83, server: ({ hooks }) => ({ hooks: { ...hooks, clientConnect: true }, pool4: only }) });
    world.server.answer = (question) => ({
      answer: { ok: question.what === 'client-connect' && question.env.get('common_name') === 'bob' },
      after: 1,
    });
    const alice = world.addClient('alice');
    alice.start();
    world.run(500);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure' }]);
    const [bob] = world.connect('bob');
    expect(bob?.address).toBe('10.8.0.2');
  });

  it('that refuse an address leave the client without it', () => {
    const world = withHooks('learnAddress');
    world.server.answer = (question) => ({ answer: { ok: question.what !== 'learn-address' }, after: 1 });
    const [alice] = world.connect('alice');
    if (alice === undefined) throw new Error('no client');
    world.send(alice, 'server');
    world.run(50);
    expect(world.server.received).toEqual([]);
    expect(world.server.lines.join('\n')).toContain('MULTI: Learn FAILED: 10.8.0.2 -> alice/');
  });

  it('may take longer than a key lasts: the first key is used, and the next follows', () => {
    const renegotiate = { after: seconds(5), bytes: 0, packets: 0 };
    const world = new World({
      seed: 84,
      server: ({ hooks, control }) => ({ hooks: { ...hooks, clientConnect: true }, control: { ...control, renegotiate } }),
    });
    world.server.answer = () => ({ answer: { ok: true }, after: 12_000 });
    const alice = world.addClient('alice');
    alice.start();
    world.run(11_000);
    const [instance] = [...world.server.engine.clients()];
    expect(instance?.phase).toBe('connecting');
    expect(instance?.session.currentKey).toEqual({ keyId: 0, phase: 'active' });
    world.until(() => alice.isConnected, 5000);
    const bodies = [world.send(alice, 'server'), world.sendFromServer(alice)];
    world.run(3000);
    expect([...world.server.received, ...alice.received].toSorted()).toEqual(bodies.toSorted());
    expect(instance?.session.counters.renegotiations).toBe(1);
    expect(alice.ends).toEqual([]);
  });

  it('that answer too late for a client that has gone change nothing', () => {
    const world = withHooks('clientConnect');
    world.server.answer = () => ({ answer: { ok: true }, after: 5000 });
    const alice = world.addClient('alice');
    alice.start();
    world.until(() => world.server.questions.length === 1, 1000);
    world.server.tell((now) => world.server.engine.kill(() => true, now));
    alice.unplug();
    world.run(130_000);
    expect(world.server.events.filter((event) => event.kind === 'client' && event.what === 'ESTABLISHED')).toEqual([]);
    expectNothingLeft(world);
  });
});
