import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench } from 'tinybench';
import { SystemClock } from '../src/host/clock.ts';
import { MULTI } from '../src/messages/multi.ts';
import { Logging } from '../src/service/logging.ts';
import type { Program, Server } from '../test/interop/support/daemons.ts';
import { ROOT } from '../test/support/sources.ts';
import { loggingServer, makeBed } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Rate, type Section } from './support/figure.ts';
import { generate } from './support/generator.ts';
import type { LogReport, LogSetup, LogWriter } from './support/log-setup.ts';
import { median } from './support/numbers.ts';
import { cpuSeconds } from './support/usage.ts';

/** What the log costs: beside pino, beside stock OpenVPN, and to a server whose log nobody reads. */

const MAIN = join(ROOT, 'build/bench/support/log-main.js');
const NOT_SLOWER = { atLeast: 1 };

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-log-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function runMain(setup: LogSetup): LogReport {
  return JSON.parse(execFileSync(process.execPath, [MAIN, JSON.stringify(setup)], { encoding: 'utf8' })) as LogReport;
}

/** Lines a second until they are in the file. A line that is not there when all should be is a failure of the logger. */
function linesPerSecond(writer: LogWriter, lines: number): number {
  return inFolder((folder) => {
    const path = join(folder, 'log');
    const report = runMain({ kind: 'write', writer, path, lines });
    const written = lineCount(path);
    if (written !== report.lines) throw new Error(`${writer} wrote ${written} of ${report.lines} lines`);
    return lines / report.seconds;
  });
}

function lineCount(path: string): number {
  return readFileSync(path, 'latin1').split('\n').length - 1;
}

/** Measures lines to a file, beside pino in its thread and through its worker. */
export function benchLogFile(rounds: number, lines: number): Promise<Section> {
  const found = new Comparisons();
  for (let round = 0; round < rounds; round++) {
    const own = linesPerSecond('ours', lines);
    for (const [writer, what, target] of [
      ['pino', 'lines to a file, beside pino sync', NOT_SLOWER],
      ['pino-worker', "lines to a file, beside pino's worker", undefined],
    ] as const) {
      found.add('ours', what, 'lines/s', own, target);
      found.add('stock', what, 'lines/s', linesPerSecond(writer, lines));
    }
  }
  return Promise.resolve({
    title: 'Log beside pino',
    beside: 'pino',
    how:
      `${lines} lines of connecting clients, formatted from their values, 200 a turn of the event loop, each logger in a process of its own, ` +
      'until all are in the file. Ours are whole lines of text with date, microseconds and client; those of pino are its JSON without process ' +
      'id and host name, with the text formatted by it.',
    comparisons: found.list(),
    rates: [],
  });
}

const PARALLEL = 16;
const WARM_UP_SECONDS = 5;

/** Measures lines a second beside stock at verb 4, under the same handshakes. */
export async function benchLogHandshakes(rounds: number, seconds: number): Promise<Section> {
  const bed = await makeBed(['generator']);
  try {
    const log = (program: Program): string => join(bed.network.folder, `${program}.log`);
    const start = (program: Program): Promise<Server> => loggingServer(bed, program, log(program), ['verb 4']);
    const servers: Record<Program, Server> = { ours: await start('ours'), stock: await start('stock') };
    const found = new Comparisons();
    const run = async (program: Program, time: number): Promise<number> => {
      const work = { kind: 'handshakes', parallel: PARALLEL, seconds: time } as const;
      const { report, process: generator } = await generate(bed, bed.network.host('generator'), program, work);
      await generator.stop('SIGKILL');
      return report.inTime;
    };
    for (const program of PROGRAMS) await run(program, WARM_UP_SECONDS);
    for (let round = 0; round < rounds; round++) {
      for (const program of PROGRAMS) {
        const { pid } = servers[program].process;
        const [before, cpu] = [lineCount(log(program)), cpuSeconds(pid)];
        const handshakes = await run(program, seconds);
        const lines = lineCount(log(program)) - before;
        found.add(program, 'lines of the log', 'lines/s', lines / seconds);
        found.add(program, 'handshakes', '1/s', handshakes / seconds);
        found.add(program, 'lines a handshake', '', lines / handshakes);
        found.add(program, 'server CPU a line', 'µs', ((cpuSeconds(pid) - cpu) * 1e6) / lines);
      }
    }
    return {
      title: 'Log under handshakes',
      how:
        `${PARALLEL} clients at a time connect, leave and connect again for ${seconds} s a run, after ${WARM_UP_SECONDS} s of warming up, with ` +
        '`verb 4` and `log FILE` on both servers. Stock has more lines a handshake: it tells buffer sizes and key lengths at verb 4.',
      comparisons: found.list(),
      rates: [],
    };
  } finally {
    await bed.network.remove();
  }
}

const PACE = 50_000;

/** Measures how late the event loop is while nobody reads the log, and what a line costs that is not shown. */
export async function benchLogLoop(rounds: number, seconds: number): Promise<Section> {
  const delays = (perSecond: number): number => median(Array.from({ length: rounds }, () => delayWithoutReader(perSecond, seconds)));
  return {
    title: 'Log of a busy server',
    how:
      `The event loop delay is that of a process that logs ${PACE} lines a second for ${seconds} s to a pipe whose reader has stopped, after a ` +
      'second; the median of the runs. It is looked at each millisecond, so that nothing is shorter; without lines it shows the machine.',
    comparisons: [],
    rates: [
      { what: `event loop delay at ${PACE} lines/s with a stopped reader: p99`, unit: 'ms', value: delays(PACE), target: { atMost: 5 } },
      { what: 'the same without lines: p99', unit: 'ms', value: delays(0) },
      ...(await costOfALine()),
    ],
  };
}

function delayWithoutReader(perSecond: number, seconds: number): number {
  return inFolder((folder) => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDWR);
    try {
      return runMain({ kind: 'pace', path, perSecond, seconds }).delayP99 ?? Number.NaN;
    } finally {
      closeSync(reader);
    }
  });
}

/** Calls a measured turn: one alone is shorter than the clock's steps. */
const CALLS = 1000;

async function costOfALine(): Promise<Rate[]> {
  const bench = new Bench({ time: 300, warmupTime: 100 });
  let written = 0;
  const outlet = { write: (line: string) => (written += line.length), close: () => Promise.resolve() };
  const logging = new Logging(new SystemClock(), outlet, outlet);
  const peer = {
    session: 1,
    clientId: 0,
    address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 37930 },
    commonName: 'alice',
  } as const;
  const calls = (): void => {
    for (let i = 0; i < CALLS; i++) logging.notes.add(MULTI.learn, { route: '10.8.0.2', client: 'alice/10.99.0.2:37930' }, peer);
  };
  bench.add('a line that is shown, without writing it', calls, { beforeAll: () => logging.setVerb(4) });
  bench.add('a line whose level is off', calls, { beforeAll: () => logging.setVerb(1) });
  const tasks = await bench.run();
  return tasks.map(({ name, result }) => {
    const value = 'latency' in result ? (result.latency.p50 * 1e6) / CALLS : Number.NaN;
    return { what: name, unit: 'ns', value, ...(name.endsWith('off') && { target: { atMost: 10 } }) };
  });
}
