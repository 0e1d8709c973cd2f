import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RULES } from '../../src/telemetry/alerts/table.ts';
import { OUR_COMMAND, READY, type Server } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import type { Identity } from './support/pki.ts';
import { requireInterop } from './support/require.ts';
import { eventually, type Running } from './support/running.ts';

/** Every rule but those that say why not, made to fire on stock daemons by what they are about; with thresholds that need no waiting. */

const DAY = 86_400_000;
/** On a host that has other things to do, everything may take its time. */
const WITHIN = { within: 60_000 };

const QUICK = `
alerts:
  interval: 1s
  group-wait: 0s
  rules:
    OpenVPNDown: { for: 2s }
    OpenVPNReconnecting: { for: 0s, window: 3s }
    OpenVPNAuthFailures: { failures: 1, window: 60s }
    OpenVPNCertificateErrors: { failures: 0, window: 60s }
    OpenVPNTlsFailures: { failures: 0, window: 60s }
    OpenVPNReplays: { packets: 1, window: 30s }
    OpenVPNLowThroughput: { for: 1s, window: 5s }
    OpenVPNHighCpu: { for: 0s, share: 0.01, window: 30s }
    OpenVPNAuthBurstByAddress: { failures: 1 }
    OpenVPNAuthBurstByUser: { failures: 1 }
    OpenVPNConcurrentSessions: { for: 1s, sessions: 1 }
    OpenVPNConnectionStorm: { handshakes: 2, window: 30s }
    OpenVPNRestarts: { restarts: 0 }
    OpenVPNDiskSpace: { for: 1s, share: 0.5 }
    OpenVPNSourceStale: { for: 1s }
    OpenVPNPoolNearlyUsedUp: { for: 1s, share: 0.1 }
`;

