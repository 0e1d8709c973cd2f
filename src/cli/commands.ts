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
