import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTIFICATIONS } from './notifications.ts';
import { type Notification, parseNotification } from './understood.ts';

const STATE = { time: 1795353733, name: 'CONNECTED', detail: 'SUCCESS', tun4: '10.8.0.77', remote: '10.99.0.1', remotePort: 11940 };
const NOTHING_ASKED = { needs: undefined, challenge: undefined, failed: false, reason: undefined };
const CLIENT = { kind: 'client', env: [] } as const;

/** Every notification of 2.4 to master (facts: management 9, 10, 14). */
const ROWS: readonly (readonly [line: string, notification: Notification])[] = [
  [
    "INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info",
    { kind: 'info', text: "OpenVPN Management Interface Version 5 -- type 'help' for more info" },
  ],
  ['LOG:1795352572,,a, b', { kind: 'log', time: 1795352572, flags: '', text: 'a, b' }],
  ['LOG:1795352572,NW,x', { kind: 'log', time: 1795352572, flags: 'NW', text: 'x' }],
  [
    'STATE:1795353733,CONNECTED,SUCCESS,10.8.0.77,10.99.0.1,11940,10.99.0.2,45358,fd00:8::1000',
    { kind: 'state', state: { ...STATE, local: '10.99.0.2', localPort: 45358, tun6: 'fd00:8::1000' } },
  ],
  [
    'STATE:1795352745,RECONNECTING,SIGUSR1,,,,,',
    {
      kind: 'state',
      state: {
        time: 1795352745,
        name: 'RECONNECTING',
        detail: 'SIGUSR1',
        tun4: undefined,
        remote: undefined,
        remotePort: undefined,
        local: undefined,
        localPort: undefined,
        tun6: undefined,
      },
    },
  ],
  ['ECHO:1795352568,msg a,b', { kind: 'echo', time: 1795352568, text: 'msg a,b' }],
  ['HOLD:Waiting for hold release:10', { kind: 'hold', text: 'Waiting for hold release:10', seconds: 10 }],
  ['HOLD:Waiting for hold release', { kind: 'hold', text: 'Waiting for hold release', seconds: undefined }],
  ['FATAL:Cannot load inline certificate file', { kind: 'fatal', text: 'Cannot load inline certificate file' }],
  [
    "PASSWORD:Need 'Private Key' password",
    { kind: 'password', text: "Need 'Private Key' password", type: 'Private Key', ...NOTHING_ASKED, needs: 'password' },
  ],
  ["PASSWORD:Need 'Auth' username", { kind: 'password', text: "Need 'Auth' username", type: 'Auth', ...NOTHING_ASKED, needs: 'username' }],
  [
    "PASSWORD:Need 'Auth' username/password SC:3,Your PIN, please",
    {
      kind: 'password',
      text: "Need 'Auth' username/password SC:3,Your PIN, please",
      type: 'Auth',
      ...NOTHING_ASKED,
      needs: 'username/password',
      challenge: { text: 'Your PIN, please', echo: true, concatenated: true },
    },
  ],
  [
    "PASSWORD:Verification Failed: 'Private Key'",
    { kind: 'password', text: "Verification Failed: 'Private Key'", type: 'Private Key', ...NOTHING_ASKED, failed: true },
  ],
  [
    "PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:id:dXNlcg==:It's a ']']",
    {
      kind: 'password',
      text: "Verification Failed: 'Auth' ['CRV1:R,E:id:dXNlcg==:It's a ']']",
      type: 'Auth',
      ...NOTHING_ASKED,
      failed: true,
      reason: "CRV1:R,E:id:dXNlcg==:It's a ']",
    },
  ],
  ['PASSWORD:Auth-Token:abc', { kind: 'password', text: 'Auth-Token:abc', type: undefined, ...NOTHING_ASKED }],
  [
    "NEED-OK:Need 'token-insertion-request' confirmation MSG:Please insert: it",
    { kind: 'need-ok', type: 'token-insertion-request', text: 'Please insert: it' },
  ],
  ["NEED-STR:Need 'pkcs11-id-request' string MSG:Which?", { kind: 'need-str', type: 'pkcs11-id-request', text: 'Which?' }],
  ['REMOTE:vpn.example,1194,udp', { kind: 'remote', host: 'vpn.example', port: 1194, proto: 'udp' }],
  ['PROXY:1,TCP,vpn.example', { kind: 'proxy', index: 1, proto: 'TCP', host: 'vpn.example' }],
  ['BYTECOUNT:4242,4492', { kind: 'bytecount', received: 4242, sent: 4492 }],
  ['BYTECOUNT_CLI:3,1,2', { kind: 'client-bytecount', clientId: 3, received: 1, sent: 2 }],
  ['CLIENT:CONNECT,0,1', { ...CLIENT, what: 'CONNECT', clientId: 0, keyId: 1 }],
  ['CLIENT:REAUTH,0,3', { ...CLIENT, what: 'REAUTH', clientId: 0, keyId: 3 }],
  ['CLIENT:ESTABLISHED,0', { ...CLIENT, what: 'ESTABLISHED', clientId: 0, keyId: undefined }],
  ['CLIENT:DISCONNECT,0', { ...CLIENT, what: 'DISCONNECT', clientId: 0, keyId: undefined }],
  [
    'CLIENT:ADDRESS,0,10.66.0.0/255.255.255.0,0',
    { kind: 'client-address', clientId: 0, address: '10.66.0.0/255.255.255.0', primary: false },
  ],
  ['CLIENT:ADDRESS,7,fd00:8::1000,1', { kind: 'client-address', clientId: 7, address: 'fd00:8::1000', primary: true }],
  ['CLIENT:CR_RESPONSE,0,1,Ymx1ZQ==', { kind: 'client-response', clientId: 0, keyId: 1, response: 'Ymx1ZQ==', env: [] }],
  ['INFOMSG:WEB_AUTH::https://sso.example/login', { kind: 'infomsg', text: 'WEB_AUTH::https://sso.example/login' }],
  ['NOTIFY:info,server-pushed-halt,be, gone', { kind: 'notify', severity: 'info', type: 'server-pushed-halt', text: 'be, gone' }],
  ['NOTIFY:info,remote-exit,EXIT', { kind: 'notify', severity: 'info', type: 'remote-exit', text: 'EXIT' }],
  ['UPDOWN:UP', { kind: 'updown', up: true, env: [] }],
  ['UPDOWN:DOWN', { kind: 'updown', up: false, env: [] }],
  [
    'PK_SIGN:QUI=,RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest',
    { kind: 'sign-request', answer: 'pk-sig', data: 'QUI=', algorithm: 'RSA_PKCS1_PSS_PADDING,hashalg=SHA256,saltlen=digest' },
  ],
  ['PK_SIGN:QUI=', { kind: 'sign-request', answer: 'pk-sig', data: 'QUI=', algorithm: undefined }],
  ['RSA_SIGN:QUI=', { kind: 'sign-request', answer: 'rsa-sig', data: 'QUI=', algorithm: undefined }],
  ['NEED-CERTIFICATE:macosx-keychain:subject', { kind: 'need-certificate', hint: 'macosx-keychain:subject' }],
  ['EVENT:{"kind":"client"}', { kind: 'event', json: { kind: 'client' } }],
];

