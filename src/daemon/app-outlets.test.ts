import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { freePort, ManagementClient, TestDaemon } from '../../test/support/daemon.ts';
import { FakeRunner } from '../host/scripts.ts';

const READY = 'Initialization Sequence Completed';

describe('management', () => {
  it('answers on TCP and a unix socket at once, and says where it listens', async () => {
    const port = await freePort();
    const daemon = await TestDaemon.start({ lines: [`management 127.0.0.1 ${port}`, 'management manage.sock unix'] });
    expect(daemon.lines).toContain(`MANAGEMENT: TCP Socket listening on [AF_INET]127.0.0.1:${port}`);
    expect(daemon.lines).toContain('MANAGEMENT: unix domain socket listening on manage.sock');
    expect(daemon.app.managementAddresses).toEqual([`127.0.0.1:${port}`, 'manage.sock']);
    const first = await ManagementClient.connect(daemon, port);
    const second = await ManagementClient.connect(daemon, daemon.path('manage.sock'));
    expect(await first.ask('pid', /SUCCESS.*\r\n/)).toBe(`SUCCESS: pid=${process.pid}\r\n`);
    expect(await second.ask('verb', /SUCCESS.*\r\n/)).toBe('SUCCESS: verb=3\r\n');
    expect(await second.ask('verb 5', /SUCCESS.*\r\n/)).toBe('SUCCESS: verb level changed\r\n');
    expect(await first.ask('status 2', /END\r\n/)).toMatch(/^TITLE,OpenVPN 2\.6\.14 Tunnelscope\/0\.0\.0 /);
    expect(await first.ask('kill nobody', /ERROR.*\r\n/)).toBe("ERROR: common name 'nobody' not found\r\n");
    expect(await first.ask('client-kill 77', /ERROR.*\r\n/)).toContain('client-kill command failed');
    expect(await first.ask('load-stats', /SUCCESS.*\r\n/)).toBe('SUCCESS: nclients=0,bytesin=0,bytesout=0\r\n');
    await daemon.end();
    expect(existsSync(daemon.path('manage.sock'))).toBe(false);
  });

  it.each(['SIGTERM', 'SIGINT'])('signal %s ends the daemon after the reply, and its clients see the end', async (name) => {
    const port = await freePort();
    const daemon = await TestDaemon.start({ lines: [`management 127.0.0.1 ${port}`] });
    const client = await ManagementClient.connect(daemon, port);
    await client.ask('state on', /SUCCESS/);
    client.send(`signal ${name}`);
    await client.sees(new RegExp(`SUCCESS: signal ${name} thrown`));
    daemon.advance(1);
    expect(await daemon.app.done).toBe(0);
    await daemon.when('the end of the connection', () => (client.closed ? true : undefined));
    expect(client.text).toContain(`EXITING,${name}`);
    expect(daemon.lines).toContain(`${name}[hard,] received, process exiting`);
  });

  it('signal SIGUSR1 says what it became by remap-usr1', async () => {
    const port = await freePort();
    const daemon = await TestDaemon.start({ lines: [`management 127.0.0.1 ${port}`, 'remap-usr1 SIGTERM'] });
    const client = await ManagementClient.connect(daemon, port);
    await client.ask('signal SIGUSR1', /SUCCESS: signal SIGTERM thrown\r\n/);
    daemon.advance(1);
    expect(await daemon.app.done).toBe(0);
    expect(daemon.lines).toContain('SIGTERM[hard,] received, process exiting');
    client.end();
  });

  it('signal SIGUSR2 prints the status', async () => {
    const port = await freePort();
    const daemon = await TestDaemon.start({ lines: [`management 127.0.0.1 ${port}`] });
    const client = await ManagementClient.connect(daemon, port);
    const from = daemon.mark();
    await client.ask('signal SIGUSR2', /SUCCESS: signal SIGUSR2 thrown/);
    daemon.advance(1);
    await daemon.waitFor('GLOBAL STATS', from);
    client.end();
  });

  it('refuses what needs a running server while there is none', async () => {
    const port = await freePort();
    const daemon = await TestDaemon.start({ lines: [`management 127.0.0.1 ${port}`] });
    const client = await ManagementClient.connect(daemon, port);
    daemon.app.signal('SIGUSR1');
    await daemon.waitFor('Restart pause');
    expect(await client.ask('kill nobody', /ERROR.*\r\n/)).toMatch(/^ERROR: /);
    expect(await client.ask('pid', /SUCCESS.*\r\n/)).toBe(`SUCCESS: pid=${process.pid}\r\n`);
    daemon.advance(1000);
    await daemon.waitFor(READY, daemon.mark() - 1);
    client.end();
  });
});

