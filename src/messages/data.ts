import { row } from './row.ts';

/** Data channel: keys, decryption, replay, one line a packet at level 6 (facts: logging 13). */
export const DATA = {
  replay: row(
    'data.replay',
    'D_REPLAY_ERRORS',
    'AEAD Decrypt error: bad packet ID (may be a replay): [ #{packetId:int} ] -- see the man page entry for --no-replay and --replay-window for more info or silence this warning with --mute-replay-warnings',
    {
      event: 'replay',
      also: [
        'AEAD Decrypt error: bad packet ID (may be a replay): [ #{packetId:int} ] -- {advice:rest}',
        'AEAD Decrypt error: bad packet ID (may be a replay): [ {packetId:text} ] -- {advice:rest}',
      ],
    },
  ),
  controlReplay: row(
    'data.control-replay',
    'D_REPLAY_ERRORS',
    '{what:text}: bad packet ID (may be a replay): [ #{packetId:int} / time = ({seconds:int}) {date:text} ] -- see the man page entry for --no-replay and --replay-window for more info or silence this warning with --mute-replay-warnings',
    {
      event: 'replay',
      also: [
        '{what:text}: bad packet ID (may be a replay): [ #{packetId:int} / time = ({seconds:int}) {date:text} ] -- {advice:rest}',
        '{what:text}: bad packet ID (may be a replay): [ #{packetId:int} ] -- {advice:rest}',
      ],
    },
  ),
  decryptFailed: row('data.decrypt-failed', 'D_CRYPT_ERRORS', 'AEAD Decrypt error: cipher final failed', {
    event: 'decrypt-failed',
    also: ['AEAD Decrypt error: packet decryption failed', 'AEAD Decrypt error: {reason:rest}'],
  }),
  authenticateFailed: row('data.authenticate-failed', 'D_CRYPT_ERRORS', 'Authenticate/Decrypt packet error: {reason:rest}', {
    event: 'decrypt-failed',
  }),
  cipherInitialised: row(
    'data.cipher-initialised',
    'D_CIPHER_INIT',
    "{direction:word} Data Channel: Cipher '{cipher}' initialized with {bits:int} bit key",
  ),
  hmacInitialised: row(
    'data.hmac-initialised',
    'D_CIPHER_INIT',
    "{direction:word} Data Channel: Using {bits:int} bit message hash '{digest}' for HMAC authentication",
  ),
  mtu: row('data.mtu', 'D_MTU_INFO', 'Data Channel MTU parms [ {parameters} ]'),
  recursiveRouting: row('data.recursive-routing', 'D_LOW', 'Recursive routing detected, packet dropped {text:rest}', {
    also: ['Recursive routing detected, drop tun packet to {address:address}'],
  }),
  packetIdError: row('data.packet-id-error', 'D_PID_DEBUG_MEDIUM', 'PID_ERR {text:rest}'),
  linkRead: row('data.link-read', 'D_LINK_RW', '{proto:proto} READ [{length:int}] from {address:address}: {packet:rest}'),
  linkWrite: row('data.link-write', 'D_LINK_RW', '{proto:proto} WRITE [{length:int}] to {address:address}: {packet:rest}'),
  tunRead: row('data.tun-read', 'D_TUN_RW', 'TUN READ [{length:int}]'),
  tunWrite: row('data.tun-write', 'D_TUN_RW', 'TUN WRITE [{length:int}]'),
  pingSent: row('data.ping-sent', 'D_DEBUG7', 'SENT PING'),
  pingReceived: row('data.ping-received', 'D_DEBUG7', 'RECEIVED PING PACKET'),
  badCompressionByte: row('data.bad-compression-byte', 'D_COMP_ERRORS', 'Bad compression stub decompression header byte: {byte:int}'),
  unknownIpVersion: row('data.unknown-ip-version', 'M_WARN', 'IP packet with unknown IP version={version:int} seen'),
} as const;
