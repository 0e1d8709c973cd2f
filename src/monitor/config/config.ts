import { LineCounter, parseDocument } from 'yaml';
import { TunnelscopeError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import { type Duration, seconds } from '../../base/units.ts';
import { readTextFile } from '../../host/files.ts';
import type { StreamAddress, StreamTls } from '../../host/net-listener.ts';
import type { ManagementPlace } from '../../service/management.ts';
import { type CertificateRole, DEFAULT_FLEET, DEFAULT_SERIES, type FleetOptions, type Thresholds } from '../../telemetry/index.ts';
import { labelText } from '../../telemetry/labels.ts';
import { defined, fingerprintOf, passwordOf } from './parts.ts';
import { CONFIG_SCHEMA, MANAGEMENT_DEFAULTS, type PidSource, type RawConfig, type RawDaemon, type RawHealth } from './schema.ts';
import { type ConfigProblem, Site } from './site.ts';
import { type AlertsConfig, alertsFrom, DEFAULT_ALERTS } from './alerts.ts';
import { type DeliverConfig, deliverFrom, type ShipConfig, shipFrom } from './targets.ts';

/** What the monitor is told: which daemons to watch by which sources, and where to show what it knows. */
export interface MonitorConfig {
  readonly daemons: readonly DaemonConfig[];
  readonly http: HttpConfig;
  readonly alerts: AlertsConfig;
  readonly history: HistoryConfig | undefined;
  readonly fleet: FleetOptions;
  readonly kumina: boolean;
  readonly thresholds: Partial<Thresholds>;
  /** Where lines and events are shipped, and alerts are delivered; undefined for nowhere. */
  readonly ship: ShipConfig | undefined;
  readonly deliver: DeliverConfig | undefined;
  readonly verb: number;
}

/** One daemon and its sources. */
export interface DaemonConfig {
  readonly name: string;
  readonly management: ManagementSource | undefined;
  readonly statusFile: { readonly path: string; readonly staleAfter: Duration } | undefined;
  readonly logFile: string | undefined;
  readonly pid: PidSource | undefined;
  readonly certificates: readonly WatchedCertificate[];
  readonly gateway: GatewayConfig | undefined;
  /** Over those of the whole configuration. */
  readonly thresholds: Partial<Thresholds>;
  /** Equal for equal configurations, secrets and what files held included; tells nothing about them. */
  readonly fingerprint: string;
}

/** A daemon's own management interface. */
export interface ManagementSource {
  readonly where: StreamAddress;
  readonly password: Secret | undefined;
  readonly tls: StreamTls | undefined;
  readonly poll: Duration;
  readonly bytecount: Duration;
  readonly timeout: Duration;
}

/** A file with certificates or revocation lists. */
export interface WatchedCertificate {
  readonly role: CertificateRole;
  readonly path: string;
}

/** The management interface for many clients before a daemon. */
export interface GatewayConfig {
  readonly places: readonly ManagementPlace[];
  readonly keep?: boolean;
  readonly logHistory?: number;
  readonly stateHistory?: number;
  readonly maxConnections?: number;
}

/** Where metrics, health and the API are served, and to whom. Nobody is asked for anything where all lists are empty. */
export interface HttpConfig {
  readonly listen: readonly StreamAddress[];
  readonly tls: StreamTls | undefined;
  readonly basic: readonly { readonly user: string; readonly password: Secret }[];
  readonly bearer: readonly Secret[];
  readonly tokens: readonly { readonly token: Secret; readonly role: 'read' | 'operate' }[];
}

/** Where the history is kept, and for how long. */
export interface HistoryConfig {
  readonly file: string;
  readonly keep: Duration;
  readonly maxBytes: number;
  /** Names and addresses are kept as hashes with this key. */
  readonly hashKey: Secret | undefined;
}

/** Where metrics are when nothing is said: the port that openvpn_exporter has. */
export const DEFAULT_LISTEN: StreamAddress = { kind: 'tcp', host: '127.0.0.1', port: 9176 };

/** What holds where nothing is said; of no daemon. */
export const DEFAULT_CONFIG: MonitorConfig = {
  daemons: [],
  http: { listen: [DEFAULT_LISTEN], tls: undefined, basic: [], bearer: [], tokens: [] },
  alerts: DEFAULT_ALERTS,
  history: undefined,
  fleet: DEFAULT_FLEET,
  kumina: false,
  thresholds: {},
  ship: undefined,
  deliver: undefined,
  verb: 3,
};

const MAX_CONFIG_BYTES = 8 << 20;
const STALE_AFTER = seconds(180);
const HISTORY_DEFAULTS = { keep: seconds(365 * 86_400), megabytes: 1024 };
const DEFAULT_SOCKET_MODE = 0o600;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a configuration file and the files with secrets that it names. Throws FILE, or OPTIONS with a line for each problem. */
export function readConfig(path: string, environment: Environment = process.env): MonitorConfig {
  return parseConfig(readTextFile(path, MAX_CONFIG_BYTES), path, environment);
}

/** The same of a text; `path` is for messages, and for files that are named beside it. */
export function parseConfig(yaml: string, path: string, environment: Environment): MonitorConfig {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false });
  const problems: ConfigProblem[] = document.errors.map(({ pos, message }) => ({
    line: lines.linePos(pos[0]).line,
    path: '',
    text: message,
  }));
  const site = new Site({ name: path, document, lines, environment, problems });
  const raw = problems.length > 0 ? undefined : CONFIG_SCHEMA.read(site.follow(document.contents), site);
  if (raw === undefined || problems.length > 0) throw configError(path, problems);
  const wrong: string[] = [];
  const config = configFrom(raw, wrong);
  wrong.push(...faultsOf(config, raw));
  if (wrong.length > 0) throw new TunnelscopeError('OPTIONS', wrong.map((text) => `${path}: ${text}`).join('\n'));
  return config;
}

