import { plainClientMaterial, plainClientSettings } from '../../test/interop/support/plain-client.ts';
import { ClientFactory, type GeneratedClient } from './generated-client.ts';
import type { GeneratorReport, GeneratorSetup } from './generator.ts';

/**
 * The program that plays many clients, the same against every server. It is given a setup as its one argument and prints
 * one line of JSON when it is done; then, or at the end of its standard input, it ends.
 */

/** Handshakes that are under way when time is up have this long to end. */
const STRAGGLER_MS = 3000;

const setup = JSON.parse(process.argv[2] ?? '') as GeneratorSetup;
const materials = setup.identities.map((identity) => plainClientMaterial({ ca: setup.ca, ...identity }));
const factory = new ClientFactory(plainClientSettings(setup, '2.6.14'), materials, setup.firstPort);

/** Connects, leaves, connects again, on each of `parallel` lanes, until time is up. */
async function handshakes(parallel: number, runSeconds: number): Promise<GeneratorReport> {
  const begin = performance.now();
  const end = begin + runSeconds * 1000;
  const report: GeneratorReport = { latencies: [], inTime: 0, failed: 0, unfinished: 0, seconds: runSeconds };
  const underway = new Map<GeneratedClient, number>();
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const client = await factory.make();
      const started = performance.now();
      underway.set(client, started);
      const connected = await client.connect();
      const finished = performance.now();
      if (!underway.delete(client)) return;
      if (connected) {
        report.latencies.push(finished - started);
        if (finished <= end) report.inTime++;
        client.leave();
      } else report.failed++;
    }
  };
  const limit = new Promise((resolve) => setTimeout(resolve, runSeconds * 1000 + STRAGGLER_MS));
  await Promise.race([limit, Promise.all(Array.from({ length: parallel }, lane))]);
  // A handshake without an end took at least so long: leaving it out would flatter whoever loses it.
  for (const started of underway.values()) report.latencies.push(performance.now() - started);
  report.unfinished = underway.size;
  underway.clear();
  return report;
}

/** Connects so many clients and keeps them. */
async function hold(count: number, parallel: number): Promise<GeneratorReport> {
  const report: GeneratorReport = { latencies: [], inTime: 0, failed: 0, unfinished: 0, seconds: 0 };
  const begin = performance.now();
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left--;
      const client = await factory.make();
      const started = performance.now();
      if (await client.connect()) {
        report.latencies.push(performance.now() - started);
        report.inTime++;
      } else {
        report.failed++;
        left++;
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return { ...report, seconds: (performance.now() - begin) / 1000 };
}

const { work } = setup;
const report = work.kind === 'handshakes' ? await handshakes(work.parallel, work.seconds) : await hold(work.clients, work.parallel);
process.stdout.write(`report ${JSON.stringify(report)}\n`);
process.stdin.resume().once('end', () => process.exit(0));
