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
      "Data Channel: cipher '{cipher}', auth '{digest}'",
      "Data Channel: using negotiated cipher '{cipher}'",
    ],
  }),
  /** The same of a client without a peer id. */
  dataChannelPlain: row('push.data-channel-plain', 'D_HANDSHAKE', "Data Channel: cipher '{cipher}'", { event: 'cipher-negotiated' }),
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
    },
  ),
  /** The same of a client that told its one cipher by its options string. */
  noCommonSingleCipher: row(
    'push.no-common-single-cipher',
    'M_INFO',
    "PUSH: No common cipher between server and client. Server data-ciphers: '{server}', client supports cipher '{client}'",
    {
      side: 'server',
      event: 'client-rejected',
    },
  ),
  noCipherData: row('push.no-cipher-data', 'M_INFO', 'PUSH: No NCP or OCC cipher data received from peer.', { side: 'server' }),
  fallbackUsed: row('push.fallback-used', 'M_INFO', "Using data channel cipher '{cipher}' since --data-ciphers-fallback is set.", {
    side: 'server',
  }),
  fallbackMissing: row(
    'push.fallback-missing',
    'M_INFO',
    'Use --data-ciphers-fallback with the cipher the client is using if you want to allow the client to connect',
    { side: 'server', event: 'client-rejected' },
  ),
  clientFileError: row('push.client-file-error', 'D_IMPORT_OPTION_ERRORS', 'Options error: {text:rest}', { side: 'server' }),
  pushedOptionError: row('push.pushed-option-error', 'D_PUSH_OPTION_ERRORS', 'Options error: {text:rest}', { side: 'client' }),
  rejected: row('push.rejected', 'M_WARN', "Pushed option rejected by filter: '{option}'. Restarting.", { side: 'client' }),
  filtered: row('push.filtered', 'D_PUSH', "Pushed option removed by filter: '{option}'", { side: 'client' }),
} as const;
