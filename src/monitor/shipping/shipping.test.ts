import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemClock } from '../../host/clock.ts';
import { recognise } from '../../messages/recogniser.ts';
import { Logging } from '../../service/logging.ts';
import { Fleet } from '../../telemetry/index.ts';
import { lineSeen } from '../../telemetry/lines.ts';
import { parseConfig } from '../config/config.ts';
import type { Collector } from '../sources/collector.ts';
import { LogSource } from '../sources/log-source.ts';
import { Shipping } from './shipping.ts';

const PATIENT = { timeout: 4000 };

let folder: string;
let fleet: Fleet;
let shipping: Shipping;
let source: Collector | undefined;
const clock = new SystemClock();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-shipping-'));
  source = undefined;
});

afterEach(async () => {
  await source?.close();
  await shipping.close();
  rmSync(folder, { recursive: true });
});

async function begin(ship = 'targets: [{ name: file, file: { path: out.jsonl } }]'): Promise<void> {
  const outlet = { write: () => undefined, close: () => Promise.resolve() };
  fleet = new Fleet();
  fleet.setDaemons(['a', 'b']);
  shipping = new Shipping({ fleet, clock, logging: new Logging(clock, outlet, outlet) });
  await configure(ship);
}

function configure(ship: string): Promise<void> {
  const daemons = 'daemons: [{ name: a, log-file: a.log, management: 127.0.0.1:1 }, { name: b, management: 127.0.0.1:2 }]';
  return shipping.configure(parseConfig(`${daemons}\nship: { spool: spool, ${ship} }\n`, join(folder, 'monitor.yaml'), {}));
}

const told = (daemon: string, by: 'log' | 'management', text: string): void =>
  fleet.handle({ daemon, source: by, now: clock.now(), fact: { kind: 'line', line: lineSeen(recognise(text)) } });

function texts(name = 'out.jsonl'): string[] {
  try {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
    return lines.map((line): string => JSON.parse(line).text);
  } catch {
    return [];
  }
}

const shipped = (...wanted: readonly string[]): Promise<void> => vi.waitFor(() => expect(texts()).toEqual(wanted), PATIENT);

describe('shipping', () => {
  it('takes each line once: from the log file where there is one, else from the management interface', async () => {
    await begin();
    told('a', 'log', 'from the file');
    told('a', 'management', 'from the file');
    told('b', 'management', 'from the interface');
    await shipped('from the file', 'from the interface');
    expect([...fleet.targets].map(({ name, purpose }) => `${purpose} ${name}`)).toEqual(['ship file']);
  });

  it('takes over another configuration, and goes on with what stands in the spool of a name', async () => {
    await begin('targets: [{ name: file, syslog: { address: 127.0.0.1:1 } }]');
    told('b', 'management', 'one');
    await vi.waitFor(() => expect([...fleet.targets][0]?.trouble).toBeDefined(), PATIENT);
    await configure('targets: [{ name: file, file: { path: out.jsonl } }]');
    told('b', 'management', 'two');
    await shipped('one', 'two');
    await configure('lines: false, targets: [{ name: file, file: { path: out.jsonl } }]');
    told('b', 'management', 'three');
    const [target] = fleet.targets;
    expect([target?.waiting, fleet.targets.size]).toEqual([0, 1]);
    await shipping.configure({ ...parseConfig('daemons: []', join(folder, 'x.yaml'), {}) });
    expect(fleet.targets.size).toBe(0);
  });

  it('gets what was written while nobody looked, over a rotation, and tells it to nobody else', async () => {
    const log = join(folder, 'a.log');
    const facts: string[] = [];
    const follow = (): void => {
      const context = {
        clock,
        tell: (_source: unknown, fact: { readonly kind: string }) => void facts.push(fact.kind),
        trouble: () => undefined,
      };
      source = new LogSource(log, context, {
        place: shipping.place('a')?.file,
        reached: (file) => shipping.reached('a', { file }),
        missed: (line) => shipping.missed('a', line, clock.now()),
      });
      source.start();
    };
    writeFileSync(log, 'before all\n');
    await begin();
    follow();
    await vi.waitFor(() => expect(facts).toEqual(['source-up']), PATIENT);
    appendFileSync(log, 'seen\n');
    await vi.waitFor(() => expect(facts).toEqual(['source-up', 'line']), PATIENT);
    const size = 'before all\nseen\n'.length;
    await vi.waitFor(() => expect(readFileSync(join(folder, 'spool/.places.json'), 'utf8')).toContain(`"position":${size}`), PATIENT);
    await source?.close();
    await shipping.close();
    appendFileSync(log, 'missed 1\n');
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'missed 2\nhalf a li');
    facts.length = 0;
    await begin();
    follow();
    await shipped('missed 1', 'missed 2');
    appendFileSync(log, 'ne\n');
    await vi.waitFor(() => expect(facts).toEqual(['source-up', 'line']), PATIENT);
    await source?.close();
  });
});
