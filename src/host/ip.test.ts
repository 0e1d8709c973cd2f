import { describe, expect, it } from 'vitest';
import { FakeNetwork, type IpPrefix, IpRoute2, type Network, type TunnelRoute } from './ip.ts';
import { type CommandResult, FakeRunner } from './scripts.ts';

const V4: IpPrefix = { family: 4, ip: '10.8.0.1', bits: 24 };
const V6: IpPrefix = { family: 6, ip: 'fd00:8::1', bits: 64 };
const ROUTE4: TunnelRoute = { to: { family: 4, ip: '10.9.0.0', bits: 16 }, device: 'tun0', gateway: '10.8.0.2', metric: 200 };
const ROUTE6: TunnelRoute = { to: { family: 6, ip: 'fd00:9::', bits: 48 }, device: 'tun0', gateway: undefined, metric: undefined };

/** What is asked, the words for `ip`, and what stock says when it fails. */
const CASES: readonly (readonly [string, (network: Network) => Promise<void>, string, string])[] = [
  ['mtu', (network) => network.setMtu('tun0', 1400), 'ip link set dev tun0 mtu 1400', "Linux can't set mtu (1400) on tun0"],
  ['up', (network) => network.setUp('tun0'), 'ip link set dev tun0 up', "Linux can't bring tun0 up"],
  [
    'an IPv4 address',
    (network) => network.addAddress('tun0', V4),
    'ip addr add dev tun0 10.8.0.1/24 broadcast +',
    "Linux can't add IP to interface tun0",
  ],
  [
    'an IPv6 address',
    (network) => network.addAddress('tun0', V6),
    'ip -6 addr add dev tun0 fd00:8::1/64',
    "Linux can't add IPv6 to interface tun0",
  ],
  [
    'no IPv4 address',
    (network) => network.deleteAddress('tun0', V4),
    'ip addr del dev tun0 10.8.0.1/24',
    "Linux can't del IP from iface tun0",
  ],
  [
    'no IPv6 address',
    (network) => network.deleteAddress('tun0', V6),
    'ip -6 addr del dev tun0 fd00:8::1/64',
    "Linux can't del IPv6 from iface tun0",
  ],
  [
    'an IPv4 route',
    (network) => network.addRoute(ROUTE4),
    'ip route add 10.9.0.0/16 via 10.8.0.2 dev tun0 metric 200',
    'ERROR: Linux route add command failed',
  ],
  [
    'an IPv6 route',
    (network) => network.addRoute(ROUTE6),
    'ip -6 route add fd00:9::/48 dev tun0',
    'ERROR: Linux route v6 add command failed',
  ],
  [
    'no IPv4 route',
    (network) => network.deleteRoute(ROUTE4),
    'ip route del 10.9.0.0/16 via 10.8.0.2 dev tun0 metric 200',
    'ERROR: Linux route delete command failed',
  ],
  [
    'no IPv6 route',
    (network) => network.deleteRoute(ROUTE6),
    'ip -6 route del fd00:9::/48 dev tun0',
    'ERROR: Linux route v6 delete command failed',
  ],
];

describe('IpRoute2', () => {
  it.each(CASES)('says to ip: %s', async (_what, ask, words) => {
    const runner = new FakeRunner();
    await ask(new IpRoute2(runner));
    expect(runner.commands.map(({ argv }) => argv.join(' '))).toEqual([words]);
  });

  it.each(CASES)("fails in stock's words: %s", async (_what, ask, _words, failed) => {
    const network = new IpRoute2(new FakeRunner(() => ({ kind: 'exited', status: 2 })));
    await expect(ask(network)).rejects.toMatchObject({ code: 'TUN', message: `${failed}: ip ended with status 2` });
  });

  it.each<[CommandResult, string]>([
    [{ kind: 'not-started', reason: 'No such file or directory' }, 'cannot run /opt/ip: No such file or directory'],
    [{ kind: 'timed-out' }, '/opt/ip did not end in time'],
    [{ kind: 'signalled', signal: 'SIGKILL' }, '/opt/ip was ended by SIGKILL'],
  ])('tells of %j', async (result, words) => {
    await expect(new IpRoute2(new FakeRunner(() => result), '/opt/ip').setUp('tun0')).rejects.toThrow(words);
  });

  it('repeats what ip said', async () => {
    const runner = new FakeRunner((command) => {
      command.onLine?.('RTNETLINK answers: File exists ', 'stderr');
      return { kind: 'exited', status: 2 };
    });
    await expect(new IpRoute2(runner).addRoute(ROUTE4)).rejects.toThrow('add command failed: RTNETLINK answers: File exists');
  });
});

describe('FakeNetwork', () => {
  it('remembers what was asked', async () => {
    const network = new FakeNetwork();
    for (const [, ask] of CASES) await ask(network);
    expect(network.calls).toHaveLength(CASES.length);
    expect(network.calls.slice(0, 3)).toEqual(['mtu tun0 1400', 'up tun0', 'address tun0 10.8.0.1/24']);
  });
});
