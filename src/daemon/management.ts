import type { DaemonSettings } from '../engine/daemon-settings.ts';
import type { Clock } from '../host/clock.ts';
import type { StatusReport } from '../model/status-report.ts';
import type { DaemonPort } from '../model/daemon-port.ts';
import type { Logging } from '../service/logging.ts';
import { ManagementService } from '../service/management.ts';
import type { StatusCompat } from '../status/fields.ts';
import { statusJson } from '../status/json.ts';
import { END_LINE, statusLines } from '../status/write.ts';

/** The management interface of a daemon, not listening yet; undefined when none is configured. */
export function makeManagement(daemon: DaemonSettings, port: DaemonPort, logging: Logging, clock: Clock): ManagementService | undefined {
  if (daemon.management.length === 0) return undefined;
  return new ManagementService(
    port,
    { renderStatus: (report, version) => renderStatus(report, version, daemon.statusCompat), logHistory: daemon.managementLogCache },
    logging,
    clock,
  );
}

/** The lines of `status`, in any form. */
function renderStatus(report: StatusReport, version: 1 | 2 | 3 | 'json', compat: StatusCompat): Iterable<string> {
  return version === 'json' ? [statusJson(report), END_LINE] : statusLines(report, { version, compat });
}

/** Listens everywhere but inside the tunnel, and gives the addresses as the log prints them. Throws LISTEN. */
export async function listenForManagement(service: ManagementService, { management }: DaemonSettings): Promise<string[]> {
  const addresses: string[] = [];
  for (const listener of management) {
    if (listener.kind === 'tunnel' || listener.password === 'ask') continue;
    const where =
      listener.kind === 'unix'
        ? { kind: 'unix' as const, path: listener.path }
        : { kind: 'tcp' as const, host: listener.host, port: listener.port };
    const local = await service.listen({ where, password: listener.password });
    addresses.push(local.kind === 'unix' ? local.path : `${local.host}:${local.port}`);
  }
  return addresses;
}
