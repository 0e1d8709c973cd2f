import type { DaemonSettings } from '../engine/daemon-settings.ts';
import type { Clock } from '../host/clock.ts';
import type { DaemonPort } from '../model/daemon-port.ts';
import type { Logging } from '../service/logging.ts';
import { ManagementService } from '../service/management.ts';
import { statusLines } from '../status/write.ts';

/** The management interface of a daemon, not listening yet; undefined when none is configured. */
export function makeManagement(daemon: DaemonSettings, port: DaemonPort, logging: Logging, clock: Clock): ManagementService | undefined {
  if (daemon.management.length === 0) return undefined;
  return new ManagementService(
    port,
    { renderStatus: (report, version) => statusLines(report, { version, compat: '2.6' }), logHistory: daemon.managementLogCache },
    logging,
    clock,
  );
}

/** Listens everywhere, and gives the addresses as the log prints them. Throws LISTEN. */
export async function listenForManagement(service: ManagementService, { management }: DaemonSettings): Promise<string[]> {
  const addresses: string[] = [];
  for (const listener of management) {
    const where =
      listener.kind === 'unix'
        ? { kind: 'unix' as const, path: listener.path }
        : { kind: 'tcp' as const, host: listener.host, port: listener.port };
    const local = await service.listen({ where, password: listener.password });
    addresses.push(local.kind === 'unix' ? local.path : `${local.host}:${local.port}`);
  }
  return addresses;
}
