import { join } from 'node:path';
import { ROOT } from '../../support/sources.ts';
import { PORT } from './daemons.ts';
import type { Lab } from './lab.ts';
import type { OwnClientCommand, OwnClientSetup } from './own-client-main.ts';
import type { Running } from './running.ts';
import type { PingCount } from './traffic.ts';

const PROGRAM = join(ROOT, 'build/test/interop/support/own-client-main.js');

/** A client of ours on a host of the lab. */
export class OwnClient {
  readonly process: Running;

  private constructor(running: Running) {
    this.process = running;
  }

  /** Starts it on the host of its name; it connects by itself. */
  static async start(lab: Lab, name: string, wishes: Partial<OwnClientSetup> = {}): Promise<OwnClient> {
    const { ca, cert, key } = await lab.identity(name);
    const setup: OwnClientSetup = {
      server: { ip: lab.serverHost.ip4, port: PORT },
      transport: 'udp',
      ca,
      cert,
      key,
      wrap: 'tls-crypt',
      staticKey: lab.pki.staticKey,
      auth: 'SHA1',
      ciphers: ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'],
      ...wishes,
    };
    return new OwnClient(
      lab.network.start(lab.network.host(name), `own client ${name}`, [process.execPath, PROGRAM, JSON.stringify(setup)]),
    );
  }

  /** Waits until the tunnel is open, and gives its address there and the options that were pushed. */
  async connected(): Promise<{ readonly address: string; readonly options: readonly string[] }> {
    const line = await this.process.waitFor(/^connected /);
    const [, address = '', options = ''] = /^connected (\S*) (.*)$/.exec(line) ?? [];
    return { address, options: options.split(',') };
  }

  /** Pings out of its tunnel, 50 ms apart. */
  async ping(to: string, count = 5): Promise<PingCount> {
    const from = this.process.mark();
    this.tell({ kind: 'ping', to, count });
    const [, sent, received] = /^pinged (\d+) (\d+)$/.exec(await this.process.waitFor(/^pinged /, { from })) ?? [];
    return { sent: Number(sent), received: Number(received) };
  }

  tell(command: OwnClientCommand): void {
    this.process.write(`${JSON.stringify(command)}\n`);
  }
}
