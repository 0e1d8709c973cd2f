import { describe, expect, it } from 'vitest';
import type { CommonDaemonSettings } from '../../engine/daemon-settings.ts';
import { planTunnel } from '../../engine/client/tunnel-plan.ts';
import type { ScriptName } from '../../engine/daemon-settings.ts';
import { FakeNetwork } from '../../host/ip.ts';
import { FakeRunner } from '../../host/scripts.ts';
import { Notes } from '../../messages/notes.ts';
import { EnvList } from '../../model/env-list.ts';
import { ClientInterface } from './interface.ts';
import { RouteRecord } from './route-record.ts';

/** On `dev null` no system is touched; what is shown is the order of scripts and their words. */
function settings(scripts: readonly ScriptName[], downFirst = false): CommonDaemonSettings {
  return {
    device: { kind: 'null' },
    dataPlane: { adapter: undefined, without: [] },
    crl: undefined,
    scripts: {
      commands: new Map(scripts.map((name) => [name, [`/etc/${name}`] as const])),
      security: 2,
      environment: [],
      downFirst,
      upAtRestart: false,
    },
    log: { file: undefined, syslog: undefined, shape: 'text', plaintext: false, verb: 3, mute: 0, stamps: 'date', errorsToStderr: false },
    status: undefined,
    statusCompat: '2.6',
    statusJson: false,
    management: [],
    managementOptions: {
      connectOut: false,
      clientUser: undefined,
      clientGroup: undefined,
      hold: false,
      signal: false,
      upDown: false,
      single: false,
      forgets: false,
    },
    managementLogCache: 250,
    user: undefined,
    group: undefined,
    nice: undefined,
    background: false,
    writePid: undefined,
    cd: undefined,
    sendBuffer: undefined,
    receiveBuffer: undefined,
    persist: { tun: false, key: false },
    remapUsr1: undefined,
    configFile: undefined,
    echoes: [],
    listing: [],
  };
}

const OPTIONS = ['ifconfig 10.8.0.2 255.255.255.0', 'route-gateway 10.8.0.1', 'route 10.1.0.0 255.255.0.0', 'dhcp-option DNS 10.8.0.1'];
const HOOKS = ['up', 'down', 'route-up', 'route-pre-down'] as const;

function parts(runner: FakeRunner, daemon: CommonDaemonSettings, states: string[] = []) {
  return {
    plan: planTunnel(OPTIONS).plan,
    mtu: 1500,
    daemon,
    setRoutes: true,
    headers: false,
    network: new FakeNetwork(),
    record: new RouteRecord({ write: () => undefined }),
    scripts: { runner, notes: new Notes(0, () => undefined) },
    env: new EnvList([['common_name', 'server']]),
    server: '10.99.0.1',
    state: (name: string) => states.push(name),
  };
}

const run = ({ commands }: FakeRunner): string[] => commands.map(({ argv }) => argv.join(' '));

describe('a client’s interface', () => {
  it('runs the scripts of start and end in stock’s order, with stock’s words', async () => {
    const runner = new FakeRunner();
    const states: string[] = [];
    const made = await ClientInterface.open(parts(runner, settings(HOOKS), states));
    await made.close('SIGTERM');
    const words = 'null 1500 0 10.8.0.2 255.255.255.0 init';
    expect(run(runner)).toEqual([`/etc/up ${words}`, '/etc/route-up', `/etc/route-pre-down ${words}`, `/etc/down ${words}`]);
    expect(states).toEqual(['ASSIGN_IP']);
    expect(runner.commands[0]?.env).toMatchObject({
      common_name: 'server',
      foreign_option_1: 'dhcp-option DNS 10.8.0.1',
      ifconfig_local: '10.8.0.2',
      script_type: 'up',
    });
    expect(runner.commands[0]?.env).not.toHaveProperty('redirect_gateway');
    expect(runner.commands[1]?.env).toMatchObject({ redirect_gateway: '0', route_network_1: '10.1.0.0', route_gateway_1: '10.8.0.1' });
    expect(runner.commands[3]?.env).toMatchObject({ signal: 'sigterm' });
  });

  it('is taken away when the up script fails', async () => {
    const runner = new FakeRunner(({ argv }) => ({ kind: 'exited', status: argv[0] === '/etc/up' ? 1 : 0 }));
    await expect(ClientInterface.open(parts(runner, settings(HOOKS)))).rejects.toMatchObject({ code: 'SCRIPT' });
    expect(run(runner).map((line) => line.split(' ')[0])).toEqual(['/etc/up', '/etc/route-pre-down', '/etc/down']);
  });

  it('is closed once', async () => {
    const runner = new FakeRunner();
    const made = await ClientInterface.open(parts(runner, settings(['down'])));
    await made.close(undefined);
    await made.close(undefined);
    expect(run(runner)).toHaveLength(1);
  });
});
