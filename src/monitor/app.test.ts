import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TunnelscopeError } from '../base/errors.ts';
import { SystemClock } from '../host/clock.ts';
import { Logging } from '../service/logging.ts';
import { MonitorApp, type MonitorPart } from './app.ts';
import { type HttpConfig, type MonitorConfig, parseConfig } from './config/config.ts';

const STATUS = readFileSync(fileURLToPath(new URL('../../test/golden/status/server-v2.txt', import.meta.url)), 'utf8');

let folder: string;
let app: MonitorApp;
let log: string[];
let told: string[];
let served: HttpConfig[];
let yaml: string;
let parts: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-monitor-'));
  writeFileSync(join(folder, 'status'), STATUS);
  log = [];
  told = [];
  served = [];
  parts = [];
});

afterEach(async () => {
  app.signal('SIGTERM');
  await app.done;
  rmSync(folder, { recursive: true });
});

async function start(text: string): Promise<void> {
  yaml = text;
  const clock = new SystemClock();
  const outlet = { write: (line: string) => void log.push(line), close: () => Promise.resolve() };
  const read = (): MonitorConfig => parseConfig(yaml, join(folder, 'monitor.yaml'), {});
  app = new MonitorApp({
    config: read(),
    reread: read,
    clock,
    logging: new Logging(clock, outlet, outlet),
    version: '1.0.0',
    exhibit: () => ({
      serve(http) {
        if (http.listen.some(({ kind }) => kind === 'unix')) return Promise.reject(new TunnelscopeError('LISTEN', 'no sockets here'));
        served.push(http);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
    parts: () => ['first', 'second'].map(partCalled),
    tell: (words) => Promise.resolve(told.push(words)),
  });
  await app.start();
}

/** A part of the monitor that notes what is done with it. */
function partCalled(name: string): MonitorPart {
  const note = (what: string) => Promise.resolve(void parts.push(`${name} ${what}`));
  return { configure: ({ verb }) => note(`at verb ${verb}`), close: () => note('closed') };
}

async function reload(text: string, says: string): Promise<void> {
  yaml = text;
  app.signal('SIGHUP');
  await said(says);
}

const said = (text: string): Promise<void> => vi.waitFor(() => expect(log.join('')).toContain(text), { timeout: 4000 });
const A = 'daemons:\n  - { name: a, status-file: status }\n';

describe('the monitor', () => {
  it('keeps counters of daemons that stay, over changes of others and of themselves', async () => {
    await start(A);
    await vi.waitFor(() => expect(app.fleet.daemon('a')?.received.value).toBe(5175), { timeout: 4000 });
    await reload(`${A}  - { name: b, status-file: none }\n`, '2 daemons, 1 of them new or changed');
    expect([...app.fleet.daemons].map(({ name }) => name)).toEqual(['a', 'b']);
    expect(app.fleet.daemon('a')?.received.value).toBe(5175);
    await said("'b': status-file failed: ");
    await reload(
      A.replace('status-file: status', 'status-file: status, health: { min-clients: 3 }'),
      '1 daemons, 1 of them new or changed',
    );
    expect([app.fleet.daemon('a')?.received.value, app.thresholds('a')]).toEqual([5175, { minClients: 3 }]);
    expect([app.fleet.daemon('b'), served.length]).toEqual([undefined, 1]);
  });

  it('keeps what is in force when the new configuration is wrong, or cannot be served', async () => {
    await start(A);
    await reload('daemons: 3', 'Reload refused, the running configuration stays: ');
    await reload(`${A}http: { listen: ./x.sock }\n`, 'Reload refused, the running configuration stays: no sockets here');
    expect(app.config.http.listen).toMatchObject([{ kind: 'tcp', port: 9176 }]);
    expect(app.fleet.size).toBe(1);
  });

  it('serves elsewhere when it is told so, and takes up series, compat and max-clients without losing what was counted', async () => {
    await start(A);
    await vi.waitFor(() => expect(app.fleet.daemon('a')?.received.value).toBe(5175), { timeout: 4000 });
    expect([...(app.fleet.daemon('a')?.series ?? [])]).toEqual([]);
    await reload(`${A}http: { listen: 127.0.0.1:1 }\nseries: { mode: user }\ncompat: kumina\nmax-clients: 5\n`, '0 of them new or changed');
    expect(served.map(({ listen }) => listen)).toMatchObject([[{ port: 9176 }], [{ port: 1 }]]);
    expect([app.config.kumina, app.config.fleet.maxClients, app.config.fleet.keepRoutes]).toEqual([true, 5, true]);
    const { received, series = [] } = app.fleet.daemon('a') ?? {};
    expect([received?.value, [...series].reduce((sum, user) => sum + user.received, 0)]).toEqual([5175, 5175]);
  });

  it('goes on when a gateway cannot listen', async () => {
    const management = 'management: ./none.sock, gateway: { listen: /none/at/all.sock }';
    await start(`${A}  - { name: b, ${management} }\n`);
    await said("Monitor: 'b': no gateway: MANAGEMENT: Cannot bind unix domain socket /none/at/all.sock");
    await vi.waitFor(() => expect(app.fleet.daemon('a')?.speaker?.kind).toBe('status-file'), { timeout: 4000 });
  });

  it('begins its parts in order, hands them each configuration, and ends them the other way round', async () => {
    await start(A);
    await reload(`${A}verb: 4\n`, '0 of them new');
    app.signal('SIGTERM');
    await app.done;
    expect(parts).toEqual(['first at verb 3', 'second at verb 3', 'first at verb 4', 'second at verb 4', 'second closed', 'first closed']);
  });

  it('tells the service manager how it is', async () => {
    await start(A);
    expect([told, app.notReady]).toEqual([['READY=1'], undefined]);
    await reload(A, '0 of them new');
    await vi.waitFor(() => expect(told).toEqual(['READY=1', expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/), 'READY=1']));
    app.signal('SIGINT');
    expect([await app.done, told.at(-1), app.notReady]).toEqual([0, 'STOPPING=1', 'the monitor is ending']);
    expect(log.join('')).toContain('Monitor: SIGINT received, ending');
  });
});
