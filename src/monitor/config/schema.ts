import { seconds } from '../../base/units.ts';
import {
  described,
  type Field,
  flag,
  integer,
  list,
  made,
  map,
  oneOf,
  type Read,
  required,
  share,
  shortOr,
  text,
  textAs,
} from './fields.ts';
import { address, clientTls, duration, PASSWORD, path, secret, secretFile, serverTls } from './parts.ts';
import { ALERTS, RULE_CHANGES } from './alerts.ts';
import { DELIVER, SHIP } from './targets.ts';

/** Every key of the configuration of the monitor, with what it means. What they make is in `config.ts`. */

const management = shortOr(
  made(address(), (where) => ({ ...NOTHING_ABOUT_MANAGEMENT, address: where })),
  map({
    address: required(described(address(), 'Where the management interface of the daemon listens.')),
    ...PASSWORD,
    tls: described(clientTls(), 'The interface is behind TLS; `{}` trusts the authorities of the system.'),
    poll: described(duration('1s', '1h'), 'How often status and load are asked for; 15s unless given.'),
    bytecount: described(duration('1s', '1h'), 'How often the daemon tells byte counts; 10s unless given.'),
    timeout: described(duration('100ms', '5m'), 'For connecting and for each reply; 10s unless given.'),
  }),
);

const NOTHING_ABOUT_MANAGEMENT = {
  password: undefined,
  'password-file': undefined,
  tls: undefined,
  poll: undefined,
  bytecount: undefined,
  timeout: undefined,
};

const statusFile = shortOr(
  made(path(), (file) => ({ path: file, 'stale-after': undefined })),
  map({
    path: required(described(path(), 'The status file that the daemon writes, of any version.')),
    'stale-after': described(duration('1s', '7d'), 'A file that was not written for so long tells nothing any more; 3m unless given.'),
  }),
);

const pid = made(textAs('a process id, the path of a file that holds one, or the word management', pidFrom), (source, site) =>
  source.kind === 'file' ? { kind: 'file' as const, path: site.resolve(source.path) } : source,
);

/** Where the id of a daemon's process is known from. */
export type PidSource =
  | { readonly kind: 'number'; readonly pid: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'management' };

function pidFrom(word: string): PidSource | undefined {
  if (word === 'management') return { kind: 'management' };
  if (!/^\d+$/.test(word)) return { kind: 'file', path: word };
  return /^[1-9]\d{0,8}$/.test(word) ? { kind: 'number', pid: Number(word) } : undefined;
}

const gatewayPlace = shortOr(
  made(address(), (where) => ({ ...NOTHING_ABOUT_PLACE, address: where })),
  map({
    address: required(described(address(), 'Where clients of the gateway connect.')),
    role: described(
      oneOf('read', 'operate', 'authenticate'),
      'What its clients may do: look; also change and end things; also decide about logins. read unless given.',
    ),
    ...PASSWORD,
    tls: described(serverTls(), 'TLS, on TCP alone.'),
    mode: described(textAs('an octal mode such as 0660', modeFrom), 'Of a unix socket: who may open it; 0600 unless given.'),
  }),
);

const NOTHING_ABOUT_PLACE = { role: undefined, password: undefined, 'password-file': undefined, tls: undefined, mode: undefined };

function modeFrom(word: string): number | undefined {
  return /^0?[0-7]{3}$/.test(word) ? Number.parseInt(word, 8) : undefined;
}

const gateway = map({
  listen: required(described(list(gatewayPlace, { one: true }), 'Where clients connect.')),
  keep: described(flag(), 'Clients stay connected when the daemon is lost. Client ids begin anew then.'),
  'log-history': described(integer(0, 1_000_000), 'Lines of the log that are kept; 10000 unless given.'),
  'state-history': described(integer(0, 100_000), 'States that are kept; 1000 unless given.'),
  'max-connections': described(integer(1, 1000), 'Clients at once.'),
});

const health = map({
  'age-seconds': described(integer(1, 864_000), 'Seconds that figures may be old.'),
  'connecting-seconds': described(integer(1, 864_000), 'Seconds that a client daemon may take to connect.'),
  'min-clients': described(integer(0, 1_000_000), 'Fewer connected clients are wrong.'),
  'max-clients': described(integer(0, 1_000_000), 'More connected clients are wrong.'),
  'pool-share': described(share(), 'Share of the pool that may be used.'),
  'certificate-days': described(integer(0, 3650), 'Days that certificates and lists must still be valid.'),
  'free-share': described(share(), 'Share of a disk that must be free.'),
  'open-files-share': described(share(), 'Share of its open files that a daemon may use.'),
});

const certificates = map({
  cert: described(list(path(), { one: true }), 'Files with certificates of the daemon; those inside an .ovpn file count.'),
  ca: described(list(path(), { one: true }), 'Files with certificates of authorities.'),
  crl: described(list(path(), { one: true }), 'Files with revocation lists.'),
});

