import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flagLetters, levelOf } from '../../src/messages/kinds.ts';
import { type RecognisedLine, recognise } from '../../src/messages/recogniser.ts';
import { type Management, PORT, READY, type Server, startServer, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import type { Host } from './support/network.ts';
import { OwnClient } from './support/own-client.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const LEVELS = Array.from({ length: 16 }, (_, level) => level);
/** A session is mostly waiting: so many run beside one another. */
const AT_ONCE = ['first', 'second', 'third', 'fourth'];
const BATCHES = Array.from({ length: LEVELS.length / AT_ONCE.length }, (_, i) =>
  LEVELS.slice(i * AT_ONCE.length, (i + 1) * AT_ONCE.length),
);
const ALL_CHARACTERS = ['R', 'W', 'r', 'w'] as const;
const CHARACTERS = /^[RWrw]+$/;

/** The other data plane practises at its start, over the loopback interface, where the kernel counts alike. */
const UNPRACTISED = 'data-plane portable';

type Counts = Readonly<Record<(typeof ALL_CHARACTERS)[number], number>>;

/** What a session has to say from a level on, and not below (facts: logging 2). */
const KINDS: Readonly<Record<number, readonly string[]>> = {
  0: ['start.script-security', 'management.without-password'],
  1: [
    'start.version',
    'interface.opened',
    'interface.address-added-4',
    'link.local-bound',
    'link.remote',
    'peer-info.value',
    'tls.peer-connection-initiated',
    'pool.returned',
    'start.init-complete',
    'start.process-exiting',
  ],
  2: ['verify.ok', 'tls.control-channel', 'push.data-channel', 'push.timers', 'push.protocol-options', 'interface.closing'],
  3: [
    'multi.init',
    'pool.base-4',
    'multi.learn',
    'multi.primary-4',
    'push.sent',
    'tls.move-session',
    'management.command',
    'multi.instance-exiting',
  ],
  4: ['start.parameters-begin', 'start.parameter', 'multi.create-instance', 'link.closing'],
  6: ['data.link-read', 'data.link-write', 'data.tun-read', 'data.tun-write'],
  7: ['data.ping-sent', 'data.ping-received', 'debug.script-runs', 'debug.keys-ready', 'debug.key-sends', 'debug.pre-decrypt'],
  8: ['debug.session-state', 'debug.reliable', 'debug.wait'],
  9: ['debug.content'],
};

/** Those that only a debugging build of stock has are marked so. */
const LETTERS: Readonly<Record<string, string>> = {
  'start.version': 'I',
  'management.command': 'D',
  'verify.ok': '',
  'data.tun-read': 'D',
};

function kindsFrom(levels: readonly number[]): string[] {
  return levels.flatMap((level) => KINDS[level] ?? []);
}

describe.skipIf(!requireInterop())('a session at each verbosity', () => {
  const lab = useLab(['alice', ...AT_ONCE]);

  /** A session from the start to the end of its server, whose lines come without those of characters. */
  async function sessionAt(verb: number, host: Host): Promise<{ lines: RecognisedLine[]; characters: string }> {
    const lines = ['machine-readable-output', `verb ${verb}`, 'script-security 2', `client-connect ${lab.script('exit 0')}`];
    const more = ['keepalive 1 30', 'management 127.0.0.1 7505'];
    const options = { program: 'ours', lines: [...lines, ...more], without: ['keepalive'], wait: false } as const;
    const server = await startServer(lab.network, host, lab.pki, options);
    const management = await server.management();
    await eventually('the server', async () => (await management.command('state'))[0]?.includes(',CONNECTED,SUCCESS'));
    const alice = await OwnClient.start(lab, 'alice', { server: { ip: host.ip4, port: PORT } });
    const { address } = await alice.connected();
    expect(await lab.ping(server, address, 1)).toEqual({ sent: 1, received: 1 });
    // At verb 7 and up each side's ping shall be heard.
    if (verb >= 7)
      await eventually('pings', () => ['SENT PING', 'RECEIVED PING'].every((text) => server.process.matching(text).length > 0));
    // Gone, it neither comes back nor is waited for.
    await alice.process.stop('SIGKILL');
    await management.command('kill alice');
    await eventually('its end', async () => !(await management.command('status 2')).some((line) => line.startsWith('CLIENT_LIST')));
    management.close();
    expect(await server.process.stop()).toEqual({ code: 0, signal: null });
    const texts = server.process.lines.filter((line) => !CHARACTERS.test(line) && line !== '');
    return { lines: texts.map(recognise), characters: server.process.lines.filter((line) => CHARACTERS.test(line)).join('') };
  }

  function check(verb: number, { lines, characters }: { lines: readonly RecognisedLine[]; characters: string }): void {
    expect(lines.filter(({ row }) => row === undefined).map(({ text }) => text)).toEqual([]);
    expect(lines.filter(({ word = 16 }) => levelOf(word) > verb).map(({ text }) => text)).toEqual([]);
    const said = new Set(lines.map(({ row }) => row?.id ?? ''));
    const shown = LEVELS.filter((level) => level <= verb);
    expect(kindsFrom(shown).filter((id) => !said.has(id))).toEqual([]);
    expect(kindsFrom(LEVELS.filter((level) => level > verb)).filter((id) => said.has(id))).toEqual([]);
    for (const { row, word } of lines) {
      expect(word, row?.id).toBe(row?.word);
      const letters = LETTERS[row?.id ?? ''];
      if (letters !== undefined) expect(flagLetters(word ?? 0), row?.id).toBe(letters);
    }
    expect([...new Set(characters)].toSorted().join('')).toBe(verb === 5 ? 'RWrw' : '');
  }

  it.each(BATCHES)('has at verb %i, %i, %i and %i what belongs there', async (...levels) => {
    await lab.identity('alice');
    const sessions = await Promise.all(levels.map((verb, i) => sessionAt(verb, lab.network.host(AT_ONCE[i] ?? ''))));
    expect(sessions).toHaveLength(levels.length);
    for (const [i, session] of sessions.entries()) check(levels[i] ?? -1, session);
  });
});

/** What a client says beside a server, from verb 6 up. */
const OF_CLIENT: readonly string[] = [
  ...[6, 8, 9].flatMap((level) => KINDS[level] ?? []),
  'debug.keys-ready',
  'debug.key-sends',
  'debug.pre-decrypt',
  'debug.pre-encrypt',
];

describe.skipIf(!requireInterop())('a client at a high verbosity', () => {
  const lab = useLab(['alice']);

  it('tells of packets, keys and waiting as a server does', async () => {
    await lab.server({ program: 'stock' });
    const alice = await lab.client('alice', { program: 'ours', lines: ['machine-readable-output', 'verb 9'] });
    await lab.ping(alice, TUNNEL_SERVER4, 3);
    await alice.process.stop();
    const lines = alice.process.lines.map(recognise);
    expect(lines.filter(({ row }) => row === undefined).map(({ text }) => text)).toEqual([]);
    const said = new Set(lines.map(({ row }) => row?.id));
    expect(OF_CLIENT.filter((id) => !said.has(id))).toEqual([]);
    for (const { row, word } of lines) expect(word, row?.id).toBe(row?.word);
  });
});

describe.skipIf(!requireInterop())('the characters of verb 5', () => {
  const lab = useLab(['alice']);

  /** What the kernel counted of packets that crossed: UDP of a host, and its TUN device where there is one. */
  async function crossed(host = lab.serverHost): Promise<Counts> {
    const snmp = await lab.network.run(host, ['cat', '/proc/net/snmp']);
    const [names = [], values = []] = snmp
      .split('\n')
      .filter((line) => line.startsWith('Udp: '))
      .map((line) => line.split(' '));
    const count = (name: string): number => Number(values[names.indexOf(name)]);
    const links = await lab.network.run(host, ['ip', '-j', '-s', 'link']);
    const devices = JSON.parse(links) as { ifname: string; stats64: Record<'rx' | 'tx', { packets: number }> }[];
    const device = devices.find(({ ifname }) => ifname === 'tun0')?.stats64;
    // What the device received is what was written to it.
    return {
      R: count('InDatagrams'),
      W: count('OutDatagrams'),
      r: device?.tx.packets ?? 0,
      w: device?.rx.packets ?? 0,
    };
  }

  const charactersIn = (text: string): string =>
    text
      .split('\n')
      .filter((line) => CHARACTERS.test(line))
      .join('');

  function counted(text: string): Counts {
    const characters = charactersIn(text);
    const count = (character: string): number => characters.split(character).length - 1;
    return { R: count('R'), W: count('W'), r: count('r'), w: count('w') };
  }

  async function start(
    verb: number,
    plane = 'data-plane batched no-gso no-gro',
  ): Promise<{ server: Server; management: Management; log: string }> {
    const log = join(lab.network.folder, `verb-${verb}.log`);
    // The kernel counts what is joined for it, or by it, as one.
    const lines = [`log ${log}`, `verb ${verb}`, plane];
    const server = await lab.server({ program: 'ours', proto: 'udp4', lines, wait: false });
    await eventually('the start', () => textIfThere(log).includes(READY));
    return { server, management: await server.management(), log };
  }

  it('are as many as the packets that crossed, each line of the log whole', async () => {
    const before = await crossed();
    const { server, management, log } = await start(5, UNPRACTISED);
    const alice = await lab.client('alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4, 20)).toEqual({ sent: 20, received: 20 });
    await eventually('as many characters as packets', async () => {
      const now = await crossed();
      const found = counted(textIfThere(log));
      return ALL_CHARACTERS.every((each) => found[each] === now[each] - before[each] && found[each] >= 20);
    });
    management.close();
    await server.process.stop();
    const broken = textIfThere(log)
      .split('\n')
      .filter((line) => !/^(?:[RWrw]*|\d{4}-\d\d-\d\d [\d:]{8} .*)$/.test(line));
    expect(broken).toEqual([]);
  });

  it('are as many as the packets of a client, too', async () => {
    await lab.server({ program: 'stock', proto: 'udp4' });
    await lab.identity('alice');
    const host = lab.network.host('alice');
    const before = await crossed(host);
    const log = join(lab.network.folder, 'client.log');
    const alice = await lab.client('alice', { program: 'ours', lines: [`log ${log}`, 'verb 5', UNPRACTISED], wait: false });
    await eventually('the client', () => textIfThere(log).includes(READY));
    expect(await lab.ping(alice, TUNNEL_SERVER4, 20)).toEqual({ sent: 20, received: 20 });
    await eventually('as many characters as packets', async () => {
      const now = await crossed(host);
      const found = counted(textIfThere(log));
      return ALL_CHARACTERS.every((each) => found[each] === now[each] - before[each] && found[each] >= 20);
    });
    expect(await alice.process.stop()).toEqual({ code: 0, signal: null });
  });

  it('begin and end at once with the management command', async () => {
    const { management, log } = await start(3);
    const alice = await lab.client('alice');
    expect(charactersIn(textIfThere(log))).toBe('');
    expect(await management.command('verb 5')).toEqual(['SUCCESS: verb level changed']);
    await lab.ping(alice, TUNNEL_SERVER4, 3);
    await eventually('characters', () => charactersIn(textIfThere(log)).includes('r'));
    await management.command('verb 4');
    await management.command('kill nobody');
    const so = await eventually('the line after them', () => textIfThere(log).includes("'kill nobody'") && counted(textIfThere(log)));
    await lab.ping(alice, TUNNEL_SERVER4, 3);
    expect(counted(textIfThere(log))).toEqual(so);
    management.close();
  });
});
