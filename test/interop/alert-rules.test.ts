import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RuleChanges, RuleSettings } from '../../src/telemetry/alerts/rule.ts';
import { rulesFile } from '../../src/telemetry/alerts/rules-file.ts';
import { RULE_SUBJECTS, RULES } from '../../src/telemetry/alerts/table.ts';
import { demandAgreement, type GivenSeries, insideFirings, ruleNamed, type Scenario } from './support/alert-series.ts';
import { requireInterop } from './support/require.ts';

const MINUTE = 4;
const LABELS = { daemon: 'vpn' };

/** So many values, each made of its number. */
function of(count: number, value: (index: number) => number | null | undefined): (number | null | undefined)[] {
  return Array.from({ length: count }, (_all, index) => value(index));
}

function series(metric: string, values: GivenSeries['values'], more: Readonly<Record<string, string>> = {}): GivenSeries {
  return { metric: `tunnelscope_${metric}`, labels: { ...LABELS, ...more }, values };
}

/** 0, and `high` from the minute `from` to the minute `to`. */
function between(from: number, to: number, high: number, low = 0, minutes = 40): readonly number[] {
  return of(minutes * MINUTE, (index) => (index >= from * MINUTE && index < to * MINUTE ? high : low)) as number[];
}

/** A counter that grows by `step` each 15 s from the minute `from` to the minute `to`. */
function growing(from: number, to: number, step: number, start = 0, minutes = 40): readonly number[] {
  return of(minutes * MINUTE, (index) => start + step * Math.max(0, Math.min(index, to * MINUTE) - from * MINUTE)) as number[];
}

interface Case {
  readonly fires: readonly GivenSeries[];
  /** The first and the last minute in which it fires; the last left out where it goes on. */
  readonly from: number;
  readonly to?: number;
  readonly quiet: readonly GivenSeries[];
}

const FAILED = { outcome: 'failed' };
const CERT = { role: 'certificate', file: '/etc/server.crt', subject: 'CN=server' };
const CRL = { role: 'crl', file: '/etc/crl.pem', subject: 'CN=ca' };
const NIGHT = { user: 'alice', network: '192.0.2.0/24' };

