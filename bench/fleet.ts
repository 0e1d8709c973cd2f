import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from '../test/support/sources.ts';
import { eventually } from '../test/interop/support/running.ts';
import type { Rate, Section } from './support/figure.ts';
import type { FleetSetup } from './support/fleet-setup.ts';
import { cpuSeconds, residentBytes } from './support/usage.ts';

/** What the monitor needs for a fleet with live events. */

const DAEMONS = 100;
const CLIENTS = 50;
const CHURN_MS = 10_000;
const SCRAPE_MS = 15_000;
const WARM_UP_MS = 15_000;
const QUARTER_OF_A_CORE = { atMost: 25 };
const MOST_MEMORY = { atMost: 300 };

/** Watches it for so many seconds. */
export async function benchFleet(seconds: number): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-fleet-'));
  const running: ChildProcess[] = [];
  const start = (...words: string[]): ChildProcess => {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    running.push(child);
    return child;
  };
  try {
    const setup: FleetSetup = {
      sockets: Array.from({ length: DAEMONS }, (_, number) => join(folder, `${number}.sock`)),
      clients: CLIENTS,
      churnMs: CHURN_MS,
    };
    const fleet = start(join(ROOT, 'build/bench/support/fleet-main.js'), JSON.stringify(setup));
    if (fleet.stdout !== null) await once(fleet.stdout, 'data');
    const config = join(folder, 'monitor.yaml');
    const daemons = setup.sockets.map((path, number) => `  - { name: site${number}, management: ${path} }\n`);
    writeFileSync(config, `http: { listen: 127.0.0.1:9276 }\nseries: { mode: user }\ndaemons:\n${daemons.join('')}`);
    const monitor = start(join(ROOT, 'dist/cli/main.js'), 'monitor', config);
    monitor.stdout?.resume();
    return { ...HEAD, rates: await measured(monitor.pid ?? -1, seconds) };
  } finally {
    for (const child of running) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

const HEAD = {
  title: 'A fleet under the monitor',
  how:
    `${DAEMONS} daemons with ${CLIENTS} clients each, played by another process: byte counts of all every 10 s, status every 15 s, and every ` +
    `${CHURN_MS / 1000} s a client of each leaves and comes back with stock's log at verb 3. The monitor runs as it comes, with series of users, and is scraped ` +
    `every ${SCRAPE_MS / 1000} s. The most memory is what it had at the end of a scrape.`,
  comparisons: [],
};

const page = async (): Promise<string> => (await fetch('http://127.0.0.1:9276/metrics')).text();

async function measured(pid: number, seconds: number): Promise<Rate[]> {
  await eventually('all clients', async () => connectedOn(await page().catch(() => '')) === DAEMONS * CLIENTS, 60_000);
  await delay(WARM_UP_MS);
  const [began, before] = [performance.now(), cpuSeconds(pid)];
  let resident = 0;
  while (performance.now() - began < seconds * 1000) {
    await delay(SCRAPE_MS);
    await page();
    resident = Math.max(resident, residentBytes(pid));
  }
  const share = ((cpuSeconds(pid) - before) * 1000) / (performance.now() - began);
  return [
    { what: 'share of a core', unit: '%', value: share * 100, target: QUARTER_OF_A_CORE },
    { what: 'resident memory, at most', unit: 'MiB', value: resident / 2 ** 20, target: MOST_MEMORY },
  ];
}

function connectedOn(text: string): number {
  return [...text.matchAll(/^tunnelscope_connected_clients\{.*\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
}
