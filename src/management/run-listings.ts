import { unixSeconds } from '../base/units.ts';
import { formatAddress } from '../model/address.ts';
import type { ClientRow } from '../model/status-report.ts';
import { ask, type Call, error, type Outcome, reply, success } from './command.ts';
import { notSupported } from './run-daemon.ts';

/** Commands of our own that list and subscribe. Their rows are words with tabs between, under a header. */

const PHASES: ReadonlySet<string> = new Set(['handshake', 'authenticating', 'connecting', 'connected', 'closing']);

/** `clients [PHASE]`: every client instance with how far it has come. */
export function runClients({ words: [phase] }: Call): Outcome {
  if (phase !== undefined && !PHASES.has(phase)) return reply(error(`a phase is one of ${[...PHASES].join(', ')}`));
  return ask(
    { kind: 'status', rows: true },
    {
      refused: notSupported('clients'),
      detail: (answer) => {
        const report = answer.kind === 'status' || answer.kind === 'status-rows' ? answer.report : undefined;
        return report?.kind === 'server' ? clientLines(report.clients, phase) : undefined;
      },
    },
  );
}

function* clientLines(clients: Iterable<ClientRow>, wanted: string | undefined): Generator<string, void> {
  yield ['CID', 'PHASE', 'COMMON_NAME', 'USERNAME', 'REAL_ADDRESS', 'VIRTUAL_ADDRESS', 'SINCE', 'RECEIVED', 'SENT'].join('\t');
  for (const client of clients) {
    if (wanted !== undefined && client.phase !== wanted) continue;
    const { clientId, phase, commonName, username, address, virtual4, virtual6, since, bytesReceived, bytesSent } = client;
    const fields = [
      clientId,
      phase,
      commonName ?? '',
      username ?? '',
      formatAddress(address),
      virtual4 ?? virtual6 ?? '',
      unixSeconds(since),
      bytesReceived,
      bytesSent,
    ];
    yield fields.map((field) => String(field).replaceAll('\t', ' ')).join('\t');
  }
  yield 'END';
}

/** `events on|off`. */
export function runEvents({ words: [word], settings }: Call): Outcome {
  if (word !== 'on' && word !== 'off') return reply(error("events parameter must be 'on' or 'off'"));
  settings.events = word === 'on';
  return reply(success(`real-time events notification set to ${word.toUpperCase()}`));
}

/** `who`: the management clients, with what they have subscribed to. */
export function runWho({ others }: Call): Outcome {
  const lines = others().map(({ id, from, role, settings, self }) => {
    const subscriptions = (['log', 'state', 'echo', 'events'] as const).filter((name) => settings[name]);
    const all: string[] = [...subscriptions];
    if (settings.byteInterval > 0) all.push(`bytecount=${settings.byteInterval}`);
    const fields = [id, from, role, all.join(' '), settings.envFilter, settings.clientVersion, self ? 'you' : ''];
    return fields.join('\t');
  });
  return reply(['ID', 'FROM', 'ROLE', 'SUBSCRIPTIONS', 'ENV_FILTER', 'VERSION', 'SELF'].join('\t'), ...lines, 'END');
}
