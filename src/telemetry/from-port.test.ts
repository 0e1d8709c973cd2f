import { expect, it } from 'vitest';
import type { WallTime } from '../base/units.ts';
import type { DataPlaneRecord, ServerStatus } from '../model/status-report.ts';
import { statusOfReport } from './from-port.ts';

const DROPPED = { network: 0, tun: 0, unread: 0 };
const REPORT: ServerStatus = {
  kind: 'server',
  title: 'OpenVPN 2.6.14',
  time: 0 as WallTime,
  clients: [],
  routes: [],
  maxQueueLength: 0,
  dcoEnabled: false,
};

it.each<DataPlaneRecord | undefined>([
  undefined,
  { adapter: 'portable', crypto: 'node:crypto', steps: [], dropped: DROPPED },
  { adapter: 'batched', crypto: 'libcrypto', steps: ['native-crypto', 'gso'], dropped: DROPPED },
])('hands on what carries the packets, where a report says so', (dataPlane) => {
  const { dataPlane: seen } = statusOfReport(dataPlane === undefined ? REPORT : { ...REPORT, dataPlane });
  expect(seen && { adapter: seen.adapter, steps: seen.steps }).toEqual(dataPlane && { adapter: dataPlane.adapter, steps: dataPlane.steps });
});