/** Of another form than theirs, or of no kind that is known. */
const UNKNOWN = [
  '',
  'FUTURE:x',
  'LOG:x',
  'STATE:',
  'BYTECOUNT:1',
  'CLIENT:CONNECT',
  'UPDOWN:SIDEWAYS',
  'EVENT:{',
  'constructor:x',
  '__proto__:x',
];

describe('parseNotification', () => {
  it.each(ROWS)('%s', (line, notification) => {
    expect(parseNotification(line)).toEqual(notification);
  });

  it('knows every word of the table of notifications', () => {
    const words = new Set(ROWS.map(([line]) => line.slice(0, line.indexOf(':'))));
    expect(NOTIFICATIONS.map(({ word }) => word).filter((word) => !words.has(word))).toEqual([]);
  });

  it.each(UNKNOWN)('%j stays as it came', (line) => {
    expect(parseNotification(line)).toEqual({ kind: 'unknown', line });
  });

  it('takes whatever comes', () => {
    const word = fc.constantFrom(...ROWS.map(([line]) => line.slice(0, line.indexOf(':') + 1)), '');
    fc.assert(
      fc.property(word, fc.string(), (head, rest) => {
        const line = head + rest;
        const notification = parseNotification(line);
        if (notification.kind === 'unknown') expect(notification.line).toBe(line);
      }),
    );
  });
});
