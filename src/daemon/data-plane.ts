import type { CommonDaemonSettings } from '../engine/daemon-settings.ts';
import { batchedIsFor } from '../host/dataplane/choose.ts';

type PlaneWishes = Pick<CommonDaemonSettings, 'dataPlane' | 'device'>;

/**
 * Whether the batched data plane is to be tried. It is for UDP: whoever asks for it has it tried, and so has whoever says
 * nothing, where it is known to be good.
 */
export function wantsBatched({ dataPlane, device }: PlaneWishes, transport: 'udp' | 'tcp'): boolean {
  if (transport !== 'udp' || dataPlane.adapter === 'portable') return false;
  return dataPlane.adapter === 'batched' || (device.kind === 'tun' && batchedIsFor(process.platform, process.arch));
}

/** Whether packets of many segments are wanted of the device: only the batched data plane has a use for them. */
export function wantsHeaders(daemon: PlaneWishes, transport: 'udp' | 'tcp'): boolean {
  return wantsBatched(daemon, transport) && !daemon.dataPlane.without.includes('vnet-hdr');
}
