import { type Now, unixSeconds } from '../../base/units.ts';
import type { Profile } from '../../engine/client/configuration.ts';
import type { CommonDaemonSettings } from '../../engine/daemon-settings.ts';
import { EnvList } from '../../model/env-list.ts';
import { protoOf } from './port.ts';

/** What a client knows of itself. */
export interface ClientFacts {
  readonly pid: number;
  readonly started: Now;
  readonly logToFile: boolean;
}

/** What every script is told of the process and of the servers it may use, oldest first. */
export function clientEnv(profiles: readonly Profile[], daemon: CommonDaemonSettings, facts: ClientFacts): EnvList {
  const env = new EnvList();
  env.set('config', daemon.configFile);
  env.set('verb', daemon.log.verb);
  env.set('daemon', daemon.background ? 1 : 0);
  env.set('daemon_log_redirect', facts.logToFile ? 1 : 0);
  env.set('daemon_start_time', unixSeconds(facts.started.wall));
  env.set('daemon_pid', facts.pid);
  for (const [index, profile] of profiles.entries()) {
    const number = index + 1;
    env.set(`proto_${number}`, protoOf(profile));
    env.set(`remote_${number}`, profile.host);
    env.set(`remote_port_${number}`, profile.port);
    env.set(`local_${number}`, profile.local?.host);
    env.set(`local_port_${number}`, profile.local?.port);
  }
  return env;
}
