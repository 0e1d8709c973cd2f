import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Management } from './support/daemons.ts';
import { OUR_COMMAND, READY, type Server, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import type { Host } from './support/network.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };
const ROTATIONS = 5;
const PER_ROTATION = 200;

/** Has the daemon log so many numbered lines: its answer to a `kill` comes after the line. */
async function numberedLines(management: Management, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) management.send(`kill nobody-${i}`);
  await management.waitFor(new RegExp(`common name 'nobody-${from + count - 1}' not found`));
}

function numbersIn(text: string): number[] {
  return [...text.matchAll(/MANAGEMENT: CMD 'kill nobody-(\d+)'/g)].map((found) => Number(found[1]));
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe.skipIf(!requireInterop())('log files', () => {
  const lab = useLab(['alice']);
  let files = 0;
  const place = (): string => {
    const folder = join(lab.network.folder, `logs${++files}`);
    mkdirSync(folder);
    return join(folder, 'server.log');
  };

  async function loggingTo(path: string, lines: readonly string[] = []): Promise<Server> {
    const server = await lab.server({ program: 'ours', lines: [`log ${path}`, 'verb 3', ...lines], wait: false });
    await eventually('the server in its log', () => textIfThere(path).includes(READY));
    return server;
  }

  function rotate(path: string, ...how: readonly string[]): void {
    const [config, state] = [`${path}.logrotate`, `${path}.state`];
    writeFileSync(config, [`${path} {`, `rotate ${ROTATIONS + 1}`, 'missingok', ...how, '}', ''].join('\n'), { mode: 0o644 });
    execFileSync('logrotate', ['--force', '--state', state, config]);
  }

  it('lose and double no line when logrotate renames them under load', async () => {
    const path = place();
    const server = await loggingTo(path);
    const management = await server.management();
    for (let turn = 0; turn < ROTATIONS; turn++) {
      const lines = numberedLines(management, turn * PER_ROTATION, PER_ROTATION);
      rotate(path, 'nocreate');
      await lines;
      await eventually('a new file', () => existsSync(path), 2000);
    }
    await numberedLines(management, ROTATIONS * PER_ROTATION, PER_ROTATION);
    management.close();
    await server.process.stop();
    const texts = readdirSync(join(path, '..'))
      .filter((name) => /server\.log(?:\.\d+)?$/.test(name))
      .map((name) => readFileSync(join(path, '..', name), 'utf8'));
    expect(texts).toHaveLength(ROTATIONS + 1);
    expect(texts.flatMap(numbersIn).sort((a, b) => a - b)).toEqual(upTo((ROTATIONS + 1) * PER_ROTATION));
  });

  it('go on at their start when logrotate copies and truncates them', async () => {
    const path = place();
    const server = await loggingTo(path);
    const management = await server.management();
    await numberedLines(management, 0, PER_ROTATION);
    await eventually('all lines', () => numbersIn(textIfThere(path)).length === PER_ROTATION);
    rotate(path, 'copytruncate');
    await numberedLines(management, PER_ROTATION, PER_ROTATION);
    management.close();
    await server.process.stop();
    const texts = [readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')];
    expect(texts[1]).not.toContain('\0');
    expect(texts.flatMap(numbersIn)).toEqual(upTo(2 * PER_ROTATION));
  });

  it('go on whole when logrotate copies and truncates them under load', async () => {
    const path = place();
    const server = await loggingTo(path);
    const management = await server.management();
    for (let turn = 0; turn < ROTATIONS; turn++) {
      const lines = numberedLines(management, turn * PER_ROTATION, PER_ROTATION);
      rotate(path, 'copytruncate');
      await lines;
    }
    await numberedLines(management, ROTATIONS * PER_ROTATION, 1);
    management.close();
    await server.process.stop();
    const texts = [...upTo(ROTATIONS).map((turn) => `${path}.${ROTATIONS - turn}`), path].map((name) => readFileSync(name, 'utf8'));
    expect(texts.filter((text) => text.includes('\0'))).toEqual([]);
    // What is written between its copy and its truncation is lost to logrotate; what is there is in order, and once.
    const numbers = texts.flatMap(numbersIn);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(numbers.at(-1)).toBe(ROTATIONS * PER_ROTATION);
  });

  it('are opened again by the management command, and stay as they are at restarts', async () => {
    const path = place();
    const server = await loggingTo(path);
    const management = await server.management();
    execFileSync('mv', [path, `${path}.1`]);
    expect(await management.command('log-reopen')).toEqual(['SUCCESS: log file opened again']);
    await eventually('the new file', () => textIfThere(path).includes('opened again'));
    server.process.signal('SIGUSR1');
    await eventually('a restart in the same file', () => textIfThere(path).includes(READY));
    server.process.signal('SIGHUP');
    await eventually('a reload in the same file', () => textIfThere(path).split(READY).length === 3);
    expect(textIfThere(path)).toContain('opened again');
    management.close();
  });

  it('hold all lines after a disk was full for a while, and the VPN goes on meanwhile', async () => {
    const path = place();
    const mount = ['sh', '-c', `mount -t tmpfs -o size=512k tmpfs ${join(path, '..')} && exec "$@"`, 'sh'];
    const server = await lab.server({ program: 'ours', lines: [`log ${path}`, 'verb 3'], wait: false, wrapper: mount });
    const inside = `/proc/${server.process.pid}/root`;
    const log = (): string => textIfThere(`${inside}${path}`);
    await eventually('the server in its log', () => log().includes(READY));
    const filler = `${inside}${path}.filler`;
    expect(() => writeFileSync(filler, Buffer.alloc(1 << 20))).toThrow('ENOSPC');
    const management = await server.management();
    await numberedLines(management, 0, 2000);
    const alice = await lab.client('alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(numbersIn(log()).length).toBeLessThan(2000);
    rmSync(filler);
    const said = await eventually(
      'the line about it',
      () => /takes lines again after \d+ ms, (\d+) were lost: No space left on device/.exec(log()) ?? undefined,
    );
    expect(said[1]).toBe('0');
    expect(numbersIn(log())).toEqual(upTo(2000));
    management.close();
  });

  it('that are pipes with a reader who stopped do not delay a ping', async () => {
    const path = place();
    execFileSync('mkfifo', [path]);
    const reader = openSync(path, constants.O_RDWR);
    const server = await lab.server({ program: 'ours', lines: [`log ${path}`, 'verb 9'], wait: false });
    const alice = await lab.client('alice');
    const flood = await lab.network.run(alice.host, ['ping', '-q', '-f', '-c', '500', '-s', '1000', TUNNEL_SERVER4]);
    expect(flood).toContain(' 0% packet loss');
    const calm = await lab.network.run(alice.host, ['ping', '-q', '-c', '20', '-i', '0.05', TUNNEL_SERVER4]);
    const [, slowest = 'Infinity'] = /= [\d.]+\/[\d.]+\/([\d.]+)\//.exec(calm) ?? [];
    expect(Number(slowest)).toBeLessThan(100);
    await server.process.stop();
    closeSync(reader);
  });

  it.each([
    ['a missing directory', (path: string) => `${path}.none/log`],
    ['a directory', (path: string) => join(path, '..')],
    ['a place where nothing can be written', () => '/sys/server.log'],
    ['a pipe without reader', (path: string) => (execFileSync('mkfifo', [`${path}.pipe`]), `${path}.pipe`)],
  ])('that cannot be opened, %s: the log stays on standard output, as in stock', async (what, make) => {
    const path = make(place());
    // Stock waits for ever for a reader of a pipe.
    const programs = what === 'a pipe without reader' ? (['ours'] as const) : (['stock', 'ours'] as const);
    const said: string[] = [];
    for (const program of programs) {
      const server = await lab.server({ program, lines: [`log ${path}`] });
      said.push(...server.process.matching('Error redirecting').map((line) => line.replace(/^.*(?=Warning: )/, '')));
      expect(await server.process.stop()).toEqual({ code: 0, signal: null });
    }
    expect(new Set(said).size).toBe(1);
    expect(said).toHaveLength(programs.length);
  });
});

describe.skipIf(!requireInterop())('the system log', () => {
  const lab = useLab(['alice']);

  /** Real rsyslog on a socket of its own, which is /dev/log for the server alone. */
  async function withRsyslog(lines: readonly string[]): Promise<{ server: Server; received: () => string[] }> {
    const { folder } = lab.network;
    const [socket, output] = [join(folder, 'log.sock'), join(folder, 'received')];
    const config = lab.file(
      [
        'module(load="imuxsock" SysSock.Use="off")',
        `input(type="imuxsock" Socket="${socket}" RateLimit.Interval="0")`,
        'template(name="all" type="string" string="<%PRI%>%syslogtag%%msg%\\n")',
        `action(type="omfile" file="${output}" template="all")`,
        '',
      ].join('\n'),
    );
    lab.network.start(lab.serverHost, 'rsyslogd', ['rsyslogd', '-n', '-f', config, '-i', join(folder, 'rsyslogd.pid')]);
    await eventually('the socket of rsyslogd', () => existsSync(socket));
    const devices = join(folder, 'dev');
    mkdirSync(devices, { recursive: true });
    const mounts = `mount --rbind /dev ${devices} && mount -t tmpfs tmpfs /dev && ln -s ${devices}/* /dev/ && ln -sf ${socket} /dev/log && exec "$@"`;
    const server = await lab.server({ program: 'ours', lines, wait: false, wrapper: ['sh', '-c', mounts, 'sh'] });
    return { server, received: () => textIfThere(output).split('\n').slice(0, -1) };
  }

  it('gets every line with its priority and nothing before the text', async () => {
    const { server, received } = await withRsyslog(['verb 3', 'syslog tunnel', 'management 127.0.0.1 7505']);
    await eventually('the start', () => received().some((line) => line.endsWith(READY)));
    const alice = await lab.client('alice');
    await alice.process.stop();
    const tag = `tunnel[${server.process.pid}]:`;
    await eventually('the client', () => received().some((line) => line.includes('[alice] Peer Connection Initiated with')));
    await server.process.stop();
    const lines = await eventually('the end', () => received().at(-1)?.includes('process exiting') === true && received());
    expect(lines.filter((line) => !line.includes(tag))).toEqual([]);
    expect(lines.find((line) => line.endsWith(READY))).toBe(`<29>${tag} ${READY}`);
    expect(lines.filter((line) => line.startsWith('<28>')).length).toBeGreaterThan(0);
    expect(lines.map((line) => line.slice(0, 4)).filter((priority) => !/^<2[789]>$/.test(priority))).toEqual([]);
    expect(server.process.lines.filter((line) => line.includes('MULTI'))).toEqual([]);
  });
});

describe.skipIf(!requireInterop())('in the background', () => {
  const lab = useLab(['alice']);

  function config(...lines: readonly string[]): string {
    const { pki } = lab;
    return lab.file(
      ['dev null', 'mode server', 'tls-server', 'server 10.8.0.0 255.255.255.0', 'topology subnet', 'port 1194', `ca ${pki.ca}`]
        .concat([`cert ${pki.server.cert}`, `key ${pki.server.key}`, 'dh none', 'keepalive 10 60', ...lines, ''])
        .join('\n'),
    );
  }

  it('goes by node:tls where OpenSSL cannot be called, and says so', async () => {
    const command = [process.execPath, '--no-addons', OUR_COMMAND[1] ?? '', 'run', '--config', config('verb 3', 'data-plane portable')];
    const running = lab.network.start(lab.serverHost, 'without addons', command);
    await running.waitFor(READY);
    expect(running.matching('TLS: node:tls instead of OpenSSL, handshakes are slower: ')).toHaveLength(1);
    const alice = await lab.client('alice', { wrap: 'none' });
    expect(await alice.process.stop()).toEqual({ code: 0, signal: null });
    await running.stop();
  });

  it('waits until the daemon serves, and gives 0', async () => {
    const [log, pidFile] = [join(lab.network.folder, 'daemon.log'), join(lab.network.folder, 'daemon.pid')];
    const file = config('daemon', `log ${log}`, `writepid ${pidFile}`, 'verb 3');
    const running = lab.network.start(lab.serverHost, 'background', [...OUR_COMMAND, 'run', '--config', file]);
    expect(await running.ended).toEqual({ code: 0, signal: null });
    const pid = Number(textIfThere(pidFile));
    // Lines reach the file a moment after they are said.
    await eventually('its readiness in the log', () => textIfThere(log).includes(READY));
    const text = textIfThere(log);
    // The one that waited has begun the file, and said what there was to say of the configuration.
    expect(text.split('Note: --cipher is not set').length).toBe(2);
    expect(pid).not.toBe(running.pid);
    process.kill(pid, 'SIGTERM');
    await eventually('its end', () => textIfThere(log).includes('process exiting'));
  });

  it('asks for a password before, and hands it on where nobody sees it', async () => {
    const [log, pidFile] = [join(lab.network.folder, 'asked.log'), join(lab.network.folder, 'asked.pid')];
    const file = config(`log ${log}`, 'daemon first', 'daemon second', `writepid ${pidFile}`, 'verb 3', 'management 127.0.0.1 7505 stdin');
    const command = [...OUR_COMMAND, 'run', '--config', file].join(' ');
    const running = lab.network.start(lab.serverHost, 'background', ['script', '-q', '-e', '-f', '-c', command, '/dev/null']);
    // What is typed before the question waits in the terminal.
    running.write('Marked-Typed-7a8b9c\n');
    expect(await running.ended).toEqual({ code: 0, signal: null });
    await eventually('its readiness in the log', () => textIfThere(log).includes(READY));
    expect(textIfThere(log)).toContain('WARNING: Multiple --daemon directives specified, ignoring --daemon second. ');
    const pid = Number(textIfThere(pidFile));
    const seen = ['environ', 'cmdline'].map((what) => readFileSync(`/proc/${pid}/${what}`, 'latin1'));
    expect([...seen, textIfThere(log)].join('\n')).not.toContain('Marked-Typed');
    const talk = `printf 'Marked-Typed-7a8b9c\\npid\\n'; sleep 1`;
    const said = await lab.network.run(lab.serverHost, ['sh', '-c', `(${talk}) | nc -q 1 127.0.0.1 7505`]);
    expect(said).toContain('SUCCESS: password is correct');
    expect(said).toContain(`SUCCESS: pid=${pid}`);
    process.kill(pid, 'SIGTERM');
    await eventually('its end', () => textIfThere(log).includes('process exiting'));
  });

  /** Runs our program on a terminal where these lines are typed, and gives what it showed there. */
  async function typing(host: Host, file: string, typed: readonly string[]): Promise<readonly string[]> {
    const command = [...OUR_COMMAND, 'run', '--config', file].join(' ');
    const running = lab.network.start(host, 'background', ['script', '-q', '-e', '-f', '-c', command, '/dev/null']);
    running.write(typed.map((line) => `${line}\n`).join(''));
    expect(await running.ended).toEqual({ code: 0, signal: null });
    return running.lines;
  }

  /** What anybody can see of a process, and its log. */
  function seenOf(pid: number, log: string): string {
    const seen = ['environ', 'cmdline'].map((what) => readFileSync(`/proc/${pid}/${what}`, 'latin1'));
    return [...seen, textIfThere(log)].join('\n');
  }

  async function locked(key: string): Promise<string> {
    const path = join(lab.network.folder, `locked-${basename(key)}`);
    await lab.network.run(lab.serverHost, ['openssl', 'pkey', '-in', key, '-aes256', '-passout', 'pass:Marked-Key-1', '-out', path]);
    return path;
  }

  it('asks for the pass phrase of a server’s key before, and goes by it at reloads', async () => {
    const [log, pidFile] = [join(lab.network.folder, 'locked.log'), join(lab.network.folder, 'locked.pid')];
    const key = await locked(lab.pki.server.key);
    const file = config(`log ${log}`, 'daemon', `writepid ${pidFile}`, 'verb 3', `key ${key}`);
    expect((await typing(lab.serverHost, file, ['Marked-Key-1'])).join('\n')).toContain('Enter Private Key Password:');
    await eventually('its readiness in the log', () => textIfThere(log).includes(READY));
    const pid = Number(textIfThere(pidFile));
    expect(seenOf(pid, log)).not.toContain('Marked-Key');
    process.kill(pid, 'SIGHUP');
    await eventually('its readiness again', () => textIfThere(log).split(READY).length === 3);
    process.kill(pid, 'SIGTERM');
    await eventually('its end', () => textIfThere(log).includes('process exiting'));
  });

  it('asks for what a client needs before, and hands it on where nobody sees it', async () => {
    const [log, pidFile] = [join(lab.network.folder, 'client.log'), join(lab.network.folder, 'client.pid')];
    const check = lab.script('[ "$(cat $1 | tr "\\n" :)" = "alice:Marked-Login-2:" ]');
    await lab.server({ program: 'stock', lines: ['script-security 2', `auth-user-pass-verify ${check} via-file`] });
    const alice = await lab.identity('alice');
    const file = lab.file(
      ['client', 'dev tun', 'nobind', `remote ${lab.serverHost.ip4} 1194`, `ca ${alice.ca}`, `cert ${alice.cert}`]
        .concat([`key ${await locked(alice.key)}`, 'auth-user-pass', 'remote-cert-tls server', `tls-crypt ${lab.pki.staticKey}`])
        .concat([`log ${log}`, `writepid ${pidFile}`, 'daemon', 'verb 3', 'connect-retry 1 1', 'auth-retry interact', ''])
        .join('\n'),
    );
    const host = lab.network.host('alice');
    const shown = (await typing(host, file, ['Marked-Key-1', 'alice', 'Marked-Login-2'])).join('\n');
    expect(shown).toMatch(/Enter Private Key Password:[^]*Enter Auth Username:[^]*Enter Auth Password:/);
    await eventually('its readiness in the log', () => textIfThere(log).includes(READY));
    const pid = Number(textIfThere(pidFile));
    process.kill(pid, 'SIGUSR1');
    await eventually('a second session', () => textIfThere(log).split(READY).length === 3);
    expect(seenOf(pid, log)).not.toContain('Marked-');
    process.kill(pid, 'SIGTERM');
    await eventually('its end', () => textIfThere(log).includes('process exiting'));
    // What was wrong is not tried again: it is asked for, and nobody can be.
    await typing(host, file, ['Marked-Key-1', 'alice', 'Marked-Wrong-3']);
    await eventually('that there is no terminal', () => textIfThere(log).includes("can't ask for 'Enter Auth Username:'"));
    await eventually('its end', () => textIfThere(log).includes('Exiting due to fatal error'));
    expect(textIfThere(log)).not.toContain('Marked-');
  });

  it.each([
    ['a configuration that is wrong', 'server-ipv6 x'],
    ['a port that is taken', 'management 192.0.2.1 7505'],
  ])('%s: it gives the status of the failure', async (_what, line) => {
    const log = join(lab.network.folder, 'failed.log');
    const running = lab.network.start(lab.serverHost, 'background', [
      ...OUR_COMMAND,
      'run',
      '--config',
      config(`log ${log}`, 'daemon', line),
    ]);
    expect(await running.ended).toEqual({ code: 1, signal: null });
    expect(textIfThere(log)).toMatch(/Options error|Exiting due to fatal error/);
  });
});
