import { bitsMask, formatIp, networkOf } from '../base/ip.ts';
import { type Now, unixSeconds } from '../base/units.ts';
import type { DaemonSettings } from '../engine/daemon-settings.ts';
import type { ServerSettings } from '../engine/settings.ts';
import { EnvList } from '../model/env-list.ts';

/** What a daemon knows of itself when it has opened its device. */
export interface DaemonFacts {
  /** `tun0`, or `null`. */
  readonly device: string;
  readonly pid: number;
  readonly started: Now;
  readonly logToFile: boolean;
}

/** What every script and ENV block is told of the daemon, oldest first: blocks print the newest first (facts: management 16). */
export function daemonEnv(server: ServerSettings, daemon: DaemonSettings, facts: DaemonFacts): EnvList {
  const env = new EnvList();
  env.set('redirect_gateway', 0);
  env.set('dev_type', daemon.device.kind === 'tun' ? 'tun' : 'null');
  env.set('dev', facts.device);
  env.set('tun_mtu', server.tunMtu);
  env.set('script_context', 'init');
  for (const [index, route] of daemon.routes.entries()) {
    if (route.family === 4) setRoute(env, index + 1, route);
  }
  if (server.tunnel6 !== undefined) {
    if (server.pool6 !== undefined) env.set('ifconfig_ipv6_remote', formatIp(secondOf(server.tunnel6)));
    env.set('ifconfig_ipv6_netbits', server.tunnel6.bits);
    env.set('ifconfig_ipv6_local', formatIp(server.tunnel6.address));
  }
  if (server.tunnel4 !== undefined) {
    env.set('ifconfig_netmask', formatIp(bitsMask(server.tunnel4.bits)));
    env.set('ifconfig_local', formatIp(server.tunnel4.address));
  }
  env.set('config', daemon.configFile);
  env.set('verb', daemon.log.verb);
  env.set('daemon', 0);
  env.set('daemon_log_redirect', facts.logToFile ? 1 : 0);
  env.set('daemon_start_time', unixSeconds(facts.started.wall));
  env.set('daemon_pid', facts.pid);
  env.set('proto_1', daemon.listen.transport === 'udp' ? 'udp' : 'tcp-server');
  env.set('local_1', daemon.listen.host);
  env.set('local_port_1', daemon.listen.port);
  env.set('remote_port_1', daemon.listen.port);
  return env;
}

/** What `server-ipv6` takes for the other end of its own address: the second of the network. */
function secondOf({ address, bits }: { readonly address: Buffer; readonly bits: number }): Buffer {
  const second = Buffer.from(networkOf(address, bits));
  second[second.length - 1] = (second.at(-1) ?? 0) | 2;
  return second;
}

function setRoute(env: EnvList, number: number, route: DaemonSettings['routes'][number]): void {
  env.set(`route_gateway_${number}`, route.gateway === undefined ? undefined : formatIp(route.gateway));
  env.set(`route_netmask_${number}`, formatIp(bitsMask(route.bits)));
  env.set(`route_network_${number}`, formatIp(route.network));
}
