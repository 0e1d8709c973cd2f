import { describe, expect, it } from 'vitest';
import { filterPushed } from '../../src/engine/client/push-filter.ts';
import { Notes } from '../../src/messages/notes.ts';
import type { ClientStation } from './client-station.ts';
import { expectNothingLeft } from './leaks.ts';
import { World } from './world.ts';

const NUL = '\0';

/** A client that is about to connect to a server which answers PUSH_REQUEST with these messages. */
function victim(pushes: (reply: string) => readonly string[]): { readonly world: World; readonly client: ClientStation } {
  const world = new World({ seed: 61 });
  world.server.pushes = pushes;
  const pull = { enabled: true, filters: [], withoutRoutes: false };
  const notes = new Notes(0, () => undefined);
  const client = world.addClient('alice', { settings: () => ({ filter: (options) => filterPushed(options, pull, notes) }) });
  return { world, client };
}

const routes = (count: number): string => Array.from({ length: count }, (_, index) => `,route 10.1.2.${index & 255}`).join('');

/** `count` PUSH_REPLYs of 100 routes each, `last` saying of the last that no more follow. */
function parts(count: number, last: boolean): string[] {
  return Array.from({ length: count }, (_, index) => {
    const more = last && index === count - 1 ? 1 : 2;
    return `PUSH_REPLY${routes(100)},push-continuation ${more}${NUL}`;
  });
}

describe('a hostile server', () => {
  it.each([
    ['half a PUSH_REPLY', () => [`PUSH_REPLY${routes(3)},push-continuation 2${NUL}`], 'no-push-reply', undefined],
    ['continuations that never end', () => parts(60, false), 'push-failed', 'too many options'],
    ['10,000 routes', () => parts(100, true), 'push-failed', 'too many options'],
    ['a message that never ends', () => [`PUSH_REPLY${routes(1200)}`], 'tls-error', undefined],
    ['a cipher that was not offered', (reply) => [`${reply.replace('AES-256-GCM', 'BF-CBC')}${NUL}`], 'push-failed', 'no common cipher'],
    ['compression', (reply) => [`${reply},compress lzo${NUL}`], 'push-failed', 'process-push-msg-failed'],
    ['HALT', () => [`HALT,go away${NUL}`], 'server-halt', 'go away'],
    ['RESTART', () => [`RESTART,[N]${NUL}`], 'server-restart', undefined],
    ['a login that failed', () => [`AUTH_FAILED,CRV1:R:x${NUL}`], 'auth-failure', 'CRV1:R:x'],
  ] as const satisfies readonly (readonly [string, (reply: string) => readonly string[], string, string | undefined])[])(
    'that sends %s gets no tunnel',
    (_, pushes, reason, text) => {
      const { world, client } = victim(pushes);
      client.start();
      world.run(62_000);
      expect(client.connects).toEqual([]);
      expect(client.openPeers).toBe(0);
      expect(client.ends).toMatchObject([{ reason, text }]);
      if (text === 'too many options') expect(client.lines).toContain('OPTIONS ERROR: the server pushed more than 4096 options');
      world.run(200_000);
      expectNothingLeft(world);
    },
  );

  it.each([
    ['options that no server may push', 'up /bin/sh,plugin x.so,script-security 3,tls-verify /bin/sh,config other'],
    ['addresses that are none', 'ifconfig 10.8.0.999 255.255.255.0,ifconfig 10.8.0.2 255.0.255.0,ifconfig-ipv6 zz/64 ::'],
    ['timers and numbers that are none', 'ping x,ping-restart -1,tun-mtu 99999999,tun-mtu 1,peer-id 99999999'],
    ['quotes that do not end', 'echo "never'],
    ['names of what every object has', '__proto__ x,constructor y,toString'],
  ])('that sends %s is taken at its other words', (_, hostile) => {
    const { world, client } = victim((reply) => [`${reply.replace('PUSH_REPLY,', `PUSH_REPLY,${hostile},`)}${NUL}`]);
    client.start();
    world.until(() => client.isConnected, 10_000);
    const body = world.send(client, 'server');
    world.run(100);
    expect(world.server.received).toContain(body);
    expect(client.connects[0]?.options.filter((option) => /^(?:up|plugin|script-security|tls-verify|config) /.test(option))).toEqual([]);
  });

  it('that floods with messages is heard out, and keeps nothing of ours', () => {
    const flood = Array.from({ length: 2000 }, (_, index) => `INFO,${'x'.repeat(80)} ${index}${NUL}`);
    const { world, client } = victim((reply) => [...flood, `${reply}${NUL}`, `${reply}${NUL}`, `nonsense${NUL}`, NUL]);
    client.start();
    world.until(() => client.isConnected, 60_000);
    world.run(5000);
    expect(client.connects).toHaveLength(1);
    expect(client.lines.filter((line) => line.includes("Info command was pushed by server ('xxx"))).toHaveLength(2000);
  });

  it('whose TLS turns into garbage ends the session before there is a tunnel', () => {
    const world = new World({ seed: 62, wrap: 'none' });
    const client = world.addClient('alice');
    let packets = 0;
    world.network.filter = ({ from, bytes }) => {
      if (from.host !== world.server.at.host || bytes.length < 60 || ++packets < 2) return false;
      world.later(1, () => client.hear(Buffer.concat([bytes.subarray(0, -20), Buffer.alloc(20, 0xff)]), world.server.at));
      return true;
    };
    client.start();
    world.run(62_000);
    expect(client.connects).toEqual([]);
    expect(client.ends).toMatchObject([{ reason: 'tls-error' }]);
  });
});
