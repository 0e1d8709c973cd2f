import { CLIENT_SIDE } from './directives/client.ts';
import { LOGGING } from './directives/logging.ts';
import { OURS_ONLY } from './directives/ours.ts';
import { PROCESS } from './directives/process.ts';
import { SECURITY } from './directives/security.ts';
import { SERVER_SIDE } from './directives/server.ts';
import { TRANSPORT } from './directives/transport.ts';
import { TUNNEL } from './directives/tunnel.ts';
import { WINDOWS_ONLY } from './directives/windows.ts';
import type { DirectiveRow } from './row.ts';

/** The table of directives by subject, in the order that help and the reference page show them. */
export const SUBJECTS: readonly { readonly title: string; readonly rows: readonly DirectiveRow[] }[] = [
  { title: 'Process and scripts', rows: PROCESS },
  { title: 'Log, status and management', rows: LOGGING },
  { title: 'Transport', rows: TRANSPORT },
  { title: 'Tunnel and routes', rows: TUNNEL },
  { title: 'Server', rows: SERVER_SIDE },
  { title: 'Certificates, keys and ciphers', rows: SECURITY },
  { title: 'Client', rows: CLIENT_SIDE },
  { title: 'Windows', rows: WINDOWS_ONLY },
  { title: 'Of Tunnelscope alone', rows: OURS_ONLY },
];

/** Every directive by name. */
export const DIRECTIVES: ReadonlyMap<string, DirectiveRow> = new Map(
  SUBJECTS.flatMap(({ rows }) => rows.map((row): [string, DirectiveRow] => [row.name, row])),
);

/** Rows that stock's parser does not know outside Windows: unknown wherever unknown directives may pass. */
export const WINDOWS_NAMES: ReadonlySet<string> = new Set(WINDOWS_ONLY.map((row) => row.name));

/** Rows of our own, which stock refuses as unknown. */
export const OUR_NAMES: ReadonlySet<string> = new Set(OURS_ONLY.map((row) => row.name));
