import type { WallTime } from '../base/units.ts';
import type { FeedItem } from '../monitor/feed.ts';
import type { EventRecord, NewEvent, SessionRecord } from '../monitor/history/records.ts';
import type { AlertView } from '../telemetry/alerts/evaluator.ts';
import type { Silence } from '../telemetry/alerts/silences.ts';

/** What is served, as objects; programs rely on these names. What is not known is left out. */

/** A moment as text. */
export function isoOf(time: WallTime): string;
export function isoOf(time: WallTime | undefined): string | undefined;
export function isoOf(time: WallTime | undefined): string | undefined {
  return time === undefined ? undefined : new Date(Math.min(8.64e15, Math.max(-8.64e15, time))).toISOString();
}

/** A session of the history. */
export function sessionObject({ started, ended, updated, ...session }: SessionRecord): object {
  return { ...session, started: isoOf(started), ended: isoOf(ended), updated: isoOf(updated) };
}

/** An event of the history. */
export function eventObject({ time, ...event }: EventRecord | NewEvent): object {
  return { ...event, time: isoOf(time) };
}

/** Something that has just happened. */
export function feedObject({ about }: Pick<FeedItem, 'about'>): object {
  if ('kind' in about) return eventObject(about);
  return { ...about, time: isoOf(about.time), since: isoOf(about.since) };
}

/** An alert, with the silences that it has now. */
export function alertObject(alert: AlertView, silencedBy: readonly string[]): object {
  const { rule, state, labels, annotations, active, since, value, fingerprint } = alert;
  return {
    rule: rule.name,
    state,
    labels: Object.fromEntries(labels),
    annotations: Object.fromEntries(annotations),
    active: isoOf(active),
    since: isoOf(since),
    value,
    fingerprint,
    silencedBy,
  };
}

/** A silence. */
export function silenceObject({ id, matchers, starts, ends, by, comment }: Silence): object {
  return { id, matchers, starts: isoOf(starts), ends: isoOf(ends), by, comment };
}
