import type { SourceKind } from '../telemetry/facts.ts';
import { missingFor, type Supply } from '../telemetry/alerts/inputs.ts';
import { variantsOf } from '../telemetry/alerts/rule.ts';
import { RULES } from '../telemetry/alerts/table.ts';
import type { DaemonConfig, MonitorConfig } from './config/config.ts';

/** A rule that nothing a daemon is watched by can supply, with what is missing. */
export interface UnsuppliedRule {
  readonly rule: string;
  readonly metrics: readonly string[];
}

/** What a configuration names of a daemon. */
export function supplyOf({ management, statusFile, logFile, pid, certificates }: DaemonConfig): Supply {
  const sources = new Set<SourceKind>();
  if (management !== undefined) sources.add('management');
  if (statusFile !== undefined) sources.add('status-file');
  if (logFile !== undefined) sources.add('log');
  return {
    sources,
    pid: pid !== undefined,
    certificates: new Set(certificates.map(({ role }) => role)),
    files: statusFile !== undefined || logFile !== undefined,
  };
}

/** The rules that can say nothing about a daemon, as it is watched. */
export function unsuppliedRules(daemon: DaemonConfig, { alerts }: MonitorConfig): readonly UnsuppliedRule[] {
  const supply = supplyOf(daemon);
  const about = new Set(variantsOf(RULES, alerts.rules).flatMap((variant) => (variant.daemon(daemon.name) ? [variant.rule] : [])));
  return [...about].map((rule) => ({ rule: rule.name, metrics: missingFor(rule, supply) })).filter(({ metrics }) => metrics.length > 0);
}
