import { fail, ok, type Result } from '../../base/result.ts';
import { seconds } from '../../base/units.ts';
import { CLIENT } from '../../messages/client.ts';
import { OURS } from '../../messages/ours.ts';
import type { Directive } from '../../options/parse.ts';
import { renderLine } from '../../options/render.ts';
import { standingAt } from '../../options/row.ts';
import { Collected } from '../settings/collected.ts';
import { controlSettings } from '../settings/control.ts';
import { commonDaemonSettings } from '../settings/daemon.ts';
import { checkPaths, scriptSettings, warnNotPersistent } from '../settings/process.ts';
import { verifyRules } from '../settings/tls.ts';
import type { RefusedConfiguration, SettingsContext } from '../settings-from-options.ts';
import type { ClientConfiguration, ClientModeSettings, PullSettings, QuerySettings } from './configuration.ts';
import { identityOf, loginOf, clientTls } from './identity.ts';
import { profilesOf } from './profiles.ts';

/** What makes a configuration a client's; the most telling first. */
const CLIENT_NAMES = ['client', 'pull', 'tls-client', 'remote', 'connection'];
const SERVER_NAMES = ['server', 'server-ipv6', 'server-bridge', 'tls-server'];

/** Options about the inside of the tunnel, which a client may have of its own beside those that its server pushes. */
const NETWORK = new Set([
  'ifconfig',
  'ifconfig-ipv6',
  'topology',
  'route',
  'route-ipv6',
  'route-gateway',
  'route-ipv6-gateway',
  'route-metric',
  'redirect-gateway',
  'redirect-private',
  'dhcp-option',
  'dns',
]);

/** Whether directives make a client or a server; with neither, a server, whose errors say what is missing. */
export function modeOf(names: ReadonlySet<string>, mode: string | undefined): 'client' | 'server' {
  if (mode === 'server' || SERVER_NAMES.some((name) => names.has(name))) return 'server';
  return CLIENT_NAMES.some((name) => names.has(name)) ? 'client' : 'server';
}

/** Makes a client's settings of directives in the order they stood; whatever is wrong comes back at once. */
export function clientFromOptions(
  directives: readonly Directive[],
  context: SettingsContext,
): Result<ClientConfiguration, RefusedConfiguration> {
  const collected = new Collected(directives, context.files);
  checkStandings(collected);
  checkMode(collected);
  const client = clientMode(collected);
  const daemon = commonDaemonSettings(collected, scriptSettings(collected));
  checkPaths(collected);
  warnNotPersistent(collected);
  const errors = collected.closedErrors();
  const { warnings } = collected;
  return errors.length > 0 ? fail({ errors, warnings }) : ok({ client, daemon, warnings });
}

function checkMode(collected: Collected): void {
  if (modeOf(new Set(collected.names()), collected.value('mode')) === 'server') {
    collected.error("this is a server's configuration, and the process that reads it is a client");
  }
  if (!collected.has('client') && !collected.has('tls-client')) {
    collected.error('a client needs --client (or --tls-client and --pull): static keys are not supported here');
  }
  if (!collected.has('client') && !collected.has('pull')) {
    collected.error('--tls-client without --pull connects two equal peers, which is not in this release; use --client');
  }
  const tunnelled = collected.all('management').find(({ values }) => values[0] === 'tunnel' && !collected.has('management-client'));
  if (tunnelled !== undefined) collected.error('--management tunnel is for servers in this release', tunnelled);
  const compression = collected.last('allow-compression');
  if (compression !== undefined && compression.values[0] !== 'no') {
    collected.error('--allow-compression: only no is supported here: compression inside a VPN leaks what is encrypted', compression);
  }
  if (!collected.has('dev')) collected.error('You must define TUN/TAP device (--dev)');
}

/** Refuses and ignores by name what the table says, each name once. */
function checkStandings(collected: Collected): void {
  for (const name of collected.names()) {
    const directive = collected.last(name);
    const standing = directive === undefined ? 'done' : standingAt(directive.row, 'client');
    if (directive === undefined || standing === 'done') continue;
    if ('ignored' in standing) collected.warn(OURS.optionIgnored, { option: name, reason: standing.ignored });
    else if (directive.row.side === 'server') collected.error(`--${name} requires --mode server`, directive);
    else collected.error(`--${name} is not supported here: ${standing.refused}`, directive);
  }
}

