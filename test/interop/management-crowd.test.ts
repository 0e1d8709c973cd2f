import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/sources.ts';
import type { CrowdSetup } from './support/crowd-main.ts';
import { PORT, type Server } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';

/** Very many management clients at once. */

const MANAGERS = 100;
const CLIENTS = 200;
const PROGRAM = join(ROOT, 'build/test/interop/support/crowd-main.js');

/** What management clients ask for, in turn, and the words that each shall see beside CLIENT and NOTIFY, which everyone sees. */
const KINDS = [
  { commands: [], sees: [] },
  { commands: ['log on'], sees: ['LOG'] },
  { commands: ['state on'], sees: ['STATE'] },
  { commands: ['bytecount 1'], sees: ['BYTECOUNT_CLI'] },
  { commands: ['events on'], sees: ['EVENT'] },
  { commands: ['env-filter 2', 'echo on'], sees: [] },
] as const satisfies readonly { readonly commands: readonly string[]; readonly sees: readonly string[] }[];

type Kind = (typeof KINDS)[number];

interface Manager {
  readonly kind: Kind;
  readonly talk: Talk;
}

async function openManagers(server: Server): Promise<Manager[]> {
  const managers = Array.from({ length: MANAGERS }, async (_, index) => {
    const kind = KINDS[index % KINDS.length] ?? KINDS[0];
    const talk = await Talk.open(server.managementPath);
    await talk.ask(...kind.commands);
    return { kind, talk };
  });
  return Promise.all(managers);
}

async function startCrowd(lab: Lab): Promise<Running> {
  const { ca, cert, key } = await lab.identity('crowd');
  const setup: CrowdSetup = { server: { ip: lab.serverHost.ip4, port: PORT }, count: CLIENTS, ca, cert, key, staticKey: lab.pki.staticKey };
  return lab.network.start(lab.network.host('crowd'), 'crowd', [process.execPath, PROGRAM, JSON.stringify(setup)]);
}

const LOG_PREFIX = /^>LOG:\d+,[A-Z]*,/;
const STAMP = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:us=\d+ )?/;

/** What stands between two lines that hold the marks, each with its prefix taken off. */
function between(lines: readonly string[], prefix: RegExp, first: string, last: string): string[] {
  const texts = lines.filter((line) => prefix.test(line)).map((line) => line.replace(prefix, ''));
  return texts.slice(
    texts.findIndex((text) => text.includes(first)),
    texts.findIndex((text) => text.includes(last)),
  );
}

function wordsOf(lines: readonly string[]): Set<string> {
  return new Set(lines.flatMap((line) => /^>([A-Z_]+):/.exec(line)?.[1] ?? []));
}

/** The lines that hold for everyone with the same filter. */
function clientLines({ talk }: Manager): string[] {
  return talk.lines.filter((line) => line.startsWith('>CLIENT:'));
}

function ids(lines: readonly string[], what: string): number[] {
  return lines.flatMap((line) => (line.startsWith(`>CLIENT:${what},`) ? [Number(line.split(',')[1])] : []));
}

const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

/** Reads nothing until it is asked to, and keeps all that it then hears. */
class Stalled {
  readonly #socket: Socket;
  heard = '';
  closed = false;

  constructor(path: string, command: string) {
    this.#socket = createConnection(path);
    this.#socket.pause();
    this.#socket.on('error', () => undefined).once('close', () => (this.closed = true));
    this.#socket.write(`${command}\n`);
  }

  read(): void {
    this.#socket.setEncoding('latin1').on('data', (text: string) => {
      this.heard = (this.heard + text).slice(-1000);
    });
    this.#socket.resume();
  }
}

