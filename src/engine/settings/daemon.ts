import { renderDirective } from '../../options/render.ts';
import { PLANE_STEPS } from '../../protocol/data/plane.ts';
import type { CommonDaemonSettings, DataPlaneSettings, ScriptSettings } from '../daemon-settings.ts';
import type { Collected } from './collected.ts';
import { managementListeners, managementSettings } from './management.ts';
import { logSettings } from './process.ts';
import { crlSource } from './tls.ts';
import { bufferSize, deviceSettings } from './transport.ts';

/** Reads what the process around a server and around a client need alike. `scripts` come from `scriptSettings`, which warns and is therefore called once. */
export function commonDaemonSettings(collected: Collected, scripts: ScriptSettings): CommonDaemonSettings {
  const remap = collected.value('remap-usr1');
  return {
    device: deviceSettings(collected),
    dataPlane: dataPlaneSettings(collected),
    crl: crlSource(collected),
    scripts,
    log: logSettings(collected),
    status: fileWithInterval(collected, 'status', 60),
    statusCompat: collected.value('compat-status') === '2.7' ? '2.7' : '2.6',
    statusJson: collected.has('status-format'),
    management: managementListeners(collected),
    managementOptions: managementSettings(collected),
    managementLogCache: collected.number('management-log-cache') ?? 250,
    user: collected.value('user'),
    group: collected.value('group'),
    nice: collected.number('nice'),
    background: collected.has('daemon'),
    writePid: collected.value('writepid'),
    cd: collected.value('cd'),
    sendBuffer: bufferSize(collected, 'sndbuf'),
    receiveBuffer: bufferSize(collected, 'rcvbuf'),
    persist: { tun: collected.has('persist-tun'), key: collected.has('persist-key') },
    remapUsr1: remap === 'SIGHUP' || remap === 'SIGTERM' ? remap : undefined,
    configFile: collected.all('config').find(({ source }) => source.file === '[CMD-LINE]')?.values[0],
    echoes: collected.directives.filter(({ name }) => name === 'echo' || name === 'parameter').map(({ values }) => values.join(' ')),
    listing: collected.directives.map(renderDirective),
  };
}

function dataPlaneSettings(collected: Collected): DataPlaneSettings {
  const [adapter, ...words] = collected.last('data-plane')?.values ?? [];
  return {
    adapter: adapter === 'batched' || adapter === 'portable' ? adapter : undefined,
    without: PLANE_STEPS.filter((step) => words.includes(`no-${step}`)),
  };
}

/** A file and how often it is written: `status FILE [SECONDS]` and its kin. */
export function fileWithInterval(collected: Collected, name: string, usual: number): { file: string; seconds: number } | undefined {
  const [file, interval] = collected.last(name)?.values ?? [];
  return file === undefined ? undefined : { file, seconds: Number(interval ?? usual) };
}
