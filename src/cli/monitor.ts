import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { ConsoleServer } from '../console/server.ts';
import { outletOver } from '../daemon/log-control.ts';
import { AppendFile } from '../host/append-file.ts';
import { type Clock, SystemClock } from '../host/clock.ts';
import { tellServiceManager } from '../host/service-manager.ts';
import { processSignals } from '../host/signals.ts';
import { isLocalOnly, streamAddressFrom, streamAddressText } from '../host/stream-address.ts';
import { MONITOR } from '../messages/monitor.ts';
import { type Exhibit, MonitorApp, type MonitorPart } from '../monitor/app.ts';
import { attachedDaemon, DEFAULT_CONFIG, type HttpConfig, type MonitorConfig, readConfig } from '../monitor/config/config.ts';
import { configSchema } from '../monitor/config/schema.ts';
import { unsuppliedRules } from '../monitor/supply.ts';
import { Logging } from '../service/logging.ts';
import { lineTapOf, monitorParts } from './monitor-parts.ts';
import { apiSourcesOf } from './monitor-api.ts';
import { ACCESS_OPTIONS, accessFrom } from './sources.ts';
import { packageVersion } from './version.ts';

/** `tunnelscope monitor`: see its usage. Gives 0 when a signal ended it. */
export async function monitor(argv: readonly string[], print: (text: string) => void = toStandardOutput): Promise<number> {
  const { values, positionals } = parse(argv);
  if (values['print-schema']) {
    print(`${JSON.stringify(configSchema(), null, 2)}\n`);
    return 0;
  }
  const read = configReader(positionals, values);
  const config = read();
  if (values['check-config']) {
    print(`${positionals[0] ?? 'the command line'}: fine, ${config.daemons.length} daemons\n${withoutData(config)}`);
    return 0;
  }
  const clock = new SystemClock();
  const logging = new Logging(clock, outletOver(AppendFile.over(1), 1), outletOver(AppendFile.over(2)));
  let made: readonly MonitorPart[] = [];
  const app = new MonitorApp({
    config,
    reread: positionals.length === 0 ? undefined : read,
    clock,
    logging,
    version: packageVersion(),
    parts: (of) => (made = monitorParts(of, clock, logging)),
    exhibit: (of) => exhibitOf(of, made, clock, logging),
    lines: lineTapOf,
    tell: tellServiceManager,
  });
  await app.start();
  processSignals.deliverTo((name) => app.signal(name));
  return app.done;
}

/** A line for each daemon of which alert rules could say nothing, with why. */
function withoutData(config: MonitorConfig): string {
  const lines = config.daemons.flatMap((daemon) => {
    const rules = unsuppliedRules(daemon, config).map(({ rule, metrics }) => `${rule} (no ${metrics.join(', no ')})`);
    return rules.length === 0 ? [] : [`${daemon.name}: no data for ${rules.join('; ')}\n`];
  });
  return lines.join('');
}

/** The console, which says in the log where it is and who may read it. */
function exhibitOf(app: MonitorApp, parts: readonly MonitorPart[], clock: Clock, logging: Logging): Exhibit {
  const shown = {
    fleet: app.fleet,
    now: () => app.now(),
    kumina: () => app.config.kumina,
    thresholds: (name: string) => app.thresholds(name),
    notReady: () => app.notReady,
  };
  const server = new ConsoleServer(shown, apiSourcesOf(app, parts, clock));
  return {
    async serve(http) {
      await server.serve(http);
      noteListening(server.urls, http, logging);
    },
    close: () => server.close(),
  };
}

function noteListening(urls: readonly string[], http: HttpConfig, { notes }: Logging): void {
  const asks = http.basic.length > 0 || http.bearer.length > 0 || http.tokens.length > 0 || http.tls?.ca !== undefined;
  for (const [index, url] of urls.entries()) {
    notes.add(MONITOR.listening, { url: url.startsWith('/') ? url : `${url}/metrics` });
    const where = http.listen[index];
    if (where === undefined || isLocalOnly(where)) continue;
    if (!asks) notes.add(MONITOR.unprotected, { url });
    else if (http.tls === undefined) notes.add(MONITOR.clearPasswords, { url });
  }
}

/** What reads the configuration: the file, or what the words of the command line make. */
function configReader(positionals: readonly string[], values: Values): () => MonitorConfig {
  const { attach, listen } = values;
  const [path, ...more] = positionals;
  if (more.length > 0) throw new TunnelscopeError('CLI', 'give one configuration file');
  if (path === undefined && attach.length === 0) throw new TunnelscopeError('CLI', 'give a configuration file, or --attach ADDRESS');
  if (path !== undefined && attach.length > 0) throw new TunnelscopeError('CLI', 'give a configuration file or --attach, not both');
  const ofAttach = Object.keys(ACCESS_OPTIONS).filter((option) => wasGiven(values, option));
  if (path !== undefined && ofAttach.length > 0) {
    throw new TunnelscopeError('CLI', `--${ofAttach[0]} is for --attach; the configuration file has it for each daemon`);
  }
  const places = listen.map((text) => addressFrom('--listen', text));
  return () => {
    const config = path === undefined ? attachedConfig(values) : readConfig(path);
    return places.length === 0 ? config : { ...config, http: { ...config.http, listen: places } };
  };
}

function wasGiven(values: Values, option: string): boolean {
  const value = Object.entries(values).find(([name]) => name === option)?.[1];
  return value !== undefined && value !== false;
}

/** The same password and TLS for all that is attached to. */
function attachedConfig({ attach, ...values }: Values): MonitorConfig {
  const places = attach.map((text) => addressFrom('--attach', text));
  const names = new Set(places.map(streamAddressText));
  if (names.size < places.length) throw new TunnelscopeError('CLI', '--attach: each address once');
  const { password, tls } = accessFrom(values);
  if (tls !== undefined && places.some(({ kind }) => kind === 'unix')) throw new TunnelscopeError('CLI', '--tls: TLS is for TCP');
  return { ...DEFAULT_CONFIG, daemons: places.map((where) => attachedDaemon(streamAddressText(where), where, password, tls)) };
}

function addressFrom(option: string, text: string) {
  const address = streamAddressFrom(text);
  if (address !== undefined) return address;
  const right = '127.0.0.1:7505, [::1]:7505 or the path of a socket';
  throw new TunnelscopeError('CLI', `${option} ${JSON.stringify(text.slice(0, 80))} is no address; right would be ${right}`);
}

type Values = ReturnType<typeof parse>['values'];

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      strict: true,
      options: {
        attach: { type: 'string', multiple: true, default: [] },
        listen: { type: 'string', multiple: true, default: [] },
        ...ACCESS_OPTIONS,
        'check-config': { type: 'boolean', default: false },
        'print-schema': { type: 'boolean', default: false },
      },
    });
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}

function toStandardOutput(text: string): void {
  process.stdout.write(text);
}
