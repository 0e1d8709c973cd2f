import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { parseIp } from '../../../src/base/ip.ts';
import { ClientRunner } from '../../../src/daemon/client-runner.ts';
import { EchoTun } from '../../../src/daemon/echo-tun.ts';
import { SystemClock } from '../../../src/host/clock.ts';
import { systemRandom } from '../../../src/host/random.ts';
import { plainClientMaterial, plainClientSettings } from './plain-client.ts';

/**
 * Many clients of ours in one process, each with a socket and a tunnel of its own, all with one certificate. Started with one
 * argument, `CrowdSetup` as JSON; does what it reads on standard input: `ping IP` lets each ping the next and that address,
 * `leave` ends all.
 */

/** What the crowd is made of; files by their paths. */
export interface CrowdSetup {
  readonly server: { readonly ip: string; readonly port: number };
  readonly count: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  readonly staticKey: string;
}

/** So many are connecting at a time. */
const PARALLEL = 20;
const PATIENCE_MS = 60_000;

const setup = JSON.parse(process.argv[2] ?? '{}') as CrowdSetup;
const clock = new SystemClock();
const settings = plainClientSettings(setup, 'tunnelscope-test');
const material = plainClientMaterial(setup);

interface Member {
  readonly runner: ClientRunner;
  readonly tun: EchoTun;
}

function makeMember(index: number): Member {
  const tun = new EchoTun(clock, index);
  return { tun, runner: new ClientRunner({ settings, material, clock, random: systemRandom, tun, verb: 0, log: () => {} }) };
}

/** Waits, with a look every so often, until something is so or patience ends. */
async function until(isSo: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!isSo() && performance.now() < end) await delay(20);
}

const members = Array.from({ length: setup.count }, (_, index) => makeMember(index));

async function connectAll(): Promise<void> {
  const waiting = [...members];
  const lane = async (): Promise<void> => {
    for (let member = waiting.shift(); member !== undefined; member = waiting.shift()) {
      const { runner } = member;
      await runner.start();
      await until(() => runner.address4 !== undefined);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  process.stdout.write(`connected ${members.filter(({ runner }) => runner.address4 !== undefined).length}\n`);
}

async function pingRound(other: Buffer): Promise<void> {
  const before = members.map(({ tun }) => tun.counts.answered);
  for (const [index, { runner, tun }] of members.entries()) {
    const own = runner.address4?.address;
    const next = members[(index + 1) % members.length]?.runner.address4?.address;
    if (own === undefined || next === undefined) continue;
    tun.ping(own, next);
    tun.ping(own, other);
    await delay(2);
  }
  const answered = (): number => members.filter(({ tun }, index) => tun.counts.answered - (before[index] ?? 0) === 2).length;
  await until(() => answered() === members.length);
  process.stdout.write(`answered ${answered()}\n`);
}

async function obey(line: string): Promise<void> {
  const [word, ip = ''] = line.split(' ');
  const address = parseIp(ip);
  if (word === 'ping' && address !== undefined) return pingRound(address.bytes);
  if (word !== 'leave') return;
  await Promise.all(members.map(({ runner }) => runner.stop('SIGTERM')));
  process.stdout.write('left\n');
  process.exit(0);
}

await connectAll();
createInterface({ input: process.stdin }).on('line', (line) => void obey(line));
