import type { WallTime } from '../../base/units.ts';

/** Word of an alert that fires or has ended, for whoever delivers or keeps it. */
export interface AlertNotice {
  /** The rule's name, such as `OpenVPNDown`. */
  readonly rule: string;
  readonly state: 'firing' | 'resolved';
  /** `alertname`, `severity`, `daemon` where the rule is about one, and the other labels of the series that the rule found. */
  readonly labels: ReadonlyMap<string, string>;
  /** `summary`, `description`, `runbook_url`. */
  readonly annotations: ReadonlyMap<string, string>;
  /** When it began to fire. */
  readonly since: WallTime;
  /** When it was seen to be over; undefined while it fires. */
  readonly ended: WallTime | undefined;
  /** The value of the formula when it was last true. */
  readonly value: number;
  /** Equal for notices of the same alert, of equal labels; sixteen hexadecimal digits. */
  readonly fingerprint: string;
}

/** Alerts that are told of together. */
export interface AlertGroup {
  /** Equal for the same group, as long as it lives and after a restart. */
  readonly key: string;
  /** The labels that all of it share, by which it was grouped. */
  readonly labels: ReadonlyMap<string, string>;
  /** All of the group that fire, silenced ones left out, and those that ended since it was told of last. */
  readonly notices: readonly AlertNotice[];
  /** Nothing changed: it is told again as it still fires. */
  readonly repeated: boolean;
}
