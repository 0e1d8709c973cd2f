import { once } from 'node:events';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { statusRenderer } from '../../src/daemon/management.ts';
import { SystemClock } from '../../src/host/clock.ts';
import { writeWholeFile } from '../../src/host/files.ts';
import { Logging } from '../../src/service/logging.ts';
import { ManagementService } from '../../src/service/management.ts';
import { runPaced } from '../../src/service/paced.ts';
import { statusPieces } from '../../src/status/write.ts';
import { SimulatedPort } from './simulated.ts';

/**
 * The management interface of a simulated server in a process of its own, as the daemon runs it: `[socket path, clients, backlog]` as
 * JSON is its one argument. It does what it reads on its input, a line each, and answers with a line: `delay` gives the longest time in
 * milliseconds that the event loop was held up since the last `delay`; `file PATH` writes the status file and gives the milliseconds;
 * `burst COUNT` logs so many lines as fast as it can; `stream COUNT PER_SECOND BYTES` logs them at that rate, each with the time.
 */

const COMPAT = '2.6';
const LINES_A_TURN = 50;

const [path, clients, maxBacklog] = JSON.parse(process.argv[2] ?? '[]') as [string, number, number];
const clock = new SystemClock();
const silent = { write: () => {}, close: () => Promise.resolve() };
const port = new SimulatedPort(clients);
const service = new ManagementService(
  port,
  { renderStatus: statusRenderer(COMPAT), maxBacklog },
  new Logging(clock, silent, silent),
  clock,
);
const loop = monitorEventLoopDelay({ resolution: 1 });

async function file(to: string): Promise<number> {
  const started = performance.now();
  const bytes = await new Promise<Buffer>((resolve) => runPaced(content(), clock, resolve));
  await writeWholeFile(to, bytes);
  return performance.now() - started;
}

/** As the daemon makes it. */
function* content(): Generator<void, Buffer, void> {
  const report = port.rows();
  const bytes: Buffer[] = [];
  for (const piece of statusPieces(report, { version: 3, compat: COMPAT })) {
    bytes.push(Buffer.from(piece));
    yield;
  }
  return Buffer.concat(bytes);
}

async function burst(count: number): Promise<void> {
  for (let line = 0; line < count; line++) {
    port.log(`${line} alice/10.99.0.2:37930 MULTI: Learn: 10.8.0.2 -> alice/10.99.0.2:37930`);
    if (line % LINES_A_TURN === 0) await turn();
  }
}

async function stream(count: number, perSecond: number, bytes: number): Promise<void> {
  const started = performance.now();
  for (let line = 0; line < count; line++) {
    const wait = started + (line * 1000) / perSecond - performance.now();
    if (wait > 0) await delay(wait);
    port.log(`${process.hrtime.bigint()} `.padEnd(bytes, '-'));
  }
}

async function obey(line: string): Promise<number> {
  const [word, ...values] = line.split(' ');
  const numbers = values.map(Number);
  if (word === 'file') return file(values[0] ?? '');
  if (word === 'burst') await burst(numbers[0] ?? 0);
  if (word === 'stream') await stream(numbers[0] ?? 0, numbers[1] ?? 1, numbers[2] ?? 0);
  const longest = loop.max / 1e6;
  if (word === 'delay') loop.reset();
  return longest;
}

await service.listen({ where: { kind: 'unix', path }, password: undefined });
loop.enable();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void obey(line).then((value) => process.stdout.write(`${value}\n`)));
process.stdout.write('ready\n');
await once(lines, 'close');
process.exit(0);