const daemon = map({
  name: required(described(text('a name'), 'The label `daemon` of its metrics, and its place below /health/.')),
  management: described(management, 'The management interface: its address, or a map.'),
  'status-file': described(statusFile, 'A status file: its path, or a map.'),
  'log-file': described(path(), 'The log of the daemon; followed from its end on, over rotations.'),
  pid: described(pid, 'Its process on this machine: an id, the path of a pid file, or `management`, which asks the daemon.'),
  certificates: described(certificates, 'Certificates and revocation lists whose end is watched.'),
  gateway: described(gateway, 'A management interface for many clients in front of this daemon.'),
  health: described(health, 'When it is well; goes before what holds for all.'),
  alerts: described(RULE_CHANGES, 'Rules with thresholds of their own for this daemon; they go before those for all.'),
});

const http = map({
  listen: described(list(address(), { one: true }), 'Where metrics and health are served; 127.0.0.1:9176 unless given.'),
  tls: described(serverTls(), 'TLS, on TCP alone.'),
  basic: described(
    list(
      map({
        user: required(described(textAs('a name without a colon', userFrom), 'The name.')),
        ...PASSWORD,
      }),
      { one: true },
    ),
    'Who may read: names with passwords.',
  ),
  bearer: described(
    list(
      map({
        token: described(secret(), 'The token; `${NAME}` takes it from the environment.'),
        'token-file': described(secretFile(), 'A file whose first line is the token.'),
      }),
      { one: true },
    ),
    'Who may read: tokens.',
  ),
  tokens: described(
    list(
      map({
        token: described(secret(), 'The token; `${NAME}` takes it from the environment.'),
        'token-file': described(secretFile(), 'A file whose first line is the token.'),
        role: required(described(oneOf('read', 'operate'), 'What it lets do: look; also change things, such as silencing alerts.')),
      }),
      { one: true },
    ),
    'Tokens with what they let do.',
  ),
});

function userFrom(word: string): string | undefined {
  return word.includes(':') ? undefined : word;
}

const series = map({
  mode: described(oneOf('off', 'user', 'client', 'top'), 'Which series there are a user or client; off unless given.'),
  top: described(integer(1, 100_000), 'With `top`: how many users have a series of their own; 20 unless given.'),
  max: described(integer(1, 1_000_000), 'Series of users in the whole fleet; all above are summed as (other). 10000 unless given.'),
  'hash-key-file': described(secretFile(), 'Shows a hash of each name, keyed with the first line of this file.'),
});

const history = map({
  file: required(described(path(), 'The SQLite database; it is made where there is none.')),
  keep: described(duration('1h', '3650d'), 'How long records are kept; 365d unless given.'),
  'max-megabytes': described(integer(1, 1_000_000), 'A larger database loses its oldest records; 1024 unless given.'),
  'hash-key-file': described(
    secretFile(),
    'Keeps a hash of each name and address, keyed with the first line of this file; who searches needs it too.',
  ),
});

/** The whole configuration. */
export const CONFIG_SCHEMA = map({
  daemons: required(described(list(daemon), 'What is watched.')),
  http: described(http, 'Where metrics and health are served.'),
  history: described(history, 'A record of sessions, failed logins, states, alerts and commands.'),
  series: described(series, 'Series of users and clients.'),
  compat: described(list(oneOf('kumina'), { one: true }), 'Also serves the metrics of openvpn_exporter, by their names.'),
  'silent-after': described(duration('1s', '1d'), 'A better source that is silent for so long lets worse ones speak; 150s unless given.'),
  'max-clients': described(integer(1, 1_000_000), 'Clients that are known of one daemon at once; 65536 unless given.'),
  health: described(health, 'When daemons are well.'),
  alerts: described(ALERTS, 'When alerts fire, and how they are told of.'),
  ship: described(SHIP, 'Lines of logs, and events, go to central logs.'),
  deliver: described(DELIVER, 'Alerts go to people, or to what tells them.'),
  verb: described(integer(0, 11), 'How much the monitor itself logs; 3 unless given.'),
});

/** What the file says, before it is checked as a whole. */
export type RawConfig = Read<typeof CONFIG_SCHEMA>;

/** One daemon of it. */
export type RawDaemon = Read<typeof daemon>;

/** Its thresholds. */
export type RawHealth = Read<typeof health>;

/** JSON Schema of the configuration, for editors. */
export function configSchema(): object {
  const { schema }: Field<unknown> = CONFIG_SCHEMA;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of tunnelscope monitor',
    ...schema,
  };
}

/** What holds where nothing is said about the management interface. */
export const MANAGEMENT_DEFAULTS = { poll: seconds(15), bytecount: seconds(10), timeout: seconds(10) };
