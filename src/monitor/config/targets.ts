import { hostname } from 'node:os';
import type { Secret } from '../../base/secret.ts';
import { type Duration, seconds } from '../../base/units.ts';
import type { StreamTls } from '../../host/net-listener.ts';
import type { Rotation } from '../../host/rotating-file.ts';
import { FACILITIES, type Facility } from '../../telemetry/shipping/syslog.ts';
import { described, type Field, flag, integer, list, made, map, oneOf, type Read, required, text, textAs } from './fields.ts';
import { address, clientTls, duration, fingerprintOf, PASSWORD, passwordOf, path, secret, secretFile } from './parts.ts';
import { parseTemplate, type Template } from '../delivery/template.ts';

/** Where log lines are shipped and alerts are delivered, as the configuration of the monitor has it. */

/** What all targets of a section share. */
export interface SpoolConfig {
  /** The folder below which each target has its spool. */
  readonly spool: string;
  /** Of each. */
  readonly spoolBytes: number;
}

/** `ship`. */
export interface ShipConfig extends SpoolConfig {
  readonly lines: boolean;
  readonly events: boolean;
  readonly targets: readonly Named<ShipHow>[];
}

/** `deliver`. */
export interface DeliverConfig extends SpoolConfig {
  readonly targets: readonly Named<DeliverHow>[];
}

/** One target. */
export interface Named<H> {
  readonly name: string;
  readonly how: H;
  /** Equal for equal configurations, secrets included; tells nothing about them. */
  readonly fingerprint: string;
}

/** Where something is posted. */
export interface HttpHow {
  readonly url: URL;
  readonly tls: StreamTls | undefined;
  readonly timeout: Duration;
  /** `Authorization` and others. */
  readonly login: { readonly user: string; readonly password: Secret } | undefined;
  readonly token: Secret | undefined;
}

/** How lines and events are shipped. */
export type ShipHow =
  | {
      readonly kind: 'syslog';
      readonly host: string;
      readonly port: number;
      readonly transport: 'udp' | 'tcp' | 'tls';
      readonly tls: StreamTls | undefined;
      readonly timeout: Duration;
      readonly facility: Facility;
      readonly hostname: string;
      readonly appName: string;
    }
  | (HttpHow & {
      readonly kind: 'loki';
      readonly job: string;
      readonly lines: 'text' | 'json';
      readonly gzip: boolean;
      readonly tenant: string | undefined;
    })
  | { readonly kind: 'file'; readonly path: string; readonly rotation: Rotation };

/** How alerts are delivered. */
export type DeliverHow =
  | (HttpHow & { readonly kind: 'alertmanager'; readonly resend: Duration })
  | (HttpHow & { readonly kind: 'webhook'; readonly secret: Secret | undefined; readonly body: Template | undefined })
  | {
      readonly kind: 'email';
      readonly host: string;
      readonly port: number;
      readonly security: 'none' | 'starttls' | 'tls';
      readonly tls: StreamTls | undefined;
      readonly timeout: Duration;
      readonly login: { readonly user: string; readonly password: Secret } | undefined;
      readonly from: string;
      readonly to: readonly string[];
      readonly subject: Template;
      readonly body: Template;
    };

const MIB = 1 << 20;
const TIMEOUT = seconds(10);
const RESEND = seconds(60);
const DAY = seconds(86_400);

const httpUrl = textAs('an http or https URL without a password in it', (word) => {
  if (!URL.canParse(word)) return undefined;
  const url = new URL(word);
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url : undefined;
});

const template = (): Field<Template> =>
  made(text('a text'), (words, site, node) => {
    const read = parseTemplate(words);
    return typeof read === 'string' ? site.problem(node, read) : read;
  });

const timeout = described(duration('100ms', '5m'), 'For each attempt; 10s unless given.');
const tls = described(clientTls(), 'TLS; `{}` trusts the authorities of the system.');

const HTTP = {
  url: required(described(httpUrl, 'Where it is posted. Redirections are not followed.')),
  tls,
  timeout,
  user: described(text('a name'), 'A name, with its password.'),
  ...PASSWORD,
  token: described(secret(), 'A bearer token; `${NAME}` takes it from the environment.'),
  'token-file': described(secretFile(), 'A file whose first line is the token.'),
};

const syslog = map({
  address: required(described(address(), 'Host and port.')),
  transport: described(oneOf('udp', 'tcp', 'tls'), 'tcp unless given; over UDP what the network loses is lost.'),
  tls,
  timeout,
  facility: described(textAs(`one of ${Object.keys(FACILITIES).join(', ')}`, facilityFrom), 'daemon unless given.'),
  hostname: described(text('a name'), 'The HOSTNAME of messages; the name of this machine unless given.'),
  'app-name': described(text('a name'), 'The APP-NAME of messages; openvpn unless given.'),
});

