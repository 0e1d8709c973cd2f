import { describe, expect, it } from 'vitest';
import { FakeNetwork, type TunnelRoute } from '../../host/ip.ts';
import { Notes } from '../../messages/notes.ts';
import { renderRow } from '../../messages/row.ts';
import { RouteRecord, repairRoutes } from './route-record.ts';

function route(ip: string, bits: number): TunnelRoute {
  return { to: { family: 4, ip, bits }, device: 'eth0', gateway: '10.77.0.1', metric: undefined };
}

const SERVER = route('10.99.0.1', 32);
const DEFAULT = route('0.0.0.0', 0);

async function repaired(left: readonly unknown[], gateway?: FakeNetwork['gateway'], refused?: string) {
  const network = new FakeNetwork();
  network.gateway = gateway;
  network.refused = refused;
  const lines: string[] = [];
  await repairRoutes(left, network, new Notes(3, ({ row, args }) => lines.push(renderRow(row, args))));
  return { calls: network.calls, lines };
}

describe('routes on record', () => {
  it('are those that stand now, and nothing when none does', () => {
    const written: unknown[] = [];
    const record = new RouteRecord({ write: (changes) => void written.push(changes) });
    record.add(SERVER);
    record.take(DEFAULT);
    record.keep([SERVER]);
    record.keep([]);
    record.take(undefined);
    expect(written).toEqual([
      { added: [SERVER], taken: undefined },
      { added: [SERVER], taken: DEFAULT },
      { added: [], taken: DEFAULT },
      undefined,
    ]);
  });

  it('are put right after their client was killed', async () => {
    const left = JSON.parse(JSON.stringify([{ added: [SERVER], taken: DEFAULT }])) as unknown[];
    expect(await repaired(left)).toEqual({
      calls: ['no route 10.99.0.1/32 via 10.77.0.1 dev eth0', 'route 0.0.0.0/0 via 10.77.0.1 dev eth0'],
      lines: ['Routes of a client that was killed are put right: 2'],
    });
  });

  it('do not take the place of a default route that came since', async () => {
    const since = { gateway: '10.77.0.9', device: 'eth1', metric: undefined };
    expect(await repaired([{ added: [], taken: DEFAULT }], since)).toEqual({
      calls: [],
      lines: ['Routes of a client that was killed are put right: 0'],
    });
  });

  it('count only where the system let them be put right', async () => {
    const { lines } = await repaired([{ added: [SERVER], taken: DEFAULT }], undefined, 'no route');
    expect(lines).toEqual(['Routes of a client that was killed are put right: 1']);
  });

  it.each([
    ['no object', 7],
    ['no list', { added: 'all' }],
    ['no routes', { added: [1, null, {}, { to: {}, device: 'x' }] }],
    ['a device that is an option', { added: [{ ...SERVER, device: '-x y' }] }],
    ['an address that is none', { added: [route('10.99.0.1; reboot', 32)] }],
    ['bits that are none', { taken: route('10.0.0.0', 4.5) }],
    ['a gateway that is none', { taken: { ...DEFAULT, gateway: 'dev' } }],
    ['a metric that is none', { taken: { ...DEFAULT, metric: 'x' } }],
  ])('are not what a file of %s says', async (_, changes) => {
    expect((await repaired([changes])).calls).toEqual([]);
  });
});
