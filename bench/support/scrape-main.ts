import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Fact, SeenClient } from '../../src/telemetry/facts.ts';
import { expose, exposition } from '../../src/telemetry/expose.ts';
import { Fleet } from '../../src/telemetry/fleet.ts';
import { at, client, list, wall } from '../../src/telemetry/testing.ts';
import { median } from './numbers.ts';
import type { ScrapeReport, ScrapeSetup } from './scrape-setup.ts';

/** Makes pages of metrics, ours or prom-client's, in a process of its own: `node --expose-gc scrape-main.js SETUP`. */

const WARM_UP = 25;

/** Our fleet after a status of so many clients, all with traffic. */
function fleetOf(clients: number, mode: 'user' | 'off' = 'user'): Fleet {
  const fleet = new Fleet({ series: { mode, top: 0, max: clients } });
  fleet.setDaemons(['server']);
  const tell = (fact: Fact): void => fleet.handle({ daemon: 'server', source: 'management', now: at(1), fact });
  tell({ kind: 'source-up', where: '127.0.0.1:7505', lines: true });
  tell({ kind: 'state', state: { time: wall(0), name: 'CONNECTED', detail: 'SUCCESS' } });
  tell(list(Array.from({ length: clients }, (_, index) => rowOf(index))));
  return fleet;
}

function rowOf(index: number): SeenClient {
  const ip = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return client(1194, {
    commonName: `client${index}@example.com`,
    clientId: index,
    realAddress: { text: `${ip}:1194`, ip, port: 1194 },
    virtual4: ip,
    bytesReceived: 1_000_000 + index * 977,
    bytesSent: 9_000_000 + index * 1009,
    quality: {
      packets: 100,
      lost: index % 7,
      reordered: 0,
      replayed: 0,
      unauthentic: 0,
      roundTripMs: 20 + (index % 50),
      retransmits: 0,
      renegotiations: 0,
      phaseMs: {},
      lastHeard: wall(1),
    },
  });
}

/** A registry of prom-client with the series of a page. */
function registryOf(page: string): Registry {
  const registry = new Registry();
  const families = new Map<string, Counter | Gauge>();
  for (const [, name = '', type = ''] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const samples = [...page.matchAll(new RegExp(`^${name}(?:_bucket)?\\{(.*)\\} `, 'gm'))];
    const labels = [...new Set(samples.flatMap(([, block = '']) => namesOf(block)))];
    const common = { name, help: name, registers: [registry] };
    if (type === 'histogram') {
      const plain = labels.filter((label) => label !== 'le');
      new Histogram({ ...common, labelNames: plain }).zero({ daemon: 'server' });
    } else if (type === 'counter') families.set(name, new Counter({ ...common, labelNames: labels }));
    else families.set(name, new Gauge({ ...common, labelNames: labels }));
  }
  for (const [, name = '', block = '', value = ''] of page.matchAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm)) {
    families.get(name)?.inc(Object.fromEntries(pairsOf(block)), Number(value));
  }
  return registry;
}

function pairsOf(block: string): [string, string][] {
  return [...block.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, detached(value)]);
}

/** A copy that does not keep the page alive. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}

function namesOf(block: string): string[] {
  return pairsOf(block).map(([name]) => name);
}

/** The heap after everything that can be freed is. */
function heapBytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Of small things so many are held at once that what else happens in the heap does not count. */
const HELD_CLIENTS = 10_000;

/** What something that is made keeps of the heap. */
function heldBy(clients: number, make: () => unknown): number {
  const count = Math.ceil(HELD_CLIENTS / clients);
  const before = heapBytes();
  const made = Array.from({ length: count }, make);
  const bytes = heapBytes() - before;
  if (made.includes(undefined)) throw new Error('nothing is held');
  return bytes / count;
}

/** The heap as it is, and buffers outside of it. */
function allBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface Maker {
  readonly held: unknown;
  /** Makes a page and says how long it is. */
  readonly scrape: () => number | Promise<number>;
}

function makerOf({ maker, clients }: ScrapeSetup): Maker {
  const fleet = fleetOf(clients);
  if (maker === 'ours') return { held: fleet, scrape: () => ownScrape(fleet) };
  const registry = registryOf(exposition(fleet, at(2), { format: 'text' }));
  return { held: registry, scrape: async () => Buffer.byteLength(await registry.metrics()) };
}

function ownScrape(fleet: Fleet): number {
  let length = 0;
  for (const piece of expose(fleet, at(2), { format: 'text' })) length += piece.byteLength;
  return length;
}

async function report(setup: ScrapeSetup): Promise<ScrapeReport> {
  // Code and tables are in place before what is measured.
  await makerOf({ ...setup, clients: 10 }).scrape();
  // A regular expression would keep the page alive until the next has matched.
  const lines = exposition(fleetOf(setup.clients), at(2), { format: 'text' }).split('\n');
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#')).length;
  const stateBytes = setup.maker === 'ours' ? heldBy(setup.clients, () => fleetOf(setup.clients, 'off')) : 0;
  const heldBytes = heldBy(setup.clients, () => makerOf(setup).held);
  const maker = makerOf(setup);
  for (let i = 0; i < WARM_UP; i++) await maker.scrape();
  const times: number[] = [];
  for (let i = 0; i < setup.scrapes; i++) {
    const started = performance.now();
    await maker.scrape();
    times.push((performance.now() - started) / 1000);
  }
  heapBytes();
  const empty = allBytes();
  await maker.scrape();
  const allocatedBytes = allBytes() - empty;
  if (maker.held === undefined) throw new Error('nothing is held');
  return { seconds: median(times), heldBytes, stateBytes, allocatedBytes, samples };
}

const setup = JSON.parse(process.argv[2] ?? '{}') as ScrapeSetup;
process.stdout.write(JSON.stringify(await report(setup)));
