import { between, type Now } from '../base/units.ts';
import type { DaemonView } from './views.ts';

/** How a daemon is. `no-data`: no source ever told of it, so that nobody can say. */
export type Verdict = 'ok' | 'degraded' | 'down' | 'no-data';

/** What is still well, in numbers that `DEFAULT_THRESHOLDS` explains; undefined asks for nothing. */
export interface Thresholds {
  /** Seconds that a daemon's figures may be old. */
  readonly ageSeconds: number;
  /** Seconds that a client's daemon may take to connect. */
  readonly connectingSeconds: number;
  /** Fewest and most connected clients. */
  readonly minClients: number | undefined;
  readonly maxClients: number | undefined;
  /** Share of the pool that may be used. */
  readonly poolShare: number;
  /** Days that certificates and lists must still be valid. */
  readonly certificateDays: number;
  /** Share of a disk that must be free. */
  readonly freeShare: number;
  /** Share of its open files that a daemon may use. */
  readonly openFilesShare: number;
}

/** Three status intervals of stock; a certificate may be renewed in two weeks' time. */
export const DEFAULT_THRESHOLDS: Thresholds = {
  ageSeconds: 180,
  connectingSeconds: 120,
  minClients: undefined,
  maxClients: undefined,
  poolShare: 0.95,
  certificateDays: 14,
  freeShare: 0.05,
  openFilesShare: 0.9,
};

/** One thing that is wrong, in words for people and a code for programs. */
export interface HealthReason {
  readonly check: CheckName;
  readonly verdict: Exclude<Verdict, 'ok'>;
  readonly text: string;
}

/** A measured value with what was asked of it, for performance data. */
export interface Measure {
  readonly label: string;
  readonly value: number;
  /** `s`, `B`, `c` for counters, nothing for others: what monitoring plugins print. */
  readonly unit: '' | 's' | 'B' | 'c' | '%';
  readonly warn?: number;
  readonly min?: number;
  readonly max?: number;
}

/** The health of one daemon. */
export interface Health {
  readonly daemon: string;
  readonly verdict: Verdict;
  /** What is wrong, the worst first. */
  readonly reasons: readonly HealthReason[];
  readonly measures: readonly Measure[];
}

type Found = Omit<HealthReason, 'check'>;
type Check = (daemon: DaemonView, limits: Thresholds, now: Now) => Iterable<Found>;

/** The names of the checks. */
export type CheckName = 'sources' | 'process' | 'state' | 'age' | 'clients' | 'pool' | 'certificates' | 'rooms' | 'files';

const DAY_MS = 86_400_000;

/** Every check, by its name. */
const CHECKS: Readonly<Record<CheckName, Check>> = {
  *sources({ sources, speaker }) {
    const told = [...sources.values()].filter(({ kind }) => kind !== 'process');
    if (told.every(({ heard }) => heard === undefined)) {
      const why = told.map(({ where, trouble }) => `${where}: ${trouble ?? 'nothing yet'}`).join('; ');
      yield { verdict: 'no-data', text: why === '' ? 'no source has told of it' : why };
      return;
    }
    if (speaker === undefined)
      yield { verdict: 'down', text: told.map(({ where, trouble }) => `${where}: ${trouble ?? 'gone'}`).join('; ') };
    else for (const { up, where, trouble } of told) if (!up) yield { verdict: 'degraded', text: `${where}: ${trouble ?? 'gone'}` };
  },
  *process({ process }) {
    if (process !== undefined && process.value === undefined) yield { verdict: 'down', text: 'its process is gone' };
  },
  *state({ state, mode }, limits, now) {
    if (state === undefined) return;
    const { name, detail, time } = state.value;
    if (name === 'CONNECTED') {
      if (detail !== undefined && detail !== 'SUCCESS') yield { verdict: 'degraded', text: `connected with ${detail}` };
    } else if (name === 'EXITING') yield { verdict: 'down', text: `it is exiting${detail === undefined ? '' : `: ${detail}`}` };
    else {
      const seconds = Math.max(0, now.wall - time) / 1000;
      const long = seconds > limits.connectingSeconds;
      const text = `${name}${detail === undefined ? '' : ` (${detail})`} for ${Math.round(seconds)} s`;
      yield { verdict: long && mode?.value === 'client' ? 'down' : 'degraded', text };
    }
  },
  *age(daemon, limits, now) {
    const seconds = ageSeconds(daemon, now);
    if (seconds !== undefined && seconds > limits.ageSeconds) {
      yield { verdict: 'degraded', text: `its figures are ${Math.round(seconds)} s old` };
    }
  },
  *clients({ clients, mode }, { minClients, maxClients }) {
    if (clients === undefined || mode?.value === 'client') return;
    if (minClients !== undefined && clients.value < minClients)
      yield { verdict: 'degraded', text: `${clients.value} clients, fewer than ${minClients}` };
    if (maxClients !== undefined && clients.value > maxClients)
      yield { verdict: 'degraded', text: `${clients.value} clients, more than ${maxClients}` };
  },
  *pool({ poolSize, poolUsed }, { poolShare }) {
    if (poolSize === undefined || poolSize.value <= 0) return;
    if (poolUsed / poolSize.value > poolShare)
      yield { verdict: 'degraded', text: `${poolUsed} of ${poolSize.value} pool addresses are used` };
  },
  *certificates({ certificates }, { certificateDays }, now) {
    for (const { role, file, subject, notAfter } of certificates?.value ?? []) {
      const days = (notAfter - now.wall) / DAY_MS;
      const what = `${role} of ${subject} in ${file}`;
      if (days <= 0) yield { verdict: 'degraded', text: `${what} expired ${Math.ceil(-days)} days ago` };
      else if (days < certificateDays) yield { verdict: 'degraded', text: `${what} expires in ${Math.floor(days)} days` };
    }
  },
  *rooms({ rooms }, { freeShare }) {
    for (const { path, freeBytes, sizeBytes } of rooms?.value ?? []) {
      if (sizeBytes > 0 && freeBytes / sizeBytes < freeShare)
        yield { verdict: 'degraded', text: `${freeBytes} bytes are left for ${path}` };
    }
  },
  *files({ process }, { openFilesShare }) {
    const { openFiles, maxOpenFiles } = process?.value ?? {};
    if (openFiles === undefined || maxOpenFiles === undefined) return;
    if (openFiles / maxOpenFiles > openFilesShare) yield { verdict: 'degraded', text: `${openFiles} of ${maxOpenFiles} files are open` };
  },
};

