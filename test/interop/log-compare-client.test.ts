import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from '../../src/base/differences.ts';
import { READY, type Server, type StockClient, TUNNEL_SERVER4 } from './support/daemons.ts';
import { type Lab, useLab } from './support/lab.ts';
import { CLIENT_LISTED_LINES } from './support/client-log-differences.ts';
import { comparedLines, type ComparedLine, differing, linesUpTo } from './support/log-comparison.ts';
import { TestPki } from './support/pki.ts';
import { requireInterop } from './support/require.ts';

/** A stock server with a stock client and ours, in the same minute. */
interface Course {
  readonly lab: Lab;
  readonly server: Server;
  readonly clients: readonly StockClient[];
  /** Waits until both have said something, `times` times. */
  readonly said: (what: string, times?: number) => Promise<void>;
}

/** What happens to the clients between their start and their SIGTERM. */
interface Scenario {
  readonly name: string;
  readonly proto?: string;
  readonly server?: (lab: Lab) => readonly string[];
  readonly withoutServer?: readonly string[];
  readonly client?: (lab: Lab) => readonly string[] | Promise<readonly string[]>;
  readonly without?: readonly string[];
  /** False: the clients never get in. */
  readonly connects?: boolean;
  readonly run: (course: Course) => Promise<void>;
}

const NOTHING_MORE = (): Promise<void> => Promise.resolve();

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a good session',
    client: () => ['explicit-exit-notify 1'],
    server: () => [
      'push "route 192.168.77.0 255.255.255.0"',
      'push "route-ipv6 fd77::/64"',
      'push "echo msg hello"',
      'push "dhcp-option DNS 10.8.0.1"',
    ],
    run: async ({ lab, clients }) => {
      for (const client of clients) await lab.ping(client, TUNNEL_SERVER4, 1);
    },
  },
  { name: 'a session over TCP', proto: 'tcp', run: NOTHING_MORE },
  {
    name: 'a wrong password',
    connects: false,
    server: (lab) => [`auth-user-pass-verify ${lab.script('exit 1')} via-file`, 'script-security 2'],
    client: (lab) => [`auth-user-pass ${lab.file('alice\nwrong\n', 0o600)}`],
    run: async ({ said }) => said('process exiting'),
  },
  {
    name: 'a server of another authority',
    connects: false,
    without: ['ca'],
    client: async (lab) => [`ca ${(await TestPki.create(`${lab.network.folder}/other`)).ca}`, 'connect-retry 30 30'],
    run: async ({ said }) => said('Restart pause'),
  },
  {
    name: 'a server of another name',
    connects: false,
    client: () => ['verify-x509-name elsewhere name', 'connect-retry 30 30'],
    run: async ({ said }) => said('Restart pause'),
  },
  {
    name: 'a certificate that is not a server’s',
    connects: false,
    without: ['remote-cert-tls'],
    client: () => ['remote-cert-eku "TLS Web Client Authentication"', 'connect-retry 30 30'],
    run: async ({ said }) => said('Restart pause'),
  },
  {
    name: 'no cipher in common',
    connects: false,
    server: () => ['data-ciphers AES-128-GCM'],
    client: () => ['data-ciphers AES-256-GCM'],
    run: async ({ said }) => said('process exiting'),
  },
  {
    name: 'a renegotiation',
    server: () => ['reneg-sec 0'],
    client: () => ['reneg-sec 3 3'],
    run: async ({ said }) => said('Control Channel: ', 2),
  },
  {
    name: 'a server that restarts',
    server: () => ['explicit-exit-notify 1'],
    run: async ({ server, said }) => {
      server.process.signal('SIGUSR1');
      await said(READY, 2);
    },
  },
  {
    name: 'a server that is gone',
    withoutServer: ['keepalive'],
    server: () => ['keepalive 1 3'],
    client: () => ['connect-retry 30 30'],
    run: async ({ server, said }) => {
      await server.process.stop('SIGKILL');
      await said('Restart pause');
    },
  },
  {
    name: 'a server that halts its clients',
    run: async ({ server, said }) => {
      const management = await server.management();
      for (const id of [0, 1]) await management.command(`client-kill ${id} HALT`);
      await said('process exiting');
      management.close();
    },
  },
  {
    name: 'a restart by SIGUSR1',
    run: async ({ clients, said }) => {
      for (const client of clients) client.process.signal('SIGUSR1');
      await said(READY, 2);
    },
  },
  {
    name: 'a reload',
    run: async ({ clients, said }) => {
      for (const client of clients) client.process.signal('SIGHUP');
      await said(READY, 2);
    },
  },
  {
    name: 'nobody who answers',
    connects: false,
    client: ({ serverHost }) => [`remote ${serverHost.ip4} 1`, 'hand-window 3', 'connect-timeout 20', 'connect-retry 30 30'],
    without: ['remote', 'connect-retry'],
    run: async ({ said }) => said('Restart pause'),
  },
  {
    name: 'a server that says it restarts and why',
    client: () => ['connect-retry 30 30'],
    run: async ({ server, said }) => {
      const management = await server.management();
      for (const id of [0, 1]) await management.command(`client-kill ${id} RESTART,[P]maintenance`);
      await said('Restart pause');
      management.close();
    },
  },
  {
    name: 'a server that ends over TCP',
    proto: 'tcp',
    client: () => ['connect-retry 30 30'],
    run: async ({ server, said }) => {
      await server.process.stop('SIGKILL');
      await said('Restart pause');
    },
  },
  {
    name: 'a token',
    server: (lab) => [`auth-user-pass-verify ${lab.script('exit 0')} via-file`, 'script-security 2', 'auth-gen-token'],
    client: (lab) => [`auth-user-pass ${lab.file('alice\nright\n', 0o600)}`, 'auth-nocache'],
    run: NOTHING_MORE,
  },
  {
    name: 'nobody who answers over TCP',
    connects: false,
    client: () => ['remote 10.99.0.1 1 tcp-client', 'connect-retry 30 30'],
    without: ['remote', 'proto'],
    run: async ({ said }) => said('Restart pause'),
  },
  {
    name: 'a name that does not resolve',
    connects: false,
    client: () => ['remote nowhere.invalid 1194 udp', 'resolv-retry 0'],
    without: ['remote', 'proto'],
    run: async ({ said }) => said('Exiting due to fatal error'),
  },
  {
    name: 'an interface that is taken away',
    without: ['persist-tun'],
    client: () => ['persist-key', 'pull-filter ignore "route-gateway"', 'pull-filter reject "nonsense"'],
    run: async ({ clients, said }) => {
      for (const client of clients) client.process.signal('SIGUSR1');
      await said(READY, 2);
    },
  },
];

