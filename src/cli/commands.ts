import type { Command } from './command.ts';

/** The commands there are. Dispatch, help and the error for an unknown one derive from this table. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    summary: 'serve OpenVPN clients, as a configuration file says',
    usage: `usage: tunnelscope run --config FILE [--OPTION WORDS...]...

Takes OpenVPN's own options, in the file or as words with two dashes; later ones add to earlier ones.
\`tunnelscope --config FILE\` is the same.
`,
    load: async () => (await import('./run.ts')).run,
  },
  quickstart: {
    summary: 'a server and three clients in this process, to look at: no root, no configuration',
    usage: `usage: tunnelscope quickstart [--for SECONDS]

Makes certificates in a temporary folder, starts a server on a loopback port with three clients that ping each
other, shows them in a table and says what to try next. Ctrl-C ends it and removes the folder;
--for ends it by itself.
`,
    load: async () => (await import('./quickstart.ts')).quickstart,
  },
  monitor: {
    summary: 'watch OpenVPN daemons of any make: metrics, health, a management gateway',
    usage: `usage: tunnelscope monitor FILE [--listen ADDRESS]... [--check-config]
       tunnelscope monitor --attach ADDRESS... [--listen ADDRESS]...
       tunnelscope monitor --print-schema

Watches daemons over their management interfaces, status files and logs, as the configuration FILE (YAML) says, and
serves http://127.0.0.1:9176/metrics, /healthz, /readyz, /health and /health/DAEMON.

  --attach ADDRESS   watch the management interface at 127.0.0.1:7505, or the path of a socket; needs no file
  --listen ADDRESS   serve there instead
  --password-file FILE   with --attach: the password of the interfaces, in the first line
  --tls              with --attach: they are behind TLS: authorities of the system, or of
  --ca FILE, --cert FILE, --key FILE, --server-name NAME
  --check-config     say what is wrong with the file, what would be right, and which alert rules have no data; then end
  --print-schema     print the JSON Schema of the file, for editors

SIGHUP reads the file again; counters go on. SIGTERM and SIGINT end it.
`,
    load: async () => (await import('./monitor.ts')).monitor,
  },
  check: {
    summary: 'whether daemons are well, for monitoring systems: a line each, and exit status 0 to 3',
    usage: `usage: tunnelscope check SOURCE... [options]

SOURCE is the management interface at HOST:PORT or at the path of a socket, a status file, or a monitor.yaml with all
its daemons. Prints a line for each: verdict, what is wrong, performance data.

  --min-clients N, --max-clients N   how many clients are right
  --age SECONDS             how old a status file may be (180); older than five times that the daemon counts as gone
  --certificate FILE        a certificate of the daemon that must not end soon; may be given again
  --certificate-days DAYS   what soon is (14)
  --password-file FILE      of the management interface, in the first line
  --timeout SECONDS         for everything together (10)
  --tls                     the management interface is behind TLS: authorities of the system, or of
  --ca FILE, --cert FILE, --key FILE, --server-name NAME

Exit status: 0 well, 1 something is wrong but it works, 2 it is down or not there, 3 nobody can say.
`,
    load: async () => (await import('./check.ts')).check,
  },
  status: {
    summary: 'who is connected to any OpenVPN: a table, JSON, CSV, or watched with rates',
    usage: `usage: tunnelscope status SOURCE... [options]

SOURCE is the management interface at HOST:PORT or at the path of a socket, a status file of any version, or a
monitor.yaml with all its daemons.

  -w, --watch           show it again and again, with what each client moves a second
  --json                one object with everything that is known; times are milliseconds since 1970, amounts bytes
  --csv                 a line for each client
  --interval SECONDS    of --watch (2)
  --sort WHAT           name, received, sent, since or rate (name)
  --filter TEXT         only clients of which a name or address holds this
  --password-file FILE  of the management interface, in the first line
  --timeout SECONDS     for the first look (10)
  --tls                 the management interface is behind TLS: authorities of the system, or of
  --ca FILE, --cert FILE, --key FILE, --server-name NAME

Exit status: 0 when every daemon was reached, else 1.
`,
    load: async () => (await import('./status.ts')).status,
  },
  history: {
    summary: 'who was connected when, from where, how much they moved; failures, alerts, commands',
    usage: `usage: tunnelscope history [FILE] [--user NAME] [--daemon NAME] [--since WHEN] [--until WHEN] [options]
       tunnelscope history [FILE] --erase NAME

Searches the history that the monitor keeps, also while it does. FILE is the configuration of the monitor, or the
database itself; without it, monitor.yaml here or /etc/tunnelscope/monitor.yaml. Shows sessions, the latest first,
unless told to show

  --traffic            what each user moved on each day (UTC) over each daemon
  --auth-failures      who was not let in, and why
  --states             states of daemons and of the sources that tell of them
  --alerts             alerts that fired, and when they were over
  --audit              commands that clients of gateways sent

  --user NAME          only this user: the name of the login, or of the certificate
  --daemon NAME        only this daemon
  --since WHEN, --until WHEN   sessions that were there then: a date such as 2026-11-22 13:00, or how long ago: 7d
  --limit N            at most so many (100; with --csv and --json all)
  --csv                a line for each, with all that is known
  --json               an object a line; amounts are bytes
  --hash-key-file FILE   names are kept as hashes with this key; a configuration tells it by itself
  --erase NAME         forget this person: sessions, traffic and events go, in other records the name is replaced
`,
    load: async () => (await import('./history.ts')).history,
  },
  log: {
    summary: 'read any OpenVPN log: columns, JSON lines, counts',
    usage: `usage: tunnelscope log [options] [FILE|-]

Reads a log of OpenVPN, stock of any version or ours, from a file or standard input, and shows it in columns.

  --json           a JSON object a line instead, with keys as of \`log-format json\`
  --stats          how often each event and client came, instead of lines
  -f, --follow     go on at the end of the file, also when it is rotated
  --event NAME     only lines of this event; may be given again
  --client CN      only lines about this client; may be given again
  --since WHEN     only lines from then on: a date such as 2026-11-22 13:00, or how long ago, such as 30m or 2h

Says at the end how many lines it did not recognise. The names of events are in docs/reference/messages.md.
`,
    load: async () => (await import('./log.ts')).log,
  },
  manage: {
    summary: 'a shell for the management interface of any OpenVPN, one command, or a script',
    usage: `usage: tunnelscope manage [options] ADDRESS                  a shell, or a script from standard input
       tunnelscope manage [options] ADDRESS COMMAND...       one command, such as: status 3

ADDRESS is host:port or the path of a unix socket, of a daemon, stock or ours, or of a gateway before one.

  --json                a JSON object a line: replies and what comes unasked
  -f, --follow          after COMMAND or the script, stay and show what comes unasked: manage ADDRESS -f log on all
  -e, --exit-on-error   the first command of a script that fails is the last
  --show-secrets        show passwords and tokens that the daemon tells of; they are [secret] otherwise
  --password-file FILE  the interface's password, in the first line; otherwise it is asked for when it is needed
  --timeout SECONDS     for connecting and for each reply (10)
  --tls                 TLS, with the authorities of the system, or of
  --ca FILE             these alone
  --cert FILE, --key FILE, --server-name NAME

In a shell \`?\` explains the commands, Tab completes them, and what comes unasked is shown above the line that is
being typed. \`client-auth\` and others that have lines of their own take them up to END, from standard input.
Secrets do not belong on a command line: type them in the shell, which asks for the password behind \`password TYPE\`,
or pipe a script.

Exit status: 0 when every command succeeded, 1 when the daemon answered ERROR to one, 2 when a command could not be
sent, had no reply, or the connection failed or was lost.
`,
    load: async () => (await import('./manage.ts')).manage,
  },
  rules: {
    summary: 'alert rules for Prometheus, the same that the monitor evaluates itself',
    usage: `usage: tunnelscope rules [--config FILE] [--runbook-url URL]

Prints a rules file for Prometheus (\`rule_files\` of its configuration) with every rule of docs/reference/alerts.md.

  --config FILE       with the thresholds of this configuration of the monitor, for the site and for single daemons
  --runbook-url URL   where you publish docs/reference/alerts.md
`,
    load: async () => (await import('./rules.ts')).rules,
  },
  dashboard: {
    summary: 'a Grafana dashboard of all metrics, as JSON',
    usage: `usage: tunnelscope dashboard [--title TITLE] [--uid UID]

Prints a dashboard to import into Grafana: a panel for each metric of docs/reference/metrics.md, with a choice of
data source and daemons.
`,
    load: async () => (await import('./dashboard.ts')).dashboard,
  },
  pki: {
    summary: 'make certificates and ready configurations for a server and its clients',
    usage: `usage: tunnelscope pki DIR [options]              make a PKI in DIR
       tunnelscope pki add DIR NAME [--days N]    issue one more client, or a revoked one anew
       tunnelscope pki revoke DIR NAME            put a client on the revocation list
       tunnelscope pki crl DIR [--days N]         sign the revocation list anew, valid for N days (3650)

options of the first form:
  --clients N          make clients client1 to clientN (1, unless --names is given)
  --names A,B,...      make clients of these names
  --server-name NAME   common name of the server, which clients insist on (server)
  --remote HOST        where clients find the server (127.0.0.1)
  --port P             (1194)
  --proto udp|tcp      (udp)
  --network NET/BITS   network inside the tunnel (10.8.0.0/24)
  --days N             how long certificates of server and clients are valid (825)

DIR then holds server.conf, for \`tunnelscope run\` and \`openvpn\` alike, and for each client a NAME.ovpn with
everything inside. An existing PKI is never overwritten. Keep ca.key off the server where you can.
`,
    load: async () => (await import('./pki.ts')).pki,
  },
};
