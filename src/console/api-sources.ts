import type { Result } from '../base/result.ts';
import type { Now } from '../base/units.ts';
import type { Feed } from '../monitor/feed.ts';
import type { HistoryStore } from '../monitor/history/store.ts';
import type { AlertView } from '../telemetry/alerts/evaluator.ts';
import type { Silence, SilenceRequest } from '../telemetry/alerts/silences.ts';

/** Alerts and silences, as the API needs them. */
export interface AlertSource {
  readonly alerts: Iterable<AlertView>;
  readonly silences: readonly Silence[];
  silencedBy(labels: ReadonlyMap<string, string>): readonly string[];
  addSilence(request: SilenceRequest): Result<Silence, string>;
  removeSilence(id: string): boolean;
}

/** What the API shows and changes. */
export interface ApiSources {
  readonly now: () => Now;
  readonly version: string;
  readonly alerts: AlertSource;
  readonly feed: Feed;
  /** The history to search, and how a name is written in it; undefined where none is kept. */
  readonly history: () =>
    | { readonly store: HistoryStore; readonly names: { of(name: string | undefined): string | undefined } }
    | undefined;
  readonly clock: { readonly schedule: (at: Now['at'], run: () => void) => () => void };
}
