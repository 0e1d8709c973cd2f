import { after, type Duration, earliest, type Instant, type Now, seconds } from '../../base/units.ts';
import { LabelSet } from './label-set.ts';
import type { AlertGroup, AlertNotice } from './notice.ts';

/** When and with which others alerts are told of. */
export interface GroupingOptions {
  /** Alerts with equal values of these labels are told of together. */
  readonly by: readonly string[];
  /** A new group waits so long for others that belong to it. */
  readonly wait: Duration;
  /** Changes of a group are told no more often than that. */
  readonly interval: Duration;
  /** What still fires is told again after that. */
  readonly repeat: Duration;
}

/** What holds where nothing is said: that of Alertmanager, but for groups a daemon. */
export const DEFAULT_GROUPING: GroupingOptions = { by: ['daemon'], wait: seconds(10), interval: seconds(60), repeat: seconds(4 * 3600) };

interface Member {
  notice: AlertNotice;
  /** Somebody was told that it fires. */
  told: boolean;
}

interface Group {
  readonly labels: LabelSet;
  readonly members: Map<string, Member>;
  /** When it was looked at last, and told of last. */
  flushed: Instant | undefined;
  told: Instant | undefined;
  due: Instant;
}

/**
 * Gathers notices to groups and says when each is to be told: soon after it began, at most every interval when it changes, and again when
 * it goes on for long. What ended before anybody was told is not told. What is silenced is looked at again later.
 */
export class Grouping {
  readonly #silenced: (notice: AlertNotice, now: Now) => boolean;
  #options: GroupingOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: GroupingOptions, silenced: (notice: AlertNotice, now: Now) => boolean) {
    this.#options = options;
    this.#silenced = silenced;
  }

  /** From now on these hold; groups that there are stay as they are. */
  configure(options: GroupingOptions): void {
    this.#options = options;
  }

  /** Takes a notice. */
  handle(notice: AlertNotice, now: Now): void {
    const labels = LabelSet.of(this.#options.by.map((name) => [name, notice.labels.get(name) ?? ''] as const));
    const group = this.#groups.get(labels.key) ?? this.#open(labels, now);
    const known = group.members.get(notice.fingerprint);
    if (notice.state === 'resolved' && known?.told !== true) {
      group.members.delete(notice.fingerprint);
      return;
    }
    group.members.set(notice.fingerprint, { notice, told: known?.told ?? false });
    if (group.flushed !== undefined) group.due = latest(now.at, after(group.flushed, this.#options.interval));
  }

  #open(labels: LabelSet, now: Now): Group {
    const group = {
      labels,
      members: new Map<string, Member>(),
      flushed: undefined,
      told: undefined,
      due: after(now.at, this.#options.wait),
    };
    this.#groups.set(labels.key, group);
    return group;
  }

  /** When there may be something to tell. */
  nextDeadline(): Instant | undefined {
    let next: Instant | undefined;
    for (const { due } of this.#groups.values()) next = earliest(next, due);
    return next;
  }

  /** The groups to tell of now. */
  poll(now: Now): readonly AlertGroup[] {
    const groups: AlertGroup[] = [];
    for (const [key, group] of this.#groups) {
      if (group.due > now.at) continue;
      const told = this.#flush(group, now);
      if (told !== undefined) groups.push(told);
      if (group.members.size === 0) this.#groups.delete(key);
    }
    return groups;
  }

  #flush(group: Group, now: Now): AlertGroup | undefined {
    const { interval, repeat } = this.#options;
    const speaking = [...group.members.values()].filter(({ notice }) => notice.state === 'resolved' || !this.#silenced(notice, now));
    const changed = speaking.some(({ notice, told }) => notice.state === 'resolved' || !told);
    const again = group.told === undefined || now.at >= after(group.told, repeat);
    group.flushed = now.at;
    group.due = after(now.at, interval < repeat ? interval : repeat);
    if (speaking.length === 0 || !(changed || again)) return undefined;
    for (const member of speaking) {
      member.told = true;
      if (member.notice.state === 'resolved') group.members.delete(member.notice.fingerprint);
    }
    group.told = now.at;
    return { key: group.labels.fingerprint, labels: group.labels.pairs, notices: speaking.map(({ notice }) => notice), repeated: !changed };
  }
}

function latest(a: Instant, b: Instant): Instant {
  return a > b ? a : b;
}
