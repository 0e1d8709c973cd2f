import type { SessionRecord } from './records.ts';

/** A session of alice's, as tests of the history have it: still going on, with nothing carried yet. */
export function sessionRecord(id: number, started: SessionRecord['started'], changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id,
    daemon: 'vpn',
    commonName: 'alice',
    username: undefined,
    address: '192.0.2.7:50000',
    virtual4: '10.8.0.2',
    virtual6: undefined,
    started,
    ended: undefined,
    updated: started,
    received: 0,
    sent: 0,
    lost: undefined,
    reason: undefined,
    version: '2.6.14',
    platform: 'linux',
    cipher: 'AES-256-GCM',
    ...changes,
  };
}