const HOSTS = ['alice', 'bob'] as const;

async function logsOf(scenario: Scenario, verb: number, lab: Lab): Promise<readonly [stock: ComparedLine[], ours: ComparedLine[]]> {
  const { proto = 'udp4', without = [], withoutServer = [] } = scenario;
  const server = await lab.server({ program: 'stock', proto, lines: scenario.server?.(lab) ?? [], without: withoutServer });
  const lines = ['machine-readable-output', `verb ${verb}`, ...((await scenario.client?.(lab)) ?? [])];
  const start = (program: 'stock' | 'ours', host: string): Promise<StockClient> =>
    lab.client(host, { program, proto, without, lines, wait: scenario.connects !== false });
  const clients = await Promise.all([start('stock', HOSTS[0]), start('ours', HOSTS[1])]);
  const said = async (what: string, times = 1): Promise<void> => {
    for (const { process } of clients) {
      for (let from = 0, time = 0; time < times; time++) {
        const line = await process.waitFor(what, { from });
        from = process.lines.indexOf(line, from) + 1;
      }
    }
  };
  await scenario.run({ lab, server, clients, said });
  for (const { process } of clients) await process.stop();
  await lab.network.stopAll();
  const [stock = [], ours = []] = clients.map(({ process }) => askedOnce(comparedLines(process.lines)));
  return [stock, ours];
}

/** How often options are asked for until they come is a matter of time. */
function askedOnce(lines: readonly ComparedLine[]): ComparedLine[] {
  return lines.filter(({ key }, index) => !key.startsWith('push.sent ') || key !== lines[index - 1]?.key);
}

function isListed(line: string, scenario: string): boolean {
  return CLIENT_LISTED_LINES.some(
    ({ scenarios, lines }) => (scenarios === undefined || scenarios.includes(scenario)) && lines.includes(line),
  );
}

function notListed(stock: readonly ComparedLine[], ours: readonly ComparedLine[], scenario: string): string[] {
  return [...new Set(differing(stock, ours).filter((line) => !isListed(line, scenario)))];
}

describe.skipIf(!requireInterop())('the log of a client beside stock', () => {
  const lab = useLab(HOSTS);

  it.each(SCENARIOS)('$name', async (scenario) => {
    const [stock, ours] = await logsOf(scenario, 4, lab);
    expect(ours.filter(({ key }) => key.startsWith('unknown')).map(({ text }) => text)).toEqual([]);
    for (const verb of [1, 3, 4]) expect(notListed(linesUpTo(stock, verb), linesUpTo(ours, verb), scenario.name)).toEqual([]);
  });

  it('a good session at verb 1 and 3', async () => {
    const [good] = SCENARIOS;
    if (good === undefined) throw new Error('no scenario');
    for (const verb of [1, 3]) {
      const [stock, ours] = await logsOf(good, verb, lab);
      expect(notListed(stock, ours, good.name)).toEqual([]);
    }
  });
});

describe('the lines of a client that may differ', () => {
  it.each(CLIENT_LISTED_LINES)('$difference is a listed difference', ({ difference }) => {
    expect(DIFFERENCES.map(({ id }) => id)).toContain(difference);
  });
});