/** What makes each rule fire and end, and what is near and does not. Samples come every 15 s. */
const CASES: Readonly<Record<string, Case>> = {
  OpenVPNDown: { fires: [series('up', between(5, 20, 0, 1))], from: 6, to: 19.75, quiet: [series('up', between(5, 5.75, 0, 1))] },
  OpenVPNReconnecting: {
    fires: [series('state', between(5, 20, 0, 1), { state: 'CONNECTED' }), series('state', between(5, 20, 1), { state: 'RECONNECTING' })],
    from: 8,
    to: 19.75,
    quiet: [series('state', between(0, 40, 0), { state: 'CONNECTED' }), series('state', between(0, 40, 0), { state: 'RECONNECTING' })],
  },
  OpenVPNAuthFailures: {
    fires: [
      series('auth_failures_total', growing(5, 8, 1), { reason: 'credentials' }),
      series('auth_failures_total', growing(5, 8, 1), { reason: 'token' }),
    ],
    from: 6.5,
    to: 16.5,
    quiet: [series('auth_failures_total', growing(5, 7, 1), { reason: 'credentials' })],
  },
  OpenVPNCertificateErrors: {
    fires: [
      series('handshakes_total', growing(5, 7, 1, 3), { ...FAILED, reason: 'certificate-revoked' }),
      series('handshakes_total', growing(0, 40, 5), { outcome: 'succeeded', reason: '' }),
    ],
    from: 5.75,
    to: 16,
    quiet: [series('handshakes_total', growing(0, 40, 5), { ...FAILED, reason: 'timeout' })],
  },
  OpenVPNTlsFailures: {
    fires: [series('handshakes_total', growing(5, 9, 1, 50), { ...FAILED, reason: 'timeout' })],
    from: 7.5,
    to: 16.25,
    quiet: [series('handshakes_total', growing(5, 7, 1), { ...FAILED, reason: 'tls-error' })],
  },
  OpenVPNPacketLoss: {
    fires: [series('lost_packets_total', growing(5, 20, 10)), series('received_packets_total', growing(0, 40, 90))],
    from: 9.5,
    to: 22.5,
    quiet: [series('lost_packets_total', growing(5, 20, 4)), series('received_packets_total', growing(0, 40, 90))],
  },
  OpenVPNReplays: {
    fires: [series('replayed_packets_total', growing(5, 10, 10))],
    from: 6.5,
    to: 13.5,
    quiet: [series('replayed_packets_total', growing(5, 10, 2))],
  },
  OpenVPNLowThroughput: {
    fires: [
      series('received_bytes_total', growing(0, 5, 600_000, 0, 80)),
      series('sent_bytes_total', growing(0, 5, 600_000, 0, 80)),
      series('usual_bytes_per_second', between(0, 80, 80_000, 0, 80)),
    ],
    from: 32.25,
    quiet: [
      series('received_bytes_total', growing(0, 80, 150_000, 0, 80)),
      series('sent_bytes_total', growing(0, 80, 150_000, 0, 80)),
      series('usual_bytes_per_second', between(0, 80, 80_000, 0, 80)),
    ],
  },
  OpenVPNHighCpu: {
    fires: [series('process_cpu_seconds_total', growing(5, 20, 15))],
    from: 14.75,
    to: 20.25,
    quiet: [series('process_cpu_seconds_total', growing(5, 20, 13))],
  },
  OpenVPNAuthBurstByAddress: {
    fires: [series('recent_auth_failures', between(5, 9, 11), { by: 'address', who: '192.0.2.9' })],
    from: 5,
    to: 8.75,
    quiet: [
      series('recent_auth_failures', between(5, 9, 10), { by: 'address', who: '192.0.2.9' }),
      series('recent_auth_failures', between(5, 9, 99), { by: 'user', who: 'alice' }),
    ],
  },
  OpenVPNAuthBurstByUser: {
    fires: [
      series('recent_auth_failures', [...between(0, 5, 11, 0, 5), ...of(20, () => null)], { by: 'user', who: 'alice' }),
      series('up', between(0, 40, 1)),
    ],
    from: 0,
    to: 4.75,
    quiet: [series('recent_auth_failures', between(5, 9, 10), { by: 'user', who: 'alice' })],
  },
  OpenVPNManagementRefused: {
    fires: [series('management_refused_logins_total', between(5, 40, 1), { interface: 'daemon' })],
    from: 5,
    to: 14.75,
    quiet: [series('management_refused_logins_total', between(0, 40, 7), { interface: 'gateway' })],
  },
  OpenVPNNewNetwork: {
    fires: [series('recent_unusual_connections', between(5, 20, 1), { pattern: 'new-network', ...NIGHT })],
    from: 5,
    to: 19.75,
    quiet: [series('recent_unusual_connections', between(5, 20, 1), { pattern: 'odd-hour', ...NIGHT })],
  },
  OpenVPNConcurrentSessions: {
    fires: [series('concurrent_sessions', between(5, 20, 4), { user: 'alice' })],
    from: 6,
    to: 19.75,
    quiet: [series('concurrent_sessions', between(5, 20, 3), { user: 'alice' })],
  },
  OpenVPNConnectionStorm: {
    fires: [series('handshakes_total', growing(5, 8, 100), { outcome: 'succeeded', reason: '' })],
    from: 6,
    to: 8,
    quiet: [series('handshakes_total', growing(5, 8, 70), { outcome: 'succeeded', reason: '' })],
  },
  OpenVPNOddHour: {
    fires: [series('recent_unusual_connections', between(5, 20, 1), { pattern: 'odd-hour', ...NIGHT })],
    from: 5,
    to: 19.75,
    quiet: [series('recent_unusual_connections', between(5, 20, 1), { pattern: 'new-network', ...NIGHT })],
  },
  OpenVPNRestarts: {
    fires: [
      series(
        'restarts_total',
        of(160, (index) => Math.min(3, Math.max(0, Math.floor((index - 20) / 4)))),
      ),
    ],
    from: 8,
    to: 20.75,
    quiet: [
      series(
        'restarts_total',
        of(160, (index) => (index > 20 ? 1 : 0)),
      ),
    ],
  },
  OpenVPNReloadFailed: {
    fires: [
      series('incidents_total', between(5, 40, 1), { event: 'option-error' }),
      series('incidents_total', between(0, 40, 0), { event: 'reload-failed' }),
    ],
    from: 5,
    to: 19.75,
    quiet: [series('incidents_total', between(5, 40, 1), { event: 'interface-failed' })],
  },
  OpenVPNDiskSpace: {
    fires: [
      series('disk_free_bytes', between(5, 20, 4, 50), { path: '/log' }),
      series('disk_size_bytes', between(0, 40, 100), { path: '/log' }),
    ],
    from: 6,
    to: 19.75,
    quiet: [
      series('disk_free_bytes', between(5, 20, 5, 50), { path: '/log' }),
      series('disk_size_bytes', between(0, 40, 100), { path: '/log' }),
    ],
  },
  OpenVPNInterfaceFailed: {
    fires: [series('incidents_total', between(5, 40, 1), { event: 'interface-failed' })],
    from: 5,
    to: 19.75,
    quiet: [series('incidents_total', between(5, 40, 1), { event: 'reload-failed' })],
  },
  OpenVPNSourceStale: {
    fires: [
      series('source_age_seconds', between(5, 20, 301, 10), { source: 'management' }),
      series('source_up', between(0, 40, 1), { source: 'management' }),
    ],
    from: 7,
    to: 19.75,
    quiet: [
      series('source_age_seconds', between(5, 20, 3000, 10), { source: 'log' }),
      series('source_up', between(5, 6, 0, 1), { source: 'log' }),
    ],
  },
  OpenVPNPoolNearlyUsedUp: {
    fires: [series('pool_used_addresses', between(5, 20, 231, 100)), series('pool_addresses', between(0, 40, 252, 252))],
    from: 6,
    to: 19.75,
    quiet: [series('pool_used_addresses', between(5, 20, 226, 100)), series('pool_addresses', between(0, 40, 252, 252))],
  },
  OpenVPNCertificateExpiring: {
    fires: [series('certificate_expiry_timestamp_seconds', between(0, 40, 14 * 86_400 + 600), CERT)],
    from: 10.25,
    quiet: [
      series('certificate_expiry_timestamp_seconds', between(0, 40, 14 * 86_400 + 2400), CERT),
      series('certificate_expiry_timestamp_seconds', between(0, 40, 2400), CRL),
    ],
  },
  OpenVPNCertificateExpired: {
    fires: [series('certificate_expiry_timestamp_seconds', between(0, 40, 600), CERT)],
    from: 10,
    quiet: [series('certificate_expiry_timestamp_seconds', between(0, 40, 2400), CERT)],
  },
  OpenVPNCrlUpdated: {
    fires: [series('certificate_expiry_timestamp_seconds', between(5, 40, 9_000_000, 8_000_000), CRL)],
    from: 5,
    to: 19.75,
    quiet: [series('certificate_expiry_timestamp_seconds', between(0, 40, 9_000_000), CRL)],
  },
  OpenVPNCrlExpiring: {
    fires: [series('certificate_expiry_timestamp_seconds', between(0, 40, 3 * 86_400 + 600), CRL)],
    from: 10.25,
    quiet: [series('certificate_expiry_timestamp_seconds', between(0, 40, 3 * 86_400 + 2400), CRL)],
  },
  OpenVPNCrlExpired: {
    fires: [series('certificate_expiry_timestamp_seconds', between(0, 40, 600), CRL)],
    from: 10,
    quiet: [series('certificate_expiry_timestamp_seconds', between(0, 40, 2400), CRL)],
  },
};

