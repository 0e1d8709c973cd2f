import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { Secret } from '../../src/base/secret.ts';
import { type Instant, type Now, seconds, type WallTime } from '../../src/base/units.ts';
import type { TokenSettings } from '../../src/engine/settings.ts';
import { issueToken, newTokenSession } from '../../src/engine/tokens.ts';
import type { ClientStation } from './client-station.ts';
import { World } from './world.ts';

const credentials = { username: 'alice', password: new Secret('wonder') };
const RENEWAL = 200;
const TOKEN: TokenSettings = { key: new Secret(Buffer.alloc(32, 7)), lifetime: undefined, renewal: seconds(RENEWAL) };

/** A server that gives tokens, and a client that is connected. */
function tokenWorld(lifetime: number | undefined, renegotiateSeconds: number): { world: World; alice: ClientStation } {
  const world = new World({
    seed: 41,
    server: ({ auth, control }) => ({
      auth: {
        ...auth,
        script: 'via-env',
        token: { ...TOKEN, lifetime: lifetime === undefined ? undefined : seconds(lifetime) },
      },
      control: { ...control, renegotiate: { ...control.renegotiate, after: seconds(renegotiateSeconds) } },
    }),
  });
  const alice = world.addClient('alice', { settings: () => ({ credentials }) });
  alice.start();
  world.until(() => alice.isConnected, 10_000);
  return { world, alice };
}

function countLines(world: World, text: string): number {
  return world.server.lines.filter((line) => line.includes(text)).length;
}

const TOKEN_SENT = "SENT CONTROL [alice]: 'PUSH_REPLY,auth-token";

describe('a token', () => {
  it('comes anew after each renewal time, while the key lasts longer', () => {
    const { world } = tokenWorld(undefined, 36_000);
    world.run(RENEWAL * 3.5 * 1000);
    expect(countLines(world, TOKEN_SENT)).toBe(3);
    expect(world.server.questions.filter(({ what }) => what === 'verify-user')).toHaveLength(1);
  });

  it('comes anew with each key, and the password is asked for once', () => {
    const { world, alice } = tokenWorld(undefined, 60);
    world.run(300_000);
    const keys = countLines(world, "TLS: Username/auth-token authentication succeeded for username 'alice'");
    expect(keys).toBeGreaterThanOrEqual(4);
    expect(countLines(world, TOKEN_SENT)).toBe(keys);
    expect(countLines(world, "TLS: Username/Password authentication succeeded for username 'alice'")).toBe(keys + 1);
    expect(world.server.questions.filter(({ what }) => what === 'verify-user')).toHaveLength(1);
    expect(alice.ends).toEqual([]);
  });

  it('ends with its lifetime', () => {
    const { world, alice } = tokenWorld(150, 60);
    world.run(250_000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-token-expired', again: true }]);
    expect(countLines(world, '--auth-gen-token: auth-token from client expired')).toBe(1);
    expect(countLines(world, "TLS: Username/auth-token authentication failed for username 'alice'")).toBe(1);
    expect(countLines(world, 'TLS Auth Error')).toBe(0);
  });

  it.each([
    ['out of the renewal window', -1000, -1000, 'Timestamp (1699999001) of auth-token is out of the renewal window'],
    ['from the future', 0, 100, 'Timestamp (1700000101) of auth-token is out of the renewal window'],
    [
      'older than its login',
      0,
      -10,
      'Initial timestamp (1700000001) in token from client earlier than current timestamp 1699999991. Broken/unsynchronised clock?',
    ],
  ])('that is %s is refused, and the log says why', (_, login, issue, line) => {
    const at = (time: number): Now => ({ at: 0 as Instant, wall: ((1_700_000_001 + time) * 1000) as WallTime });
    const session = newTokenSession(new SeededRandom(1), at(login));
    const { world } = tokenWorld(undefined, 3600);
    const password = new Secret(issueToken(TOKEN, 'carol', session, at(issue)));
    const carol = world.addClient('carol', { settings: () => ({ credentials: { username: 'carol', password } }) });
    carol.start();
    world.run(10_000);
    expect(carol.ends).toMatchObject([{ reason: 'auth-token-expired' }]);
    expect(countLines(world, line)).toBe(1);
    expect(countLines(world, "TLS: Username/auth-token authentication failed for username 'carol'")).toBe(1);
  });
});

describe('a login without name and password', () => {
  const optionalWorld = (ok: boolean): { world: World; alice: ClientStation } => {
    const world = new World({ seed: 42, server: ({ auth }) => ({ auth: { ...auth, script: 'via-file', optional: true } }) });
    world.server.answer = () => ({ answer: { ok }, after: 5 });
    const alice = world.addClient('alice');
    alice.start();
    world.run(10_000);
    return { world, alice };
  };

  it('is put before the script with auth-user-pass-optional, which may let it in', () => {
    const { world, alice } = optionalWorld(true);
    expect(world.server.questions).toMatchObject([{ what: 'verify-user', username: '', via: 'via-file' }]);
    expect(alice.isConnected).toBe(true);
    expect(countLines(world, "TLS: Username/Password authentication succeeded for username ''")).toBe(1);
  });

  it('or keep it out', () => {
    const { world, alice } = optionalWorld(false);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure', again: false }]);
    expect(countLines(world, 'TLS Auth Error: Auth Username/Password verification failed for peer')).toBe(1);
  });
});