function clientMode(collected: Collected): ClientModeSettings {
  const { wrap, ...control } = controlSettings(collected);
  const keepalive = collected.last('keepalive')?.values.map(Number);
  const login = loginOf(collected);
  if (login !== undefined && login.password !== undefined && !login.forget) collected.warn(CLIENT.cachesPasswords, {});
  const verify = verifyRules(collected);
  if (!VERIFYING.some((name) => collected.has(name))) collected.warn(CLIENT.noServerVerification, {});
  const [after = 0, bytes = 0] = collected.last('inactive')?.values.map(Number) ?? [];
  const [size = 64, windowSeconds = 15] = collected.last('replay-window')?.values.map(Number) ?? [];
  const ping = collected.number('ping') ?? keepalive?.[0];
  return {
    profiles: profilesOf(collected, wrap),
    shuffle: collected.has('remote-random'),
    retry: retryOf(collected),
    identity: identityOf(collected),
    tls: clientTls(collected),
    verify,
    control,
    login,
    queries: queriesOf(collected),
    pull: pullOf(collected),
    network: {
      options: collected.directives.filter(({ name }) => NETWORK.has(name)).map(({ name, values }) => renderLine(name, values)),
      setRoutes: !collected.has('route-noexec'),
    },
    inactive: after === 0 ? undefined : { after: seconds(after), bytes },
    sessionTimeout: collected.number('session-timeout') === 0 ? undefined : collected.duration('session-timeout'),
    ping: ping === undefined || ping === 0 ? undefined : seconds(ping),
    silence: silenceOf(collected, keepalive?.[1]),
    tellsMore: collected.has('push-peer-info'),
    peerInfo: peerInfoOf(collected),
    replayWindow: { size, seconds: windowSeconds },
    muteReplayWarnings: collected.has('mute-replay-warnings'),
    tlsExit: collected.has('tls-exit'),
  };
}

/** Each tells the server from everybody else with a certificate of the same authority. */
const VERIFYING = ['remote-cert-tls', 'remote-cert-eku', 'remote-cert-ku', 'verify-x509-name', 'peer-fingerprint'];

function silenceOf(collected: Collected, keepalive: number | undefined): ClientModeSettings['silence'] {
  const exit = collected.number('ping-exit');
  const restart = collected.number('ping-restart') ?? keepalive;
  if (exit !== undefined && exit > 0) return { after: seconds(exit), outcome: 'ping-exit' };
  return restart === undefined || restart === 0 ? undefined : { after: seconds(restart), outcome: 'ping-restart' };
}

function retryOf(collected: Collected): ClientModeSettings['retry'] {
  const [first = 1, longest = 300] = collected.last('connect-retry')?.values.map(Number) ?? [];
  const resolve = collected.last('resolv-retry');
  const forHow = resolve?.values[0] ?? 'infinite';
  if (forHow !== 'infinite' && !/^\d{1,9}$/.test(forHow))
    collected.error(`--resolv-retry: '${forHow}' is neither seconds nor infinite`, resolve);
  return {
    first: seconds(first),
    longest: seconds(longest),
    maxRounds: collected.number('connect-retry-max'),
    resolve: forHow === 'infinite' ? undefined : seconds(Number(forHow)),
  };
}

function queriesOf(collected: Collected): QuerySettings {
  return {
    passwords: collected.has('management-query-passwords'),
    remote: collected.has('management-query-remote'),
    proxy: collected.has('management-query-proxy'),
  };
}

function pullOf(collected: Collected): PullSettings {
  return {
    enabled: collected.has('client') || collected.has('pull'),
    filters: collected.all('pull-filter').map(({ values: [action, prefix = ''] }) => ({
      action: action === 'accept' || action === 'reject' ? action : 'ignore',
      prefix,
    })),
    withoutRoutes: collected.has('route-nopull'),
  };
}

/** `UV_*` is told with `push-peer-info` alone; what a user interface says of itself always (facts: management 15). */
function peerInfoOf(collected: Collected): [string, string][] {
  const told = collected.has('push-peer-info') ? /^(?:UV_\w+|IV_SSO|IV_GUI_VER)$/ : /^IV_(?:SSO|GUI_VER)$/;
  return collected
    .all('setenv')
    .filter(({ values: [name = ''] }) => told.test(name))
    .map(({ values: [name = '', value = ''] }) => [name, value]);
}
