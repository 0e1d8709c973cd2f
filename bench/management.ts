import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStatus } from '../src/status/parse.ts';
import { statusText } from '../src/status/write.ts';
import type { Program } from '../test/interop/support/daemons.ts';
import { eventually } from '../test/interop/support/running.ts';
import { benchServer, makeBed } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Rate, type Section } from './support/figure.ts';
import { generate } from './support/generator.ts';
import { Manager } from './support/manager.ts';
import { median, quantile } from './support/numbers.ts';
import { ServiceProcess } from './support/service-process.ts';
import { simulatedServer } from './support/simulated.ts';

/** How fast management clients are answered and told, and whether anybody waits for them meanwhile. */

const COUNTS = [100, 1000, 10_000];
const SUBSCRIBERS = [1, 10, 100];
const STATUS = 'status 3\n';
/** Rounds that do not count: both have just let thousands in. */
const WARM_UP = 10;
const END = '\r\nEND\r\n';
const FIVE_TIMES_FASTER = { atMost: 0.2 };
/** Nothing may hold the event loop up for longer, in milliseconds. */
const LONGEST_HOLD = { atMost: 10 };
const FAST_PARSER = { atLeast: 100 };
/** Beside one that does not read. */
const LIVE_P99 = { atMost: 50 };

/** How much is done. */
export interface ManagementEffort {
  /** Clients that both servers are brought to. */
  readonly clients: number;
  readonly rounds: number;
}

/** Measures all of it. */
export async function benchManagement({ clients, rounds }: ManagementEffort): Promise<Section> {
  const rates: Rate[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-bench-'));
  try {
    for (const count of COUNTS) rates.push(...(await atCount(folder, count, rounds)));
    rates.push(...(await conversation(folder, rounds)), ...(await besideStalled(folder, rounds)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  rates.push(...[1, 2, 3].map((version) => parsing(version as 1 | 2 | 3, rounds)));
  return {
    title: 'Management and status',
    how:
      `Against stock: ${clients} real clients of the generator at each server, and one management client on a unix socket that sends status 3 ` +
      'and waits for END, of both in turns. The rest is ours alone, its management interface in a process of its own with records in the place of clients, two ' +
      'routes each; the longest hold of the event loop is what monitorEventLoopDelay saw there, its own step of a millisecond included. ' +
      'Lines to subscribers are lines of the log of 90 bytes.',
    comparisons: await besideStock(clients, rounds),
    rates,
  };
}

async function besideStock(clients: number, rounds: number): Promise<Section['comparisons']> {
  const found = new Comparisons();
  const bed = await makeBed(['generator']);
  try {
    const managers = new Map<Program, Manager>();
    for (const program of PROGRAMS) {
      const server = await benchServer(bed, program);
      await generate(bed, bed.network.host('generator'), program, { kind: 'hold', clients, parallel: 8 });
      managers.set(program, await Manager.open(server.managementPath));
    }
    const what = `status 3 of ${clients} clients, until END`;
    for (let round = -WARM_UP; round < rounds * 10; round++) {
      for (const [program, manager] of managers) {
        const ms = await manager.ask(STATUS, END);
        if (round >= 0) found.add(program, what, 'ms', ms, FIVE_TIMES_FASTER);
      }
    }
    for (const manager of managers.values()) manager.close();
  } finally {
    await bed.network.remove();
  }
  return found.list();
}

/** What `status` and the status file cost with so many clients. */
async function atCount(folder: string, count: number, rounds: number): Promise<Rate[]> {
  const service = await ServiceProcess.start(folder, count);
  const manager = await Manager.open(service.path);
  const asking = async (): Promise<number> => manager.ask(STATUS, END);
  const writing = async (): Promise<number> => service.tell(`file ${join(folder, 'status')}`);
  const measured = async (work: () => Promise<number>): Promise<{ ms: number; hold: number }> => {
    for (let warm = 0; warm < 3; warm++) await work();
    const [times, holds]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds * 5; round++) {
      await service.tell('delay');
      times.push(await work());
      holds.push(await service.tell('delay'));
    }
    return { ms: median(times), hold: median(holds) };
  };
  const status = await measured(asking);
  const file = await measured(writing);
  manager.close();
  await service.stop();
  return [
    { what: `status 3 of ${count} clients, until END`, unit: 'ms', value: status.ms },
    { what: `the same: longest hold of the event loop`, unit: 'ms', value: status.hold, target: LONGEST_HOLD },
    { what: `status file of ${count} clients, made and renamed`, unit: 'ms', value: file.ms },
    { what: `the same: longest hold of the event loop`, unit: 'ms', value: file.hold, target: LONGEST_HOLD },
  ];
}

/** Commands sent without waiting for answers, and lines to many at once. */
async function conversation(folder: string, rounds: number): Promise<Rate[]> {
  const service = await ServiceProcess.start(folder, 100);
  const manager = await Manager.open(service.path);
  const lot = 20_000;
  const commands: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ms = await manager.ask(`${'pid\n'.repeat(lot)}version\n`, END);
    commands.push((lot * 1000) / ms);
  }
  manager.close();
  const rates: Rate[] = [{ what: 'commands sent without waiting', unit: '1/s', value: median(commands) }];
  for (const count of SUBSCRIBERS) {
    const managers = await subscribers(service.path, count);
    const each = Math.round(20_000 / Math.sqrt(count));
    const speeds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const before = managers.map(({ lines }) => lines);
      const started = performance.now();
      await service.tell(`burst ${each}`);
      await eventually('all lines', () => managers.every(({ lines }, index) => lines - (before[index] ?? 0) >= each));
      speeds.push((each * count * 1000) / (performance.now() - started));
    }
    rates.push({ what: `lines to ${count} subscriber${count === 1 ? '' : 's'}, all together`, unit: 'lines/s', value: median(speeds) });
    for (const each of managers) each.close();
  }
  await service.stop();
  return rates;
}

async function subscribers(path: string, count: number): Promise<Manager[]> {
  const managers = await Promise.all(Array.from({ length: count }, () => Manager.open(path)));
  await Promise.all(managers.map((manager) => manager.ask('log on\n', 'SUCCESS: real-time log notification set to ON\r\n')));
  return managers;
}

/** How late lines come to 99 that read, while a hundredth does not until it is dropped, and after. */
async function besideStalled(folder: string, rounds: number): Promise<Rate[]> {
  const [p50, p99]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const late = await latenessBesideStalled(folder);
    p50.push(quantile(late, 0.5));
    p99.push(quantile(late, 0.99));
  }
  return [
    { what: '99 subscribers beside one that does not read: p50 of a line', unit: 'ms', value: median(p50) },
    { what: 'the same: p99', unit: 'ms', value: median(p99), target: LIVE_P99 },
  ];
}