function configError(path: string, problems: readonly ConfigProblem[]): TunnelscopeError {
  const texts = problems.map((problem) => `${path}:${problem.line}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.text}`);
  return new TunnelscopeError('OPTIONS', texts.join('\n'));
}

/** A daemon that is watched over its management interface alone, with what holds where nothing is said. */
export function attachedDaemon(name: string, where: StreamAddress, password?: Secret, tls?: StreamTls): DaemonConfig {
  return daemonFrom({
    ...NOTHING_ABOUT_DAEMON,
    name,
    management: { ...MANAGEMENT_DEFAULTS, address: where, password, 'password-file': undefined, tls },
  });
}

/** A daemon that is watched by its status file alone. */
export function daemonOfStatusFile(name: string, path: string, staleAfter: Duration): DaemonConfig {
  return daemonFrom({ ...NOTHING_ABOUT_DAEMON, name, 'status-file': { path, 'stale-after': staleAfter } });
}

const NOTHING_ABOUT_DAEMON = {
  management: undefined,
  'status-file': undefined,
  'log-file': undefined,
  pid: undefined,
  certificates: undefined,
  gateway: undefined,
  health: undefined,
  alerts: undefined,
};

function configFrom(raw: RawConfig, faults: string[]): MonitorConfig {
  const { mode, top, max, 'hash-key-file': hashKey } = raw.series ?? {};
  const series = {
    ...DEFAULT_SERIES,
    ...defined({ mode, top, max }),
    ...(hashKey === undefined ? {} : { hashKey: Buffer.from(hashKey.reveal()) }),
  };
  const kumina = raw.compat?.includes('kumina') === true;
  return {
    daemons: raw.daemons.map(daemonFrom),
    http: {
      listen: raw.http?.listen ?? [DEFAULT_LISTEN],
      tls: raw.http?.tls,
      basic: (raw.http?.basic ?? []).flatMap((entry) => {
        const password = passwordOf(entry);
        return password === undefined ? [] : [{ user: entry.user, password }];
      }),
      bearer: (raw.http?.bearer ?? []).flatMap((entry) => entry['token-file'] ?? entry.token ?? []),
      tokens: (raw.http?.tokens ?? []).flatMap((entry) => {
        const token = entry['token-file'] ?? entry.token;
        return token === undefined ? [] : [{ token, role: entry.role }];
      }),
    },
    history: raw.history && {
      file: raw.history.file,
      keep: raw.history.keep ?? HISTORY_DEFAULTS.keep,
      maxBytes: (raw.history['max-megabytes'] ?? HISTORY_DEFAULTS.megabytes) * 1_000_000,
      hashKey: raw.history['hash-key-file'],
    },
    fleet: {
      ...DEFAULT_FLEET,
      series,
      keepRoutes: kumina,
      ...defined({ silentAfter: raw['silent-after'], maxClients: raw['max-clients'] }),
    },
    kumina,
    thresholds: thresholdsFrom(raw.health),
    alerts: alertsFrom(raw.alerts, raw.daemons),
    ship: shipFrom(raw.ship, faults),
    deliver: deliverFrom(raw.deliver, faults),
    verb: raw.verb ?? DEFAULT_CONFIG.verb,
  };
}