const loki = map({
  ...HTTP,
  job: described(text('a name'), 'The label `job`; openvpn unless given.'),
  lines: described(oneOf('text', 'json'), 'Lines as they were written, or JSON with all that is known of them; text unless given.'),
  gzip: described(flag(), 'Bodies are compressed.'),
  tenant: described(text('a name'), 'The header X-Scope-OrgID.'),
});

const file = map({
  path: required(described(path(), 'The file, of one JSON object a line.')),
  'max-mib': described(integer(1, 1_000_000), 'Put aside when it has so many MiB; 100 unless given.'),
  'max-age': described(duration('1m', '365d'), 'Put aside when it is so old; 1d unless given.'),
  keep: described(integer(1, 1000), 'How many of those put aside stay; 7 unless given.'),
});

const alertmanager = map({
  ...HTTP,
  resend: described(
    duration('1s', '1h'),
    'How often an alert that fires is told again; 1m unless given. It ends by itself four times later.',
  ),
});

const webhook = map({
  ...HTTP,
  secret: described(secret(), 'Signs what is posted, with HMAC-SHA256.'),
  'secret-file': described(secretFile(), 'A file whose first line is that secret.'),
  body: described(template(), 'A JSON text for each alert, instead of one for all; {{summary}} and the like are filled in.'),
});

const email = map({
  server: required(described(address(), 'Host and port of the mail server.')),
  security: described(oneOf('none', 'starttls', 'tls'), 'starttls unless given.'),
  tls,
  timeout,
  user: described(text('a name'), 'A name, with its password.'),
  ...PASSWORD,
  from: required(described(text('an address'), 'Who sends.')),
  to: required(described(list(text('an address'), { one: true }), 'Who gets it.')),
  subject: described(template(), 'Its subject; {{summary}} and the like are filled in.'),
  body: described(template(), 'What it says of each alert.'),
});

const NAME = required(
  described(textAs('a name of letters, digits, dots, dashes', nameFrom), 'The label `target` of its metrics, and its spool.'),
);

const SPOOL = {
  spool: required(described(path(), 'A folder of our own: what was not taken yet is kept there.')),
  'spool-mib': described(integer(1, 1_000_000), 'So many MiB of it for each target; beyond, the oldest go. 64 unless given.'),
};

/** The section `ship`. */
export const SHIP = map({
  ...SPOOL,
  lines: described(flag(), 'The lines of logs; true unless given.'),
  events: described(flag(), 'Sessions, failed logins and handshakes, states; true unless given.'),
  targets: required(described(list(map({ name: NAME, syslog, loki, file })), 'Where to; each has a name and one of syslog, loki, file.')),
});

/** The section `deliver`. */
export const DELIVER = map({
  ...SPOOL,
  targets: required(
    described(
      list(map({ name: NAME, alertmanager, webhook, email })),
      'Where to; each has a name and one of alertmanager, webhook, email.',
    ),
  ),
});

function nameFrom(word: string): string | undefined {
  return /^[A-Za-z0-9][\w.-]{0,63}$/.test(word) ? word : undefined;
}

function facilityFrom(word: string): Facility | undefined {
  return Object.keys(FACILITIES).find((name): name is Facility => name === word);
}

const SUBJECT = '[{{state}}] {{summary}}';
const BODY = '{{summary}}\n{{description}}\n\nstate: {{state}} since {{since}}\nlabels: {{labels}}\n{{runbook_url}}';

/** Makes the section out of what was read; what is wrong with it as a whole is told. */
export function shipFrom(raw: Read<typeof SHIP> | undefined, faults: string[]): ShipConfig | undefined {
  if (raw === undefined) return undefined;
  const targets = namedOf('ship', raw.targets, shipHow, faults);
  return { ...spoolOf(raw), lines: raw.lines ?? true, events: raw.events ?? true, targets };
}

/** The same of the other. */
export function deliverFrom(raw: Read<typeof DELIVER> | undefined, faults: string[]): DeliverConfig | undefined {
  return raw && { ...spoolOf(raw), targets: namedOf('deliver', raw.targets, deliverHow, faults) };
}

function spoolOf(raw: { readonly spool: string; readonly 'spool-mib': number | undefined }): SpoolConfig {
  return { spool: raw.spool, spoolBytes: (raw['spool-mib'] ?? 64) * MIB };
}