describe.skipIf(!requireInterop())(`${MANAGERS} management clients`, () => {
  const lab = useLab(['crowd']);

  it(`each see exactly what they asked for while ${CLIENTS} clients come and go`, { timeout: 120_000 }, async () => {
    const server = await lab.server({ program: 'ours', lines: ['duplicate-cn'] });
    const managers = await openManagers(server);
    const speaker = await Talk.open(server.managementPath);
    await speaker.ask('verb 4 mark-begin');
    const crowd = await startCrowd(lab);
    expect(await crowd.waitFor(/^connected /, { within: 60_000 })).toBe(`connected ${CLIENTS}`);
    crowd.write('leave\n');
    await crowd.waitFor('left', { within: 30_000 });
    await eventually('all are gone', () => ids(speaker.lines, 'DISCONNECT').length === CLIENTS);
    await speaker.ask('verb 4 mark-end');
    await Promise.all(managers.map(({ talk }) => talk.ask()));
    const all = Array.from({ length: CLIENTS }, (_, index) => index);
    const logged = between(server.process.lines, STAMP, "CMD 'verb 4 mark-begin'", "CMD 'verb 4 mark-end'");
    expect(logged.length).toBeGreaterThan(CLIENTS * 10);
    const [plain, filtered] = [managers[0], managers[5]].map((manager) => manager && clientLines(manager));
    expect(plain).not.toEqual(filtered);
    for (const manager of managers) {
      const { kind, talk } = manager;
      const lines = clientLines(manager);
      expect(lines).toEqual(kind === KINDS[5] ? filtered : plain);
      expect(sorted(ids(lines, 'ESTABLISHED'))).toEqual(all);
      expect(sorted(ids(lines, 'DISCONNECT'))).toEqual(all);
      const expected = kind.sees.filter((word) => word !== 'STATE');
      expect(wordsOf(talk.lines)).toEqual(new Set(['INFO', 'CLIENT', 'NOTIFY', ...expected]));
      if (kind === KINDS[1]) expect(between(talk.lines, LOG_PREFIX, "CMD 'verb 4 mark-begin'", "CMD 'verb 4 mark-end'")).toEqual(logged);
      if (kind === KINDS[3]) expectGrowingCounts(talk.lines);
    }
    await server.process.stop();
    for (const { kind, talk } of managers) {
      const states = talk.lines.filter((line) => line.startsWith('>STATE:'));
      expect(states.map((line) => line.split(',')[1])).toEqual(kind === KINDS[2] ? ['EXITING'] : []);
    }
  });

  it('lose no line beside one that does not read, which is dropped and told why', { timeout: 120_000 }, async () => {
    const server = await lab.server({ program: 'ours' });
    const stalled = new Stalled(server.managementPath, 'log on');
    const live = await Promise.all(Array.from({ length: MANAGERS - 1 }, () => Talk.open(server.managementPath)));
    await Promise.all(live.map((talk) => talk.ask('log on')));
    const speaker = await Talk.open(server.managementPath);
    await speaker.ask('verb 4 mark-begin');
    // A command is logged as it came, with parameters that it does not look at: a kilobyte for each.
    const words = Array.from({ length: 4 }, () => '-'.repeat(240)).join(' ');
    const lot = Array.from({ length: 100 }, (_, index) => `verb 4 ${index} ${words}`);
    const dropped = (): boolean => server.process.matching('reads too slowly, closed with').length > 0;
    // It has a second to read why, and the machine may be busy: it begins at once.
    const read = server.process.waitFor('reads too slowly, closed with', { within: 60_000 }).then(() => stalled.read());
    let lots = 0;
    for (; lots < 80 && !dropped(); lots++) await speaker.ask(...lot);
    expect(dropped()).toBe(true);
    await speaker.ask('verb 4 mark-end');
    await Promise.all(live.map((talk) => talk.ask()));
    const expected = between(server.process.lines, STAMP, "CMD 'verb 4 mark-begin'", "CMD 'verb 4 mark-end'");
    expect(expected.length).toBeGreaterThan(lots * lot.length);
    for (const { lines } of live) expect(between(lines, LOG_PREFIX, "CMD 'verb 4 mark-begin'", "CMD 'verb 4 mark-end'")).toEqual(expected);
    await read;
    await eventually('the end of the one that did not read', () => stalled.closed);
    expect(stalled.heard).toMatch(/ERROR: output was not read in time\r\n$/);
  });
});

/** Of each client the counters never go back. */
function expectGrowingCounts(lines: readonly string[]): void {
  const newest = new Map<string, number>();
  for (const line of lines) {
    const [, id = '', received = '', sent = ''] = /^>BYTECOUNT_CLI:(\d+),(\d+),(\d+)$/.exec(line) ?? [];
    if (id === '') continue;
    const sum = Number(received) + Number(sent);
    expect(sum).toBeGreaterThanOrEqual(newest.get(id) ?? 0);
    newest.set(id, sum);
  }
  expect(newest.size).toBeGreaterThan(0);
}