/** Numbers from 0 to 1 that are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Something like the series given, at random: resets, times without one of them, and times at which nobody looked. */
function shaken(all: readonly GivenSeries[], next: () => number): readonly GivenSeries[] {
  const looked = withGaps(all[0]?.values.length ?? 0, next);
  return all.map((one) => {
    const there = withGaps(one.values.length, next);
    let offset = 0;
    const values = one.values.map((value, index) => {
      if (next() < 0.03) offset = typeof value === 'number' ? -value * next() : 0;
      if (looked[index] !== true) return undefined;
      return there[index] === true && typeof value === 'number' ? Math.max(0, Math.round(value + offset)) : null;
    });
    return { ...one, values };
  });
}

/** True, and false for a while now and then. */
function withGaps(count: number, next: () => number): readonly boolean[] {
  let gone = 0;
  return Array.from({ length: count }, () => {
    if (gone === 0 && next() < 0.04) gone = Math.ceil(next() ** 3 * 30);
    else if (gone > 0) gone--;
    return gone === 0;
  });
}

const fifteen = { step: 15, every: 15 };

describe.skipIf(!requireInterop())('alert rules', () => {
  it('have a case each', () => expect(Object.keys(CASES).toSorted()).toEqual(RULES.map(({ name }) => name).toSorted()));

  it('fire and end when they should, inside as with Prometheus', () => {
    const scenarios = Object.entries(CASES).flatMap(([name, { fires, quiet }]): Scenario[] => [
      { name: `${name} fires`, rules: [ruleNamed(name)], series: fires, ...fifteen },
      { name: `${name} stays quiet`, rules: [ruleNamed(name)], series: quiet, ...fifteen },
    ]);
    const firings = scenarios.map(insideFirings);
    demandAgreement(scenarios, firings);
    const found = Object.fromEntries(
      Object.keys(CASES).map((name, index) => {
        const at = (firings[index * 2] ?? []).filter(({ alerts }) => alerts.length > 0).map(({ seconds }) => seconds / 60);
        return [name, { from: at[0], to: at.at(-1), quiet: (firings[index * 2 + 1] ?? []).every(({ alerts }) => alerts.length === 0) }];
      }),
    );
    const wanted = Object.fromEntries(
      Object.entries(CASES).map(([name, { from, to }]) => [name, { from, to: to ?? expect.any(Number), quiet: true }]),
    );
    expect(found).toEqual(wanted);
  }, 60_000);

  it('agree with Prometheus about whatever comes, at any pace', () => {
    const next = numbers(20_261_122);
    const paces = [fifteen, { step: 15, every: 60 }, { step: 30, every: 15 }, { step: 10, every: 25 }];
    const scenarios = Object.entries(CASES).map(([name, { fires }], index): Scenario => {
      const pace = paces[index % paces.length] ?? fifteen;
      return { name, rules: [ruleNamed(name)], series: shaken(fires, next), ...pace };
    });
    const firings = scenarios.map(insideFirings);
    expect(firings.filter((all) => all.some(({ alerts }) => alerts.length > 0)).length).toBeGreaterThan(scenarios.length / 2);
    demandAgreement(scenarios, firings);
  }, 60_000);

  it('take other thresholds for the site, and for single daemons', () => {
    const name = 'OpenVPNPoolNearlyUsedUp';
    const pools = ['a', 'b.c', 'd', 'e', 'off'].flatMap((daemon): GivenSeries[] => [
      { metric: 'tunnelscope_pool_used_addresses', labels: { daemon }, values: between(1, 5, 60, 0, 10) },
      { metric: 'tunnelscope_pool_addresses', labels: { daemon }, values: between(0, 10, 100, 100, 10) },
    ]);
    const settings: RuleSettings = {
      site: { [name]: { hold: 0, severity: 'info' } },
      daemons: new Map<string, RuleChanges>([
        ['a', { [name]: { thresholds: { share: 0.5 } } }],
        ['b.c', { [name]: { thresholds: { share: 0.5 } } }],
        ['d', { [name]: { thresholds: { share: 0.55 }, hold: 120, severity: 'critical' } }],
        ['off', { [name]: { off: true } }],
      ]),
    };
    const scenario = { name, rules: [ruleNamed(name)], series: pools, settings, ...fifteen };
    const firings = insideFirings(scenario);
    demandAgreement([scenario], [firings]);
    const at = (minute: number): string[] =>
      (firings.find(({ seconds }) => seconds === minute * 60)?.alerts ?? []).map(
        ({ labels }) => `${labels.get('daemon')} ${labels.get('severity')}`,
      );
    expect([at(0), at(1), at(3), at(5)]).toEqual([[], ['a info', 'b.c info'], ['a info', 'b.c info', 'd critical'], []]);
  });

  it('are a file that promtool finds nothing wrong with', () => {
    const text = rulesFile({ subjects: RULE_SUBJECTS, settings: { site: {}, daemons: new Map() }, runbookUrl: 'https://example.test/' });
    const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-rules-'));
    try {
      writeFileSync(join(folder, 'rules.yml'), text);
      expect(execFileSync('promtool', ['check', 'rules', join(folder, 'rules.yml')], { encoding: 'utf8' })).toContain(
        `${RULES.length} rules found`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
