import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../test/support/sources.ts';
import { benchAlerts } from './alerts.ts';
import { benchClient } from './client.ts';
import { benchDelivery } from './delivery.ts';
import { benchFleet } from './fleet.ts';
import { benchGateway } from './gateway.ts';
import { benchHandshakes } from './handshakes.ts';
import { benchHistory } from './history.ts';
import { benchLogFile, benchLogHandshakes, benchLogLoop } from './log.ts';
import { benchManagement } from './management.ts';
import { benchMemory } from './memory.ts';
import { benchMicro } from './micro.ts';
import { benchPing } from './ping.ts';
import { benchScrape } from './scrape.ts';
import { isMet, type Section, sectionText } from './support/figure.ts';
import { benchBothEnds, benchClientThroughput, benchThroughput } from './throughput.ts';

/**
 * `npm run bench [-- NAME...] [-- --quick | --record]` measures our server against stock OpenVPN on this machine and writes
 * bench/RESULTS.md when it ran whole. With names (`log` is every `log-...`), or with `--quick` for a look at whether everything
 * works, it prints only; with names and `--record` their sections are replaced in the page.
 * Needs root, /dev/net/tun, openvpn, iperf3 and iproute2.
 */

/** The whole has this long; it ends itself, and with it all that it started. */
const LIMIT_MS = 14 * 60_000;

const RESULTS = join(ROOT, 'bench/RESULTS.md');

const BENCHES: Readonly<Record<string, (quick: boolean) => Promise<Section>>> = {
  handshakes: (quick) => (quick ? benchHandshakes(1, 2) : benchHandshakes(3, 5)),
  throughput: (quick) => (quick ? benchThroughput(1, 1) : benchThroughput(3, 3)),
  'throughput-client': (quick) => (quick ? benchClientThroughput(1, 1) : benchClientThroughput(2, 3)),
  'throughput-both': (quick) => (quick ? benchBothEnds(1, 1) : benchBothEnds(2, 3)),
  client: (quick) => (quick ? benchClient(2, 1, 1) : benchClient(10, 3, 3)),
  memory: (quick) => (quick ? benchMemory(1, 50) : benchMemory(2, 500)),
  ping: (quick) => (quick ? benchPing(1, 20) : benchPing(3, 200)),
  'log-file': (quick) => (quick ? benchLogFile(1, 50_000) : benchLogFile(3, 500_000)),
  'log-handshakes': (quick) => (quick ? benchLogHandshakes(1, 2) : benchLogHandshakes(3, 5)),
  'log-loop': (quick) => (quick ? benchLogLoop(1, 1) : benchLogLoop(3, 5)),
  management: (quick) => benchManagement(quick ? { clients: 50, rounds: 1 } : { clients: 2000, rounds: 3 }),
  gateway: (quick) => (quick ? benchGateway(1, 200) : benchGateway(3, 3000)),
  alerts: (quick) => benchAlerts(quick ? 5 : 40),
  fleet: (quick) => benchFleet(quick ? 15 : 60),
  scrape: (quick) => (quick ? benchScrape(1, 5) : benchScrape(3, 30)),
  history: (quick) => (quick ? benchHistory(2, 2, 100_000) : benchHistory(20, 20)),
  delivery: (quick) => benchDelivery(quick ? 100 : 2000),
  micro: (quick) => benchMicro(quick ? 20 : 300),
};

/** Of a sort that says what the figures depend on, and nothing of whose machine it is. */
function machineText(): string {
  const [cpu] = cpus();
  const openvpn = versionOf('openvpn', /OpenVPN (\S+)/);
  const rows = [
    ['date', new Date().toISOString().slice(0, 10)],
    ['processor', `${cpus().length} × ${cpu?.model ?? 'unknown'}`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['kernel', release()],
    ['node', `${process.versions.node}, OpenSSL ${process.versions.openssl}`],
    ['stock', `OpenVPN ${openvpn}, ${versionOf('openvpn', /library versions: (OpenSSL \S+)/)}, without its kernel module`],
    ['tunnelscope', (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version],
    ['load of others before', loadavg()[0]?.toFixed(2) ?? ''],
  ];
  return ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value} |`)].join('\n');
}

function versionOf(program: string, pattern: RegExp): string {
  const text = execFileSync('sh', ['-c', `${program} --version || true`], { encoding: 'utf8' });
  return pattern.exec(text)?.[1] ?? 'unknown';
}

const HEAD = `# Speed and memory against stock OpenVPN

Written by \`npm run bench\`; do not edit. A comparison is a **ratio against stock OpenVPN** in the same run, network and configuration, both
servers taking turns so that a noisy moment of the machine hits both. Client, server and traffic share the machine's processors, so absolute
values say little beyond it, and a load of others disturbs most what needs more of them.`;

/** The sections of the page as it is, each from its heading on. */
function recordedSections(): string[] {
  const [, ...sections] = readFileSync(RESULTS, 'utf8').split(/^(?=## )/m);
  return sections.map((section) => section.trimEnd());
}

/** Writes the page: the sections that were kept, those of the same title replaced, then new ones. */
function record(machine: string, sections: readonly Section[], kept: readonly string[]): void {
  const texts = new Map(kept.map((text) => [text.split('\n', 1)[0] ?? '', text]));
  for (const section of sections) texts.set(`## ${section.title}`, sectionText(section).trimEnd());
  writeFileSync(RESULTS, `${[HEAD, machine, ...texts.values()].join('\n\n')}\n`);
}

async function main(words: readonly string[]): Promise<number> {
  const quick = words.includes('--quick');
  const names = words.filter((word) => !word.startsWith('--'));
  const asked = (bench: string): boolean => names.length === 0 || names.some((name) => bench === name || bench.startsWith(`${name}-`));
  const unknown = names.filter((name) => !Object.keys(BENCHES).some((bench) => bench === name || bench.startsWith(`${name}-`)));
  if (unknown.length > 0) throw new Error(`there is no bench ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
  const machine = machineText();
  const sections: Section[] = [];
  for (const [name, run] of Object.entries(BENCHES)) {
    if (!asked(name)) continue;
    const started = performance.now();
    const section = await run(quick);
    sections.push(section);
    process.stdout.write(`${sectionText(section)}\n(${((performance.now() - started) / 1000).toFixed(0)} s)\n\n`);
  }
  if (!quick && (names.length === 0 || words.includes('--record'))) record(machine, sections, names.length === 0 ? [] : recordedSections());
  const missed = sections.flatMap(({ comparisons, rates }) => [...comparisons, ...rates]).filter((figure) => isMet(figure) === false);
  for (const { what } of missed) process.stdout.write(`target missed: ${what}\n`);
  return 0;
}

setTimeout(() => {
  process.stderr.write(`not done in ${LIMIT_MS / 60_000} minutes\n`);
  process.exit(1);
}, LIMIT_MS).unref();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
