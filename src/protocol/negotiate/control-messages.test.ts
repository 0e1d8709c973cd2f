import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ControlMessage, classify } from './control-messages.ts';

const NOTHING = { backoffSeconds: undefined, advance: undefined };

describe('what a client hears', () => {
  it.each<[string, ControlMessage]>([
    ['AUTH_FAILED', { kind: 'auth-failed', reason: undefined }],
    ['AUTH_FAILED,wrong, really', { kind: 'auth-failed', reason: 'wrong, really' }],
    ['AUTH_FAILED,SESSION: token expired', { kind: 'auth-token-expired', reason: ' token expired' }],
    ['AUTH_FAILED,SESSION', { kind: 'auth-token-expired', reason: undefined }],
    ['AUTH_FAILED,CRV1:R,E:abc:Ym9i:PIN?', { kind: 'challenge', challenge: 'CRV1:R,E:abc:Ym9i:PIN?' }],
    ['AUTH_FAILED,TEMP', { kind: 'auth-failed-temporarily', how: NOTHING, reason: undefined }],
    ['AUTH_FAILED,TEMP:later', { kind: 'auth-failed-temporarily', how: NOTHING, reason: 'later' }],
    [
      'AUTH_FAILED,TEMP[backoff 42,advance remote]:busy: wait',
      { kind: 'auth-failed-temporarily', how: { backoffSeconds: 42, advance: 'remote' }, reason: 'busy: wait' },
    ],
    ['AUTH_FAILED,TEMP[backoff x,advance up,new 1]', { kind: 'auth-failed-temporarily', how: NOTHING, reason: undefined }],
    ['PUSH_REPLY,ping 10,ping-restart 60', { kind: 'push-reply', options: ['ping 10', 'ping-restart 60'], complete: true }],
    ['PUSH_REPLY,a,push-continuation 2', { kind: 'push-reply', options: ['a'], complete: false }],
    ['PUSH_UPDATE,-dns', { kind: 'push-update', options: ['-dns'], complete: true }],
    ['PUSH_UPDATES,-dns', { kind: 'push-other', text: 'PUSH_UPDATES,-dns' }],
    ['RESTART', { kind: 'restart', flags: '', text: undefined }],
    ['RESTART,[N]', { kind: 'restart', flags: 'N', text: undefined }],
    ['RESTART,[P]maintenance', { kind: 'restart', flags: 'P', text: 'maintenance' }],
    ['RESTART,maintenance', { kind: 'restart', flags: '', text: 'maintenance' }],
    ['HALT,account closed', { kind: 'halt', text: 'account closed' }],
    ['HALT', { kind: 'halt', text: undefined }],
    ['INFO_PRE,WEB_AUTH::https://x', { kind: 'info-pre', text: 'WEB_AUTH::https://x' }],
    ['INFO,CR_TEXT:R:code?', { kind: 'info', text: 'CR_TEXT:R:code?' }],
    ['AUTH_PENDING', { kind: 'auth-pending', timeoutSeconds: undefined }],
    ['AUTH_PENDING,timeout 60', { kind: 'auth-pending', timeoutSeconds: 60 }],
    ['AUTH_PENDING,more,timeout 5', { kind: 'auth-pending', timeoutSeconds: 5 }],
    ['EXIT', { kind: 'exit' }],
    ['EXIT\r\n', { kind: 'exit' }],
    ['CR_RESPONSE,YQ==', { kind: 'unknown', text: 'CR_RESPONSE,YQ==' }],
    ['ACC,something', { kind: 'unknown', text: 'ACC,something' }],
    ['', { kind: 'unknown', text: '' }],
  ])('%j', (text, message) => {
    expect(classify(text, 'server')).toEqual(message);
  });
});

describe('what a server hears', () => {
  it.each<[string, ControlMessage]>([
    ['PUSH_REQUEST', { kind: 'push-request' }],
    ['CR_RESPONSE,YWxpY2U=', { kind: 'challenge-response', response: 'YWxpY2U=' }],
    ['EXIT', { kind: 'exit' }],
    ['AUTH_FAILED', { kind: 'unknown', text: 'AUTH_FAILED' }],
    ['RESTART', { kind: 'unknown', text: 'RESTART' }],
    ['push_request', { kind: 'unknown', text: 'push_request' }],
  ])('%j', (text, message) => {
    expect(classify(text, 'client')).toEqual(message);
  });
});

it('something is made of any text', () => {
  const piece = fc.constantFrom(
    'AUTH_FAILED',
    ',',
    'TEMP',
    '[',
    ']',
    'backoff ',
    '9',
    'RESTART',
    'PUSH_',
    'REPLY',
    ':',
    'AUTH_PENDING',
    'timeout ',
    '\n',
    'x',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom('client' as const, 'server' as const), (pieces, from) => {
      expect(typeof classify(pieces.join(''), from).kind).toBe('string');
    }),
  );
});
