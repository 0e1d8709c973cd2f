import { appendFileSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/sources.ts';
import { OUR_COMMAND } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { TestPki } from './support/pki.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';

/** Log lines of a daemon on their way to a real rsyslog, to a strict receiver for Loki and into a file, while all of them and we come and go. */

const RECEIVER = join(ROOT, 'build/test/interop/support/receiver-main.js');
/**
 * For a soak: the receivers stay away for so many milliseconds more. With 60000, on two shared processors, in 83 s: all 4000 lines at each
 * of the four receivers in their order, and no doubles but of the lines that were being written at the SIGKILL.
 */
const DOWN_MS = Number(process.env['TUNNELSCOPE_DOWN_MS'] ?? 0);
/** Slow machines share their disks. */
const LONG = 60_000;

describe.skipIf(!requireInterop())('the lines of a log', () => {
  const lab = useLab([]);
  const inFolder = (name: string): string => join(lab.network.folder, name);
  const onServer = (command: readonly string[]): Promise<string> => lab.network.run(lab.serverHost, command);

  function writeLines(path: string, from: number, to: number): void {
    const lines = Array.from({ length: to - from + 1 }, (_, index) => `2026-11-22 21:53:00 numbered line ${from + index}\n`);
    appendFileSync(path, lines.join(''));
  }

  /** The numbers of the lines in a text, in the order in which they stand there. */
  const numbersIn = (text: string): number[] => [...text.matchAll(/numbered line (\d+)\b/g)].map(([, digits]) => Number(digits));

  async function startRsyslog(): Promise<Running> {
    const template = 'template(name="all" type="string" string="%HOSTNAME% %APP-NAME% %STRUCTURED-DATA%%msg%\\n")';
    const ruleset = (name: string): string =>
      `ruleset(name="${name}") { action(type="omfile" file="${inFolder(`${name}.out`)}" template="all") }`;
    const { server, ca } = lab.pki;
    const files = `DefaultNetstreamDriverCAFile="${ca}" DefaultNetstreamDriverCertFile="${server.cert}" DefaultNetstreamDriverKeyFile="${server.key}"`;
    const lines = [
      `global(workDirectory="${lab.network.folder}" maxMessageSize="16k" ${files})`,
      'main_queue(queue.timeoutshutdown="10000")',
      'module(load="imtcp")',
      template,
      ruleset('tcp'),
      ruleset('tls'),
      'input(type="imtcp" address="127.0.0.1" port="6601" ruleset="tcp")',
      'input(type="imtcp" address="127.0.0.1" port="6514" ruleset="tls" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")',
    ];
    writeFileSync(inFolder('rsyslog.conf'), `${lines.join('\n')}\n`);
    const running = lab.network.start(lab.serverHost, 'rsyslogd', [
      'rsyslogd',
      '-n',
      '-f',
      inFolder('rsyslog.conf'),
      '-i',
      inFolder('rsyslogd.pid'),
    ]);
    await eventually('rsyslogd', async () => /:6601 .*:6514 |:6514 .*:6601 /s.test(await onServer(['ss', '-ltn'])));
    return running;
  }

  async function startReceiver(): Promise<Running> {
    const running = lab.network.start(lab.serverHost, 'receiver', [process.execPath, RECEIVER, inFolder('loki.out'), '3100', '2525']);
    await running.waitFor('http ready');
    return running;
  }

  async function startMonitor(targets: string): Promise<Running> {
    writeFileSync(
      inFolder('monitor.yaml'),
      `daemons: [{ name: office, log-file: office.log }]\nship:\n  spool: spool\n  targets:\n${targets}`,
    );
    const running = lab.network.start(lab.serverHost, 'monitor', [...OUR_COMMAND, 'monitor', inFolder('monitor.yaml')]);
    await running.waitFor("'office': log works");
    return running;
  }

  const metrics = (): Promise<string> =>
    onServer([process.execPath, '-e', `fetch('http://127.0.0.1:9176/metrics').then(async (r) => console.log(await r.text()))`]);

  async function nothingWaits(...targets: readonly string[]): Promise<void> {
    await eventually(
      'empty spools',
      async () => {
        const page = await metrics();
        return targets.every((name) => page.includes(`tunnelscope_target_waiting_records{purpose="ship",target="${name}"} 0\n`));
      },
      LONG,
    );
  }

  it('reach everybody over stops of the receivers and a SIGKILL of ours: none is lost, and doubles are those of the kill', async () => {
    const other = await TestPki.create(inFolder('other'), 'Another CA');
    const targets = `
    - { name: tcp, syslog: { address: 127.0.0.1:6601, hostname: vpn } }
    - { name: tls, syslog: { address: 127.0.0.1:6514, tls: { ca: ${lab.pki.ca}, server-name: server } } }
    - { name: wrong, syslog: { address: 127.0.0.1:6514, tls: { ca: ${other.ca}, server-name: server } } }
    - { name: loki, loki: { url: http://127.0.0.1:3100, gzip: true } }
    - { name: file, file: { path: lines.jsonl } }
`;
    const log = inFolder('office.log');
    writeFileSync(log, '2026-11-22 21:52:00 numbered line 0, before anybody listened\n');
    const outputs = (): Record<string, number[]> =>
      Object.fromEntries(['tcp.out', 'tls.out', 'loki.out', 'lines.jsonl'].map((name) => [name, numbersIn(textIfThere(inFolder(name)))]));
    const allHave = (last: number): Promise<unknown> =>
      eventually(`line ${last} everywhere`, () => Object.values(outputs()).every((numbers) => new Set(numbers).size === last), LONG);

    let [rsyslog, receiver] = await Promise.all([startRsyslog(), startReceiver()]);
    const first = await startMonitor(targets);
    writeLines(log, 1, 1000);
    await allHave(1000);
    await nothingWaits('tcp', 'tls', 'loki', 'file');
    await first.waitFor(/target 'wrong' failed, and is tried again: .*certificate/);
    expect(await metrics()).toMatch(/tunnelscope_target_up\{purpose="ship",target="wrong"\} 0\n/);
    expect(textIfThere(inFolder('tcp.out'))).toMatch(/^vpn openvpn \[openvpn@32473 daemon="office" kind="line"\] ?numbered line 1$/m);

    await Promise.all([rsyslog.stop(), receiver.stop('SIGKILL')]);
    writeLines(log, 1001, 2000);
    await Promise.all(['tcp', 'tls', 'loki'].map((name) => first.waitFor(`target '${name}' failed`)));
    await eventually('the file has them', () => outputs()['lines.jsonl']?.includes(2000));
    // How far the log was read is written a moment later.
    await eventually('the place', () => textIfThere(inFolder('spool/.places.json')).includes(`"position":${statSync(log).size}`));
    writeLines(log, 2001, 3000);
    await first.stop('SIGKILL');
    // While nobody looks the log goes on, and is rotated.
    writeLines(log, 3001, 3200);
    renameSync(log, `${log}.1`);
    writeLines(log, 3201, 3500);
    const second = await startMonitor(targets);
    await delay(DOWN_MS);
    [rsyslog, receiver] = await Promise.all([startRsyslog(), startReceiver()]);
    writeLines(log, 3501, 4000);
    await allHave(4000);

    for (const [name, numbers] of Object.entries(outputs())) {
      const firsts = [...new Set(numbers)];
      expect([name, firsts.toSorted((a, b) => a - b)]).toEqual([name, firsts]);
      const doubles = numbers.filter((number, index) => numbers.indexOf(number) !== index);
      expect([name, doubles.filter((number) => number < 2001 || number > 3000)]).toEqual([name, []]);
    }
    expect(receiver.lines.filter((line) => line.startsWith('refused'))).toEqual([]);
    await nothingWaits('tcp', 'tls', 'loki', 'file');
    expect(await second.stop()).toEqual({ code: 0, signal: null });
  }, 180_000);

  it('wait in memory while the disk of the spool is full, said once, and are on the disk again when there is room', async () => {
    const spool = inFolder('spool');
    mkdirSync(spool, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', spool]);
    try {
      const log = inFolder('office.log');
      writeFileSync(log, '');
      const monitor = await startMonitor('    - { name: loki, loki: { url: http://127.0.0.1:3100 } }\n');
      writeLines(log, 1, 2000);
      await monitor.waitFor("the spool of target 'loki' is in memory alone, and lost if the monitor ends: No space left on device");
      expect(await metrics()).toContain('tunnelscope_target_spool_on_disk{purpose="ship",target="loki"} 0\n');
      execFileSync('nsenter', ['-t', String(monitor.pid), '-m', 'mount', '-o', 'remount,size=8m', spool]);
      await monitor.waitFor("the spool of target 'loki' is on the disk again");
      writeFileSync(inFolder('loki.out'), '');
      await startReceiver();
      await eventually('all lines', () => numbersIn(textIfThere(inFolder('loki.out'))).length >= 2000, LONG);
      expect(numbersIn(textIfThere(inFolder('loki.out')))).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1));
      expect(monitor.matching('in memory alone')).toHaveLength(1);
      await monitor.stop();
    } finally {
      execFileSync('umount', ['-l', spool]);
    }
  }, 120_000);
});
