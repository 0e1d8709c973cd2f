import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from '../../src/base/differences.ts';
import { type Program, READY, type Server, TUNNEL_SERVER4 } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { comparedLines, type ComparedLine, differing, linesUpTo } from './support/log-comparison.ts';
import { LISTED_LINES } from './support/log-differences.ts';
import { requireInterop } from './support/require.ts';

/** What happens to a server between its start and its SIGTERM. */
interface Scenario {
  readonly name: string;
  readonly lines?: (lab: Lab) => readonly string[];
  readonly run: (server: Server, lab: Lab, verb: number) => Promise<void>;
}

/** A client-config-dir with one file. */
function clientFile(lab: Lab, name: string, text: string): string {
  const folder = join(lab.network.folder, `files-of-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `${text}\n`);
  return folder;
}

/** Stock tells what was negotiated up to a second later: whoever leaves before leaves it unsaid. */
async function negotiated(server: Server, verb: number): Promise<void> {
  if (verb >= 2) await server.process.waitFor('Protocol options: ');
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a good session',
    run: async (server, lab, verb) => {
      const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
      await negotiated(server, verb);
      await lab.ping(alice, TUNNEL_SERVER4);
      await alice.process.stop();
      await server.process.waitFor('CC-EEN exit message received by peer');
    },
  },
  {
    name: 'a revoked certificate',
    lines: (lab) => [`crl-verify ${lab.pki.crl}`],
    run: async (server, lab) => {
      await lab.client('mallory', { host: 'alice', wait: false });
      await server.process.waitFor('VERIFY ERROR');
      await server.process.waitFor('TLS Error: TLS handshake failed');
    },
  },
  {
    name: 'another tls-crypt key',
    run: async (server, lab) => {
      await lab.client('alice', { wrap: 'none', lines: [`tls-crypt ${lab.pki.foreignStaticKey()}`], wait: false });
      await server.process.waitFor('tls-crypt unwrapping failed');
    },
  },
  {
    name: 'a wrong password',
    lines: (lab) => [`auth-user-pass-verify ${lab.script('exit 1')} via-file`, 'script-security 2'],
    run: async (server, lab) => {
      await lab.client('alice', { lines: [`auth-user-pass ${lab.file('alice\nwrong\n')}`], wait: false });
      await server.process.waitFor('client-instance exiting');
    },
  },
  {
    name: 'no cipher in common',
    run: async (server, lab) => {
      await lab.client('alice', { lines: ['data-ciphers AES-128-CBC'], wait: false });
      await server.process.waitFor('No common cipher');
    },
  },
  {
    name: 'a client file that is missing',
    lines: (lab) => [`client-config-dir ${lab.network.folder}`, 'ccd-exclusive'],
    run: async (server, lab) => {
      await lab.client('alice', { wait: false });
      await server.process.waitFor('--client-config-dir authentication failed');
      await server.process.waitFor("SENT CONTROL [alice]: 'AUTH_FAILED");
    },
  },
  {
    name: 'a client that is disabled',
    lines: (lab) => [`client-config-dir ${clientFile(lab, 'alice', 'disable')}`],
    run: async (server, lab) => {
      await lab.client('alice', { wait: false });
      await server.process.waitFor("SENT CONTROL [alice]: 'AUTH_FAILED");
    },
  },
  {
    name: 'a script that refuses',
    lines: (lab) => [`client-connect ${lab.script('exit 1')}`, 'script-security 2'],
    run: async (server, lab) => {
      await lab.client('alice', { wait: false });
      await server.process.waitFor("SENT CONTROL [alice]: 'AUTH_FAILED");
    },
  },
  {
    name: 'an expired certificate',
    run: async (server, lab) => {
      await lab.client(await lab.pki.expiredClient('late'), { host: 'alice', wait: false });
      await server.process.waitFor('VERIFY ERROR');
      await server.process.waitFor('TLS Error: TLS handshake failed');
    },
  },
  {
    name: 'a renegotiation',
    lines: () => ['reneg-sec 4 4'],
    run: async (server, lab) => {
      const alice = await lab.client('alice', { lines: ['reneg-sec 0'] });
      const reset = await server.process.waitFor('TLS: soft reset');
      await server.process.waitFor('Control Channel: ', { from: server.process.lines.indexOf(reset) });
      await delay(500);
      await alice.process.stop();
    },
  },
  {
    name: 'a restart',
    run: async (server) => {
      const from = server.process.mark();
      server.process.signal('SIGUSR1');
      await server.process.waitFor(READY, { from });
    },
  },
  {
    name: 'a replay',
    run: async (server, lab, verb) => {
      const relay = await lab.relay({ duplicate: 1 });
      const alice = await lab.client('alice', { remote: relay.host.ip4 });
      await negotiated(server, verb);
      await lab.ping(alice, TUNNEL_SERVER4);
      await server.process.waitFor('bad packet ID');
    },
  },
  {
    name: 'a replay that is muted',
    lines: () => ['mute-replay-warnings'],
    run: async (server, lab, verb) => {
      const relay = await lab.relay({ duplicate: 1 });
      const alice = await lab.client('alice', { remote: relay.host.ip4 });
      await negotiated(server, verb);
      await lab.ping(alice, TUNNEL_SERVER4);
      // Replays of control packets are said all the same.
      expect(server.process.matching('AEAD Decrypt error')).toEqual([]);
    },
  },
  {
    name: 'words of echo',
    lines: () => ['echo msg hello', 'echo forget-passwords', 'parameter msg-n two words', 'echo "msg quoted"'],
    run: async (server) => {
      const said = server.process.matching('ECHO').map((line) => line.replace(/^.*?(?=ECHO)/, ''));
      expect(said).toEqual(['ECHO:msg hello', 'ECHO:msg-n two words', 'ECHO:msg quoted']);
    },
  },
];

async function logOf(program: Program, scenario: Scenario, verb: number, lab: Lab): Promise<ComparedLine[]> {
  const lines = ['machine-readable-output', `verb ${verb}`, ...(scenario.lines?.(lab) ?? [])];
  await lab.pki.writeCrl([await lab.identity('mallory')]);
  const server = await lab.server({ program, proto: 'udp4', lines });
  await scenario.run(server, lab, verb);
  await server.process.stop();
  await lab.network.stopAll();
  return comparedLines(server.process.lines);
}

function isListed(line: string, scenario: string): boolean {
  return LISTED_LINES.some(({ scenarios, lines }) => (scenarios === undefined || scenarios.includes(scenario)) && lines.includes(line));
}

describe.skipIf(!requireInterop())('the log beside stock', () => {
  const lab = useLab(['alice', 'relay']);

  it.each(SCENARIOS)('$name', async (scenario) => {
    const stock = await logOf('stock', scenario, 4, lab);
    const ours = await logOf('ours', scenario, 4, lab);
    expect(ours.filter(({ key }) => key.startsWith('unknown')).map(({ text }) => text)).toEqual([]);
    const found = [1, 3, 4].flatMap((verb) => differing(linesUpTo(stock, verb), linesUpTo(ours, verb)));
    expect([...new Set(found.filter((line) => !isListed(line, scenario.name)))]).toEqual([]);
  });

  it.each([1, 3])('a good session at verb %i', async (verb) => {
    const [good] = SCENARIOS;
    if (good === undefined) throw new Error('no scenario');
    const stock = await logOf('stock', good, verb, lab);
    const ours = await logOf('ours', good, verb, lab);
    expect(differing(stock, ours).filter((line) => !isListed(line, good.name))).toEqual([]);
  });
});

describe('the lines that may differ', () => {
  it.each(LISTED_LINES)('$difference is a listed difference', ({ difference }) => {
    expect(DIFFERENCES.map(({ id }) => id)).toContain(difference);
  });
});
