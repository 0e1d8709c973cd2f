import { describe, expect, it } from 'vitest';
import { classify } from '../protocol/negotiate/control-messages.ts';
import { CLIENT_ENDINGS, type ClientEnding } from './client-types.ts';
import { endVerdict } from './client-verdict.ts';

describe("a server's message", () => {
  it.each([
    ['AUTH_FAILED', 'auth-failure', undefined],
    ['AUTH_FAILED,wrong password', 'auth-failure', 'wrong password'],
    ['AUTH_FAILED,TEMP:later', 'auth-temp-failure', 'later'],
    ['AUTH_FAILED,SESSION: token expired', 'auth-token-expired', ' token expired'],
    ['AUTH_FAILED,CRV1:R:x:y:z', 'auth-failure', 'CRV1:R:x:y:z'],
    ['RESTART', 'server-restart', undefined],
    ['RESTART,[N]moving', 'server-restart', 'moving'],
    ['HALT,go away', 'server-halt', 'go away'],
    ['EXIT', 'remote-exit', undefined],
  ] as const)('%s ends the session', (message, reason, text) => {
    expect(endVerdict(classify(message, 'server'), false)).toMatchObject({ reason, ...(text === undefined ? {} : { text }) });
  });

  it.each(['PUSH_REPLY,ping 10', 'INFO,hello', 'AUTH_PENDING,timeout 60', 'whatever'])('%s does not', (message) => {
    expect(endVerdict(classify(message, 'server'), false)).toBeUndefined();
  });

  it('that refuses a token leaves the password to try', () => {
    expect(endVerdict(classify('AUTH_FAILED', 'server'), true)).toMatchObject({ reason: 'auth-token-expired' });
  });

  it('that asks for patience says for how long', () => {
    expect(endVerdict(classify('AUTH_FAILED,TEMP[backoff 42]:later', 'server'), false)?.backoffSeconds).toBe(42);
  });
});

describe('the endings', () => {
  it('that are for good are few', () => {
    const forGood = (Object.keys(CLIENT_ENDINGS) as ClientEnding[]).filter((ending) => !CLIENT_ENDINGS[ending].again);
    expect(forGood).toEqual(['auth-failure', 'server-halt', 'ping-exit', 'left']);
  });
});
