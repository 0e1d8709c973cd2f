import { expect, it } from 'vitest';
import type { DaemonSettings } from '../engine/daemon-settings.ts';
import { batchedIsFor } from '../host/dataplane/choose.ts';
import { wantsBatched, wantsHeaders } from './data-plane.ts';

const TUN = { kind: 'tun', name: undefined, setAddresses: true, setRoutes: true } as const;
const HERE = batchedIsFor(process.platform, process.arch);

function settings(adapter: 'portable' | 'batched' | undefined, device: 'tun' | 'null'): Pick<DaemonSettings, 'dataPlane' | 'device'> {
  return { dataPlane: { adapter, without: [] }, device: device === 'tun' ? TUN : { kind: 'null' } };
}

it.each([
  [undefined, 'udp', 'tun', HERE],
  [undefined, 'udp', 'null', false],
  [undefined, 'tcp', 'tun', false],
  ['batched', 'udp', 'tun', true],
  ['batched', 'udp', 'null', true],
  ['batched', 'tcp', 'tun', false],
  ['portable', 'udp', 'tun', false],
] as const)('data-plane %s over %s on dev %s tries the batched one: %s', (adapter, transport, device, wanted) => {
  expect(wantsBatched(settings(adapter, device), transport)).toBe(wanted);
  expect(wantsHeaders(settings(adapter, device), transport)).toBe(wanted);
});

it('asks the device for no headers where they are left out', () => {
  expect(wantsHeaders({ ...settings('batched', 'tun'), dataPlane: { adapter: 'batched', without: ['vnet-hdr'] } }, 'udp')).toBe(false);
});
