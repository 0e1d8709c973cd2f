import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { milliseconds, seconds } from '../../src/base/units.ts';
import type { ServerSettings } from '../../src/engine/settings.ts';
import type { Question } from '../../src/engine/types.ts';
import type { TlsCommand } from '../../src/protocol/tls.ts';
import type { ClientStation } from '../sim/client-station.ts';
import { expectNothingLeft } from '../sim/leaks.ts';
import { WRAPS, type WrapName } from '../sim/settings.ts';
import { World } from '../sim/world.ts';
import { inner } from '../support/data-packets.ts';
import { fuzzCase, fuzzSeeds } from './budget.ts';
import { Chance, mutated } from './mutate.ts';

/**
 * A server, an honest client and a hostile one in virtual time. The hostile one speaks the protocol well enough to be let in,
 * and what it sends is harmed: its packets, what is inside its TLS records, what is inside its tunnel, its order and its timing.
 * Whatever it does, nothing throws, the honest client keeps its session and its packets, the log keeps its lines, and when all
 * have left nothing is left of them.
 */

/** How a case differs from others. */
interface Plan {
  readonly wrap: WrapName;
  /** Shares of what is harmed. */
  readonly packets: number;
  readonly records: number;
  readonly inner: number;
  readonly settings: (settings: ServerSettings) => Partial<ServerSettings>;
}

const MOMENTS = 40;

function planOf(chance: Chance): Plan {
  const harm = (): number => chance.of([0, 0, 0.02, 0.1, 0.5]);
  const hooks = chance.sometimes(0.4);
  const often = chance.sometimes(0.5);
  return {
    // What is not wrapped is read deepest.
    wrap: chance.sometimes(0.7) ? 'none' : chance.of(Object.keys(WRAPS) as WrapName[]),
    packets: harm(),
    records: harm(),
    inner: chance.of([0, 0.5, 1]),
    settings: (settings) => ({
      clientToClient: chance.sometimes(0.8),
      duplicateCn: chance.sometimes(0.3),
      maxClients: chance.of([2, 3, 100]),
      mssFix: chance.sometimes(0.5) ? { size: 1300, counts: 'payload' } : undefined,
      hooks: hooks ? { clientConnect: true, clientDisconnect: true, learnAddress: true, tlsVerify: true } : settings.hooks,
      control: {
        ...settings.control,
        handWindow: seconds(chance.of([5, 60])),
        tranWindow: seconds(chance.of([5, 3600])),
        renegotiate: { ...settings.control.renegotiate, after: often ? seconds(7) : settings.control.renegotiate.after },
      },
    }),
  };
}

/** The hostile client: what leaves it is harmed on the way, as the plan says. */
function makeHostile(world: World, mallory: ClientStation, plan: Plan, chance: Chance): { calm: boolean } {
  const state = { calm: false };
  const seen: Buffer[] = [];
  world.network.filter = ({ from, bytes }) => {
    if (state.calm || from.host !== mallory.at.host || from.port !== mallory.at.port) return false;
    if (seen.length < 200) seen.push(Buffer.from(bytes));
    if (!chance.sometimes(plan.packets)) return false;
    const harmed = mutated(bytes, chance, seen);
    world.later(chance.below(50), () => world.server.hear(harmed, mallory.at));
    // The sound one may come too, before or after.
    return chance.sometimes(0.5);
  };
  const said: Buffer[] = [];
  const carryOut = mallory.tls.command.bind(mallory.tls);
  mallory.tls.command = (command: TlsCommand): void => {
    if (command.kind !== 'tls-write' || state.calm) return carryOut(command);
    said.push(command.message);
    carryOut(chance.sometimes(plan.records) ? { ...command, message: mutated(command.message, chance, said) } : command);
  };
  return state;
}

/** One thing that a client does, or that is done to it. */
function act(world: World, mallory: ClientStation, plan: Plan, chance: Chance): void {
  const { engine } = mallory;
  switch (chance.below(9)) {
    case 0:
      if (engine === undefined) mallory.start();
      return;
    case 1:
      return mallory.tell((now) => engine?.renegotiate(now));
    case 2:
      return mallory.float(41_000 + chance.below(50));
    case 3:
      return mallory.tell((now) => engine?.leave('SIGTERM', now));
    case 4: {
      const client = [...world.server.engine.clients()].find(({ commonName }) => commonName !== 'bob');
      const message = chance.of(['RESTART', 'HALT', 'RESTART,[N]', 'AUTH_FAILED,x']);
      if (client !== undefined) world.server.tell((now) => void world.server.engine.clientKill(client.clientId, message, now));
      return;
    }
    case 5:
      return world.server.tell((now) => void world.server.engine.kill(({ commonName }) => commonName === 'mallory', now));
    default: {
      if (!mallory.isConnected) return;
      const packet = inner(mallory.address, chance.of(['10.8.0.1', '10.8.0.2', '255.255.255.255', '8.8.8.8']), 'hello');
      mallory.sendInner(chance.sometimes(plan.inner) ? mutated(packet, chance) : packet);
    }
  }
}

function siege(seed: number): void {
  const chance = new Chance(new SeededRandom(seed));
  const plan = planOf(chance);
  const world = new World({ seed, wrap: plan.wrap, server: plan.settings, verb: chance.of([1, 4, 9]) });
  const [bob] = world.connect('bob');
  if (bob === undefined) throw new Error('no client');
  const { server } = world;
  server.answer = (question) => {
    if (isAbout(question, 'bob')) return { answer: { ok: true }, after: 1 };
    const text = mutated(Buffer.from(CLIENT_FILE), chance).toString('latin1');
    return { answer: { ok: chance.sometimes(0.8), config: { text, name: 'fuzz' } }, after: chance.below(3000) };
  };
  const mallory = world.addClient('mallory');
  const state = makeHostile(world, mallory, plan, chance);
  mallory.start();
  for (let moment = 0; moment < MOMENTS; moment++) {
    world.run(chance.of([1, 20, 100, 1000, 5000]));
    act(world, mallory, plan, chance);
  }
  server.answer = () => ({ answer: { ok: true }, after: 1 });
  const before = bob.connects.length;
  const body = world.send(bob, 'server');
  world.run(200);
  expect(server.received, 'what the honest client sends').toContain(body);
  expect(before, 'connections of the honest client').toBe(1);
  for (const line of server.lines) expect(line, 'a line of the log').not.toMatch(/[\x00-\x1f\x7f]/);
  state.calm = true;
  leaveAll(world, mallory, bob);
}

/** Names stand in the environment of scripts, or in what they are asked about. */
function isAbout(question: Question, name: string): boolean {
  if (question.what === 'client-file') return question.commonName === name;
  return Object.values(question.env.toObject()).some((value) => value === name || value === `CN=${name}`);
}

const CLIENT_FILE = 'push "route 10.1.0.0 255.255.0.0"\nifconfig-push 10.8.0.77 255.255.255.0\niroute 10.2.0.0 255.255.255.0\ndisable\n';

function leaveAll(world: World, ...clients: readonly ClientStation[]): void {
  for (const client of clients) client.tell((now) => client.engine?.leave('SIGTERM', now));
  // Those that were not let in give up; those that went without a word are missed.
  world.run(milliseconds(400_000));
  for (const client of clients) client.tell((now) => client.engine?.leave('SIGTERM', now));
  world.run(milliseconds(10_000));
  expectNothingLeft(world);
}

describe('a hostile client', () => {
  it('harms nobody but itself', () => {
    for (const seed of fuzzSeeds(12)) fuzzCase(seed, siege);
  });
});