const GRAVITY: readonly Verdict[] = ['ok', 'degraded', 'down', 'no-data'];

/** Judges one daemon by what the state has of it. */
export function healthOf(daemon: DaemonView, now: Now, thresholds: Partial<Thresholds> = {}): Health {
  const limits = { ...DEFAULT_THRESHOLDS, ...thresholds };
  const reasons: HealthReason[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    for (const found of check(daemon, limits, now)) reasons.push({ check: name as CheckName, ...found });
  }
  reasons.sort((a, b) => GRAVITY.indexOf(b.verdict) - GRAVITY.indexOf(a.verdict));
  return { daemon: daemon.name, verdict: reasons[0]?.verdict ?? 'ok', reasons, measures: measuresOf(daemon, limits, now) };
}

/** Seconds since the daemon itself last gave figures: by the date of its status where that is older than its arrival. */
function ageSeconds({ statusTime, speaker }: DaemonView, now: Now): number | undefined {
  if (speaker?.heard === undefined) return undefined;
  const heard = between(speaker.heard.at, now.at) / 1000;
  if (statusTime === undefined || statusTime.source !== 'status-file' || speaker.kind !== 'status-file') return heard;
  return Math.max(heard, (now.wall - statusTime.value) / 1000);
}

function measuresOf(daemon: DaemonView, limits: Thresholds, now: Now): Measure[] {
  const measures: Measure[] = [];
  const { clients, mode, poolSize, poolUsed, received, sent, certificates } = daemon;
  if (clients !== undefined && mode?.value !== 'client') {
    const warn = limits.maxClients === undefined ? {} : { warn: limits.maxClients };
    measures.push({ label: 'clients', value: clients.value, unit: '', min: 0, ...warn });
  }
  if (poolSize !== undefined) {
    measures.push({
      label: 'pool',
      value: poolUsed,
      unit: '',
      warn: Math.floor(poolSize.value * limits.poolShare),
      min: 0,
      max: poolSize.value,
    });
  }
  if (received.by !== undefined) measures.push({ label: 'received', value: received.value, unit: 'c' });
  if (sent.by !== undefined) measures.push({ label: 'sent', value: sent.value, unit: 'c' });
  const age = ageSeconds(daemon, now);
  if (age !== undefined) measures.push({ label: 'age', value: Math.max(0, age), unit: 's', warn: limits.ageSeconds, min: 0 });
  const next = Math.min(...(certificates?.value ?? []).map(({ notAfter }) => notAfter));
  if (Number.isFinite(next)) measures.push({ label: 'expiry', value: Math.floor((next - now.wall) / 1000), unit: 's' });
  return measures;
}

/** The exit status of a monitoring plugin: OK, WARNING, CRITICAL, UNKNOWN. */
export const PLUGIN_STATUS: Readonly<Record<Verdict, 0 | 1 | 2 | 3>> = { ok: 0, degraded: 1, down: 2, 'no-data': 3 };

const PLUGIN_WORDS = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'];

/** The worst of several daemons: down before what nobody knows, and that before degraded. */
export function worstVerdict(all: Iterable<Health>): Verdict {
  const order: readonly Verdict[] = ['ok', 'degraded', 'no-data', 'down'];
  let worst = 0;
  for (const { verdict } of all) worst = Math.max(worst, order.indexOf(verdict));
  return order[worst] ?? 'ok';
}

/** One line as monitoring plugins print it: verdict, reasons, `|` and performance data. */
export function pluginLine({ daemon, verdict, reasons, measures }: Health): string {
  const words = reasons.map(({ text }) => text).join('; ');
  const head = `OPENVPN ${PLUGIN_WORDS[PLUGIN_STATUS[verdict]]} - ${daemon}: ${words === '' ? 'ok' : words}`.replace(/[\0-\x1f|]/g, ' ');
  const data = measures.map(({ label, value, unit, warn, min, max }) =>
    `${label}=${value}${unit};${warn ?? ''};;${min ?? ''};${max ?? ''}`.replace(/;+$/, ''),
  );
  return data.length === 0 ? head : `${head} | ${data.join(' ')}`;
}
