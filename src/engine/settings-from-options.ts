import type { Random } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Note } from '../messages/notes.ts';
import { OURS } from '../messages/ours.ts';
import type { Directive } from '../options/parse.ts';
import type { DaemonSettings } from './daemon-settings.ts';
import { authSettings, clientLimits, hookSettings } from './settings/clients.ts';
import { Collected, type SettingsFiles } from './settings/collected.ts';
import { controlSettings } from './settings/control.ts';
import { commonDaemonSettings, fileWithInterval } from './settings/daemon.ts';
import { networkSettings } from './settings/network.ts';
import { checkPaths, scriptSettings, warnNotPersistent } from './settings/process.ts';
import { tunnelRoutes } from './settings/routes.ts';
import { tlsSettings, verifyRules } from './settings/tls.ts';
import { listenSettings, packetSettings } from './settings/transport.ts';
import type { ServerSettings } from './settings.ts';

export type { SettingsFiles } from './settings/collected.ts';

/** A configuration that can run. */
export interface Configuration {
  readonly server: ServerSettings;
  readonly daemon: DaemonSettings;
  /** What to log before the start, in order. */
  readonly warnings: readonly Note[];
}

/** A configuration that cannot: every error that was found, with the lines that stock closes them by. */
export interface RefusedConfiguration {
  readonly errors: readonly Note[];
  readonly warnings: readonly Note[];
}

/** What settings are made with, beside the directives. */
export interface SettingsContext {
  readonly files: SettingsFiles;
  /** For the key of tokens where no file gives one. */
  readonly random: Random;
}

/**
 * Makes settings of directives in the order they stood. Reads the files that certificates and keys are in; whatever is
 * wrong with them or with the configuration comes back at once, not one by one.
 */
export function settingsFromOptions(
  directives: readonly Directive[],
  context: SettingsContext,
): Result<Configuration, RefusedConfiguration> {
  const collected = new Collected(directives, context.files);
  const serves = checkMode(collected);
  if (serves) checkStandings(collected);
  const settings = serves ? build(collected, context.random) : undefined;
  const errors = collected.closedErrors();
  const { warnings } = collected;
  return settings === undefined || errors.length > 0 ? fail({ errors, warnings }) : ok({ ...settings, warnings });
}

/** Directives that make a client, most telling first. */
const CLIENT_NAMES = ['client', 'tls-client', 'pull', 'remote', 'auth-user-pass', 'nobind'];

/** What stock says when one of them meets a server. */
const WITH_SERVER: Readonly<Record<string, string>> = {
  client: '--server and --client cannot be used together',
  'tls-client': 'specify only one of --tls-server, --tls-client, or --secret',
  'auth-user-pass': '--auth-user-pass cannot be used with --mode server (it should be used on the client side only)',
  'redirect-gateway': '--redirect-gateway cannot be used with --mode server (however --push "redirect-gateway" is fine)',
  'redirect-private': '--redirect-private cannot be used with --mode server (however --push "redirect-private" is fine)',
};

/** Says why this is not a server's configuration; true when it is one. */
function checkMode(collected: Collected): boolean {
  const serves = collected.has('server') || collected.has('server-ipv6') || collected.value('mode') === 'server';
  const client = CLIENT_NAMES.find((name) => collected.has(name));
  if (serves) {
    const helper = collected.has('server') || collected.has('server-ipv6');
    if (!helper && !collected.has('tls-server')) collected.error('--mode server requires --tls-server', collected.last('mode'));
    return true;
  }
  if (client !== undefined) {
    collected.error(`--${client} makes this a client's configuration, and the process that reads it is a server`, collected.last(client));
  } else {
    collected.error(
      'only multi-client servers are in this release: --server or --server-ipv6 is missing (or --mode server with --tls-server)',
    );
  }
  return false;
}

/** Refuses and ignores by name what the table says, each name once. */
function checkStandings(collected: Collected): void {
  for (const name of collected.names()) {
    const directive = collected.last(name);
    if (directive === undefined || directive.row.standing === 'done') continue;
    if ('ignored' in directive.row.standing) {
      collected.warn(OURS.optionIgnored, { option: name, reason: directive.row.standing.ignored });
    } else {
      const isClient = directive.row.side === 'client';
      const stock = WITH_SERVER[name] ?? (isClient ? `--${name} cannot be used with --mode server` : undefined);
      collected.error(stock ?? `--${name} is not supported here: ${directive.row.standing.refused}`, directive);
    }
  }
  const compression = collected.last('allow-compression');
  if (compression !== undefined && compression.values[0] !== 'no') {
    collected.error('--allow-compression: only no is supported here: compression inside a VPN leaks what is encrypted', compression);
  }
}

function build(collected: Collected, random: Random): Omit<Configuration, 'warnings'> | undefined {
  const listen = listenSettings(collected);
  const scripts = scriptSettings(collected);
  const tls = tlsSettings(collected);
  const server: ServerSettings = {
    topology: 'subnet',
    ...networkSettings(collected),
    ...clientLimits(collected),
    ...packetSettings(collected, listen.transport),
    control: controlSettings(collected),
    verify: verifyRules(collected),
    auth: authSettings(collected, random),
    hooks: hookSettings(new Set(scripts.commands.keys())),
    statusVersion: statusVersion(collected),
    transport: listen.transport,
  };
  const daemon = daemonSettings(collected, { listen, scripts });
  checkPaths(collected);
  warnNotPersistent(collected);
  return tls && { server, daemon: { ...daemon, tls } };
}

function statusVersion(collected: Collected): 1 | 2 | 3 {
  const version = collected.number('status-version');
  return version === 2 || version === 3 ? version : 1;
}

function daemonSettings(collected: Collected, parts: Pick<DaemonSettings, 'listen' | 'scripts'>): Omit<DaemonSettings, 'tls'> {
  return {
    ...parts,
    routes: tunnelRoutes(collected),
    clientConfigDir: collected.value('client-config-dir'),
    tmpDir: collected.value('tmp-dir'),
    poolPersist: fileWithInterval(collected, 'ifconfig-pool-persist', 600),
    ...commonDaemonSettings(collected, parts.scripts),
  };
}
