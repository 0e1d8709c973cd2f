import { parseArgs } from 'node:util';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { seconds } from '../base/units.ts';
import { SystemClock } from '../host/clock.ts';
import { Look } from '../monitor/sources/look.ts';
import { type DaemonView, type Health, healthOf, PLUGIN_STATUS, pluginLine, type Thresholds, worstVerdict } from '../telemetry/index.ts';
import type { SourceFault } from '../telemetry/facts.ts';
import { type NamedSource, numberFrom, SOURCE_OPTIONS, sourcesFrom } from './sources.ts';

/** What monitoring systems take for "cannot be told", whatever the reason. */
const UNKNOWN = 3;

const LONGEST_TIMEOUT = 300;

/** How often the limit of a status file's age has to have passed until the daemon counts as gone. */
const GONE_AFTER = 5;
const DEFAULT_AGE = 180;

/** Faults of a daemon that is not there, or does not answer; others say that we cannot know. */
const GONE: ReadonlySet<SourceFault> = new Set(['refused', 'unreachable', 'missing', 'closed', 'timeout']);

/** `tunnelscope check`: see its usage. Gives 0 to 3, as monitoring plugins do, and never anything else. */
export async function check(argv: readonly string[], print: (text: string) => void = toStandardOutput): Promise<number> {
  try {
    const { values, positionals } = parse(argv);
    const timeout = seconds(numberFrom('timeout', values.timeout, 0.1, LONGEST_TIMEOUT));
    const limits = thresholdsFrom(values);
    const staleAfter = seconds(GONE_AFTER * (limits.ageSeconds ?? DEFAULT_AGE));
    const sources = sourcesFrom(positionals, values, staleAfter).map((source) => withCertificates(source, values.certificate));
    const look = new Look(
      sources.map(({ config }) => config),
      new SystemClock(),
      timeout,
    );
    await look.start();
    await look.done;
    const found = sources.map((source) => judge(look, source, limits));
    await look.close();
    print(found.map((health) => `${pluginLine(health)}\n`).join(''));
    return PLUGIN_STATUS[worstVerdict(found)];
  } catch (error) {
    print(`OPENVPN UNKNOWN - ${reasonOf(error).replaceAll('\n', '; ').replaceAll('|', ' ')}\n`);
    return UNKNOWN;
  }
}

function judge(look: Look, { config, thresholds }: NamedSource, limits: Partial<Thresholds>): Health {
  const daemon = look.fleet.daemon(config.name);
  if (daemon === undefined) throw new TunnelscopeError('BUG', 'a daemon that is looked at is not known');
  const health = healthOf(daemon, look.now(), { ...thresholds, ...limits });
  return health.verdict === 'no-data' && isGone(daemon) ? { ...health, verdict: 'down' } : health;
}

/** No source ever told of it: that is a daemon that is not there when each source says so. */
function isGone({ sources }: DaemonView): boolean {
  const told = [...sources.values()].filter(({ kind }) => kind !== 'process');
  return told.length > 0 && told.every(({ fault }) => fault !== undefined && GONE.has(fault));
}

function withCertificates({ config, thresholds }: NamedSource, paths: readonly string[]): NamedSource {
  const more = paths.map((path) => ({ role: 'certificate' as const, path }));
  return { thresholds, config: { ...config, certificates: [...config.certificates, ...more] } };
}

type Values = ReturnType<typeof parse>['values'];

function thresholdsFrom(values: Values): Partial<Thresholds> {
  const count = (option: 'min-clients' | 'max-clients' | 'age' | 'certificate-days', max: number): number | undefined =>
    values[option] === undefined ? undefined : numberFrom(option, values[option], 0, max);
  const [minClients, maxClients, age, days] = [
    count('min-clients', 1e6),
    count('max-clients', 1e6),
    count('age', 864_000),
    count('certificate-days', 36_500),
  ];
  return {
    ...(minClients === undefined ? {} : { minClients }),
    ...(maxClients === undefined ? {} : { maxClients }),
    ...(age === undefined ? {} : { ageSeconds: age }),
    ...(days === undefined ? {} : { certificateDays: days }),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      strict: true,
      options: {
        ...SOURCE_OPTIONS,
        'min-clients': { type: 'string' },
        'max-clients': { type: 'string' },
        age: { type: 'string' },
        'certificate-days': { type: 'string' },
        certificate: { type: 'string', multiple: true, default: [] },
      },
    });
  } catch (thrown) {
    throw new TunnelscopeError('CLI', reasonOf(thrown), { cause: thrown });
  }
}

function toStandardOutput(text: string): void {
  process.stdout.write(text);
}