/** Of every line to every live one: milliseconds. */
async function latenessBesideStalled(folder: string): Promise<number[]> {
  const [count, perSecond, bytes, backlog] = [900, 300, 1000, 256 * 1024];
  const service = await ServiceProcess.start(folder, 100, backlog);
  const managers = await subscribers(service.path, 100);
  const [stalled, ...live] = managers;
  stalled?.pause();
  const late: number[] = [];
  for (const manager of live) manager.onData = (chunk) => late.push(...latenessOf(chunk));
  const before = live.map(({ lines }) => lines);
  await service.tell(`stream ${count} ${perSecond} ${bytes}`);
  await eventually('all lines', () => live.every(({ lines }, index) => lines - (before[index] ?? 0) === count));
  stalled?.resume();
  await eventually('the end of the one that did not read', () => stalled?.closed);
  for (const manager of managers) manager.close();
  await service.stop();
  return late;
}

/** Of each line that begins in a chunk: milliseconds since the time that it carries. */
function latenessOf(chunk: Buffer): number[] {
  const now = process.hrtime.bigint();
  return [...chunk.toString('latin1').matchAll(/^>LOG:\d+,[A-Z]*,(\d+) /gm)].map((match) => Number(now - BigInt(match[1] ?? 0)) / 1e6);
}

/** The one reader of status files, on a file of ten thousand clients. */
function parsing(version: 1 | 2 | 3, rounds: number): Rate {
  const file = Buffer.from(statusText(simulatedServer(10_000), { version, compat: '2.6' }));
  const times = Array.from({ length: 3 + rounds * 5 }, () => {
    const text = file.toString('utf8');
    const started = performance.now();
    parseStatus(text);
    return performance.now() - started;
  });
  const perSecond = file.length / 1e3 / median(times.slice(3));
  return { what: `status parser, version ${version}, 10000 clients`, unit: 'MB/s', value: perSecond, target: FAST_PARSER };
}
