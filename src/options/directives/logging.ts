import { directive, host, number, optional, path, refused, rest, secs, text } from '../row.ts';

/** OpenVPN's server asks, refuses the answer because it is no client, and waits for good. */
const CLIENTS_ASK = refused('only clients connect to somewhere else');
const SIGNS_ELSEWHERE = refused('TLS needs the private key here; give cert and key, and a pass phrase by management-query-passwords');

/** Log, status and management interface. */
export const LOGGING = [
  directive(
    'log',
    [path('file')],
    'Writes the log to a file from here on, emptied first. Only the first log or log-append of a process counts.',
    { takesEffect: 'parse' },
  ),
  directive(
    'log-append',
    [path('file')],
    'Writes the log to the end of a file from here on. Only the first log or log-append of a process counts.',
    { takesEffect: 'parse' },
  ),
  directive(
    'syslog',
    [optional(text('name'))],
    "Logs to the system's log from here on, facility daemon, under this name or `openvpn`, as long as there is no log file.",
    { takesEffect: 'parse' },
  ),
  directive(
    'verb',
    [number('level', Number.MIN_SAFE_INTEGER)],
    'How much is logged, 0 to 15: 0 fatal errors and warnings, 1 start and connections, 3 a good summary, 4 all settings, 5 a letter for each packet, 6 and up for debugging. Default 1.',
    { pushable: true },
  ),
  directive(
    'mute',
    [number('count', Number.MIN_SAFE_INTEGER)],
    'Logs at most so many messages of one kind in a row and then says how many were left out. 0, the default, leaves out none.',
    { pushable: true },
  ),
  directive('mute-replay-warnings', [], 'Leaves replay warnings out of the log; they are still counted.'),
  directive('suppress-timestamps', [], 'Logs without time stamps from here on.', { takesEffect: 'parse' }),
  directive(
    'machine-readable-output',
    [],
    "Logs seconds with microseconds and the message's number in hex before each text, from here on.",
    { takesEffect: 'parse' },
  ),
  directive('errors-to-stderr', [], 'Writes fatal errors to standard error as long as there is no log file.', {
    takesEffect: 'parse',
    pushable: true,
  }),
  directive(
    'echo',
    [optional(rest(text('word')))],
    'Shows these words to management clients; the log has them too when they begin with `msg`.',
    { pushable: true, clientFile: true },
  ),
  directive('parameter', [optional(rest(text('word')))], 'The same as echo.', { pushable: true, clientFile: true }),
  directive('status', [path('file'), optional(secs())], 'Writes the state of all clients to a file, every 60 seconds or as given.'),
  directive(
    'status-version',
    [number('version', 1, 3, () => '--status-version must be 1 to 3')],
    'The form of status files and replies: 1 for people, 2 with commas and headers, 3 with tabs and headers. Default 1.',
  ),
  directive(
    'management',
    [host('address'), text('port'), optional(path('password-file'))],
    'Offers the management interface on a TCP address and port, or with `unix` for the port on a socket at that path, or with `tunnel` for the address on that of the server inside the tunnel. The first line of the file is the password that every client has to give.',
    { takesEffect: 'start' },
  ),
  directive(
    'management-log-cache',
    [number('lines', 1, 1_000_000, () => '--management-log-cache parameter is out of range')],
    'How many log lines are kept for management clients. Default 250.',
    { takesEffect: 'start' },
  ),
  directive('management-client-user', [text('user')], 'Lets only this user connect to the unix management socket.', {
    takesEffect: 'start',
  }),
  directive('management-client-group', [text('group')], 'Lets only this group connect to the unix management socket.', {
    takesEffect: 'start',
  }),
  directive('management-client', [], 'Connects out to a management program instead of listening.', {
    takesEffect: 'start',
  }),
  directive('management-client-auth', [], 'Lets a management client decide who may connect.', { side: 'server' }),
  directive('management-hold', [], 'Waits at start until a management client says go.', { takesEffect: 'start' }),
  directive('management-signal', [], 'Restarts when a management client disconnects.', { takesEffect: 'start' }),
  directive('management-forget-disconnect', [], 'Forgets the pass phrase of the private key when the last management client leaves.', {
    takesEffect: 'start',
  }),
  directive('management-up-down', [], 'Tells management clients when the tunnel goes up and down.', { takesEffect: 'start' }),
  directive('management-query-passwords', [], 'Asks management clients for the pass phrase of the private key.'),
  directive('management-query-proxy', [], 'Asks management clients which proxy to use.', { side: 'client', standing: CLIENTS_ASK }),
  directive('management-query-remote', [], 'Asks management clients which server to use.', { side: 'client', standing: CLIENTS_ASK }),
  directive('management-external-key', [optional(rest(text('algorithm')))], 'Lets a management client sign with the private key.', {
    standing: SIGNS_ELSEWHERE,
  }),
  directive('management-external-cert', [text('hint')], 'Lets a management client give the certificate.', { standing: SIGNS_ELSEWHERE }),
];
