import { beforeEach, describe, expect, it } from 'vitest';
import type { FailureNotice, SessionNotice, StateNotice } from './notices.ts';
import { at, client, list, Rig, wall } from './testing.ts';

let rig: Rig;
let sessions: string[];
let failures: FailureNotice[];
let states: StateNotice[];

/** What is told of a session, in a line. */
function sessionText({ daemon, session, now, end }: SessionNotice): string {
  const { commonName, username, received, version, platform, cipher } = session;
  const who = [commonName, username, received, version, platform, cipher].map((word) => word ?? '-').join(' ');
  return `${daemon} ${who} ${end === undefined ? 'there' : `${end.reason} ${(end.time - wall(0)) / 1000}`} at ${(now.wall - wall(0)) / 1000}`;
}

beforeEach(() => {
  rig = new Rig();
  sessions = [];
  failures = [];
  states = [];
  rig.fleet.watch({
    session: (notice) => void sessions.push(sessionText(notice)),
    failure: (notice) => void failures.push(notice),
    state: (notice) => void states.push(notice),
  });
});

describe('whoever watches the fleet', () => {
  it('hears of sessions that are there, and of their ends once it is settled why', () => {
    rig.up('management', 0, true);
    rig.tell('management', 1, list([client(1, { bytesReceived: 7 }), client(2)]));
    expect(sessions).toEqual(['vpn c1 - 7 - - AES-256-GCM there at 1', 'vpn c2 - 0 - - AES-256-GCM there at 1']);
    sessions.length = 0;
    rig.tell('management', 5, list([client(2)]));
    expect(sessions).toEqual([]);
    rig.line('management', 6, 'c1/10.99.0.2:1 SIGUSR1[soft,ping-restart] received, client-instance restarting');
    expect(sessions).toEqual(['vpn c1 - 7 - - AES-256-GCM ping-restart 5 at 6']);
    // Of the other nobody ever says why.
    rig.tell('management', 7, list([]));
    rig.fleet.advance(at(10));
    expect(sessions.at(-1)).toBe('vpn c2 - 0 - - AES-256-GCM unknown 7 at 10');
  });

  it('hears that one whose end was told is there after all', () => {
    rig.up('status-file', 0);
    for (const [second, clients] of [
      [1, [client(1)]],
      [2, []],
      [3, [client(1)]],
    ] as const)
      rig.tell('status-file', second, list(clients));
    expect(sessions.map((text) => text.split(' ')[7])).toEqual(['there', 'unknown', 'there']);
  });

  it('hears what the log says of a client: version, platform, user and cipher', () => {
    rig.up('log', 0, true);
    const peer = '10.99.0.2:50000';
    rig.line('log', 1, `${peer} TLS: Initial packet from [AF_INET]${peer}, sid=aabbccdd 11223344`);
    rig.line('log', 1, `${peer} peer info: IV_VER=2.6.14`);
    rig.line('log', 1, `${peer} peer info: IV_PLAT=linux`);
    rig.line('log', 1, `${peer} TLS: Username/Password authentication succeeded for username 'Alice' [CN SET]`);
    rig.line('log', 1, `${peer} [alice] Peer Connection Initiated with [AF_INET]${peer}`);
    rig.line('log', 2, `alice/${peer} Data Channel: cipher 'AES-128-GCM', peer-id: 0`);
    expect(sessions).toEqual(['vpn alice Alice 0 2.6.14 linux AES-128-GCM there at 2']);
  });

  it('hears who was not let in, and why', () => {
    rig.up('log', 0, true);
    const peer = '10.99.0.2:50000';
    rig.line('log', 1, `${peer} TLS: Initial packet from [AF_INET]${peer}, sid=aabbccdd 11223344`);
    rig.line('log', 1, `${peer} TLS: Username/Password authentication deferred for username 'mallory' `);
    rig.line('log', 1, `${peer} TLS Auth Error: Auth Username/Password verification failed for peer`);
    rig.line('log', 2, `${peer} VERIFY ERROR: depth=0, error=certificate revoked: CN=bob, serial=5`);
    rig.line('log', 2, `${peer} TLS Error: TLS handshake failed`);
    const common = { daemon: 'vpn', address: peer, commonName: undefined };
    expect(failures).toEqual([
      { ...common, what: 'login', reason: 'credentials', username: 'mallory', now: at(1) },
      { ...common, what: 'handshake', reason: 'certificate-revoked', username: 'mallory', now: at(2) },
    ]);
  });

  it('hears of each state once, whoever tells it', () => {
    rig.up('management', 0, true);
    const state = { time: wall(1), name: 'CONNECTED', detail: 'SUCCESS' };
    rig.tell('management', 1, { kind: 'state', state });
    rig.tell('management', 2, { kind: 'state', state });
    rig.line('management', 2, 'Initialization Sequence Completed');
    rig.tell('management', 3, { kind: 'state', state: { time: wall(3), name: 'RECONNECTING', detail: 'ping-restart' } });
    expect(states.map(({ state: { name } }) => name)).toEqual(['CONNECTED', 'RECONNECTING']);
  });
});