function namedOf<R extends { readonly name: string }, H>(
  section: string,
  raw: readonly R[],
  howOf: (raw: R) => H | string,
  faults: string[],
): Named<H>[] {
  const names = new Set<string>();
  return raw.flatMap((each) => {
    const how = howOf(each);
    if (names.has(each.name)) faults.push(`${section}.targets: two are called ${each.name}; each needs a name of its own`);
    names.add(each.name);
    if (typeof how !== 'string') return [{ name: each.name, how, fingerprint: fingerprintOf(each) }];
    faults.push(`${section}.targets: ${each.name}: ${how}`);
    return [];
  });
}

type RawShip = Read<typeof SHIP>['targets'][number];
type RawDeliver = Read<typeof DELIVER>['targets'][number];

/** Text says what is wrong. */
function shipHow({ syslog: toSyslog, loki: toLoki, file: toFile }: RawShip): ShipHow | string {
  if ([toSyslog, toLoki, toFile].filter((each) => each !== undefined).length !== 1) return 'give one of syslog, loki, file';
  if (toSyslog !== undefined) return syslogHow(toSyslog);
  if (toLoki !== undefined) {
    const { job = 'openvpn', lines = 'text', gzip = false, tenant } = toLoki;
    const http = httpHow(toLoki);
    return typeof http === 'string' ? http : { kind: 'loki', ...http, job, lines, gzip, tenant };
  }
  if (toFile === undefined) return 'give one of syslog, loki, file';
  const rotation = { maxBytes: (toFile['max-mib'] ?? 100) * MIB, maxAge: toFile['max-age'] ?? DAY, keep: toFile.keep ?? 7 };
  return { kind: 'file', path: toFile.path, rotation };
}

function syslogHow(raw: NonNullable<RawShip['syslog']>): ShipHow | string {
  if (raw.address.kind !== 'tcp') return 'syslog needs a host and a port';
  const transport = raw.transport ?? (raw.tls === undefined ? 'tcp' : 'tls');
  if (raw.tls !== undefined && transport !== 'tls') return `transport ${transport} has no TLS; give transport: tls`;
  return {
    kind: 'syslog',
    host: raw.address.host,
    port: raw.address.port,
    transport,
    tls: transport === 'tls' ? (raw.tls ?? {}) : undefined,
    timeout: raw.timeout ?? TIMEOUT,
    facility: raw.facility ?? 'daemon',
    hostname: raw.hostname ?? hostname(),
    appName: raw['app-name'] ?? 'openvpn',
  };
}

function deliverHow({ alertmanager: toManager, webhook: toHook, email: toMail }: RawDeliver): DeliverHow | string {
  if ([toManager, toHook, toMail].filter((each) => each !== undefined).length !== 1) return 'give one of alertmanager, webhook, email';
  if (toMail !== undefined) return emailHow(toMail);
  const http = httpHow(toManager ?? toHook);
  if (typeof http === 'string') return http;
  if (toManager !== undefined) return { kind: 'alertmanager', ...http, resend: toManager.resend ?? RESEND };
  return { kind: 'webhook', ...http, secret: toHook?.['secret-file'] ?? toHook?.secret, body: toHook?.body };
}

function emailHow(raw: NonNullable<RawDeliver['email']>): DeliverHow | string {
  if (raw.server.kind !== 'tcp') return 'server needs a host and a port';
  const login = loginOf(raw);
  if (typeof login === 'string') return login;
  const [subject, body] = [raw.subject ?? parseTemplate(SUBJECT), raw.body ?? parseTemplate(BODY)];
  if (typeof subject === 'string' || typeof body === 'string') return 'the templates are wrong';
  const { from, to, security = 'starttls', timeout: limit = TIMEOUT } = raw;
  return {
    kind: 'email',
    host: raw.server.host,
    port: raw.server.port,
    security,
    tls: raw.tls,
    timeout: limit,
    login,
    from,
    to,
    subject,
    body,
  };
}

type RawHttp = Read<typeof alertmanager> | Read<typeof webhook> | Read<typeof loki>;

function httpHow(raw: RawHttp | undefined): HttpHow | string {
  if (raw === undefined) return 'give a url';
  const login = loginOf(raw);
  if (typeof login === 'string') return login;
  if (raw.tls !== undefined && raw.url.protocol === 'http:') return 'TLS is for https';
  const token = raw['token-file'] ?? raw.token;
  if (token !== undefined && login !== undefined) return 'give a name with its password or a token, not both';
  return { url: raw.url, tls: raw.tls, timeout: raw.timeout ?? TIMEOUT, login, token };
}

function loginOf(raw: {
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  readonly 'password-file': Secret | undefined;
}): HttpHow['login'] | string {
  const password = passwordOf(raw);
  if (raw.user === undefined && password === undefined) return undefined;
  return raw.user === undefined || password === undefined ? 'give user and password, or neither' : { user: raw.user, password };
}
