import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../test/support/sources.ts';
import { Comparisons, type Rate, type Section } from './support/figure.ts';
import { median } from './support/numbers.ts';
import type { ScrapeReport, ScrapeSetup } from './support/scrape-setup.ts';

/** What a page of metrics costs, beside a registry of prom-client that holds the same series. */

const MAIN = join(ROOT, 'build/bench/support/scrape-main.js');
const CLIENTS = [100, 1000, 10_000];
const QUARTER = { atMost: 0.25 };
/** The young generation is made so large that nothing is freed while one scrape is looked at. */
const FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];

function run(setup: ScrapeSetup): ScrapeReport {
  return JSON.parse(execFileSync(process.execPath, [...FLAGS, MAIN, JSON.stringify(setup)], { encoding: 'utf8' })) as ScrapeReport;
}

/** Measures scrapes at several sizes. */
export function benchScrape(rounds: number, scrapes: number): Promise<Section> {
  const found = new Comparisons();
  const own = new Map<number, number[]>(CLIENTS.map((clients) => [clients, []]));
  for (let round = 0; round < rounds; round++) {
    for (const clients of CLIENTS) {
      for (const [program, maker] of [['ours', 'ours'] as const, ['stock', 'prom-client'] as const]) {
        const { seconds, heldBytes, stateBytes, allocatedBytes } = run({ maker, clients, scrapes });
        found.add(program, `a scrape of ${clients} clients`, 'ms', seconds * 1000, QUARTER);
        found.add(program, `allocated by it, ${clients} clients`, 'kB', allocatedBytes / 1000, QUARTER);
        found.add(program, `held for the series, ${clients} clients`, 'kB', (heldBytes - stateBytes) / 1000, QUARTER);
        found.add(program, `held with all that is known, ${clients} clients`, 'kB', heldBytes / 1000);
        if (maker === 'ours') own.get(clients)?.push(seconds);
      }
    }
  }
  const growth = median(own.get(10_000) ?? []) / median(own.get(1000) ?? []);
  const rates: Rate[] = [{ what: 'time at 10000 clients ÷ at 1000', unit: '', value: growth, target: { atMost: 12 } }];
  return Promise.resolve({
    title: 'Metrics beside prom-client',
    beside: 'prom-client',
    how:
      'One daemon with five series a user, each maker in a process of its own; the page as bytes. prom-client has a registry with the same ' +
      'series and values. Held for the series is what our state takes more than without them. Ours then knows the daemon and all about its ' +
      'clients besides; prom-client holds the series alone, beside whatever state they would be set from.',
    comparisons: found.list(),
    rates,
  });
}
