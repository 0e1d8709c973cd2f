import type { EnvList } from '../model/env-list.ts';
import type { ClientBytes, ClientNotice, DaemonEvent } from '../model/daemon-port.ts';
import type { ConnectionSettings } from './command.ts';
import { filterEnv } from './env-filter.ts';
import { eventJson } from './event-json.ts';
import { echoText, type HistoryName, logText, stateText } from './history.ts';
import { encodeLines } from './line-codec.ts';

/** One kind of line that comes unasked. */
export interface NotificationRow {
  /** The word between `>` and the first colon. */
  readonly word: string;
  /** What follows the colon. */
  readonly form: string;
  readonly when: string;
  /** What a client must have switched on to get it; everyone gets it otherwise. */
  readonly subscription: HistoryName | 'bytecount' | 'events' | undefined;
}

function notification(word: string, form: string, when: string, subscription?: NotificationRow['subscription']): NotificationRow {
  return { word, form, when, subscription };
}

/** Every notification (facts: management 9), for the reference page; a test holds the encoders to it. */
export const NOTIFICATIONS = [
  notification('INFO', 'text', 'Once, as the greeting.'),
  notification('LOG', 'TIME,FLAGS,text', 'A line was logged.', 'log'),
  notification('STATE', 'TIME,NAME,DETAIL,TUNIP4,REMOTE,RPORT,LOCAL,LPORT[,TUNIP6]', 'The daemon changed its state.', 'state'),
  notification('ECHO', 'TIME,text', 'An echo option was read or pushed.', 'echo'),
  notification('HOLD', 'Waiting for hold release:SECONDS', 'The daemon waits for `hold release`.'),
  notification('FATAL', 'text', 'The daemon ends because of an error; the connection closes.'),
  notification('PASSWORD', "Need 'TYPE' ...", 'The daemon waits for a user name or password, or says how the last ones fared.'),
  notification('NEED-OK', "Need 'TYPE' confirmation MSG:text", 'The daemon waits for `needok`.'),
  notification('NEED-STR', "Need 'TYPE' string MSG:text", 'The daemon waits for `needstr`.'),
  notification('REMOTE', 'HOST,PORT,PROTO', 'A client waits for `remote` before it connects.'),
  notification('PROXY', 'INDEX,TCP|UDP,HOST', 'A client waits for `proxy` before it connects.'),
  notification('BYTECOUNT', 'IN,OUT', 'Every interval, on a client.', 'bytecount'),
  notification('BYTECOUNT_CLI', 'CID,IN,OUT', 'Every interval, for each established client of a server.', 'bytecount'),
  notification('CLIENT', 'CONNECT|REAUTH,CID,KID, then ENV', 'A client of the server waits for `client-auth` or `client-deny`.'),
  notification('CLIENT', 'ESTABLISHED|DISCONNECT,CID, then ENV', 'A client of the server is connected, or gone.'),
  notification('CLIENT', 'ADDRESS,CID,ADDRESS,PRIMARY', 'The server learned an address of a client.'),
  notification('CLIENT', 'CR_RESPONSE,CID,KID,BASE64, then ENV', 'A client of the server answered a challenge.'),
  notification('INFOMSG', 'text', 'The server sent a client a message.'),
  notification(
    'NOTIFY',
    'info,TYPE,text',
    'The peer announced that it leaves or wants a restart; a gateway lost its daemon, or is back at it.',
  ),
  notification('EVENT', 'JSON', 'Anything happened, but for log lines: the event with all that is known of it.', 'events'),
  notification('UPDOWN', 'UP|DOWN, then ENV', 'The tunnel came up, or goes down.'),
] as const satisfies readonly NotificationRow[];

/** The greeting. 5 is the version of the interface that we speak: that of 2.6. */
export const INTERFACE_VERSION = 5;

/** The first line after a client connected, or gave the right password; an attached daemon's own version is passed on. */
export function greeting(version: number = INTERFACE_VERSION): string {
  return `>INFO:OpenVPN Management Interface Version ${version} -- type 'help' for more info`;
}

/** A prompt as a client of this version understands it (facts: management 9, 14). */
export function promptText(text: string, clientVersion: number): string {
  const sign = /^PK_SIGN:([^,]*)(?:,(.*))?$/.exec(text);
  if (sign !== null && clientVersion === 2) return `PK_SIGN:${sign[1]}`;
  // Older ones sign in one way only.
  if (sign !== null && clientVersion < 2 && (sign[2] ?? 'RSA_PKCS1_PADDING') === 'RSA_PKCS1_PADDING') return `RSA_SIGN:${sign[1]}`;
  if (clientVersion < 4 && /^PASSWORD:Need '[^']*' username$/.test(text)) return `${text}/password`;
  return text;
}

