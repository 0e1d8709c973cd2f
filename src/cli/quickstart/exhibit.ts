import { ConsoleServer } from '../../console/server.ts';
import type { Clock } from '../../host/clock.ts';
import type { DaemonPort } from '../../model/daemon-port.ts';
import { MachineSource } from '../../monitor/sources/machine-source.ts';
import { NativeSource } from '../../monitor/sources/native-source.ts';
import { Fleet } from '../../telemetry/fleet.ts';
import { DEFAULT_SERIES } from '../../telemetry/series.ts';

const NAME = 'quickstart';

/** Metrics and health of the show's server, over HTTP on a loopback port. */
export interface ShowExhibit {
  /** `http://127.0.0.1:40123`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Begins to watch the server behind the port, and serves what is seen. Rejects with LISTEN. */
export async function exhibitOf(port: DaemonPort, clock: Clock): Promise<ShowExhibit> {
  const fleet = new Fleet({ series: { ...DEFAULT_SERIES, mode: 'user' } });
  fleet.setDaemons([NAME]);
  const now = () => {
    const moment = clock.now();
    fleet.advance(moment);
    return moment;
  };
  const server = new ConsoleServer({ fleet, now, kumina: () => false, thresholds: () => ({}), notReady: () => undefined });
  await server.serve({ listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }], tls: undefined, basic: [], bearer: [], tokens: [] });
  const context = {
    clock,
    tell: (source, fact, moment) => fleet.handle({ daemon: NAME, source, now: moment, fact }),
    trouble: () => undefined,
  } satisfies ConstructorParameters<typeof NativeSource>[1];
  const sources = [
    new NativeSource(port, context),
    new MachineSource({ pid: { kind: 'number', pid: process.pid }, certificates: [], rooms: [] }, context),
  ];
  for (const source of sources) source.start();
  return {
    url: server.urls[0] ?? '',
    async close() {
      await Promise.all(sources.map((source) => source.close()));
      await server.close();
    },
  };
}
