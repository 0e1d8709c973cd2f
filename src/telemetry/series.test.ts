import { describe, expect, it } from 'vitest';
import { DEFAULT_FLEET } from './options.ts';
import type { SeriesPolicy } from './series.ts';
import { client, list, Rig, wall } from './testing.ts';

function rigOf(policy: Partial<SeriesPolicy>): Rig {
  const rig = new Rig({ series: { mode: 'user', top: 2, max: 100, ...policy } });
  rig.up('management', 0);
  return rig;
}

function shown(rig: Rig): Record<string, number> {
  return Object.fromEntries([...rig.vpn.series].map(({ labels, received }) => [/user="([^"]*)"/.exec(labels)?.[1] ?? '', received]));
}

/** A list with a client for each name, of so many bytes. */
function moved(rig: Rig, seconds: number, bytes: Readonly<Record<string, number>>): void {
  const rows = Object.entries(bytes).map(([name, received], index) =>
    client(index + 1, { commonName: name, bytesReceived: received, clientId: index }),
  );
  rig.tell('management', seconds, list(rows));
}

describe('series of users', () => {
  it('are none unless asked for', () => {
    const rig = rigOf({ mode: 'off' });
    moved(rig, 1, { alice: 5 });
    expect(shown(rig)).toEqual({});
  });

  it('sum the sessions of a user, together and one after the other', () => {
    const rig = rigOf({});
    const two = [client(1, { commonName: 'alice', bytesReceived: 5 }), client(2, { commonName: 'alice', bytesReceived: 7 })];
    rig.tell('management', 1, list(two));
    expect([...rig.vpn.series]).toMatchObject([{ labels: '{daemon="vpn",user="alice"}', received: 12, sessions: 2 }]);
    rig.tell('management', 2, list([]));
    rig.tell('management', 3, list([client(3, { commonName: 'alice', bytesReceived: 1, since: { wall: wall(2) } })]));
    expect([...rig.vpn.series]).toMatchObject([{ received: 13, sessions: 1 }]);
  });

  it('go by the user name where there is one, and begin when it is settled', () => {
    const rig = rigOf({});
    rig.tell('management', 1, list([client(1, { virtual4: undefined, bytesReceived: 5 })]));
    expect(shown(rig)).toEqual({});
    rig.tell('management', 2, list([client(1, { username: 'al ice', bytesReceived: 9 })]));
    expect(shown(rig)).toEqual({ 'al ice': 9 });
  });

  it('are never more than the bound; the rest is summed and counted', () => {
    const rig = rigOf({ max: 2 });
    moved(rig, 1, { a: 1, b: 2, c: 4, d: 8 });
    expect(shown(rig)).toEqual({ a: 1, b: 2, '(other)': 12 });
    expect(rig.fleet.seriesLeftOut).toBe(2);
  });

  it('of the top change places without any of them going back', () => {
    const rig = rigOf({ mode: 'top', top: 2 });
    moved(rig, 1, { a: 100, b: 50, c: 10 });
    expect(shown(rig)).toEqual({ a: 100, b: 50, '(other)': 10 });
    moved(rig, 2, { a: 100, b: 50, c: 500 });
    expect(shown(rig)).toEqual({ a: 100, c: 500, '(other)': 500 });
    moved(rig, 3, { a: 100, b: 900, c: 500 });
    expect(shown(rig)).toEqual({ b: 900, c: 500, '(other)': 1350 });
  });

  it('count the sessions of the rest as users change places', () => {
    const rig = rigOf({ mode: 'top', top: 1 });
    moved(rig, 1, { a: 100, b: 10, c: 1 });
    moved(rig, 2, { a: 100, b: 300, c: 1 });
    expect([...rig.vpn.series].map(({ sessions }) => sessions)).toEqual([1, 2]);
    rig.tell('management', 3, list([]));
    expect([...rig.vpn.series].map(({ sessions }) => sessions)).toEqual([0, 0]);
  });

  it('show a keyed hash where names must not be seen', () => {
    const rig = rigOf({ hashKey: Buffer.from('key') });
    moved(rig, 1, { alice: 5 });
    // printf alice | openssl dgst -sha256 -hmac key
    expect(shown(rig)).toEqual({ '76fb55e929c06b97': 5 });
  });

  it('of clients are there while they are connected', () => {
    const rig = rigOf({ mode: 'client' });
    moved(rig, 1, { alice: 5, bob: 6 });
    expect([...rig.vpn.series].map(({ labels }) => labels)).toEqual([
      '{daemon="vpn",user="alice",session="1",real_address="10.99.0.2:1",virtual_address="10.8.0.1"}',
      '{daemon="vpn",user="bob",session="2",real_address="10.99.0.2:2",virtual_address="10.8.0.2"}',
    ]);
    moved(rig, 2, { alice: 5 });
    expect([...rig.vpn.series].length).toBe(1);
  });

  it('give their places back when a daemon is taken out', () => {
    const rig = rigOf({ max: 2 });
    moved(rig, 1, { a: 1, b: 2 });
    rig.fleet.setDaemons([]);
    rig.fleet.setDaemons(['vpn']);
    moved(rig, 2, { c: 3, d: 4 });
    expect(shown(rig)).toEqual({ c: 3, d: 4 });
  });

  it('change while they are shown, and no user goes back', () => {
    const rig = rigOf({ mode: 'top', top: 1 });
    const change = (policy: Partial<SeriesPolicy>): void =>
      rig.fleet.configure({ ...DEFAULT_FLEET, series: { mode: 'user', top: 2, max: 100, ...policy } });
    moved(rig, 1, { a: 10, b: 20, c: 30 });
    expect(shown(rig)).toEqual({ c: 30, '(other)': 50 });
    change({ mode: 'user' });
    expect(shown(rig)).toEqual({ a: 10, b: 20, c: 30, '(other)': 50 });
    moved(rig, 2, { a: 11, b: 22, c: 33 });
    expect(shown(rig)).toEqual({ a: 11, b: 22, c: 33, '(other)': 50 });
    change({ mode: 'top', top: 2 });
    expect(shown(rig)).toEqual({ c: 33, b: 22, '(other)': 50 });
    expect([...rig.vpn.series].map(({ sessions }) => sessions)).toEqual([1, 1, 1]);
    change({ hashKey: Buffer.from('key') });
    expect(Object.values(shown(rig))).toEqual([11, 22, 33, 50]);
    // printf a | openssl dgst -sha256 -hmac key
    expect(Object.keys(shown(rig))[0]).toBe('780c3db4ce3de5b9');
    expect(rig.vpn.received.value).toBe(66);
  });

  it.each(['user', 'client', 'top'] as const)('begin with what those who are there have moved: %s', (mode) => {
    const rig = rigOf({ mode: 'off' });
    moved(rig, 1, { a: 10, b: 20, c: 30 });
    moved(rig, 2, { a: 11, b: 22 });
    rig.fleet.configure({ ...DEFAULT_FLEET, series: { mode, top: 5, max: 5 } });
    expect(shown(rig)).toEqual({ a: 11, b: 22 });
    moved(rig, 3, { a: 12, b: 23, c: 30 });
    expect(shown(rig)).toEqual({ a: 12, b: 23, c: 30 });
    rig.fleet.configure({ ...DEFAULT_FLEET, series: { mode: 'client', top: 5, max: 2 } });
    expect(Object.values(shown(rig))).toEqual([12, 23, 30]);
    rig.fleet.configure({ ...DEFAULT_FLEET, series: { mode: 'off', top: 5, max: 2 } });
    expect([shown(rig), rig.vpn.received.value]).toEqual([{}, 65]);
  });
});
