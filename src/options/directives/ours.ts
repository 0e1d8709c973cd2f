import { choice, type DirectiveRow, directive, ignored, optional, path, rest, text } from '../row.ts';

/** Directives that OpenVPN does not know. */
export const OURS_ONLY: readonly DirectiveRow[] = [
  directive(
    'log-format',
    [choice('form', ['text', 'json', 'logfmt'])],
    "Lines of the log from here on: OpenVPN's text, JSON objects, or words with their names before them.",
    { takesEffect: 'parse' },
  ),
  directive('log-plaintext', [], 'At verb 9, shows what is inside the tunnel too, and not only what travels outside.'),
  directive(
    'status-format',
    [choice('form', ['json'])],
    'Writes the state as JSON too, beside the status file, under its name with `.json` behind it.',
    { atClient: ignored('the status file of a client has one form') },
  ),
  directive(
    'compat-status',
    [choice('version', ['2.6', '2.7'])],
    'Whose forms status files and replies have: 2.7 puts the protocol before real addresses. Default 2.6.',
  ),
  directive(
    'data-plane',
    [
      choice('adapter', ['portable', 'batched']),
      optional(rest(choice('without', ['no-gso', 'no-gro', 'no-vnet-hdr', 'no-native-crypto']))),
    ],
    'What carries packets: portable, on the main thread, everywhere; or batched, for UDP on Linux, where it is the default, in a thread of its own with system calls for many packets at a time. Steps that make the latter faster can be left out; what a system has not is left out by itself.',
  ),
  directive(
    'identity-dir',
    [path('directory')],
    'A folder with several identities of a client, each NAME.p12, or NAME.crt with NAME.key; without identity, management clients (with management-query-passwords) or the terminal are asked for one.',
    { side: 'client', takesEffect: 'SIGUSR1' },
  ),
  directive('identity', [text('name')], 'Which identity of identity-dir is used.', { side: 'client' }),
  directive('management-single', [], 'Serves one management client at a time, as OpenVPN does.', { takesEffect: 'start' }),
  directive(
    'management-role',
    [choice('role', ['read', 'operate', 'authenticate'])],
    'What clients of the management line before it may do: read; operate, which also changes and ends things; or authenticate, the default, which also decides about logins and sees their passwords.',
    { takesEffect: 'start' },
  ),
  directive(
    'management-tls',
    [path('certificate'), path('key'), optional(path('authority'))],
    'Speaks TLS on the port of the management line before it; with an authority, clients must have a certificate of it.',
    { takesEffect: 'start' },
  ),
  directive(
    'management-socket',
    [text('mode'), optional(text('user')), optional(text('group'))],
    'Mode, as in 0660, and owner of the socket of the management line before it. Without it only the user who starts the daemon may connect.',
    { takesEffect: 'start' },
  ),
];
