import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accepted, SERVER } from '../../test/support/configuration.ts';
import { recordedNotes } from '../../test/support/notes.ts';
import { Secret } from '../base/secret.ts';
import type { DaemonSettings, ScriptCommand, ScriptName } from '../engine/daemon-settings.ts';
import type { Question } from '../engine/types.ts';
import { type Command, type CommandResult, FakeRunner, ProcessRunner, type Runner } from '../host/scripts.ts';
import { EnvList } from '../model/env-list.ts';
import { fileNameOf, Scripts } from './scripts.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-scripts-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Setup {
  readonly runner: Runner;
  readonly commands?: readonly (readonly [ScriptName, ScriptCommand])[];
  readonly security?: number;
  readonly clientConfigDir?: string;
}

function scripts({ runner, commands = [], security = 2, clientConfigDir }: Setup) {
  const { daemon } = accepted(SERVER);
  const settings: DaemonSettings = {
    ...daemon,
    clientConfigDir,
    tmpDir: folder,
    scripts: { ...daemon.scripts, commands: new Map(commands), security, environment: [['OWN', 'mine']] },
  };
  const { notes, lines } = recordedNotes();
  return { scripts: new Scripts(settings, { runner, notes }), lines };
}

/** A real script in the folder. */
function script(body: string): string {
  const path = join(folder, 'script.sh');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const env = new EnvList([['common_name', 'alice']]);
const login = (via: 'via-env' | 'via-file'): Question => ({
  what: 'verify-user',
  env,
  username: 'alice',
  password: new Secret('s3same'),
  via,
});

describe('scripts', () => {
  it('are run with their own arguments first, a PATH, what setenv says, and what they are', async () => {
    const runner = new FakeRunner();
    const { scripts: asked } = scripts({ runner, commands: [['client-disconnect', ['/bin/x', 'one', 'two words']]] });
    expect(await asked.answer({ what: 'client-disconnect', env })).toEqual({ ok: true });
    const [command] = runner.commands as [Command];
    expect(command.argv).toEqual(['/bin/x', 'one', 'two words']);
    expect(command.env).toMatchObject({ OWN: 'mine', common_name: 'alice', script_type: 'client-disconnect' });
    expect(command.env['PATH']).toContain('/usr/bin');
    expect(command.timeout).toBe(60_000);
  });

  it.each([
    [{ what: 'learn-address', env, operation: 'add', address: '10.8.0.2', commonName: 'alice' }, ['add', '10.8.0.2', 'alice']],
    [{ what: 'learn-address', env, operation: 'update', address: '10.8.0.2', commonName: 'alice' }, ['update', '10.8.0.2', 'alice']],
    [{ what: 'learn-address', env, operation: 'delete', address: '10.8.0.2', commonName: 'alice' }, ['delete', '10.8.0.2']],
    [{ what: 'tls-verify', env, depth: 1, subject: 'C=DE, CN=ca' }, ['1', 'C=DE, CN=ca']],
  ] as const)('are given what stock gives them: %j', async (question, args) => {
    const runner = new FakeRunner();
    const { scripts: asked } = scripts({ runner, commands: [[question.what, ['/bin/x']]] });
    await asked.answer(question);
    expect(runner.commands[0]?.argv).toEqual(['/bin/x', ...args]);
  });

  it.each<[CommandResult, string[]]>([
    [{ kind: 'exited', status: 1 }, ['WARNING: Failed running command (--client-connect): external program exited with error status: 1']],
    [
      { kind: 'exited', status: 2 },
      [
        'WARNING: Failed running command (--client-connect): external program exited with error status: 2',
        'Script client-connect did not work: deferred decisions (status 2) are not supported: decide within the script',
      ],
    ],
    [{ kind: 'signalled', signal: 'SIGSEGV' }, ['Script client-connect did not work: ended by SIGSEGV']],
    [{ kind: 'timed-out' }, ['Script client-connect did not work: it took too long and was ended']],
    [
      { kind: 'not-started', reason: 'No such file or directory' },
      [
        'WARNING: Failed running command (--client-connect): could not execute external program',
        'Script client-connect did not work: it could not be started: No such file or directory',
      ],
    ],
  ])('that end so are refusals: %j', async (result, expected) => {
    const { scripts: asked, lines } = scripts({ runner: new FakeRunner(() => result), commands: [['client-connect', ['/bin/x']]] });
    expect(await asked.answer({ what: 'client-connect', env })).toEqual({ ok: false });
    expect(lines.filter((line) => !line.startsWith('Script client-connect says:'))).toEqual(expected);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that are not configured agree', async () => {
    const runner = new FakeRunner();
    const { scripts: asked } = scripts({ runner });
    expect(await asked.answer({ what: 'client-connect', env })).toEqual({ ok: true });
    expect(runner.commands).toEqual([]);
  });

  it('do not run below script-security 2', async () => {
    const runner = new FakeRunner();
    const { scripts: asked, lines } = scripts({ runner, commands: [['client-connect', ['/bin/x']]], security: 1 });
    expect(await asked.answer({ what: 'client-connect', env })).toEqual({ ok: false });
    expect(runner.commands).toEqual([]);
    expect(lines.join('\n')).toContain('--script-security 2');
  });

  it('that cannot be given a file refuse, and say why', async () => {
    const { scripts: asked, lines } = scripts({ runner: new FakeRunner(), commands: [['client-connect', ['/bin/x']]] });
    rmSync(folder, { recursive: true });
    expect(await asked.answer({ what: 'client-connect', env })).toEqual({ ok: false });
    expect(lines.join('\n')).toMatch(/^Script client-connect did not work: cannot write .*No such file or directory \(errno=2\)$/m);
    mkdirSync(folder);
  });
});

describe('client-connect', () => {
  it('is handed an empty file of its own, and what it writes there counts', async () => {
    const path = script('stat -c "%a %s" "$1"; echo "ifconfig-push 10.8.0.9 255.255.255.0" > "$1"');
    const { scripts: asked, lines } = scripts({ runner: new ProcessRunner(), commands: [['client-connect', [path]]] });
    const answer = await asked.answer({ what: 'client-connect', env });
    expect(answer).toMatchObject({ ok: true, config: { text: 'ifconfig-push 10.8.0.9 255.255.255.0\n' } });
    expect(lines).toContain('Script client-connect says: 600 0');
    expect(readdirSync(folder)).toEqual(['script.sh']);
  });

  it('that fails after writing counts for nothing', async () => {
    const path = script('echo "push x" > "$1"; exit 1');
    const { scripts: asked } = scripts({ runner: new ProcessRunner(), commands: [['client-connect', [path]]] });
    expect(await asked.answer({ what: 'client-connect', env })).toEqual({ ok: false });
  });

  it('that writes without end is refused at a megabyte', async () => {
    const path = script('head -c 1100000 /dev/zero > "$1"');
    const { scripts: asked, lines } = scripts({ runner: new ProcessRunner(), commands: [['client-connect', [path]]] });
    expect(await asked.answer({ what: 'client-connect', env })).toEqual({ ok: false });
    expect(lines.join('\n')).toContain('it holds more than 1048576 bytes');
    expect(readdirSync(folder)).toEqual(['script.sh']);
  });
});

describe('auth-user-pass-verify', () => {
  it('via-file reads name and password from a file that nobody else can read, and that goes', async () => {
    let seen: { text: string; mode: number } | undefined;
    const runner = new FakeRunner(({ argv: [, path = ''] }) => {
      seen = { text: readFileSync(path, 'utf8'), mode: statSync(path).mode & 0o777 };
      return { kind: 'exited', status: 0 };
    });
    const { scripts: asked } = scripts({ runner, commands: [['auth-user-pass-verify', ['/bin/x']]] });
    expect(await asked.answer(login('via-file'))).toEqual({ ok: true });
    expect(seen).toEqual({ text: 'alice\ns3same\n', mode: 0o600 });
    expect(readdirSync(folder)).toEqual([]);
    expect(JSON.stringify(runner.commands)).not.toContain('s3same');
  });

  it('via-env reads them from its environment, from script-security 3 on', async () => {
    const runner = new FakeRunner();
    const allowed = scripts({ runner, commands: [['auth-user-pass-verify', ['/bin/x']]], security: 3 });
    expect(await allowed.scripts.answer(login('via-env'))).toEqual({ ok: true });
    expect(runner.commands[0]?.env).toMatchObject({ username: 'alice', password: 's3same' });
    const forbidden = scripts({ runner, commands: [['auth-user-pass-verify', ['/bin/x']]], security: 2 });
    expect(await forbidden.scripts.answer(login('via-env'))).toEqual({ ok: false });
    expect(runner.commands).toHaveLength(1);
    expect(allowed.lines.join('\n') + forbidden.lines.join('\n')).not.toContain('s3same');
  });
});

describe('client files', () => {
  it('are found by name, then DEFAULT, and none is none', async () => {
    const ccd = join(folder, 'ccd');
    mkdirSync(ccd);
    const { scripts: asked } = scripts({ runner: new FakeRunner(), clientConfigDir: ccd });
    expect(await asked.answer({ what: 'client-file', commonName: 'alice' })).toEqual({ ok: true, reason: `${ccd}/alice` });
    writeFileSync(join(ccd, 'DEFAULT'), 'push d\n');
    expect(await asked.answer({ what: 'client-file', commonName: 'alice' })).toMatchObject({ config: { text: 'push d\n' } });
    writeFileSync(join(ccd, 'alice'), 'push a\n');
    expect(await asked.answer({ what: 'client-file', commonName: 'alice' })).toEqual({
      ok: true,
      config: { text: 'push a\n', name: `${ccd}/alice` },
    });
  });

  it('bring what they include, at any depth', async () => {
    const ccd = join(folder, 'ccd');
    mkdirSync(ccd);
    writeFileSync(join(ccd, 'alice'), `config ${ccd}/common\nconfig ${ccd}/gone\n`);
    writeFileSync(join(ccd, 'common'), `config ${ccd}/more\nconfig ${ccd}/common\n`);
    writeFileSync(join(ccd, 'more'), 'push b\n');
    const { scripts: asked } = scripts({ runner: new FakeRunner(), clientConfigDir: ccd });
    const { config } = await asked.answer({ what: 'client-file', commonName: 'alice' });
    expect([...(config?.included ?? [])]).toEqual([
      [`${ccd}/common`, `config ${ccd}/more\nconfig ${ccd}/common\n`],
      [`${ccd}/gone`, undefined],
      [`${ccd}/more`, 'push b\n'],
    ]);
  });

  it('of names that would lead elsewhere are not read', async () => {
    const ccd = join(folder, 'ccd');
    mkdirSync(ccd);
    writeFileSync(join(folder, 'secret'), 'push stolen\n');
    const { scripts: asked } = scripts({ runner: new FakeRunner(), clientConfigDir: ccd });
    for (const commonName of ['../secret', '/etc/passwd', '..', '.', '', `${folder}/secret`]) {
      expect(await asked.answer({ what: 'client-file', commonName })).not.toHaveProperty('config');
    }
    expect(existsSync(join(folder, 'secret'))).toBe(true);
  });

  it('that cannot be read refuse the client', async () => {
    const ccd = join(folder, 'ccd');
    mkdirSync(join(ccd, 'alice'), { recursive: true });
    const { scripts: asked, lines } = scripts({ runner: new FakeRunner(), clientConfigDir: ccd });
    expect(await asked.answer({ what: 'client-file', commonName: 'alice' })).toEqual({ ok: false });
    expect(lines.join('\n')).toContain('Is a directory');
  });

  it.each([
    ['alice', 'alice'],
    ['alice@example.com', 'alice@example.com'],
    ['a b/c', 'a_b_c'],
    ['Jürgen', 'Jürgen'],
    ['..', undefined],
    ['', undefined],
  ])('%j has the file name %j', (commonName, expected) => {
    expect(fileNameOf(commonName)).toBe(expected);
  });
});
