import { Secret } from '../../base/secret.ts';
import { MANAGEMENT } from '../../messages/management.ts';
import type { Directive } from '../../options/parse.ts';
import type { ManagementListener, ManagementPlaceKind, ManagementRole, ManagementSettings } from '../daemon-settings.ts';
import type { Collected } from './collected.ts';

/** Stock's words for an option that says how a management interface behaves where there is none. */
export const WITHOUT_MANAGEMENT =
  '--management is not specified, however one or more options which modify the behavior of --management were specified';

/** Options about the management interface as a whole. */
const ABOUT_ALL = [
  'management-log-cache',
  'management-client',
  'management-client-user',
  'management-client-group',
  'management-hold',
  'management-signal',
  'management-forget-disconnect',
  'management-query-passwords',
  'management-up-down',
  'management-single',
];

/** Options about the `management` line that they follow. */
const ABOUT_ONE: ReadonlySet<string> = new Set(['management-role', 'management-tls', 'management-socket']);

/** How the management interface behaves, apart from where it is. */
export function managementSettings(collected: Collected): ManagementSettings {
  if (!collected.has('management')) {
    const stray = ABOUT_ALL.find((name) => collected.has(name));
    if (stray !== undefined) collected.error(WITHOUT_MANAGEMENT, collected.last(stray));
  }
  const settings: ManagementSettings = {
    connectOut: collected.has('management-client'),
    clientUser: collected.value('management-client-user'),
    clientGroup: collected.value('management-client-group'),
    hold: collected.has('management-hold'),
    signal: collected.has('management-signal'),
    forgets: collected.has('management-forget-disconnect'),
    upDown: collected.has('management-up-down'),
    single: collected.has('management-single'),
  };
  const peerChecked = settings.clientUser !== undefined || settings.clientGroup !== undefined;
  const elsewhere = collected.all('management').find(({ values }) => values[1] !== 'unix');
  if (peerChecked && elsewhere !== undefined) {
    collected.error(
      '--management-client-user and --management-client-group need unix sockets: the users of others are not known',
      elsewhere,
    );
  }
  return settings;
}

/** Every `management` line with what follows it; stock has only the last. */
export function managementListeners(collected: Collected): ManagementListener[] {
  const listeners: ManagementListener[] = [];
  let open: ManagementListener | undefined;
  for (const directive of collected.directives) {
    if (directive.name === 'management') {
      open = managementListener(collected, directive);
      if (open !== undefined) listeners.push(open);
    } else if (ABOUT_ONE.has(directive.name)) {
      if (open === undefined) collected.error(`--${directive.name} must follow the --management line that it is about`, directive);
      else {
        open = refine(open, directive, collected);
        listeners[listeners.length - 1] = open;
      }
    }
  }
  for (const { password, kind, tls } of listeners) {
    if (kind === 'tcp' && password === undefined && tls?.ca === undefined) collected.warn(MANAGEMENT.withoutPassword, {});
  }
  return listeners;
}

function managementListener(collected: Collected, directive: Directive): ManagementListener | undefined {
  const [address = '', port = '', passwordFile] = directive.values;
  const password = passwordFile === undefined ? undefined : managementPassword(collected, directive, passwordFile);
  const place = placeOf(collected, directive, address, port);
  return place && { ...place, password, role: 'authenticate', tls: undefined, socket: undefined };
}

function placeOf(collected: Collected, directive: Directive, address: string, port: string): ManagementPlaceKind | undefined {
  if (port === 'unix') return { kind: 'unix', path: address };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    collected.error(`--management: '${port}' is neither a port nor unix`, directive);
    return undefined;
  }
  if (address !== 'tunnel' || collected.has('management-client')) return { kind: 'tcp', host: address, port: Number(port) };
  return { kind: 'tunnel', port: Number(port) };
}

/** The first line of the file, or what is typed at the terminal (facts: management 2). */
function managementPassword(collected: Collected, directive: Directive, path: string): ManagementListener['password'] {
  if (path === 'stdin') return 'ask';
  const read = collected.files.read(path);
  if (!read.ok) {
    collected.fileError('--management', path, read.error);
    return undefined;
  }
  const password = read.value.split(/\r?\n/, 1)[0] ?? '';
  if (password === '') collected.error(`Error reading password from Management authfile: ${path}`, directive);
  return new Secret(password);
}

const ROLES: readonly ManagementRole[] = ['read', 'operate', 'authenticate'];

/** Takes in what one more directive says of a listener. */
function refine(listener: ManagementListener, directive: Directive, collected: Collected): ManagementListener {
  const [first = '', second, third] = directive.values;
  switch (directive.name) {
    case 'management-role':
      return { ...listener, role: ROLES.find((role) => role === first) ?? 'read' };
    case 'management-socket':
      if (listener.kind !== 'unix') collected.error('--management-socket is about unix sockets', directive);
      return { ...listener, socket: { mode: Number.parseInt(first, 8), user: second, group: third } };
    default: {
      if (listener.kind !== 'tcp') collected.error('--management-tls is about TCP ports', directive);
      const read = (path: string | undefined): string => {
        const text = path === undefined ? undefined : collected.files.read(path);
        if (path !== undefined && text?.ok === false) collected.fileError('--management-tls', path, text.error);
        return text?.ok === true ? text.value : '';
      };
      const ca = third === undefined ? undefined : read(third);
      return { ...listener, tls: { cert: read(first), key: new Secret(read(second)), ca } };
    }
  }
}
