import { createTransport, type Transporter } from 'nodemailer';
import { reasonOf, unreachable } from '../../base/errors.ts';
import type { Clock } from '../../host/clock.ts';
import type { AlertNotice } from '../../telemetry/alerts/notice.ts';
import type { DeliverHow } from '../config/targets.ts';
import { JSON_BODY, TargetPoster } from '../targets/http.ts';
import type { Sender, SendResult } from '../targets/sender.ts';
import { alertmanagerBody, idOf, signatureHeaders, webhookBody } from './bodies.ts';
import { unpackNotice } from './notice-record.ts';
import { fillTemplate, insideJson } from './template.ts';

/** What brings word of alerts to a target. */

type How<K extends DeliverHow['kind']> = Extract<DeliverHow, { kind: K }>;

const TAKEN: SendResult = { kind: 'taken' };
/** Alerts whose text stands in one mail; of more it says how many. */
const MOST_IN_MAIL = 50;

/** The sender for a target's configuration. */
export function deliverSender(how: DeliverHow, clock: Clock): Sender {
  switch (how.kind) {
    case 'alertmanager':
      return new AlertmanagerSender(how, clock);
    case 'webhook':
      return new WebhookSender(how, clock);
    case 'email':
      return new MailSender(how);
    default:
      return unreachable(how);
  }
}

function unpacked(records: readonly Buffer[]): AlertNotice[] {
  return records.flatMap((bytes) => unpackNotice(bytes) ?? []);
}

class AlertmanagerSender implements Sender {
  readonly where: string;
  readonly #how: How<'alertmanager'>;
  readonly #poster: TargetPoster;
  readonly #clock: Clock;

  constructor(how: How<'alertmanager'>, clock: Clock) {
    this.#how = how;
    this.#clock = clock;
    this.#poster = new TargetPoster(how, how.url.pathname.endsWith('/alerts') ? '' : '/api/v2/alerts');
    this.where = this.#poster.where;
  }

  async send(records: readonly Buffer[]): Promise<SendResult> {
    const notices = unpacked(records);
    if (notices.length === 0) return TAKEN;
    return this.#poster.post(Buffer.from(alertmanagerBody(notices, this.#clock.now().wall, this.#how.resend)));
  }

  close(): Promise<void> {
    this.#poster.close();
    return Promise.resolve();
  }
}

class WebhookSender implements Sender {
  readonly where: string;
  readonly #how: How<'webhook'>;
  readonly #poster: TargetPoster;
  readonly #clock: Clock;

  constructor(how: How<'webhook'>, clock: Clock) {
    this.#how = how;
    this.#clock = clock;
    this.#poster = new TargetPoster(how);
    this.where = this.#poster.where;
  }

  /** One post for all; with a body of its own one for each, which of a few may come twice when one fails. */
  async send(records: readonly Buffer[]): Promise<SendResult> {
    const notices = unpacked(records);
    const { body } = this.#how;
    if (notices.length === 0) return TAKEN;
    if (body === undefined) return this.#post(webhookBody(notices), {});
    let refused: SendResult | undefined;
    for (const notice of notices) {
      const result = await this.#post(fillTemplate(body, notice, insideJson), { 'x-tunnelscope-id': idOf(notice) });
      if (result.kind === 'failed') return result;
      if (result.kind === 'refused') refused = result;
    }
    return refused ?? TAKEN;
  }

  close(): Promise<void> {
    this.#poster.close();
    return Promise.resolve();
  }

  #post(text: string, headers: Readonly<Record<string, string>>): Promise<SendResult> {
    const body = Buffer.from(text);
    const { secret } = this.#how;
    const signed = secret === undefined ? {} : signatureHeaders(body, secret.reveal(), this.#clock.now().wall);
    return this.#poster.post(body, { ...JSON_BODY, ...headers, ...signed });
  }
}

class MailSender implements Sender {
  readonly where: string;
  readonly #how: How<'email'>;
  readonly #transport: Transporter;

  constructor(how: How<'email'>) {
    this.#how = how;
    const { host, port, security, tls, timeout, login } = how;
    this.where = `mail server ${host}:${port}`;
    this.#transport = createTransport({
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
      dnsTimeout: timeout,
      disableFileAccess: true,
      disableUrlAccess: true,
      tls: {
        minVersion: 'TLSv1.2',
        ...(tls?.ca !== undefined && { ca: tls.ca }),
        ...(tls?.cert !== undefined && { cert: tls.cert, key: tls.key }),
        ...(tls?.serverName !== undefined && { servername: tls.serverName }),
      },
      ...(login !== undefined && { auth: { user: login.user, pass: login.password.reveal() } }),
    });
  }

  /** One mail for all; a mail server that says never (5xx) is believed. */
  async send(records: readonly Buffer[]): Promise<SendResult> {
    const notices = unpacked(records);
    const [first] = notices;
    if (first === undefined) return TAKEN;
    const { from, to, subject, body } = this.#how;
    const more = notices.length === 1 ? '' : ` (and ${notices.length - 1} more)`;
    const texts = notices.slice(0, MOST_IN_MAIL).map((notice) => fillTemplate(body, notice));
    const left = notices.length - texts.length;
    try {
      await this.#transport.sendMail({
        from,
        to: [...to],
        subject: `${fillTemplate(subject, first)}${more}`.replace(/[\0-\x1f\x7f]+/g, ' ').slice(0, 500),
        text: [...texts, ...(left > 0 ? [`and ${left} more`] : [])].join('\n\n'),
        headers: { 'X-Tunnelscope-Id': idOf(first), 'Auto-Submitted': 'auto-generated' },
      });
      return TAKEN;
    } catch (thrown) {
      const code = thrown instanceof Error && 'responseCode' in thrown && typeof thrown.responseCode === 'number' ? thrown.responseCode : 0;
      const kind = NEVER.has(code) ? 'refused' : 'failed';
      return {
        kind,
        reason: reasonOf(thrown)
          .replace(/[^ -~]+/g, ' ')
          .slice(0, 300),
      };
    }
  }

  close(): Promise<void> {
    this.#transport.close();
    return Promise.resolve();
  }
}

/** The message itself or all who shall get it are wrong; wrong passwords and full boxes may come right. */
const NEVER = new Set([550, 551, 552, 553, 554]);