describe('files', () => {
  it('the status file is there at once, renewed in its interval, and written at the end', async () => {
    const daemon = await TestDaemon.start({ lines: ['status status.log 10', 'status-version 2'] });
    await daemon.when('the file', () => (existsSync(daemon.path('status.log')) ? true : undefined));
    const timeOf = (): string => /^TIME,([^,]*),/m.exec(daemon.text('status.log'))?.[1] ?? '';
    const first = timeOf();
    expect(daemon.text('status.log')).toMatch(/^TITLE,[\s\S]*\nEND\n$/);
    daemon.advance(1000);
    const second = await daemon.when('the second', () => (timeOf() === first ? undefined : timeOf()));
    daemon.advance(9000);
    expect(timeOf()).toBe(second);
    daemon.advance(1000);
    await daemon.when('the third', () => (timeOf() === second ? undefined : true));
    rmSync(daemon.path('status.log'));
    daemon.app.signal('SIGTERM');
    await daemon.app.done;
    expect(daemon.text('status.log')).toMatch(/END\n$/);
  });

  it('a status file that is none, or a link, is written where it leads, and that is said once', async () => {
    const daemon = await TestDaemon.make({ lines: ['status fifo 1', 'status-format json'] });
    mkdirSync(daemon.path('elsewhere'));
    symlinkSync(daemon.path('elsewhere/real'), daemon.path('fifo.json'));
    writeFileSync(daemon.path('elsewhere/real'), 'old', { mode: 0o640 });
    symlinkSync('/dev/null', daemon.path('fifo'));
    await daemon.start();
    await daemon.when('the note', () => daemon.lines.find((line) => line.startsWith('fifo is written in place')));
    daemon.advance(1000);
    daemon.advance(1000);
    await daemon.when('the linked file', () => (daemon.text('elsewhere/real').startsWith('{') ? true : undefined));
    expect(statSync(daemon.path('elsewhere/real')).mode & 0o777).toBe(0o640);
    expect(lstatSync(daemon.path('fifo.json')).isSymbolicLink()).toBe(true);
    expect(await daemon.end()).toBe(0);
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(daemon.lines.filter((line) => line.includes('is written in place'))).toHaveLength(1);
  });

  it('a status file that is a pipe is read like any other, stays a pipe, and delays nobody without a reader', async () => {
    const daemon = await TestDaemon.make({ lines: ['status pipe 1', 'status-version 2'] });
    execFileSync('mkfifo', [daemon.path('pipe')]);
    await daemon.start();
    await daemon.when('the complaint', () => daemon.lines.find((line) => line.startsWith('Cannot write pipe')));
    const reader = openSync(daemon.path('pipe'), constants.O_RDONLY | constants.O_NONBLOCK);
    let text = '';
    const piece = Buffer.alloc(65_536);
    await daemon.when('the status', () => {
      daemon.advance(1000);
      try {
        text += piece.toString('utf8', 0, readSync(reader, piece));
      } catch {
        // Nothing is there yet.
      }
      return text.includes('END\n') ? true : undefined;
    });
    expect(text).toMatch(/^TITLE,OpenVPN 2\.6\.14 [^]*?\nGLOBAL_STATS,dco_enabled,0\nEND\n/);
    expect(await daemon.end()).toBe(0);
    expect(lstatSync(daemon.path('pipe')).isFIFO()).toBe(true);
    closeSync(reader);
  });

  it('a status file that cannot be written is said once, and written when it can be', async () => {
    const daemon = await TestDaemon.make({ lines: ['status sub/status.log 1'] });
    mkdirSync(daemon.path('sub'));
    await daemon.start();
    const from = daemon.mark();
    renameSync(daemon.path('sub'), daemon.path('away'));
    const failures = (): number => daemon.lines.slice(from).filter((line) => line.startsWith('Cannot write sub/status.log')).length;
    for (let round = 0; round < 5; round++) {
      daemon.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await daemon.when('the complaint', () => (failures() > 0 ? true : undefined));
    mkdirSync(daemon.path('sub'));
    await daemon.when('the file', () => (existsSync(daemon.path('sub/status.log')) ? true : (daemon.advance(1000), undefined)));
    expect(failures()).toBe(1);
  });

  it('the pool is remembered over a restart of the daemon', async () => {
    const pool = 'alice,10.8.0.9,\nbob with, comma,10.8.0.10,\n';
    const daemon = await TestDaemon.make({ lines: ['ifconfig-pool-persist pool.txt 10'] });
    daemon.write('pool.txt', `${pool}garbage\n,,,\ncarol,999.1.1.1,\n\n`);
    await daemon.start();
    await daemon.end();
    expect(daemon.text('pool.txt')).toBe(pool);
  });

  it('a pool of 0 seconds is read and never written', async () => {
    const daemon = await TestDaemon.make({ lines: ['ifconfig-pool-persist pool.txt 0'] });
    daemon.write('pool.txt', 'alice,10.8.0.9,\n');
    utimesSync(daemon.path('pool.txt'), 1, 1);
    await daemon.start();
    await daemon.restart('SIGHUP');
    await daemon.end();
    expect(statSync(daemon.path('pool.txt')).mtimeMs).toBe(1000);
  });
});

describe('scripts of the interface', () => {
  const lines = ['script-security 2', 'up /bin/up-script', 'down /bin/down-script', 'route-up /bin/route-script'];
  const scripted = lines.map((line) => line.replace(/\/bin\/\S+/, '/bin/true'));

  it('run with the arguments and environment of stock', async () => {
    const runner = new FakeRunner();
    const daemon = await TestDaemon.start({ lines: scripted, app: { runner } });
    await daemon.end();
    const calls = runner.commands.map(({ argv, env }) => [env['script_type'], argv.slice(1), env['signal']]);
    expect(calls).toEqual([
      ['up', ['null', '1500', '0', '10.8.0.1', '255.255.255.0', 'init'], undefined],
      ['route-up', [], undefined],
      ['down', ['null', '1500', '0', '10.8.0.1', '255.255.255.0', 'init'], 'sigterm'],
    ]);
  });

  it('run at a restart only with up-restart, in the context of one', async () => {
    const runner = new FakeRunner();
    const daemon = await TestDaemon.start({ lines: [...scripted, 'up-restart'], app: { runner } });
    await daemon.restart('SIGUSR1');
    const calls = runner.commands.slice(2).map(({ argv, env }) => [env['script_type'], argv.at(-1), env['script_context'], env['signal']]);
    expect(calls).toEqual([
      ['down', 'restart', 'restart', 'sigusr1'],
      ['up', 'restart', 'restart', undefined],
    ]);
  });

  it('stay quiet at a restart that keeps the interface, and run when a reload changes it', async () => {
    const runner = new FakeRunner();
    const daemon = await TestDaemon.start({ lines: scripted, app: { runner } });
    await daemon.restart('SIGUSR1');
    await daemon.restart('SIGHUP');
    expect(runner.commands).toHaveLength(2);
    writeFileSync(daemon.path('server.conf'), daemon.text('server.conf').replace('server 10.8.0.0', 'server 10.9.0.0'));
    await daemon.restart('SIGHUP');
    const calls = runner.commands.slice(2).map(({ argv, env }) => [env['script_type'], argv.at(4), env['signal']]);
    expect(calls).toEqual([
      ['down', '10.8.0.1', 'sighup'],
      ['up', '10.9.0.1', undefined],
      ['route-up', undefined, undefined],
    ]);
  });

  it('end the start when up fails', async () => {
    const runner = new FakeRunner(() => ({ kind: 'exited', status: 3 }));
    const daemon = await TestDaemon.start({ lines: scripted, app: { runner } });
    expect(await daemon.app.done).toBe(1);
    expect(daemon.lines).toContain('WARNING: Failed running command (--up/--down): external program exited with error status: 3');
    expect(daemon.lines.at(-1)).toBe('Exiting due to fatal error');
  });

  it('leave the exit status alone when down fails', async () => {
    const runner = new FakeRunner(({ env }) => ({ kind: 'exited', status: env['script_type'] === 'down' ? 3 : 0 }));
    const daemon = await TestDaemon.start({ lines: scripted, app: { runner } });
    expect(await daemon.end()).toBe(0);
    expect(daemon.lines).toContain('WARNING: Failed running command (--up/--down): external program exited with error status: 3');
  });

  it('do not run without script-security', async () => {
    const runner = new FakeRunner();
    const daemon = await TestDaemon.start({ lines: scripted.slice(1), app: { runner } });
    expect(await daemon.app.done).toBe(1);
    expect(runner.commands).toEqual([]);
    expect(daemon.lines.join('\n')).toContain("External program may not be called unless '--script-security 2' or higher is enabled");
  });
});
