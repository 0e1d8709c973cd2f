import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../test/support/sources.ts';
import type { Rate, Section } from './support/figure.ts';
import type { HistorySetup, SearchReport, WriteReport } from './support/history-setup.ts';

/** What the history costs the monitor while it is written, and how fast it is searched. */

const MAIN = join(ROOT, 'build/bench/support/history-main.js');
const PER_SECOND = 5000;
const SESSIONS = 1_000_000;

function run(setup: HistorySetup): unknown {
  return JSON.parse(execFileSync(process.execPath, [MAIN, JSON.stringify(setup)], { encoding: 'utf8' }));
}

/** Writes for so many seconds, then searches a year of sessions so many times in each way. */
export function benchHistory(seconds: number, rounds: number, sessions = SESSIONS): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-bench-'));
  try {
    const written = run({ kind: 'write', folder, perSecond: PER_SECOND, seconds }) as WriteReport;
    const searched = run({ kind: 'search', folder, sessions, rounds }) as SearchReport;
    const rates: Rate[] = [
      { what: 'events kept a second', unit: '1/s', value: written.written / seconds, target: { atLeast: PER_SECOND * 0.99 } },
      { what: 'of those that were told', unit: '', value: written.written / written.told, target: { atLeast: 1 } },
      { what: "delay of the monitor's loop meanwhile, 99 of 100", unit: 'ms', value: written.delay99, target: { atMost: 10 } },
      { what: 'the longest', unit: 'ms', value: written.longestDelay },
      { what: 'from the last event until all were found in the database', unit: 'ms', value: written.behind, target: { atMost: 1000 } },
      ...Object.entries(searched).map(([what, value]) => ({ what: `search ${what}`, unit: 'ms', value, target: { atMost: 200 } })),
    ];
    return Promise.resolve({
      title: 'History',
      how:
        `${PER_SECOND} failed logins a second, each of two lines of a log, for ${seconds} s into a database on its own thread, with a list of a ` +
        `thousand clients and a page of metrics each second beside it; then searches for pages of 100 in ${sessions} sessions of a year, of ` +
        'which the slowest of each kind counts.',
      comparisons: [],
      rates,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
