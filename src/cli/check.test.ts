import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { check } from './check.ts';

const golden = (path: string): string => fileURLToPath(new URL(`../../test/golden/${path}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-check-'));
const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** A status file of two clients that says it was written so many seconds ago. */
function statusFile(name: string, secondsAgo = 0): string {
  const text = readFileSync(golden('status/server-v2.txt'), 'utf8');
  const path = join(folder, name);
  writeFileSync(path, text.replace(/^TIME,.*$/m, `TIME,whenever,${Math.floor(Date.now() / 1000) - secondsAgo}`));
  return path;
}

/** A management interface that says what is given to each who connects. */
async function interfaceSaying(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(text);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

async function checked(...argv: readonly string[]): Promise<{ status: number; text: string }> {
  let text = '';
  const status = await check(argv, (piece) => (text += piece));
  return { status, text: text.replaceAll(folder, 'FOLDER') };
}

describe('tunnelscope check', () => {
  it('says that a daemon is well, with performance data', async () => {
    const { status, text } = await checked(statusFile('well'));
    expect(status).toBe(0);
    expect(text).toMatch(/^OPENVPN OK - FOLDER\/well: ok \| clients=2;;;0 received=5175c sent=5135c age=\S+s;180;;0\n$/);
  });

  it.each([
    ['fewer clients than are right', ['--min-clients', '3'], /2 clients, fewer than 3 \|/],
    ['more clients than are right', ['--max-clients', '1'], /2 clients, more than 1 \| clients=2;1;;0/],
    [
      'a certificate that ended or will',
      ['--certificate', golden('verify/exp.crt')],
      /certificate of CN=\S+ in \S+exp.crt expired \d+ days ago/,
    ],
  ])('warns of %s', async (_what, options, text) => {
    expect(await checked(statusFile('degraded'), ...options)).toEqual({ status: 1, text: expect.stringMatching(text) });
  });

  it('warns of figures that are old', async () => {
    expect(await checked(statusFile('old', 200))).toEqual({
      status: 1,
      text: expect.stringMatching(/^OPENVPN WARNING .*figures are 20\d s old/),
    });
    expect((await checked(statusFile('old', 200), '--age', '300')).status).toBe(0);
  });

  it('says that a daemon is down which is not there', async () => {
    expect(await checked(join(folder, 'none'))).toEqual({
      status: 2,
      text: 'OPENVPN CRITICAL - FOLDER/none: FOLDER/none: No such file or directory\n',
    });
    expect(await checked('127.0.0.1:1')).toEqual({ status: 2, text: expect.stringContaining('127.0.0.1:1 failed: Connection refused') });
  });

  it('says that a daemon is down which does not answer in time', async () => {
    const silent = await interfaceSaying('silent.sock', '');
    const half = await interfaceSaying('half.sock', ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\nSUCC");
    const { status, text } = await checked(silent, half, '--timeout', '0.5');
    expect(status).toBe(2);
    expect(text).toMatch(/^OPENVPN CRITICAL - FOLDER\/silent.sock: .*no greeting in time\nOPENVPN \w+ - FOLDER\/half.sock: /);
  });

  it('says that it cannot know', async () => {
    const foreign = join(folder, 'foreign');
    writeFileSync(foreign, 'what is this\n');
    expect(await checked(foreign)).toEqual({ status: 3, text: expect.stringContaining('OPENVPN UNKNOWN - FOLDER/foreign: ') });
    const password = await interfaceSaying('password.sock', 'ENTER PASSWORD:');
    expect(await checked(password, '--timeout', '2')).toEqual({ status: 3, text: expect.stringMatching(/^OPENVPN UNKNOWN .*password/) });
  });

  it.each([
    [[]],
    [['--age', 'x', 'y']],
    [['--nonsense']],
    [['a', 'a']],
    [['/none/monitor.yaml']],
    [['127.0.0.1:1', '--password-file', '/none']],
  ])('cannot know when it is called as %j', async (argv) => {
    const { status, text } = await checked(...argv);
    expect([status, text.split('\n').length]).toEqual([3, 2]);
    expect(text).toMatch(/^OPENVPN UNKNOWN - /);
  });

  it('takes the worst of several, of a configuration with what it says of each', async () => {
    const [a, b] = [statusFile('a'), statusFile('b')];
    const yaml = join(folder, 'monitor.yaml');
    writeFileSync(yaml, `daemons:\n  - { name: a, status-file: ${a} }\n  - { name: b, status-file: ${b}, health: { min-clients: 5 } }\n`);
    const { status, text } = await checked(yaml);
    expect([status, text.split('\n').map((line) => line.split(' ')[1])]).toEqual([1, ['OK', 'WARNING', undefined]]);
    expect((await checked(yaml, join(folder, 'none'))).status).toBe(2);
  });
});
