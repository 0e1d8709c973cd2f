import { row } from './row.ts';

/** Control messages and the options that both ends settle on (facts: logging 13). */
export const PUSH = {
  sent: row('push.sent', 'D_PUSH', "SENT CONTROL [{commonName}]: '{message}' (status={status:int})", { event: 'push-sent' }),
  received: row('push.received', 'D_PUSH', "PUSH: Received control message: '{message}'"),
  dataChannel: row('push.data-channel', 'D_HANDSHAKE', "Data Channel: cipher '{cipher}', peer-id: {peerId:int}", {
    event: 'cipher-negotiated',
    also: [
      "Data Channel: cipher '{cipher}', rx-peer-id: {peerId:int}, tx-peer-id: {sendPeerId:int}",
      "Data Channel: cipher '{cipher}', rx-peer-id: {peerId:int}, tx-peer-id: {sendPeerId:int}, {more:rest}",
      "Data Channel: cipher '{cipher}', auth '{digest}', rx-peer-id: {peerId:int}, tx-peer-id: {sendPeerId:int}",
      "Data Channel: cipher '{cipher}', auth '{digest}', peer-id: {peerId:int}",
      "Data Channel: cipher '{cipher}', peer-id: {peerId:int}, {more:rest}",
      "Data Channel: cipher '{cipher}', auth '{digest}', peer-id: {peerId:int}, {more:rest}",
      "Data Channel: cipher '{cipher}'",
      "Data Channel: cipher '{cipher}', auth '{digest}'",
      "Data Channel: using negotiated cipher '{cipher}'",
    ],
  }),
  timers: row('push.timers', 'D_HANDSHAKE', 'Timers: {timers:rest}'),
  protocolOptions: row('push.protocol-options', 'D_HANDSHAKE', 'Protocol options: {options:rest}'),
  importModified: row('push.import-modified', 'D_PUSH', 'OPTIONS IMPORT: {what:text} modified'),
  importLevel: row('push.import-level', 'D_PUSH', 'OPTIONS IMPORT: --verb and/or --mute level changed'),
  importClientFile: row('push.import-client-file', 'D_PUSH', 'OPTIONS IMPORT: reading client specific options from: {file:rest}', {
    side: 'server',
  }),
  importOther: row('push.import-other', 'D_PUSH', 'OPTIONS IMPORT: {what:rest}'),
  noCommonCipher: row(
    'push.no-common-cipher',
    'M_INFO',
    "PUSH: No common cipher between server and client. Server data-ciphers: '{server}', client supported ciphers '{client}'",
    {
      side: 'server',
      event: 'client-rejected',
      also: ["PUSH: No common cipher between server and client. Server data-ciphers: '{server}', client supports cipher '{client}'"],
    },
  ),
  clientFileError: row('push.client-file-error', 'D_IMPORT_OPTION_ERRORS', 'Options error: {text:rest}', { side: 'server' }),
  pushedOptionError: row('push.pushed-option-error', 'D_PUSH_OPTION_ERRORS', 'Options error: {text:rest}', { side: 'client' }),
  filtered: row('push.filtered', 'D_PUSH', "Pushed option removed by filter: '{option}'", { side: 'client' }),
} as const;
