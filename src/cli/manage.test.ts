import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testPki } from '../../test/support/pki.ts';
import { Secret } from '../base/secret.ts';
import type { WallTime } from '../base/units.ts';
import type { DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import { ManageRig } from './manage/testing.ts';

let rig: ManageRig;
beforeEach(() => {
  rig = new ManageRig();
});
afterEach(() => rig.close());

function answer(request: DaemonRequest): DaemonReply {
  switch (request.kind) {
    case 'pid':
      return { kind: 'value', value: 7 };
    case 'kill-name':
    case 'unknown':
      return { kind: 'refused', text: '' };
    case 'push-update':
      return { kind: 'updated', count: 1, unsupported: [] };
    default:
      return { kind: 'done', text: '' };
  }
}

const STATE = { kind: 'state', state: { time: 1_795_352_490_000 as WallTime, name: 'CONNECTED' } } as const;

describe('one command', () => {
  it('prints what the daemon said, and its status says how it went', async () => {
    await rig.serve(answer);
    const pid = rig.run({ command: ['pid'] });
    expect([await pid.code, pid.out, pid.err]).toEqual([0, 'SUCCESS: pid=7\n', '']);
    const refused = rig.run({ command: ['kill', 'nobody'] });
    expect([await refused.code, refused.out]).toEqual([1, "ERROR: common name 'nobody' not found\n"]);
    const unknown = rig.run({ command: ['frobnicate', 'now'] });
    expect([await unknown.code, unknown.out]).toEqual([1, "ERROR: unknown command, enter 'help' for more options\n"]);
    const version = rig.run({ command: ['version'] });
    expect([await version.code, version.out.split('\n').at(-2)]).toEqual([0, 'END']);
  });

  it('keeps words together that the command line keeps together, takes a quoted line as a line, and options of the daemon', async () => {
    const port = await rig.serve(answer);
    for (const command of [['client-kill', '3', 'HALT,a "b" \\c'], ['client-kill 4 "x y"'], ['push-update-cid', '0', '-route', '--json']]) {
      await rig.run({ command }).code;
    }
    expect(port.requests).toContainEqual({ kind: 'client-kill', clientId: 3, message: 'HALT,a "b" \\c' });
    expect(port.requests).toContainEqual({ kind: 'client-kill', clientId: 4, message: 'x y' });
    expect(port.requests.at(-1)).toMatchObject({ kind: 'push-update', clientId: 0, options: '-route' });
  });

  it('sends the lines of standard input with a command that has some', async () => {
    const port = await rig.serve(answer);
    for (const script of ['push "route 10.0.0.0 255.0.0.0"\n\nkill alice', 'push "route 10.0.0.0 255.0.0.0"\n\nkill alice\nEND\nmore\n']) {
      const run = rig.run({ command: ['client-auth', '1', '2'], script });
      expect([await run.code, run.out]).toEqual([0, 'SUCCESS: client-auth command succeeded\n']);
    }
    const expected = { kind: 'client-auth', clientId: 1, keyId: 2, config: ['push "route 10.0.0.0 255.0.0.0"', '', 'kill alice'] };
    expect(port.requests).toEqual([expected, expected]);
  });

  it('stays with --follow until it is interrupted, and shows what comes', async () => {
    const port = await rig.serve(answer);
    const run = rig.run({ options: ['-f'], command: ['state', 'on'] });
    await run.until((out) => out.includes('SUCCESS'));
    port.emit(STATE);
    await run.until((out) => out.includes('>STATE:1795352490,CONNECTED,'));
    run.interrupt();
    expect([await run.code, run.err]).toEqual([0, '']);
  });

  it('says objects with --json', async () => {
    await rig.serve(answer);
    const good = rig.run({ options: ['--json'], command: ['pid'] });
    expect([await good.code, JSON.parse(good.out)]).toEqual([0, { command: 'pid', ok: true, lines: ['SUCCESS: pid=7'] }]);
    const bad = rig.run({ options: ['--json'], command: ['verb', '99'] });
    const text = 'verb level is out of range';
    expect([await bad.code, JSON.parse(bad.out)]).toEqual([1, { command: 'verb 99', ok: false, error: text, lines: [`ERROR: ${text}`] }]);
    const unsent = rig.run({ options: ['--json'], command: ['client-auth', 'x', '1'], script: '' });
    expect([await unsent.code, JSON.parse(unsent.out)]).toMatchObject([2, { ok: false, unsent: 'cannot parse CID' }]);
  });
});

describe('a script', () => {
  it('carries out lines and bodies one after the other, goes on after an error, and ends with the worst', async () => {
    const port = await rig.serve(answer);
    const script = '# comment\n\npid\nclient-auth 0 1\npush "a b"\nEND\r\nkill nobody\nverb\nquit\npid\n';
    const run = rig.run({ script });
    expect(await run.code).toBe(1);
    expect(run.out.split('\n').map((line) => line.replace(/:.*/, ''))).toEqual(['SUCCESS', 'SUCCESS', 'ERROR', 'SUCCESS', '']);
    expect(port.requests.map(({ kind }) => kind).slice(0, 3)).toEqual(['pid', 'client-auth', 'kill-name']);
    expect(port.requests[1]).toMatchObject({ config: ['push "a b"'] });
  });

  it('ends at the first error when told to', async () => {
    const port = await rig.serve(answer);
    expect(await rig.run({ options: ['-e'], script: 'kill nobody\npid\n' }).code).toBe(1);
    expect(port.requests.map(({ kind }) => kind)).toEqual(['kill-name']);
  });

  it.each([
    ['a body without END', 'client-auth 0 1\nkill alice\n', 'the line END is missing'],
    ['a body behind a command that cannot have it', 'client-auth 0\nkill alice\nEND\n', 'client-auth is used as: client-auth CID KID'],
    ['a quote that does not end', 'kill "alice\n', 'No closing quotation (") in this line'],
    ['a line that is too long', `kill ${'a'.repeat(200)} ${'b'.repeat(1000)}\n`, 'is too long'],
    ['control characters', 'kill a\u001bb\n', 'control characters'],
    ['a body that is too long', `client-auth 0 1\n${`${'y'.repeat(900)}\n`.repeat(100)}END\n`, 'too many lines before END'],
  ])('never sends %s', async (_what, script, why) => {
    const port = await rig.serve(answer);
    const run = rig.run({ script });
    expect(await run.code).toBe(2);
    expect(run.err).toContain(why);
    expect(port.requests).toEqual([]);
  });

  it('ends well when its last command ends the connection', async () => {
    await rig.pretend((socket, said) => {
      if (said.startsWith('signal')) socket.end('SUCCESS: signal SIGTERM thrown\r\n');
    });
    const run = rig.run({ script: 'signal SIGTERM\n' });
    expect([await run.code, run.out, run.err]).toEqual([0, 'SUCCESS: signal SIGTERM thrown\n', '']);
  });

  it('says that the connection is lost, in a command and between two', async () => {
    await rig.pretend((socket) => socket.end('half a li'));
    const within = rig.run({ script: 'status\npid\npid\n' });
    expect(await within.code).toBe(2);
    expect(within.err).toBe('no reply to status: the connection ended\nconnection lost: the connection ended\n');
  });

  it('says that the connection is lost while it waits for lines', async () => {
    await rig.pretend((socket) => socket.end('SUCCESS: pid=7\r\n'));
    const between = rig.run();
    between.type('pid\n');
    expect(await between.code).toBe(2);
    expect([between.out, between.err]).toEqual(['SUCCESS: pid=7\n', 'connection lost: the connection ended\n']);
  });

  it('does not take what a refused body brought about for replies', async () => {
    await rig.pretend((socket, said) => {
      // As stock does when the first line is refused: the body is taken for commands.
      const reply = (line: string): string => {
        if (line === 'pid') return 'SUCCESS: pid=7\r\n';
        return line === '#' ? '' : `ERROR: unknown command '${line}'\r\n`;
      };
      socket.write(said.trimEnd().split('\n').map(reply).join(''));
    });
    const run = rig.run({ script: 'pk-sig\nAAAA\nBBBB\nEND\npid\n' });
    expect([await run.code, run.out]).toEqual([1, "ERROR: unknown command 'pk-sig'\nSUCCESS: pid=7\n"]);
  });

  it('shows notifications in their place, without secrets', async () => {
    await rig.pretend((socket, said) => {
      const client = '>CLIENT:CONNECT,0,1\r\n>CLIENT:ENV,username=a\r\n>CLIENT:ENV,password=hunter2\r\n>CLIENT:ENV,END\r\n';
      const token = '>PASSWORD:Auth-Token:hunter2\r\n>CLIENT:CR_RESPONSE,0,1,hunter2\r\n>CLIENT:ENV,END\r\n';
      if (said.startsWith('pid')) socket.write(`${client}${token}SUCCESS: pid=7\r\n`);
    });
    const plain = rig.run({ script: 'pid\n' });
    await plain.code;
    expect(plain.out).toBe(
      '>CLIENT:CONNECT,0,1\n>CLIENT:ENV,username=a\n>CLIENT:ENV,password=[secret]\n>CLIENT:ENV,END\n' +
        '>PASSWORD:Auth-Token:[secret]\n>CLIENT:CR_RESPONSE,0,1,[secret]\n>CLIENT:ENV,END\nSUCCESS: pid=7\n',
    );
    const json = rig.run({ options: ['--json'], script: 'pid\n' });
    await json.code;
    expect(json.out).not.toContain('hunter2');
    expect(JSON.parse(json.out.split('\n')[0] ?? '')).toMatchObject({ notification: 'client', what: 'CONNECT', env: { username: 'a' } });
    const open = rig.run({ options: ['--show-secrets'], script: 'pid\n' });
    await open.code;
    expect(open.out.match(/hunter2/g)).toHaveLength(3);
  });
});

describe('getting in', () => {
  it('takes the password of a file, asks for it otherwise, and says when it is wrong', async () => {
    await rig.serve(answer, { password: new Secret('sesame') });
    const file = join(rig.folder, 'password');
    writeFileSync(file, 'sesame\r\nmore\n');
    chmodSync(file, 0o600);
    expect(await rig.run({ options: ['--password-file', file], command: ['pid'] }).code).toBe(0);
    const asked = rig.run({ command: ['pid'], password: 'sesame' });
    expect([await asked.code, asked.out, asked.asked]).toEqual([0, 'SUCCESS: pid=7\n', [`Password of ${rig.path}: `]]);
    const wrong = rig.run({ command: ['pid'], password: 'guess' });
    expect([await wrong.code, wrong.err]).toEqual([2, 'tunnelscope manage: bad password\n']);
    const nobody = rig.run({ command: ['pid'] });
    expect([await nobody.code, nobody.err]).toEqual([
      2,
      'tunnelscope manage: the interface asks for a password: give --password-file FILE\n',
    ]);
  });

  it('speaks TLS to who has the right certificate alone', async () => {
    const { ca, server, alice } = await testPki();
    const tls = { cert: server.certPem, key: server.keyPem, ca: ca.certPem };
    await rig.serve(answer, { where: { kind: 'tcp', host: '127.0.0.1', port: 0 }, tls });
    const file = (name: string, text: string): string => {
      writeFileSync(join(rig.folder, name), text);
      return join(rig.folder, name);
    };
    const known = ['--ca', file('ca', ca.certPem), '--server-name', 'server'];
    const own = ['--cert', file('cert', alice.certPem), '--key', file('key', alice.keyPem)];
    expect(await rig.run({ options: [...known, ...own], command: ['pid'] }).code).toBe(0);
    expect(await rig.run({ options: ['--tls', ...own], command: ['pid'] }).code).toBe(2);
    expect(await rig.run({ options: [...known, '--timeout', '2'], command: ['pid'] }).code).toBe(2);
  });

  it('says why nobody is there', async () => {
    const run = rig.run({ command: ['pid'] });
    expect(await run.code).toBe(2);
    expect(run.err).toBe(`tunnelscope manage: connect to ${rig.path} failed: No such file or directory\n`);
    const file = rig.run({ options: ['--password-file', '/nowhere'], command: ['pid'] });
    expect([await file.code, file.err]).toMatchObject([2, expect.stringContaining('/nowhere')]);
  });

  it('gives up waiting for a greeting when it is interrupted or takes too long', async () => {
    await rig.pretend(() => undefined, '');
    const late = rig.run({ options: ['--timeout', '0.05'], command: ['pid'] });
    expect([await late.code, late.err]).toEqual([2, 'tunnelscope manage: no greeting in time\n']);
    const run = rig.run({ command: ['pid'] });
    run.interrupt();
    expect([await run.code, run.err]).toEqual([2, 'tunnelscope manage: interrupted\n']);
  });

  it.each([
    [[]],
    [['7505']],
    [['--nope', '/x']],
    [['--cert', 'a', '127.0.0.1:1']],
    [['--tls', '/run/m.sock']],
    [['--timeout', 'soon', '/x']],
    [['/x', 'kill', 'a\nb']],
  ])('refuses the command line %j', async (argv) => {
    const [address = '', ...rest] = argv.slice(-1);
    await expect(rig.run({ options: [...argv.slice(0, -1)], address, command: rest }).code).rejects.toMatchObject({ code: 'CLI' });
  });
});

describe('a daemon that means no good', () => {
  it('steers no terminal: not by replies, notifications, errors or its greeting', async () => {
    const evil = '\x1b]0;owned\x07\x1b[2J\u009b31m\u202e\x08\r';
    await rig.pretend(
      (socket, said) =>
        socket.write(said.startsWith('pid') ? `>LOG:1,W,${evil}\r\n>${evil}\r\nSUCCESS: ${evil}\r\n` : `ERROR: ${evil}\r\n`),
      `>INFO:${evil}\r\n`,
    );
    for (const options of [[], ['--json']]) {
      const run = rig.run({ options, script: 'pid\nverb\n' });
      expect(await run.code).toBe(1);
      expect(`${run.out}${run.err}`).toContain('owned');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
      expect(`${run.out}${run.err}`).not.toMatch(
        options.length > 0 ? /[\x00-\x09\x0b-\x1f\x7f-\x9f]/ : /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/,
      );
    }
    const greeted = new ManageRig();
    await greeted.pretend(() => undefined, `ENTER PASSWORD:ERROR: ${evil}\r\n`);
    const refused = greeted.run({ command: ['pid'], password: 'x' });
    expect(await refused.code).toBe(2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
    expect(refused.err).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    await greeted.close();
  });

  it.each([
    ['a line of 10 MB', '', 'x'.repeat(1 << 16), 160],
    ['a block that never ends', '>CLIENT:CONNECT,0,0\r\n', `>CLIENT:ENV,a=${'x'.repeat(1000)}\r\n`.repeat(64), 160],
  ])('sends %s, and is left without memory being used up', async (_what, first, piece, times) => {
    await rig.pretend((socket) => {
      socket.write(first);
      for (let count = 0; count < times; count++) socket.write(piece);
    });
    const before = process.memoryUsage().arrayBuffers;
    const run = rig.run({ script: 'status\n' });
    expect(await run.code).toBe(2);
    expect(run.err).toMatch(/^no reply to status: (?:a line|a block) is too long\n/);
    expect(run.out.length).toBeLessThan(200);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
  });

  it('never ends its reply', async () => {
    await rig.pretend((socket) => socket.write('TITLE,x\r\n'));
    const run = rig.run({ options: ['--timeout', '0.1'], script: 'status\n' });
    expect([await run.code, run.err]).toEqual([2, 'no reply to status: no reply in time\nconnection lost: no reply in time\n']);
  });
});
