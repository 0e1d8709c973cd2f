import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Showcase } from './showcase.ts';

/** Waits until something is so, which here is a matter of milliseconds. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}

describe('the showcase', () => {
  it('connects clients that reach each other, is seen from outside, and leaves nothing behind', async () => {
    const show = await Showcase.open(['client1', 'client2', 'client3']);
    await until(() => show.moment().clients.filter((client) => client.phase === 'connected').length === 3);
    await until(() => {
      show.ping();
      return show.moment().own.every((client) => client.pingsAnswered > 0);
    });
    const { clients } = show.moment();
    expect(clients.map((client) => client.commonName ?? '').toSorted()).toEqual(['client1', 'client2', 'client3']);
    expect(clients.every((client) => client.bytesReceived > 1000 && client.cipher === 'AES-256-GCM')).toBe(true);

    expect(await firstWords(show.hints.managementPort)).toContain('>INFO:OpenVPN Management Interface');
    expect(readFileSync(show.hints.guestProfile, 'utf8')).toContain('remote 127.0.0.1 ');
    await until(() => readFileSync(show.hints.statusFile, 'utf8').includes('CLIENT_LIST,client3,'));
    expect(readFileSync(show.hints.logFile, 'utf8')).toContain('Initialization Sequence Completed');

    const page = async (): Promise<string> => (await fetch(show.hints.metricsUrl)).text();
    let metrics = await page();
    for (; !metrics.includes('tunnelscope_connected_clients{daemon="quickstart"} 3\n'); await sleep(20)) metrics = await page();
    expect(metrics).toMatch(/tunnelscope_user_received_bytes_total\{daemon="quickstart",user="client2"\} \d{4}/);
    const health = await fetch(show.hints.metricsUrl.replace('/metrics', '/health/quickstart'));
    expect([health.status, await health.json()]).toMatchObject([200, { daemon: 'quickstart', verdict: 'ok' }]);

    expect(await show.close('SIGINT')).toBe(0);
    expect(existsSync(show.folder)).toBe(false);
  }, 30_000);
});

function firstWords(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', (data) => {
      resolve(String(data));
      socket.destroy();
    });
  });
}
