/**
 * Listed differences from stock OpenVPN: what stock does, what we do, why, and the test that holds it. Anything that
 * differs and is not here is a bug. `docs/reference/differences.md` is generated from these rows.
 */
export interface Difference {
  /** `area.what`, never changed once released. */
  readonly id: string;
  readonly area: DifferenceArea;
  readonly stock: string;
  readonly ours: string;
  readonly why: string;
  /** The test file that fails when ours changes, from the repository's root. */
  readonly test: string;
}

/** What a difference is about. */
export type DifferenceArea = 'options' | 'wire' | 'engine' | 'log' | 'status' | 'management';

/** The rows. Add yours beside its kin. */
export const DIFFERENCES: readonly Difference[] = [
  {
    id: 'log.mute-counts-once',
    area: 'log',
    stock: '2.6 counts every message three times, so that `mute 5` lets one message of a run through; 2.7 also mutes plain information.',
    ours: '`mute N` lets N messages of a run through. Messages without a category are never muted.',
    why: 'It is what the option is documented to do, and what 2.4 and 2.5 did.',
    test: 'src/log/mute.test.ts',
  },
  {
    id: 'log.mute-count-at-exit',
    area: 'log',
    stock: 'The count of a muted run that is still open at the end of the process, or when `mute` changes, is lost.',
    ours: 'It is written.',
    why: 'A log that leaves lines out says so.',
    test: 'src/log/logger.test.ts',
  },
  {
    id: 'log.cut-between-characters',
    area: 'log',
    stock: 'A text over 10239 bytes is cut at that byte, and through a UTF-8 character if one is there.',
    ours: 'It is cut before that character.',
    why: 'Half a character makes the whole file unreadable to strict readers.',
    test: 'src/log/record.test.ts',
  },
  {
    id: 'status.row-order',
    area: 'status',
    stock: 'Rows come in the order of a hash table, which changes as clients come and go.',
    ours: 'Clients are ordered by client id.',
    why: 'Two status files can be compared line by line.',
    test: 'src/status/write.test.ts',
  },
  {
    id: 'status.no-line-limit',
    area: 'status',
    stock: 'A line of 512 bytes or more ends the output without END, and leaves the status file empty until SIGHUP.',
    ours: 'Lines have no limit.',
    why: 'One client with a long user name must not take everybody out of the monitoring.',
    test: 'src/status/write.test.ts',
  },
  {
    id: 'status.cipher-before-negotiation',
    area: 'status',
    stock: 'A client without a negotiated data cipher shows the configured one, usually BF-CBC, which is never used.',
    ours: 'The column is empty.',
    why: 'A wrong cipher in a status file looks like a broken configuration.',
    test: 'src/status/write.test.ts',
  },
  {
    id: 'management.many-clients',
    area: 'management',
    stock: 'One client at a time; a second one waits without a word until the first leaves.',
    ours: 'Up to a thousand at once, each with subscriptions, filter level and client version of its own.',
    why: 'Dashboards, exporters and scripts need not take turns, and an idle client locks nobody out.',
    test: 'src/management/server.test.ts',
  },
  {
    id: 'management.bad-password',
    area: 'management',
    stock: 'A wrong password is answered by a new prompt alone; the third closes without a word.',
    ours: '`ERROR: bad password` comes first.',
    why: 'A client can tell a refusal from a slow answer.',
    test: 'src/management/golden.test.ts',
  },
  {
    id: 'management.password-timeout',
    area: 'management',
    stock: 'A client that never gives the password keeps its place, and everyone else out, forever.',
    ours: 'It is told and closed after 30 seconds.',
    why: 'Nobody holds a place without the password.',
    test: 'src/management/server.test.ts',
  },
  {
    id: 'management.long-line',
    area: 'management',
    stock: 'A line of 1024 bytes vanishes; the tail of a longer one is run as a command.',
    ours: 'A line over 1023 bytes is answered by an error and dropped to its end.',
    why: 'What was never typed as a command must not run.',
    test: 'src/management/line-codec.test.ts',
  },
  {
    id: 'management.refused-body',
    area: 'management',
    stock: 'When the header of a multi-line command is refused, the lines that follow are run as commands.',
    ours: 'They are read up to END and dropped.',
    why: "A certificate or a client's configuration is not a list of commands.",
    test: 'src/management/server-commands.test.ts',
  },
  {
    id: 'management.body-limit',
    area: 'management',
    stock: 'The body of a multi-line command may be of any size.',
    ours: 'Beyond 64 KiB it is dropped, and END is answered by an error.',
    why: 'A client without END must not fill the memory.',
    test: 'src/management/server-commands.test.ts',
  },
  {
    id: 'management.log-without-secrets',
    area: 'management',
    stock: 'Only `password` is masked in `MANAGEMENT: CMD` log lines; user names, answers to prompts and mistyped commands are shown.',
    ours: '`username`, `proxy`, `needstr` and `cr-response` are masked too, and what is no command is shown as `[...]`.',
    why: 'A password typed at the wrong moment must not stay in the log.',
    test: 'src/management/command-log.test.ts',
  },
  {
    id: 'management.per-connection-settings',
    area: 'management',
    stock: '`env-filter` and `version N` of one client are in force for the next.',
    ours: 'They end with the connection.',
    why: 'A client finds the same interface whoever came before.',
    test: 'src/management/server.test.ts',
  },
  {
    id: 'management.strict-levels',
    area: 'management',
    stock: '`verb abc` and `mute abc` set 0 and report success.',
    ours: 'They are refused as out of range.',
    why: 'A slip must not silence the log.',
    test: 'src/management/golden.test.ts',
  },
  {
    id: 'management.bytecount-every-client',
    area: 'management',
    stock: 'BYTECOUNT_CLI comes when a client has traffic and the interval has passed.',
    ours: 'It comes every interval, for every established client, as in 2.7.',
    why: 'An idle client and a dead feed can be told apart.',
    test: 'src/management/golden.test.ts',
  },
  {
    id: 'management.kill-address-forms',
    area: 'management',
    stock: '`kill` takes IPv4 as `IP:PORT` alone, and everything with a colon for an address.',
    ours: 'It takes `[IP6]:PORT` and addresses with a protocol in front too, and looks for what is no address among the names.',
    why: 'Clients over IPv6, and names with colons, can be ended too.',
    test: 'src/management/kill-target.test.ts',
  },
  {
    id: 'management.help',
    area: 'management',
    stock: 'A fixed text in which some commands are missing.',
    ours: 'Made from the command table, with the commands of this daemon in words of our own.',
    why: 'What is offered and what is done cannot drift apart.',
    test: 'src/management/golden.test.ts',
  },
  {
    id: 'management.exit-sends-the-rest',
    area: 'management',
    stock: '`exit` drops what was not sent yet.',
    ours: 'Everything up to `exit` is sent before the connection closes.',
    why: 'The output of a script that ends in `quit` is always complete.',
    test: 'src/management/golden.test.ts',
  },
  {
    id: 'management.slow-reader',
    area: 'management',
    stock: 'Output for a client that does not read grows without limit, and in some phases the daemon waits for it.',
    ours: 'A client with 4 MiB unread is told and closed; nothing waits for it.',
    why: 'One stalled program must not take the daemon with it.',
    test: 'src/management/server.test.ts',
  },
  {
    id: 'management.answer-timeout',
    area: 'management',
    stock: "A command is answered within the daemon's own thread.",
    ours: 'A command that the daemon has not answered within 30 seconds gets an error.',
    why: 'Behind a relay the daemon may be away.',
    test: 'src/management/server.test.ts',
  },
  {
    id: 'management.utf8-input',
    area: 'management',
    stock: 'Any byte above 0x7f is taken as it is.',
    ours: 'Input is read as UTF-8; what is not becomes the replacement character.',
    why: 'Names are compared as text everywhere.',
    test: 'src/management/server-hostile.test.ts',
  },
  {
    id: 'log.secrets-in-control-messages',
    area: 'log',
    stock: 'From verb 7 on, auth tokens stand in logged control messages; the answer to a challenge does at every level.',
    ours: 'Neither is shown at any level.',
    why: 'Logs are copied, shipped and attached to tickets; with a token in hand anybody is that user.',
    test: 'src/protocol/negotiate/redact.test.ts',
  },
  {
    id: 'wire.peer-info-bounded',
    area: 'wire',
    stock: 'Every line of a peer info is read and logged; one beyond 255 characters goes on as another line.',
    ours: 'The first 64 lines are read, and the first 255 characters of each; the rest is counted.',
    why: 'A peer info comes from anyone with a certificate, and must not be able to flood log and environment.',
    test: 'src/protocol/negotiate/peer-info.test.ts',
  },
  {
    id: 'options.backslash-at-line-end',
    area: 'options',
    stock:
      'In a configuration file, a backslash at the end of a line makes the line end part of the word; on the management interface it is refused.',
    ours: 'It is refused in both, in the words that the management interface uses.',
    why: 'A value with a line end in it is never what was meant.',
    test: 'src/base/tokenize.test.ts',
  },
];