describe.skipIf(!requireInterop())('alerts of real daemons', () => {
  const lab = useLab(['alice', 'bob', 'relay']);
  const inFolder = (name: string): string => join(lab.network.folder, name);
  const tmpfs: string[] = [];
  afterAll(() => {
    for (const path of tmpfs) execFileSync('umount', ['-l', path]);
  });

  function fullDisk(): string {
    const path = inFolder('small');
    mkdirSync(path);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path]);
    tmpfs.push(path);
    writeFileSync(join(path, 'filler'), Buffer.alloc(160_000));
    return path;
  }

  /** What a former run of the monitor knew: much traffic at every hour, and bob at another time of day. */
  function learnt(file: string): void {
    const usual = Array.from({ length: 24 }, (_all, hour) => ({ hour, rate: 5_000_000, days: 9 }));
    const hour = new Date().getUTCHours();
    const bob = { name: 'bob', first: Date.now() - 30 * DAY, hours: 1 << ((hour + 12) % 24), networks: ['10.99.0.0/24'] };
    writeFileSync(
      file,
      JSON.stringify({ version: 1, alerts: [], silences: [], patterns: { daemons: [{ name: 'main', users: [bob], usual }] } }),
    );
  }

  it('fire by what they are about, and are over when it is', async () => {
    const fired = new Set<string>();
    const [alice, bob, revoked, shortlived, expired] = await Promise.all([
      lab.identity('alice'),
      lab.identity('bob'),
      lab.identity('revoked'),
      lab.pki.client('shortlived', { kind: 'server', notAfter: new Date(Date.now() + DAY) }),
      lab.pki.client('expired', { kind: 'server', notBefore: new Date(Date.now() - 3 * DAY), notAfter: new Date(Date.now() - DAY) }),
    ]);
    await lab.pki.writeCrl([revoked], -1);
    const oldCrl = lab.file(textIfThere(lab.pki.crl));
    await lab.pki.writeCrl([revoked], 1);
    const disk = fullDisk();
    const fileLog = join(disk, 'file.log');
    const [tunLog, poolLog] = [lab.file(''), lab.file('')];
    const password = lab.file('open sesame\n', 0o600);
    writeFileSync(fileLog, '');

    const certificate = ({ cert, key }: Identity): string[] => [`cert ${cert}`, `key ${key}`];
    const startMain = (): Promise<Server> =>
      lab.server({
        program: 'stock',
        without: ['cert', 'key', 'server', 'server-ipv6', 'management'],
        lines: [
          ...certificate(shortlived),
          'server 10.80.0.0 255.255.255.240',
          'duplicate-cn',
          `crl-verify ${lab.pki.crl}`,
          'tls-version-min 1.2',
          'script-security 3',
          `auth-user-pass-verify ${lab.script('test "$password" != wrong')} via-env`,
          'auth-user-pass-optional',
          `management ${inFolder('main.sock')} unix`,
        ],
      });
    let main = await startMain();
    const files = await lab.server({
      program: 'stock',
      wait: false,
      without: ['port', 'cert', 'key', 'server', 'server-ipv6', 'management', 'persist-tun', 'persist-key'],
      lines: [
        'port 1300',
        ...certificate(expired),
        'server 10.81.0.0 255.255.255.0',
        `management 127.0.0.1 7510 ${password}`,
        `log-append ${fileLog}`,
      ],
    });
    await eventually('the server with a log file', () => textIfThere(fileLog).includes(READY), WITHIN.within);
    const roamer = await lab.client(alice, { lines: [`management ${inFolder('roamer.sock')} unix`] });

    learnt(inFolder('alerts.json'));
    const daemons = (poll: number): string => `
  - name: main
    management: { address: ${inFolder('main.sock')}, poll: ${poll}s, bytecount: 1s }
    pid: management
    certificates: { cert: ${shortlived.cert}, crl: ${lab.pki.crl} }
  - name: files
    status-file: { path: ${files.statusPath}, stale-after: 60s }
    log-file: ${fileLog}
    certificates: { cert: ${expired.cert}, crl: ${oldCrl} }
  - name: tunless
    log-file: ${tunLog}
  - name: small
    log-file: ${poolLog}
  - name: roamer
    management: { address: ${inFolder('roamer.sock')}, poll: 1s }
`;
    const configure = (poll: number): void =>
      writeFileSync(inFolder('monitor.yaml'), `${QUICK}  file: ${inFolder('alerts.json')}\ndaemons:${daemons(poll)}`);
    configure(1);
    const monitor: Running = lab.network.start(lab.serverHost, 'monitor', [...OUR_COMMAND, 'monitor', inFolder('monitor.yaml')]);
    await monitor.waitFor('metrics and health at');
    const onServer = (command: readonly string[]): Promise<string> => lab.network.run(lab.serverHost, command);
    const fires = async (rule: string, daemon: string): Promise<void> => {
      await monitor.waitFor(new RegExp(`alert ${rule} \\(\\w+\\) fires: .*\\b${daemon}\\b`), WITHIN);
      fired.add(rule);
    };

    // What is so from the start.
    await Promise.all([
      fires('OpenVPNCertificateExpiring', 'main'),
      fires('OpenVPNCertificateExpired', 'files'),
      fires('OpenVPNCrlExpiring', 'main'),
      fires('OpenVPNCrlExpired', 'files'),
      fires('OpenVPNDiskSpace', 'files'),
      fires('OpenVPNLowThroughput', 'main'),
    ]);

    // Somebody comes to a server that has few addresses, and says how many at its start.
    await lab.server({
      program: 'stock',
      wait: false,
      without: ['port', 'server', 'server-ipv6', 'management'],
      lines: ['port 1302', 'server 10.83.0.0 255.255.255.248', `log-append ${poolLog}`],
    });
    await eventually('the server with few addresses', () => textIfThere(poolLog).includes(READY), WITHIN.within);
    const guest = await lab.client(bob, { host: 'bob', port: 1302 });
    await fires('OpenVPNPoolNearlyUsedUp', 'small');
    await guest.process.stop();

    // Clients that are not let in, and such as should strike.
    const retrying = ['connect-retry 1 1', 'hand-window 4', 'auth-retry nointeract'];
    const wrong = lab.file('mallory\nwrong\n', 0o600);
    const attempts = await Promise.all([
      lab.client(bob, { wait: false, host: 'bob', lines: [...retrying, `auth-user-pass ${wrong}`] }),
      lab.client(revoked, { wait: false, host: 'bob', lines: retrying }),
      lab.client(bob, { wait: false, host: 'bob', lines: [...retrying, 'tls-version-min 1.1', 'tls-version-max 1.1'] }),
    ]);
    await Promise.all([
      fires('OpenVPNAuthFailures', 'main'),
      fires('OpenVPNAuthBurstByAddress', 'main'),
      fires('OpenVPNAuthBurstByUser', 'main'),
      fires('OpenVPNCertificateErrors', 'main'),
      fires('OpenVPNTlsFailures', 'main'),
      fires('OpenVPNConnectionStorm', 'main'),
    ]);
    await Promise.all(attempts.map(({ process }) => process.stop()));

    // Another session of alice from another network, bob at an hour that is not his, over a relay that sends all twice.
    const relay = await lab.relay({ duplicate: 1 });
    await lab.network.run(lab.network.host('alice'), ['ip', 'addr', 'add', '10.77.0.2/32', 'dev', 'lo']);
    await onServer(['ip', 'route', 'add', '10.77.0.2/32', 'via', lab.network.host('alice').ip4]);
    const [away, odd] = await Promise.all([
      lab.client(alice, { without: ['nobind'], lines: ['local 10.77.0.2', 'port 0', `remote ${lab.serverHost.ip4} 1194`] }),
      lab.client(bob, { host: 'bob', remote: relay.host.ip4 }),
    ]);
    await lab.network.run(odd.host, ['ping', '-q', '-f', '-s', '1200', '-w', '5', '10.80.0.1']);
    await Promise.all([
      fires('OpenVPNConcurrentSessions', 'main'),
      fires('OpenVPNNewNetwork', 'main'),
      fires('OpenVPNOddHour', 'main'),
      fires('OpenVPNReplays', 'main'),
      fires('OpenVPNHighCpu', 'main'),
    ]);
    await Promise.all([away, odd].map(({ process }) => process.stop()));

    // The list is signed anew; somebody guesses the management password; a device that is not there; a broken configuration.
    await lab.pki.writeCrl([revoked], 2);
    configure(2);
    monitor.signal('SIGHUP');
    await onServer(['sh', '-c', `(for try in 1 2 3; do echo guess; sleep 0.2; done; sleep 1) | nc -w 3 127.0.0.1 7510 || true`]);
    await lab.server({
      program: 'stock',
      wait: false,
      without: ['port', 'dev', 'server', 'server-ipv6', 'management'],
      lines: ['port 1301', 'dev tun', 'dev-node /nonexistent', 'ifconfig 10.82.0.1 255.255.255.0', `log-append ${tunLog}`],
    });
    await Promise.all([
      fires('OpenVPNCrlUpdated', 'main'),
      fires('OpenVPNManagementRefused', 'files'),
      fires('OpenVPNInterfaceFailed', 'tunless'),
    ]);
    writeFileSync(files.configPath, `${textIfThere(files.configPath)}no-such-option\n`);
    files.process.signal('SIGHUP');
    await fires('OpenVPNReloadFailed', 'files');
    rmSync(files.statusPath);
    await fires('OpenVPNSourceStale', 'files');

    // The server dies, its client stays without; then all is well again.
    const again = monitor.mark();
    main.process.signal('SIGKILL');
    roamer.process.signal('SIGUSR1');
    await Promise.all([fires('OpenVPNDown', 'main'), fires('OpenVPNReconnecting', 'roamer')]);
    rmSync(inFolder('main.sock'), { force: true });
    main = await startMain();
    await monitor.waitFor(/alert OpenVPNDown \(critical\) is over after \d+ s: main/, { from: again, ...WITHIN });
    await monitor.waitFor(/alert OpenVPNReconnecting \(critical\) is over after \d+ s: roamer/, { from: again, ...WITHIN });
    await fires('OpenVPNRestarts', 'main');

    expect(await monitor.stop()).toEqual({ code: 0, signal: null });
    const unprovoked = RULES.filter(({ provoked }) => provoked.untried !== undefined).map(({ name }) => name);
    expect([...fired, ...unprovoked].toSorted()).toEqual(RULES.map(({ name }) => name).toSorted());
  }, 240_000);
});
