import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { SystemClock } from '../host/clock.ts';
import { status } from './status.ts';

const golden = (name: string): string => fileURLToPath(new URL(`../../test/golden/status/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-status-'));
afterAll(() => rmSync(folder, { recursive: true }));

const clock = new SystemClock();

async function shown(...argv: readonly string[]): Promise<{ code: number; text: string }> {
  let text = '';
  const output = { write: (piece: string) => (text += piece) };
  const code = await status(argv, { output, clock, signal: new AbortController().signal });
  return { code, text };
}

describe('tunnelscope status', () => {
  it.each(['server-v1.txt', 'server-v2.txt', 'server-v3.txt'])('shows the clients of %s as a table', async (name) => {
    const { code, text } = await shown(golden(name));
    expect(code).toBe(0);
    const lines = text.split('\n');
    expect(lines[0]).toMatch(/server-v\d.txt: degraded, 2 clients, received 5.2 kB, sent 5.1 kB, by its status-file, 0 s ago$/);
    const rows = lines.slice(lines.findIndex((line) => line.startsWith('NAME')));
    expect(rows[0]).toMatch(/^NAME +USER +FROM +INSIDE +RECEIVED +SENT +SINCE +CIPHER$/);
    expect(rows.slice(1, 3).map((row) => row.split(/  +/)[0])).toEqual(['alice', 'bob']);
    expect(rows[1]).toMatch(/^alice +10\.99\.0\.2:37930 +\S+ +2\.6 kB +2\.6 kB +20\d\d-/);
  });

  it('gives all that is known as JSON', async () => {
    const { text } = await shown('--json', '--sort', 'sent', golden('server-v3.txt'), golden('client.txt'));
    const said: unknown = JSON.parse(text);
    expect(said).toMatchObject({
      version: 1,
      daemons: [
        { mode: 'server', received: 5175, sent: 5135, clients: [{ commonName: 'bob', received: 2587 }, { commonName: 'alice' }] },
        { mode: 'client', clients: [] },
      ],
    });
  });

  it('gives a line of CSV for each client, that no spreadsheet runs', async () => {
    const hostile = readFileSync(golden('server-v2.txt'), 'utf8').replaceAll('alice', '=cmd|"x"!A1');
    const path = join(folder, 'hostile');
    writeFileSync(path, hostile);
    const { text } = await shown('--csv', path);
    const [head, ...rows] = text.trimEnd().split('\n');
    expect(head).toBe('daemon,common_name,username,address,virtual4,virtual6,received,sent,since,cipher,phase');
    expect(rows).toHaveLength(2);
    expect(rows[0]).toContain(`${path},"'=cmd|""x""!A1",,10.99.0.2:37930,10.8.0.2,`);
    expect(rows[1]).toMatch(/,bob,,10\.99\.0\.3:45370,10\.8\.0\.3,\S+,2587,2568,2026-11-22T\d\d:\d\d:\d\d\.000Z,AES-256-GCM,connected$/);
  });

  it('shows only the clients that are asked for, and steers no terminal', async () => {
    const path = join(folder, 'steering');
    writeFileSync(path, readFileSync(golden('server-v2.txt'), 'utf8').replaceAll('alice', '\x1b[2Jalice'));
    const { text } = await shown('--filter', '10.99.0.2', path);
    expect(text).toContain('_[2Jalice');
    expect(text).not.toContain('\x1b');
    expect(text).not.toContain('bob');
  });

  it('says which daemon was not reached', async () => {
    const { code, text } = await shown(golden('server-v2.txt'), '127.0.0.1:1');
    expect(code).toBe(1);
    expect(text).toMatch(/\n127\.0\.0\.1:1: no-data\n {2}! .*Connection refused\n$/);
  });

  it('watches with rates until it is told to end', async () => {
    const path = join(folder, 'watched');
    const whole = readFileSync(golden('server-v2.txt'), 'utf8');
    writeFileSync(path, whole);
    const end = new AbortController();
    const frames: string[] = [];
    const output = {
      write: (piece: string) => {
        frames.push(piece);
        if (frames.length === 1) writeFileSync(path, whole.replace(',2588,', ',902588,'));
        if (/alice .* 90\d\.\d kB +\S+ kB +[\d.]+ [kM]B/.test(piece) || frames.length >= 15) end.abort();
      },
    };
    expect(await status(['--watch', '--interval', '0.2', '--sort', 'rate', path], { output, clock, signal: end.signal })).toBe(0);
    expect(frames[0]).toMatch(/alice .* - +- +20/);
    expect(frames.length).toBeLessThan(15);
  });

  it.each([[[]], [['--json', '--csv', 'x']], [['--sort', 'size', 'x']], [['--interval', '0', 'x']], [['--timeout', 'y', 'x']]])(
    'does not understand %j',
    async (argv) => {
      await expect(shown(...argv)).rejects.toMatchObject({ code: 'CLI' });
    },
  );
});