/** Whether a client is told of an event: it asked for it, or everyone is told. */
export function isWanted(event: DaemonEvent, settings: Readonly<Record<HistoryName, boolean>>): boolean {
  switch (event.kind) {
    case 'log':
    case 'state':
    case 'echo':
      return settings[event.kind];
    case 'bytes':
    case 'client-bytes':
      return false; // Every client has an interval of its own, and asks by itself.
    case 'reload':
      return false; // The interface has no word for it; the log says it.
    case 'fatal':
    case 'client':
    case 'client-address':
    case 'client-response':
    case 'notify':
    case 'updown':
    case 'prompt':
    case 'link':
    case 'password-refused':
      return true;
    case 'unknown': {
      const [, word = ''] = /^>([A-Z]+):/.exec(event.line.toString('latin1')) ?? [];
      const name = word.toLowerCase();
      return name === 'log' || name === 'state' || name === 'echo' ? settings[name] : true;
    }
  }
}

/** An event as a client with this filter level gets it. What an attached daemon said and we do not know goes on as it came. */
export function encodeEvent(event: DaemonEvent, { envFilter, clientVersion }: Viewer): Buffer {
  if (event.kind === 'unknown') return Buffer.concat([event.line, LINE_END]);
  if (event.kind === 'prompt')
    return event.text === undefined ? Buffer.alloc(0) : encodeLines([`>${promptText(event.text, clientVersion)}`]);
  return encodeLines(notificationLines(event, envFilter));
}

/** What a client has said of how it reads events. */
export type Viewer = Pick<ConnectionSettings, 'envFilter' | 'clientVersion'>;

/** An event for who asked for JSON; empty for what is not shown so. */
export function encodeEventJson(event: DaemonEvent): Buffer {
  const json = eventJson(event);
  return json === undefined ? Buffer.alloc(0) : encodeLines([`>EVENT:${json}`]);
}

const LINE_END = Buffer.from('\r\n');

function notificationLines(event: Exclude<DaemonEvent, { kind: 'unknown' | 'prompt' }>, envFilter: number): string[] {
  switch (event.kind) {
    case 'log':
      return [`>LOG:${logText(event.line)}`];
    case 'state':
      return [`>STATE:${stateText(event.state)}`];
    case 'echo':
      return [`>ECHO:${echoText(event)}`];
    case 'fatal':
      return [`>FATAL:${event.text}`];
    case 'client':
      return [`>CLIENT:${clientHeader(event)}`, ...envBlock('CLIENT', event.env, envFilter, hasPeerInfo(event.what))];
    case 'client-address':
      return [`>CLIENT:ADDRESS,${event.clientId},${event.address},${event.primary ? 1 : 0}`];
    case 'client-response': {
      const header = `>CLIENT:CR_RESPONSE,${event.clientId},${event.keyId},${event.response}`;
      return [header, ...envBlock('CLIENT', event.env, envFilter, true)];
    }
    case 'notify':
      return [`>NOTIFY:info,${event.type},${event.text}`];
    case 'updown':
      return [`>UPDOWN:${event.up ? 'UP' : 'DOWN'}`, ...envBlock('UPDOWN', event.env, 0, false)];
    case 'reload':
      return [];
    case 'link':
      return [`>NOTIFY:info,${event.up ? 'daemon-attached' : 'daemon-lost'},${event.why}`];
    case 'password-refused':
      return [`>PASSWORD:Verification Failed: '${event.type}'`];
    case 'bytes':
      return [bytesLine(event.received, event.sent)];
    case 'client-bytes':
      return clientBytesLines(event.clients);
  }
}

/** The byte counts of a server's clients. */
export function clientBytesLines(clients: readonly ClientBytes[]): string[] {
  return clients.map(({ clientId, received, sent }) => `>BYTECOUNT_CLI:${clientId},${received},${sent}`);
}

/** The byte counts of a client. */
export function bytesLine(received: number, sent: number): string {
  return `>BYTECOUNT:${received},${sent}`;
}

function clientHeader(event: { what: ClientNotice; clientId: number; keyId?: number }): string {
  return event.keyId === undefined ? `${event.what},${event.clientId}` : `${event.what},${event.clientId},${event.keyId}`;
}

function hasPeerInfo(what: ClientNotice): boolean {
  return what === 'CONNECT' || what === 'REAUTH';
}

function envBlock(word: string, env: EnvList, level: number, withPeerInfo: boolean): string[] {
  return [...filterEnv(env, level, withPeerInfo).map((variable) => `>${word}:ENV,${variable}`), `>${word}:ENV,END`];
}
