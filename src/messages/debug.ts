import { row } from './row.ts';

/**
 * What is said from `verb 7` up. Of stock's rows we write `preDecrypt` and `preEncrypt` alone: several others carry keys in
 * clear, and the recogniser knows them so that they can be told from what is unknown. The last ones are ours.
 */
export const DEBUG = {
  cipherKey: row('debug.cipher-key', 'D_DEBUG7', '{direction:word} Data Channel: CIPHER KEY: {key:rest}', {
    also: [
      '{direction:word} Control Channel Encryption: CIPHER KEY: {key:rest}',
      '{direction:word} dynamic tls-crypt: CIPHER KEY: {key:rest}',
      'tls-crypt-v2 server key: CIPHER KEY: {key:rest}',
    ],
  }),
  hmacKey: row('debug.hmac-key', 'D_DEBUG7', '{direction:word} Data Channel: HMAC KEY: {key:rest}', {
    also: [
      '{direction:word} Control Channel Encryption: HMAC KEY: {key:rest}',
      '{direction:word} dynamic tls-crypt: HMAC KEY: {key:rest}',
      '{direction:word} Control Channel Authentication: HMAC KEY: {key:rest}',
      'tls-crypt-v2 server key: HMAC KEY: {key:rest}',
      'auth-token secret: HMAC KEY: {key:rest}',
    ],
  }),
  cipherSizes: row('debug.cipher-sizes', 'D_DEBUG7', '{direction:word} Data Channel: CIPHER block_size={block:int} iv_size={iv:int}', {
    also: [
      '{direction:word} Control Channel Encryption: CIPHER block_size={block:int} iv_size={iv:int}',
      '{direction:word} dynamic tls-crypt: CIPHER block_size={block:int} iv_size={iv:int}',
      'tls-crypt-v2 server key: CIPHER block_size={block:int} iv_size={iv:int}',
    ],
  }),
  hmacSizes: row('debug.hmac-sizes', 'D_DEBUG7', '{direction:word} Data Channel: HMAC size={size:int} block_size={block:int}', {
    also: [
      '{direction:word} Control Channel Encryption: HMAC size={size:int} block_size={block:int}',
      '{direction:word} dynamic tls-crypt: HMAC size={size:int} block_size={block:int}',
      '{direction:word} Control Channel Authentication: HMAC size={size:int} block_size={block:int}',
      'tls-crypt-v2 server key: HMAC size={size:int} block_size={block:int}',
      'auth-token secret: HMAC size={size:int} block_size={block:int}',
    ],
  }),
  masterKey: row('debug.master-key', 'D_DEBUG7', 'Master {direction:word} ({what}): {key:rest}'),
  packetIdTest: row('debug.packet-id-test', 'D_DEBUG7', 'PID_TEST {text:rest}'),
  packetIdState: row('debug.packet-id-state', 'D_DEBUG7', 'PID packet_id_{text:rest}'),
  instanceByReal: row('debug.instance-by-real', 'D_DEBUG7', 'GET INST BY REAL: {address:text} [{result:word}]'),
  instanceByVirtual: row('debug.instance-by-virtual', 'D_DEBUG7', 'GET INST BY VIRT: {address:text} [{result:word}]', {
    also: ['GET INST BY VIRT: {address:text} -> {client:text} via {via:rest}'],
  }),
  mtu: row('debug.mtu', 'D_DEBUG7', 'MTU: {text:rest}'),
  reap: row('debug.reap', 'D_DEBUG7', 'MULTI: REAP {text:rest}'),
  broadcast: row('debug.broadcast', 'D_DEBUG7', 'MULTI: C2C/MCAST/BCAST'),
  pkcs11: row('debug.pkcs11', 'D_DEBUG7', 'PKCS#11: {text:rest}'),
  preDecrypt: row('debug.pre-decrypt', 'D_DEBUG7', 'TLS: tls_pre_decrypt, key_id={keyId:int}, IP={address:address}'),
  preEncrypt: row('debug.pre-encrypt', 'D_DEBUG7', 'TLS: tls_pre_encrypt: key_id={keyId:int}'),
  keysReady: row('debug.keys-ready', 'D_DEBUG7', 'KEYS: key id {keyId:int} receives, {cipher:word}'),
  keySends: row('debug.key-sends', 'D_DEBUG7', 'KEYS: key id {keyId:int} sends from now on'),
  keyGone: row('debug.key-gone', 'D_DEBUG7', 'KEYS: key id {keyId:int} is gone'),
  scriptRuns: row('debug.script-runs', 'D_DEBUG7', 'SCRIPT: {hook:word} runs: {command:text}, with {names:rest}'),
  sessionState: row('debug.session-state', 'D_DEBUG8', 'SESSION: {what:rest}'),
  reliable: row('debug.reliable', 'D_DEBUG8', 'RELIABLE: {direction:word} {opcode:word} kid={keyId:int} {parts:rest}'),
  wait: row('debug.wait', 'D_DEBUG8', 'WAIT: {milliseconds:int} ms'),
  content: row('debug.content', 'D_DEBUG9', 'CONTENT: {direction:word} {hex:rest}'),
} as const;
