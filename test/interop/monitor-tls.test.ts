import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** The management interface of a stock daemon with a password, behind TLS that is not ours. */

const TLS_PORT = 7600;

describe.skipIf(!requireInterop())('the monitor attached over TLS', () => {
  const lab = useLab([]);

  it('watches a stock daemon behind socat, and nobody whose certificate it does not trust', async () => {
    const password = lab.file('sesame\n', 0o600);
    const socket = join(lab.network.folder, 'guarded.sock');
    await lab.server({ program: 'stock', without: ['management'], lines: [`management ${socket} unix ${password}`] });
    const { cert, key } = lab.pki.server;
    const listener = `OPENSSL-LISTEN:${TLS_PORT},bind=127.0.0.1,reuseaddr,fork,cert=${cert},key=${key},verify=0`;
    lab.network.start(lab.serverHost, 'socat', ['socat', listener, `UNIX-CONNECT:${socket}`]);
    const attach = (port: number, ...more: readonly string[]) =>
      lab.network.start(lab.serverHost, 'monitor', [
        ...[...OUR_COMMAND, 'monitor', '--attach', `127.0.0.1:${TLS_PORT}`, '--listen', `127.0.0.1:${port}`],
        ...['--password-file', password, '--server-name', 'server', ...more],
      ]);
    // The system's authorities know nothing of ours. It lets go of the daemon, which serves one at a time.
    const wary = attach(9001);
    await wary.waitFor(/management failed: .*certificate/);
    await wary.stop();
    const monitor = attach(9000, '--ca', lab.pki.ca);
    await monitor.waitFor('management works: ');
    const script = "fetch('http://127.0.0.1:9000/metrics').then(async (answer) => process.stdout.write(await answer.text()))";
    const page = await eventually('the figures of the daemon', async () => {
      const text = await lab.network.run(lab.serverHost, [process.execPath, '-e', script]);
      return text.includes('tunnelscope_connected_clients') && text;
    });
    expect(page).toMatch(/^tunnelscope_daemon_info\{.*title="OpenVPN 2\./m);
    expect(page).toMatch(/^tunnelscope_connected_clients\{daemon="127\.0\.0\.1:7600"\} 0$/m);
    expect(monitor.lines.join('\n')).not.toContain('sesame');
  });
});
