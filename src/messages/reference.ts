import { SUBJECTS } from './catalogue.ts';
import { categoryOf, flagLetters, levelOf } from './kinds.ts';
import type { Row } from './row.ts';

/** What each subject holds, for its heading. */
const HEADINGS: Readonly<Record<keyof typeof SUBJECTS, string>> = {
  start: 'Start, restart and end',
  link: 'Sockets',
  interface: 'Tunnel interface and routes',
  tls: 'Control channel and TLS',
  verify: 'Certificates',
  crl: 'Revocation lists',
  auth: 'Logins',
  'peer-info': 'Peer information',
  pool: 'Address pool',
  multi: 'Client instances',
  push: 'Control messages and negotiated options',
  options: 'Configuration',
  data: 'Data channel',
  client: 'Clients',
  proxy: 'Proxies, as stock tells of them',
  management: 'Management interface',
  status: 'Status',
  script: 'Scripts',
  debug: 'Debugging',
  internals: 'The inside of stock, from verb 6 up',
  stock: 'What only stock writes',
  ours: 'Messages that stock OpenVPN does not have',
  monitor: 'The monitor',
};

const INTRODUCTION = `# Messages

Every message of the log: what Tunnelscope writes, and what it recognises in the log of stock OpenVPN. Programs match on the
id. The word is what \`machine-readable-output\` prints: level, flags and mute category in one number. A message is shown when
its level is not above \`verb\`. Letters are those of \`>LOG\` lines. The event is what a line means to the monitor. Texts
that other versions of OpenVPN use for the same stand below the first; they are recognised, never written.

What stock 2.6 for Linux writes has a row as far as it could be brought to write it: with every option, over UDP and TCP, through
proxies, with scripts, plugins and management clients, with wrong certificates, keys and packets, and with devices and files that fail,
at verb 11. These have none:

- output of scripts and of a plugin's own process, which is anybody's text;
- what goes on in the next line, as the reason of \`AUTH_FAILED\` may, and the ends of lines about external keys at verb 6, which
  \`machine-readable-output\` tears apart;
- what the kernel's data channel says (\`ovpn-dco\`), which needs a module that distributions do not ship with this release;
- what its source says to itself: failed assertions (\`start.assertion-failed\` knows their form), memory that ran out, overflows of
  its own buffers, and system calls that do not fail;
- Windows, macOS and the BSDs.
`;

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|').replaceAll('\t', '\\t')}\``;
}

function withoutKinds(template: string): string {
  return template.replace(/\{(\w+):\w+\}/g, '{$1}');
}

function renderLine(message: Row): string {
  const texts = [message.template, ...message.also].map((template) => code(withoutKinds(template))).join('<br>');
  const cells = [
    code(message.id),
    String(levelOf(message.word)),
    flagLetters(message.word),
    code(message.word.toString(16)),
    String(categoryOf(message.word)),
    message.side,
    message.event ?? '',
    texts,
  ];
  return `| ${cells.join(' | ')} |`;
}

function renderSubject([subject, rows]: readonly [string, Readonly<Record<string, Row>>]): string {
  const heading = Object.entries(HEADINGS).find(([name]) => name === subject)?.[1] ?? subject;
  return [
    `## ${heading}`,
    '',
    '| id | level | letters | word | category | written by | event | text |',
    '|---|---|---|---|---|---|---|---|',
    ...Object.values(rows).map(renderLine),
    '',
  ].join('\n');
}

/** The page `docs/reference/messages.md`: the catalogue, a table a subject. */
export function renderReference(): string {
  return [INTRODUCTION, ...Object.entries<Readonly<Record<string, Row>>>(SUBJECTS).map(renderSubject)].join('\n');
}
