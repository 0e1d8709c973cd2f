import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../support/sources.ts';

/** The programs that the tests run, with what shows that they are there. */
const PROGRAMS: readonly (readonly [program: string, ...proof: string[]])[] = [
  ['openvpn', '--version'],
  ['ip', '-V'],
  ['iperf3', '--version'],
  ['ping', '-V'],
  ['tcpdump', '--version'],
  ['nc', '-h'],
  ['telnet', '--version'],
  ['collectd', '-h'],
  ['go', 'version'],
  ['setpriv', '--version'],
  ['rsyslogd', '-v'],
  ['prometheus-alertmanager', '--version'],
  ['logrotate', '--version'],
  ['prometheus', '--version'],
  ['promtool', '--version'],
  ['socat', '-V'],
];

/** What this machine lacks for tests with real components; empty when nothing. */
export function missingForInterop(): string[] {
  const missing: string[] = [];
  if (process.getuid?.() !== 0) missing.push('root');
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    missing.push('/dev/net/tun');
  }
  for (const [program, ...proof] of PROGRAMS) {
    if (spawnSync(program, proof, { stdio: 'ignore' }).error !== undefined) missing.push(program);
  }
  if (!existsSync(join(ROOT, 'dist/cli/main.js'))) missing.push('dist/ (npm run build)');
  return missing;
}

/**
 * Call it first in a test file with real components. True: run them. False: something is missing and was named, so the
 * file skips itself. In CI, or with TUNNELSCOPE_INTEROP=required, it throws instead: what CI skips nobody has seen.
 * A file that needs less than all of it names that in `needed`.
 */
export function requireInterop(needed?: readonly string[]): boolean {
  const missing = missingForInterop().filter((what) => needed === undefined || needed.includes(what));
  if (missing.length === 0) return true;
  const text = `tests with real components need what is missing here: ${missing.join(', ')}`;
  if (process.env['TUNNELSCOPE_INTEROP'] === 'required' || process.env['CI'] !== undefined) throw new Error(text);
  process.stderr.write(`skipped: ${text}\n`);
  return false;
}
