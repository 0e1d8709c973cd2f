import { createHmac } from 'node:crypto';
import type { WallTime } from '../../base/units.ts';
import type { AlertNotice } from '../../telemetry/alerts/notice.ts';
import { dateText } from './template.ts';

/** What is posted about alerts. */

/** How much longer than the time between two tellings an alert fires by itself: as Prometheus has it. */
const LASTS = 4;

/**
 * A body of Alertmanager's `POST /api/v2/alerts`. An alert that fires has an end in the future, so that it is over when nobody tells
 * of it any more.
 */
export function alertmanagerBody(notices: readonly AlertNotice[], now: WallTime, resendMs: number): string {
  return JSON.stringify(
    notices.map(({ labels, annotations, since, ended, state }) => ({
      labels: filledOf(labels),
      annotations: filledOf(annotations),
      startsAt: dateText(since),
      endsAt: dateText(state === 'resolved' ? (ended ?? now) : now + LASTS * resendMs),
      ...generatorOf(annotations),
    })),
  );
}

/** Alertmanager takes no label without a value. */
function filledOf(texts: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...texts].filter(([, text]) => text !== ''));
}

/** It must be a URL there. */
function generatorOf(annotations: ReadonlyMap<string, string>): { generatorURL?: string } {
  const url = annotations.get('runbook_url');
  return url !== undefined && /^https?:\/\//.test(url) && URL.canParse(url) ? { generatorURL: url } : {};
}

/** A body of the webhook: all notices of one post. `id` is the same when a notice comes once more. */
export function webhookBody(notices: readonly AlertNotice[]): string {
  return JSON.stringify({
    version: 1,
    alerts: notices.map((notice) => ({
      id: idOf(notice),
      rule: notice.rule,
      state: notice.state,
      labels: Object.fromEntries(notice.labels),
      annotations: Object.fromEntries(notice.annotations),
      since: dateText(notice.since),
      ...(notice.ended !== undefined && { ended: dateText(notice.ended) }),
      ...(Number.isFinite(notice.value) && { value: notice.value }),
      fingerprint: notice.fingerprint,
    })),
  });
}

/** What makes two notices the same. */
export function idOf({ fingerprint, state, since, ended }: AlertNotice): string {
  return `${fingerprint}-${state}-${ended ?? since}`;
}

/**
 * The headers that say who posted a body, and when: the signature is HMAC-SHA256 over the seconds since 1970, a dot, and the body.
 * A receiver that refuses old seconds cannot be told the same once more by somebody else.
 */
export function signatureHeaders(body: Uint8Array, secret: string, now: WallTime): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const signature = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return { 'x-tunnelscope-timestamp': timestamp, 'x-tunnelscope-signature': `sha256=${signature}` };
}
