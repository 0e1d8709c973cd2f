import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { outletOver } from '../../src/daemon/log-control.ts';
import { AppendFile } from '../../src/host/append-file.ts';
import { SystemClock } from '../../src/host/clock.ts';
import { MULTI } from '../../src/messages/multi.ts';
import { PEER_INFO } from '../../src/messages/peer-info.ts';
import { POOL } from '../../src/messages/pool.ts';
import { VERIFY } from '../../src/messages/verify.ts';
import type { PeerRef } from '../../src/model/peer-ref.ts';
import { Logging } from '../../src/service/logging.ts';
import type { LogReport, LogSetup, LogWriter } from './log-setup.ts';

/** The program that writes log lines and nothing else. It is given a setup as its one argument and prints one line of JSON. */

/** Lines of one turn of the event loop, as a busy server has them. */
const LOT = 200;
const WARM_UP_LINES = 50_000;

const IP = '10.99.0.2:37930';
const NAME = `alice/${IP}`;
const PEER: PeerRef = {
  session: 1,
  clientId: 0,
  address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 37930 },
  commonName: 'alice',
};

/** Lines of a connecting client, one after the other: the same text from each logger. */
interface Writing {
  line(number: number): void;
  /** When all of them are in the file. */
  end(): Promise<void>;
}

function ours(path: string): Writing {
  const nowhere = { write: () => undefined, close: () => Promise.resolve() };
  const logging = new Logging(new SystemClock(), outletOver(AppendFile.open(path, { truncate: true })), nowhere);
  logging.setVerb(4);
  const { notes } = logging;
  const line = (number: number): void => {
    switch (number % 4) {
      case 0:
        return notes.add(VERIFY.ok, { depth: number & 1, subject: 'C=DE, O=Example, CN=alice' }, PEER);
      case 1:
        return notes.add(PEER_INFO.value, { name: 'IV_PLAT', value: 'linux' }, PEER);
      case 2:
        return notes.add(POOL.returned, { address4: `10.8.0.${number & 255}`, address6: '(Not enabled)' }, PEER);
      default:
        return notes.add(MULTI.learn, { route: `10.8.0.${number & 255}`, client: NAME }, PEER);
    }
  };
  return { line, end: () => logging.close() };
}

/** What pino is told costs it least: no process id and host name in each line, and its own form of time. */
function withPino(writer: 'pino' | 'pino-worker', path: string): Writing {
  const stream =
    writer === 'pino'
      ? pino.destination({ dest: path, sync: true })
      : pino.transport({ target: 'pino/file', options: { destination: path } });
  const log = pino({ base: null }, stream);
  const line = (number: number): void => {
    switch (number % 4) {
      case 0:
        return log.info('%s VERIFY OK: depth=%d, %s', NAME, number & 1, 'C=DE, O=Example, CN=alice');
      case 1:
        return log.info('%s peer info: %s=%s', NAME, 'IV_PLAT', 'linux');
      case 2:
        return log.info('%s MULTI_sva: pool returned IPv4=%s, IPv6=%s', NAME, `10.8.0.${number & 255}`, '(Not enabled)');
      default:
        return log.info('%s MULTI: Learn: %s -> %s', NAME, `10.8.0.${number & 255}`, NAME);
    }
  };
  const end = async (): Promise<void> => {
    // A worker that is at its end does not keep the process.
    const kept = setInterval(() => undefined, 1000);
    stream.end();
    await once(stream, 'close');
    clearInterval(kept);
  };
  return { line, end };
}

function open(writer: LogWriter, path: string): Writing {
  return writer === 'ours' ? ours(path) : withPino(writer, path);
}

/** Writes so many lines as fast as they go. Gives the seconds until all are in the file. */
async function writeAll(writing: Writing, lines: number): Promise<number> {
  const begin = performance.now();
  for (let number = 0; number < lines; number++) {
    writing.line(number);
    if (number % LOT === LOT - 1) await turn();
  }
  await writing.end();
  return (performance.now() - begin) / 1000;
}

async function write(writer: LogWriter, path: string, lines: number): Promise<LogReport> {
  await writeAll(open(writer, `${path}.warm-up`), WARM_UP_LINES);
  const writing = open(writer, path);
  // A worker needs a moment to come up, and compiles its program while it works.
  await writeAll({ line: (number) => writing.line(number), end: () => delay(500) }, WARM_UP_LINES);
  return { seconds: await writeAll(writing, lines), lines: lines + WARM_UP_LINES };
}

/** Writes at an even pace and watches how late the event loop is meanwhile. */
async function pace(path: string, perSecond: number, seconds: number): Promise<LogReport> {
  const writing = ours(path);
  let lines = 0;
  const until = async (end: number): Promise<void> => {
    const begin = performance.now() - (lines / perSecond) * 1000;
    while (performance.now() < end) {
      for (const due = ((performance.now() - begin) / 1000) * perSecond; lines < due; lines++) writing.line(lines);
      await delay(1);
    }
  };
  await until(performance.now() + 1000);
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await until(performance.now() + seconds * 1000);
  histogram.disable();
  const p99 = histogram.percentile(99) / 1e6;
  await writing.end();
  return { seconds, lines, delayP99: p99 };
}

const setup = JSON.parse(process.argv[2] ?? '') as LogSetup;
const report =
  setup.kind === 'write' ? await write(setup.writer, setup.path, setup.lines) : await pace(setup.path, setup.perSecond, setup.seconds);
process.stdout.write(`${JSON.stringify(report)}\n`);
