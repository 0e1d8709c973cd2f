import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';

/** What the monitor keeps of a stock server: the same that happened, also over a SIGKILL of the monitor in the middle. */

const ADDRESS = 'http://127.0.0.1:9176';

interface Row {
  readonly [name: string]: unknown;
}

describe.skipIf(!requireInterop())('the history of a stock server', () => {
  const lab = useLab(['alice', 'bob', 'carol']);
  const inFolder = (name: string): string => join(lab.network.folder, name);
  const onServer = (...command: readonly string[]): Promise<string> => lab.network.run(lab.serverHost, command);

  async function monitor(): Promise<Running> {
    const running = lab.network.start(lab.serverHost, 'monitor', [...OUR_COMMAND, 'monitor', inFolder('monitor.yaml')]);
    await running.waitFor('metrics and health at http');
    await running.waitFor("'vpn': management works");
    return running;
  }

  /** What the command finds, by JSON. */
  async function history(...words: readonly string[]): Promise<Row[]> {
    const said = await onServer(...OUR_COMMAND, 'history', inFolder('monitor.yaml'), '--json', ...words);
    return said
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }

  const names = (rows: readonly Row[], ...columns: readonly string[]): unknown[] => rows.map((row) => columns.map((column) => row[column]));

  /** Status and body of a question to the API. */
  async function api(path: string, init: object = {}): Promise<[status: number, body: string]> {
    const script =
      'fetch(process.argv[1], JSON.parse(process.argv[2])).then(async (r) => console.log(JSON.stringify([r.status, await r.text()])))';
    return JSON.parse(await onServer(process.execPath, '-e', script, ADDRESS + path, JSON.stringify(init))) as [number, string];
  }

  it('has every session once, with how it ended, over a SIGKILL of the monitor', async () => {
    const server = await lab.server({ program: 'stock' });
    writeFileSync(inFolder('token'), 'act\n');
    writeFileSync(
      inFolder('monitor.yaml'),
      `daemons:
  - name: vpn
    management: { address: ${server.managementPath}, poll: 1s, bytecount: 1s }
    gateway: { listen: { address: ${inFolder('gateway.sock')}, role: operate } }
http: { tokens: [{ token-file: token, role: operate }] }
history: { file: history.db }
`,
    );
    const first = await monitor();
    const events = lab.network.start(lab.serverHost, 'events', [
      process.execPath,
      '-e',
      `fetch('${ADDRESS}/api/v1/events', { headers: { authorization: 'Bearer act' } }).then(async (r) => { for await (const piece of r.body) process.stdout.write(piece); })`,
    ]);
    await events.waitFor('retry');

    const goodbye = { lines: ['explicit-exit-notify 1'] };
    const [alice, bob] = await Promise.all([lab.client('alice', goodbye), lab.client('bob', goodbye)]);
    await events.waitFor('"commonName":"bob"');
    await Promise.all([lab.ping(alice, '10.8.0.1', 20), lab.ping(bob, '10.8.0.1', 20)]);
    await alice.process.stop();
    await eventually('the end of alice', async () => (await history('--user', 'alice')).some(({ ended }) => ended !== undefined));
    const [ended] = await history('--user', 'alice');
    expect(ended).toMatchObject({ daemon: 'vpn', common_name: 'alice', version: '2.6.14', platform: 'linux', cipher: 'AES-256-GCM' });
    expect(ended?.['reason']).toBe('remote-exit');
    await events.waitFor('session-ended');

    const shell = await Talk.open(inFolder('gateway.sock'));
    await shell.ask('kill nobody');
    shell.close();
    await eventually('the command', async () => (await history('--audit')).some(({ command }) => command === 'kill nobody'));

    // All that was seen more than a second before is there after a kill; bob stays, carol comes while nobody looks.
    const before = await history();
    await first.stop('SIGKILL');
    expect(await history()).toEqual(before);
    await lab.client('carol');
    const second = await monitor();
    await eventually('who is there', async () => {
      const there = (await history()).filter(({ ended: over }) => over === undefined);
      return JSON.stringify(names(there, 'common_name').flat().toSorted()) === '["bob","carol"]';
    });
    await bob.process.stop();
    await eventually('the end of bob', async () => (await history('--user', 'bob')).every(({ ended: over }) => over !== undefined));
    const all = await history();
    expect(names(all, 'common_name', 'reason').toSorted()).toEqual([
      ['alice', 'remote-exit'],
      ['bob', 'remote-exit'],
      ['carol', undefined],
    ]);
    // The same sessions as before, and each began when the server says.
    expect(all.filter(({ id }) => before.some((row) => row['id'] === id))).toHaveLength(before.length);
    const traffic = await history('--traffic');
    for (const name of ['alice', 'bob', 'carol']) {
      const moved = (rows: readonly Row[], column: string): number =>
        rows.filter((row) => row['common_name'] === name || row['user'] === name).reduce((sum, row) => sum + Number(row[column]), 0);
      expect([moved(traffic, 'received'), moved(traffic, 'sent')]).toEqual([moved(all, 'received'), moved(all, 'sent')]);
      expect(moved(all, 'received')).toBeGreaterThan(1000);
    }
    const states = names(await history('--states'), 'state').flat();
    expect(states).toEqual(expect.arrayContaining(['CONNECTED', 'source-up']));

    // The same over HTTP, to those who may ask.
    const authorization = { headers: { authorization: 'Bearer act' } };
    expect((await api('/api/v1/history/sessions'))[0]).toBe(401);
    const [status, body] = await api('/api/v1/history/sessions?user=bob', authorization);
    expect([status, JSON.parse(body)]).toMatchObject([200, { records: [{ commonName: 'bob', reason: 'remote-exit' }] }]);
    expect((await api('/api/v1/history/sessions?limit=100000', authorization))[0]).toBe(400);
    const [added, silence] = await api('/api/v1/silences', {
      method: 'POST',
      headers: { ...authorization.headers, 'content-type': 'application/json' },
      body: JSON.stringify({
        matchers: [{ name: 'alertname', value: '.*', isRegex: true }],
        ends: new Date(Date.now() + 60_000).toISOString(),
      }),
    });
    expect([added, silence]).toEqual([201, expect.stringContaining('"id"')]);

    // A person asks to be forgotten.
    expect(await onServer(...OUR_COMMAND, 'history', inFolder('monitor.yaml'), '--erase', 'alice')).toMatch(
      /^\d+ records erased or changed\n$/,
    );
    expect(await history('--user', 'alice')).toEqual([]);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
  }, 120_000);

  it('begins anew beside a damaged database, and says so', async () => {
    writeFileSync(inFolder('history.db'), 'x'.repeat(10_000));
    writeFileSync(inFolder('monitor.yaml'), 'daemons: [{ name: vpn, status-file: none }]\nhistory: { file: history.db }\n');
    const running = lab.network.start(lab.serverHost, 'monitor', [...OUR_COMMAND, 'monitor', inFolder('monitor.yaml')]);
    await running.waitFor(/the history is damaged and kept as \S+\.damaged-1, a new one begins: .*file is not a database/);
    await running.waitFor('metrics and health at http');
    await eventually('a state', async () => (await history('--states')).some(({ state }) => state === 'source-down'));
    expect(await running.stop()).toEqual({ code: 0, signal: null });
  });
});