function daemonFrom(raw: RawDaemon): DaemonConfig {
  const { name, management, pid } = raw;
  const statusFile = raw['status-file'];
  const watched = Object.entries({ certificate: 'cert', ca: 'ca', crl: 'crl' } as const).flatMap(([role, key]) =>
    (raw.certificates?.[key] ?? []).map((path) => ({ role: role as CertificateRole, path })),
  );
  return {
    name,
    management: management && {
      where: management.address,
      password: passwordOf(management),
      tls: management.tls,
      poll: management.poll ?? MANAGEMENT_DEFAULTS.poll,
      bytecount: management.bytecount ?? MANAGEMENT_DEFAULTS.bytecount,
      timeout: management.timeout ?? MANAGEMENT_DEFAULTS.timeout,
    },
    statusFile: statusFile && { path: statusFile.path, staleAfter: statusFile['stale-after'] ?? STALE_AFTER },
    logFile: raw['log-file'],
    pid,
    certificates: watched,
    gateway: gatewayFrom(raw.gateway),
    thresholds: thresholdsFrom(raw.health),
    // Other thresholds of alerts need no other sources.
    fingerprint: fingerprintOf({ ...raw, alerts: undefined }),
  };
}

function gatewayFrom(raw: RawDaemon['gateway']): GatewayConfig | undefined {
  if (raw === undefined) return undefined;
  return {
    places: raw.listen.map((place) => ({
      where: place.address,
      password: passwordOf(place),
      role: place.role ?? 'read',
      ...defined({ tls: place.tls }),
      socket: { mode: place.mode ?? DEFAULT_SOCKET_MODE, uid: undefined, gid: undefined },
    })),
    ...defined({
      keep: raw.keep,
      logHistory: raw['log-history'],
      stateHistory: raw['state-history'],
      maxConnections: raw['max-connections'],
    }),
  };
}

function thresholdsFrom(raw: RawHealth | undefined): Partial<Thresholds> {
  if (raw === undefined) return {};
  return defined({
    ageSeconds: raw['age-seconds'],
    connectingSeconds: raw['connecting-seconds'],
    minClients: raw['min-clients'],
    maxClients: raw['max-clients'],
    poolShare: raw['pool-share'],
    certificateDays: raw['certificate-days'],
    freeShare: raw['free-share'],
    openFilesShare: raw['open-files-share'],
  });
}

/** What each part allows, and the whole does not. */
function faultsOf(config: MonitorConfig, raw: RawConfig): string[] {
  const faults: string[] = [];
  const names = new Map<string, string>();
  for (const { name, management, statusFile, logFile, pid, gateway } of config.daemons) {
    const label = labelText(name);
    const other = names.get(label);
    if (other !== undefined) faults.push(`daemons: two are called ${JSON.stringify(label)}; each needs a name of its own`);
    names.set(label, name);
    if (management === undefined && statusFile === undefined && logFile === undefined)
      faults.push(`daemon ${label}: it has no source; give management, status-file or log-file`);
    if (management === undefined && gateway !== undefined) faults.push(`daemon ${label}: a gateway needs its management interface`);
    if (management === undefined && pid?.kind === 'management')
      faults.push(`daemon ${label}: pid: management needs its management interface`);
    for (const { where, tls } of gateway?.places ?? []) {
      if (where.kind === 'unix' && tls !== undefined) faults.push(`daemon ${label}: TLS is for TCP, ${where.path} is a unix socket`);
    }
  }
  if (config.http.listen.length === 0) faults.push('http.listen: give an address at least');
  if (config.http.basic.length < (raw.http?.basic?.length ?? 0)) faults.push('http.basic: each user needs password or password-file');
  if (config.http.bearer.length < (raw.http?.bearer?.length ?? 0)) faults.push('http.bearer: give token or token-file');
  if (config.http.tokens.length < (raw.http?.tokens?.length ?? 0)) faults.push('http.tokens: give token or token-file');
  return faults;
}
