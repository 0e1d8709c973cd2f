import { createHmac } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/sources.ts';
import { OUR_COMMAND } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';

/** Alerts of the monitor on their way to a real Alertmanager, to a webhook and by e-mail. */

const RECEIVER = join(ROOT, 'build/test/interop/support/receiver-main.js');
const SECRET = 'secret-of-the-webhook';
const LONG = 60_000;

/** What the receiver kept. */
interface Kept {
  readonly hook?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly mail?: string;
  readonly to?: readonly string[];
}

describe.skipIf(!requireInterop())('an alert', () => {
  const lab = useLab([]);
  const inFolder = (name: string): string => join(lab.network.folder, name);
  const fetched = (url: string): Promise<string> =>
    lab.network.run(lab.serverHost, [process.execPath, '-e', 'fetch(process.argv[1]).then(async (r) => console.log(await r.text()))', url]);

  const kept = (): Kept[] =>
    textIfThere(inFolder('kept.out'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Kept => JSON.parse(line));
  /** `STATE DAEMON` of all that the webhook was told. */
  const told = (): string[] =>
    kept().flatMap(({ hook }) =>
      hook === undefined
        ? []
        : JSON.parse(hook).alerts.map((alert: { state: string; labels: { daemon: string } }) => `${alert.state} ${alert.labels.daemon}`),
    );

  async function startManager(): Promise<Running> {
    writeFileSync(
      inFolder('alertmanager.yml'),
      'route: { receiver: none, group_by: [alertname], group_wait: 1s, group_interval: 1s }\nreceivers: [{ name: none }]\n',
    );
    const running = lab.network.start(lab.serverHost, 'alertmanager', [
      'prometheus-alertmanager',
      `--config.file=${inFolder('alertmanager.yml')}`,
      `--storage.path=${inFolder('alertmanager')}`,
      '--web.listen-address=127.0.0.1:9093',
      '--cluster.listen-address=',
    ]);
    await running.waitFor(/Listening|address=/);
    return running;
  }

  async function startReceiver(): Promise<Running> {
    const running = lab.network.start(lab.serverHost, 'receiver', [process.execPath, RECEIVER, inFolder('kept.out'), '8080', '2525']);
    await Promise.all([running.waitFor('http ready'), running.waitFor('smtp ready')]);
    return running;
  }

  async function startMonitor(daemons: readonly string[]): Promise<Running> {
    writeFileSync(
      inFolder('monitor.yaml'),
      `
daemons:
${daemons.map((name) => `  - { name: ${name}, log-file: ${name}.log }\n`).join('')}
alerts: { interval: 1s, group-wait: 0s, group-interval: 1s, rules: { OpenVPNDown: { for: 0s } } }
deliver:
  spool: spool
  targets:
    - { name: manager, alertmanager: { url: http://127.0.0.1:9093, resend: 1s } }
    - { name: hook, webhook: { url: http://127.0.0.1:8080/hook, secret: "\${HOOK_SECRET}" } }
    - { name: mail, email: { server: 127.0.0.1:2525, security: none, from: vpn@example.org, to: admin@example.org } }
`,
    );
    const command = [...OUR_COMMAND, 'monitor', inFolder('monitor.yaml')];
    const running = lab.network.start(lab.serverHost, 'monitor', command, { HOOK_SECRET: SECRET });
    await running.waitFor('metrics and health at');
    return running;
  }

  /** The daemons of the alerts in each group of Alertmanager. */
  async function groups(): Promise<string[]> {
    const found: { alerts: { labels: { alertname: string; daemon: string } }[] }[] = JSON.parse(
      await fetched('http://127.0.0.1:9093/api/v2/alerts/groups'),
    );
    return found
      .map(({ alerts }) =>
        alerts
          .filter(({ labels }) => labels.alertname === 'OpenVPNDown')
          .map(({ labels }) => labels.daemon)
          .toSorted()
          .join(),
      )
      .filter((text) => text !== '');
  }

  it('reaches Alertmanager, which groups and resolves it, a webhook, signed, and a mailbox, over a SIGKILL of ours too', async () => {
    let [manager, receiver] = await Promise.all([startManager(), startReceiver()]);
    const first = await startMonitor(['a', 'b']);
    await eventually('the group', async () => (await groups()).join(';') === 'a,b', LONG);
    await eventually('the webhook', () => ['firing a', 'firing b'].every((text) => told().includes(text)), LONG);
    await eventually('the mail', () => kept().some(({ mail }) => mail?.includes('a is down') === true), LONG);
    const { hook = '', headers = {} } = kept().find((one) => one.hook !== undefined) ?? {};
    const signed = createHmac('sha256', SECRET).update(`${headers['x-tunnelscope-timestamp']}.${hook}`).digest('hex');
    expect(headers['x-tunnelscope-signature']).toBe(`sha256=${signed}`);
    expect(kept().find(({ mail }) => mail !== undefined)).toMatchObject({
      mail: expect.stringMatching(/^Subject: \[firing\] \w is down/m),
      to: ['<admin@example.org>'],
    });

    writeFileSync(inFolder('a.log'), '');
    await eventually('its end', async () => (await groups()).join(';') === 'b' && told().includes('resolved a'), LONG);

    // Nobody can be told now, and then it is no more to be told.
    await Promise.all([manager.stop('SIGKILL'), receiver.stop('SIGKILL')]);
    rmSync(inFolder('a.log'));
    const before = told().length;
    writeFileSync(inFolder('b.log'), '');
    await Promise.all(['manager', 'hook', 'mail'].map((name) => first.waitFor(`target '${name}' failed`)));
    const page = await fetched('http://127.0.0.1:9176/metrics');
    expect(page).toContain('tunnelscope_target_up{purpose="deliver",target="hook"} 0\n');
    expect(await fetched('http://127.0.0.1:9176/health')).toMatch(/"target":"hook","purpose":"deliver","verdict":"degraded"/);
    await first.stop('SIGKILL');
    await startMonitor(['c']);
    [manager, receiver] = await Promise.all([startManager(), startReceiver()]);
    await eventually('what was not taken', () => told().slice(before).includes('resolved b'), LONG);
    await eventually('what is news', async () => told().includes('firing c') && (await groups()).includes('c'), LONG);
    expect(textIfThere(inFolder('kept.out'))).not.toContain(SECRET);
  }, 180_000);
});
