import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND, type Program } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';
import { parseStatus } from '../../src/status/parse.ts';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Started {
  readonly ended: Promise<Ran>;
  type(text: string): void;
  /** What it wrote to its standard output so far. */
  out(): string;
}

function start(command: readonly string[], script?: string): Started {
  const [program = '', ...argv] = command;
  const child = spawn(program, argv, { env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdin.on('error', () => undefined);
  if (script !== undefined) child.stdin.end(script);
  const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  return { ended, type: (text) => child.stdin.write(text), out: () => out };
}

function manage(address: string, argv: readonly string[], script = '', options: readonly string[] = []): Promise<Ran> {
  return start([...OUR_COMMAND, 'manage', ...options, address, ...argv], script).ended;
}

/** One suite for `tunnelscope manage`, at a stock server and at ours. */
describe.skipIf(!requireInterop()).each(['stock', 'ours'] satisfies Program[])('tunnelscope manage at a %s server', (program) => {
  const lab = useLab(['alice']);

  it('carries out one command and scripts, decides a login, follows, and is a shell at a terminal', async () => {
    const server = await lab.server({ program, lines: ['management-client-auth'] });
    const address = server.managementPath;
    const login = lab.file('alice\nsecret\n', 0o600);

    const status = await manage(address, ['status', '3']);
    expect([status.code, status.err]).toEqual([0, '']);
    expect(parseStatus(status.out)).toMatchObject({ form: 'v3', problems: [] });
    expect(await manage(address, ['kill', 'a "b\\ c'])).toEqual({ code: 1, out: `ERROR: common name 'a "b\\ c' not found\n`, err: '' });
    expect((await manage(address, ['frobnicate'])).code).toBe(1);
    expect(JSON.parse((await manage(address, ['verb'], '', ['--json'])).out)).toEqual({
      command: 'verb',
      ok: true,
      lines: ['SUCCESS: verb=4'],
    });

    // A shell at a terminal of its own sees the login while a command is being typed, and lets it in.
    const typed = join(lab.network.folder, `typed-${program}`);
    const shell = start(['script', '-qefc', `stty cols 100; ${[...OUR_COMMAND, 'manage', address].join(' ')}`, typed]);
    await eventually('the prompt', () => shell.out().includes('manage> '));
    shell.type('state on\r');
    await eventually('the reply', () => shell.out().includes('SUCCESS: real-time state notification set to ON'));
    shell.type('client-auth 0 1');
    await eventually('what was typed', () => shell.out().includes('client-auth 0 1'));
    const alice = await lab.client('alice', { wait: false, lines: [`auth-user-pass ${login}`] });
    await eventually('the login above the line', () =>
      /CLIENT:CONNECT,0,1[^]*password=\[secret\][^]*manage> client-auth 0 1/.test(shell.out()),
    );
    shell.type('\rpush "setenv-safe greeting hello"\rEND\r');
    await alice.process.waitFor('greeting hello');
    await eventually('the reply', () => shell.out().includes('SUCCESS: client-auth command succeeded'));
    shell.type('\x04');
    expect((await shell.ended).code).toBe(0);
    expect(shell.out()).not.toContain('password=secret');

    const script = await manage(address, [], '# who is there\nnclients\nkill nobody\nclient-deny 9 9 "no such client"\n\nload-stats\n');
    expect([script.code, script.err]).toEqual([1, '']);
    expect(script.out.split('\n')).toEqual([
      'SUCCESS: nclients=1',
      "ERROR: common name 'nobody' not found",
      'ERROR: client-deny command failed',
      expect.stringMatching(/^SUCCESS: nclients=1,bytesin=\d+,bytesout=\d+$/),
      '',
    ]);

    const following = start([...OUR_COMMAND, 'manage', '--json', '-f', address, 'log', 'on'], '');
    await eventually('the reply', () => following.out().includes('"ok":true'));
    await server.process.stop();
    const end = await following.ended;
    expect([end.code, end.err]).toEqual([2, 'connection lost: the connection ended\n']);
    const lines = end.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { notification?: string; text?: string });
    expect(lines.some(({ notification, text }) => notification === 'log' && text?.includes('SIGTERM') === true)).toBe(true);
    const nobody = await manage(address, ['pid']);
    expect([nobody.code, nobody.err]).toEqual([2, expect.stringContaining(`connect to ${address} failed: `)]);
  }, 60_000);
});

describe.skipIf(!requireInterop())('tunnelscope dashboard', () => {
  const lab = useLab([]);

  it('asks Prometheus nothing that it does not understand', async () => {
    const { out, code } = await start([...OUR_COMMAND, 'dashboard']).ended;
    expect(code).toBe(0);
    const { panels } = JSON.parse(out) as { panels: { targets?: { expr: string }[] }[] };
    const queries = panels.flatMap(({ targets = [] }) =>
      targets.map(({ expr }) => expr.replace('$__rate_interval', '5m').replace('$daemon', '.*')),
    );
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    const path = join(lab.network.folder, 'rules.yml');
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
    const checked = await start(['promtool', 'check', 'rules', path], '').ended;
    expect([checked.code, checked.out]).toEqual([0, expect.stringContaining(`SUCCESS: ${queries.length} rules found`)]);
  });
});
