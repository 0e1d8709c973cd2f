import { createPrivateKey } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { freePort, ManagementClient, TestDaemon } from '../../test/support/daemon.ts';
import { testPki } from '../../test/support/pki.ts';

const READY = 'Initialization Sequence Completed';

describe('start', () => {
  it('serves, and says so in the order of stock', async () => {
    const daemon = await TestDaemon.start();
    const order = [
      'OpenVPN 2.6.14 Tunnelscope/0.0.0',
      'library versions: OpenSSL ',
      `UDPv4 link local (bound): [AF_INET]127.0.0.1:${daemon.port}`,
      'UDPv4 link remote: [AF_UNSPEC]',
      'MULTI: multi_init called',
      'IFCONFIG POOL IPv4: base=10.8.0.2 size=253',
      READY,
    ];
    const places = order.map((text) => daemon.lines.findIndex((line) => line.startsWith(text)));
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(daemon.app.localAddress).toMatchObject({ ip: '127.0.0.1', port: daemon.port });
  });

  it('says its states', async () => {
    const daemon = await TestDaemon.start();
    expect(await daemon.end()).toBe(0);
    const states = daemon.events.flatMap((event) => (event.kind === 'state' ? [event.state] : []));
    expect(states.map(({ name, detail, tun4 }) => [name, detail, tun4])).toEqual([
      ['CONNECTING', undefined, undefined],
      ['ASSIGN_IP', undefined, '10.8.0.1'],
      ['CONNECTED', 'SUCCESS', '10.8.0.1'],
      ['EXITING', 'SIGTERM', undefined],
    ]);
  });

  it('opens TCP too', async () => {
    const daemon = await TestDaemon.start({ without: ['proto'], lines: ['proto tcp4-server'] });
    expect(daemon.lines).toContain(`Listening for incoming TCP connection on [AF_INET]127.0.0.1:${daemon.port}`);
    expect(daemon.lines).toContain(`TCPv4_SERVER link local (bound): [AF_INET]127.0.0.1:${daemon.port}`);
  });

  it.each([
    ['an unknown option', { lines: ['bogus 1'] }, /^Options error: Unrecognized option .* in .*server\.conf:\d+: bogus \(2\.6\.14\)$/],
    [
      'a missing certificate',
      { without: ['cert'], lines: ['cert nothing.crt'] },
      "Options error: --cert fails with 'nothing.crt': No such file or directory (errno=2)",
    ],
    ['a folder that is not there', { lines: ['cd nowhere'] }, /^Options error: cd to 'nowhere' failed/],
    [
      'a pid file that cannot be',
      { lines: ['writepid nowhere/pid'] },
      "Options error: --writepid fails with 'nowhere/pid': No such file or directory (errno=2)",
    ],
    ['a key of another certificate', { without: ['key'], lines: ['key alice.key'] }, 'Private key does not match the certificate'],
    ['an unknown user', { lines: ['user nosuchuser'] }, 'failed to find UID for user nosuchuser'],
    ['an unknown group', { lines: ['group nosuchgroup'] }, 'failed to find GID for group nosuchgroup'],
    [
      'an address that is not ours',
      { without: ['local'], lines: ['local 203.0.113.9'] },
      /^TCP\/UDP: Socket bind failed on local address \[AF_INET\]203\.0\.113\.9:\d+: Cannot assign requested address \(errno=99\)$/,
    ],
    [
      'a management address that is not ours',
      { lines: ['management 203.0.113.9 7505'] },
      'MANAGEMENT: Socket bind failed on local address [AF_INET]203.0.113.9:7505: Cannot assign requested address (errno=99)',
    ],
  ])('ends with status 1 for %s, in the words of stock', async (_what, options, expected) => {
    const daemon = await TestDaemon.start(options);
    expect(await daemon.app.done).toBe(1);
    expect(daemon.lines).toEqual(
      expect.arrayContaining([expect.stringMatching(expected instanceof RegExp ? expected : escaped(expected))]),
    );
    expect(daemon.lines).not.toContain(READY);
    expect(daemon.app.localAddress).toBeUndefined();
  });

  it.each(['udp4', 'tcp4-server'])('ends with status 1 when its port is taken: %s', async (proto) => {
    const port = await freePort();
    const tcp = createServer().listen(port, '127.0.0.1');
    const udp = createSocket('udp4').bind(port, '127.0.0.1');
    await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
    try {
      const daemon = await TestDaemon.start({ without: ['port', 'proto'], lines: [`port ${port}`, `proto ${proto}`] });
      expect(await daemon.app.done).toBe(1);
      const text = `TCP/UDP: Socket bind failed on local address [AF_INET]127.0.0.1:${port}: Address already in use (errno=98)`;
      expect(daemon.lines.slice(-2)).toEqual([text, 'Exiting due to fatal error']);
      expect(daemon.events).toContainEqual({ kind: 'fatal', text });
    } finally {
      tcp.close();
      udp.close();
    }
  });

  it('warns of a log file that cannot be opened, and goes on', async () => {
    const daemon = await TestDaemon.start({ lines: ['log nowhere/log'] });
    expect(daemon.lines[0]).toBe(
      'Warning: Error redirecting stdout/stderr to --log file: nowhere/log: No such file or directory (errno=2)',
    );
    expect(daemon.lines).toContain(READY);
  });

  it('writes everything from `log` on to the file, down to the last line', async () => {
    const daemon = await TestDaemon.start({ lines: ['suppress-timestamps', 'log server.log'] });
    expect(await daemon.end()).toBe(0);
    const lines = daemon.text('server.log').trimEnd().split('\n');
    expect(lines).toEqual(daemon.lines);
    expect(lines.at(-1)).toBe('SIGTERM[hard,] received, process exiting');
    expect(daemon.output).toEqual([]);
  });

  it('writes its pid, and takes the file away at the end', async () => {
    const daemon = await TestDaemon.start({ lines: ['writepid pid'] });
    expect(daemon.text('pid')).toBe(`${process.pid}\n`);
    await daemon.end();
    expect(existsSync(daemon.path('pid'))).toBe(false);
  });

  it('warns of a certificate that has lapsed', async () => {
    const { ca, now } = await testPki();
    const day = 86_400_000;
    const past = (days: number): Date => new Date(now.getTime() - days * day);
    const lapsed = await ca.issue({ commonName: 'server', kind: 'server', notBefore: past(9), notAfter: past(1) });
    const daemon = await TestDaemon.make();
    daemon.write('server.crt', lapsed.certPem);
    daemon.write('server.key', lapsed.keyPem);
    await daemon.start();
    expect(daemon.lines.filter((line) => line === 'WARNING: Your certificate has expired!')).toHaveLength(1);
  });
});

describe('signals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with status 0, in the order of stock', async (signal) => {
    const daemon = await TestDaemon.start({ without: ['verb'], lines: ['verb 4'] });
    const from = daemon.mark();
    daemon.app.signal(signal);
    expect(await daemon.app.done).toBe(0);
    expect(daemon.lines.slice(from)).toEqual(['TCP/UDP: Closing socket', `${signal}[hard,] received, process exiting`]);
  });

  it('SIGUSR1 restarts: a second of pause, the same port, no word of the configuration', async () => {
    const daemon = await TestDaemon.start();
    const { port } = daemon;
    const from = daemon.mark();
    await daemon.restart('SIGUSR1');
    expect(daemon.lines.slice(from).slice(0, 2)).toEqual(['SIGUSR1[hard,] received, process restarting', 'Restart pause, 1 second(s)']);
    expect(daemon.lines.slice(from).filter((line) => line.startsWith('OpenVPN '))).toEqual([]);
    expect(daemon.app.localAddress?.port).toBe(port);
    const states = daemon.events.flatMap((event) => (event.kind === 'state' ? [event.state.name] : []));
    expect(states.slice(-2)).toEqual(['RECONNECTING', 'CONNECTED']);
  });

  it('restarts on TCP, where the port is bound anew', async () => {
    const daemon = await TestDaemon.start({ without: ['proto'], lines: ['proto tcp4-server'] });
    await daemon.restart('SIGUSR1');
    await daemon.restart('SIGUSR1');
    expect(daemon.app.localAddress?.port).toBe(daemon.port);
  });

  it('SIGUSR2 prints the status in the configured version', async () => {
    const daemon = await TestDaemon.start({ lines: ['status-version 3'] });
    const from = daemon.mark();
    daemon.app.signal('SIGUSR2');
    const dump = daemon.lines.slice(from);
    expect(dump[0]).toMatch(/^TITLE\tOpenVPN 2\.6\.14 /);
    expect(dump.at(-1)).toBe('END');
  });

  it.each([
    ['SIGHUP', 'SIGHUP'],
    ['SIGTERM', 'SIGTERM'],
  ])('remap-usr1 %s makes that of SIGUSR1', async (to, logged) => {
    const daemon = await TestDaemon.start({ lines: [`remap-usr1 ${to}`] });
    const from = daemon.mark();
    daemon.app.signal('SIGUSR1');
    await daemon.waitFor(`${logged}[hard,] received`, from);
    expect(await daemon.end()).toBe(0);
  });

  it('keeps what comes before the start is done', async () => {
    const daemon = await TestDaemon.make();
    const started = daemon.start();
    daemon.app.signal('SIGUSR2');
    daemon.app.signal('SIGTERM');
    await started;
    expect(await daemon.app.done).toBe(0);
    expect(daemon.lines.slice(-2)).toEqual([READY, 'SIGTERM[hard,] received, process exiting']);
  });

  it('an end cuts the pause of a restart short', async () => {
    const daemon = await TestDaemon.start();
    const from = daemon.mark();
    daemon.app.signal('SIGUSR1');
    await daemon.waitFor('Restart pause', from);
    // The clock stands still: the pause would never be over.
    daemon.app.signal('SIGTERM');
    expect(await daemon.app.done).toBe(0);
    expect(daemon.lines.at(-1)).toBe('SIGTERM[hard,] received, process exiting');
  });

  it('takes the most telling of several at once, as stock does', async () => {
    const daemon = await TestDaemon.start();
    for (const signal of ['SIGUSR1', 'SIGHUP', 'SIGTERM', 'SIGINT'] as const) daemon.app.signal(signal);
    // SIGUSR1 is carried out already when the others come; of those SIGINT wins.
    expect(await daemon.app.done).toBe(0);
    expect(daemon.lines.filter((line) => line.includes('] received, process'))).toEqual([
      'SIGUSR1[hard,] received, process restarting',
      'SIGINT[hard,] received, process exiting',
    ]);
  });

  it('a burst of one signal is one more of it', async () => {
    const daemon = await TestDaemon.start();
    const from = daemon.mark();
    for (let count = 0; count < 50; count++) daemon.app.signal('SIGHUP');
    for (const round of [1, 2]) {
      await daemon.when(`pause ${round}`, () =>
        daemon.lines.slice(from).filter((line) => line.startsWith('Restart pause')).length === round ? true : undefined,
      );
      daemon.advance(1000);
    }
    await daemon.when('two restarts', () => (daemon.app.reloads.done === 2 ? true : undefined));
    await daemon.waitFor(READY, daemon.mark() - 1);
    expect(daemon.app.reloads).toEqual({ done: 2, refused: 0 });
  });
});

describe('reload', () => {
  it('reads everything again, and says the banner again', async () => {
    const daemon = await TestDaemon.start();
    daemon.configure(['max-clients 7', 'status-version 2', 'verb 4']);
    const from = daemon.mark();
    await daemon.restart('SIGHUP');
    expect(daemon.lines.slice(from).filter((line) => line.startsWith('OpenVPN 2.6.14'))).toHaveLength(1);
    expect(daemon.app.logging.logger.verb).toBe(4);
    expect(daemon.app.port.info().statusVersion).toBe(2);
    expect(daemon.app.reloads).toEqual({ done: 1, refused: 0 });
    expect(daemon.events).toContainEqual({ kind: 'reload', refused: undefined });
  });

  it('warns as long as the lines of the management interface are not those that it was opened with', async () => {
    const daemon = await TestDaemon.make();
    const open = `management ${daemon.path('open.sock')} unix`;
    daemon.configure([open]);
    await daemon.start();
    const warnings = (): number => daemon.lines.filter((line) => line.includes('options of the management interface have changed')).length;
    const counts: number[] = [];
    for (const lines of [[open, 'verb 4'], [open, 'management-log-cache 7'], [`management ${daemon.path('other.sock')} unix`], [open]]) {
      daemon.configure(lines);
      await daemon.restart('SIGHUP');
      counts.push(warnings());
    }
    expect(counts).toEqual([0, 1, 2, 2]);
    expect(daemon.app.reloads.done).toBe(4);
  });

  it('takes verb and mute back to what is configured, and to the usual where nothing is', async () => {
    const daemon = await TestDaemon.start({ lines: ['mute 5'] });
    daemon.app.port.request({ kind: 'verb', set: 9 }, () => {});
    daemon.app.port.request({ kind: 'mute', set: 1 }, () => {});
    await daemon.restart('SIGHUP');
    expect([daemon.app.logging.logger.verb, daemon.app.logging.logger.mute]).toEqual([3, 5]);
    writeFileSync(daemon.path('server.conf'), daemon.text('server.conf').replace(/^(verb|mute).*$/gm, ''));
    daemon.app.signal('SIGHUP');
    await daemon.when('the usual verb', () => (daemon.app.logging.logger.verb === 1 ? true : (daemon.advance(1000), undefined)));
    expect(daemon.app.logging.logger.mute).toBe(0);
  });

  it.each([
    [
      'an unknown option',
      (daemon: TestDaemon) => daemon.configure(['verb 9', 'mute 3', 'bogus 1']),
      /^Options error: .*server\.conf:\d+: bogus/,
    ],
    ['a missing file', (daemon: TestDaemon) => daemon.configure(['cert nothing.crt']), "Options error: --cert fails with 'nothing.crt'"],
    [
      'a configuration that is gone',
      (daemon: TestDaemon) => rmSync(daemon.path('server.conf')),
      'Options error: In [CMD-LINE]:1: Error opening configuration file',
    ],
    [
      'a key of another certificate',
      (daemon: TestDaemon) => daemon.configure(['key alice.key']),
      'Private key does not match the certificate',
    ],
    ['a certificate that is none', (daemon: TestDaemon) => daemon.write('server.crt', 'garbage'), 'Cannot load certificate file'],
  ])('with %s leaves the running one in force', async (_what, spoil, expected) => {
    const daemon = await TestDaemon.start();
    const address = daemon.app.localAddress;
    const from = daemon.mark();
    spoil(daemon);
    daemon.app.signal('SIGHUP');
    await daemon.waitFor(/^Reload refused, the running configuration stays: /, from);
    expect(daemon.lines.slice(from)).toEqual(
      expect.arrayContaining([expect.stringMatching(expected instanceof RegExp ? expected : escaped(expected))]),
    );
    expect(daemon.lines.slice(from).filter((line) => line.includes('restarting'))).toEqual([]);
    expect(daemon.app.localAddress).toEqual(address);
    expect([daemon.app.logging.logger.verb, daemon.app.logging.logger.mute]).toEqual([3, 0]);
    expect(daemon.app.reloads).toEqual({ done: 0, refused: 1 });
    expect(daemon.events.filter(({ kind }) => kind === 'reload')).toEqual([{ kind: 'reload', refused: expect.any(String) as string }]);
  });

  it('that is refused leaves the working folder and the log where they were', async () => {
    const daemon = await TestDaemon.start({ lines: ['status status.log 1'] });
    mkdirSync(daemon.path('other'));
    await daemon.when('the status file', () => (existsSync(daemon.path('status.log')) ? true : undefined));
    daemon.configure(['cd other', 'log elsewhere.log', 'bogus 1']);
    const from = daemon.mark();
    daemon.app.signal('SIGHUP');
    await daemon.waitFor(/^Reload refused/, from);
    expect(process.cwd()).toBe(daemon.folder);
    expect(existsSync(daemon.path('other/elsewhere.log'))).toBe(false);
    rmSync(daemon.path('status.log'));
    daemon.advance(2000);
    await daemon.when('the status file', () => (existsSync(daemon.path('status.log')) ? true : undefined));
  });

  it('comes back to the former one when the new one cannot open what it needs', async () => {
    const taken = createSocket('udp4').bind(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const daemon = await TestDaemon.start();
      const from = daemon.mark();
      writeFileSync(
        daemon.path('server.conf'),
        daemon
          .text('server.conf')
          .replace(/^port .*$/m, `port ${taken.address().port}`)
          .replace('verb 3', 'verb 5'),
      );
      await daemon.restart('SIGHUP');
      expect(daemon.lines.slice(from)).toContain(
        `Reload refused, the running configuration stays: TCP/UDP: Socket bind failed on local address [AF_INET]127.0.0.1:${taken.address().port}: Address already in use (errno=98)`,
      );
      expect(daemon.app.localAddress?.port).toBe(daemon.port);
      expect(daemon.app.logging.logger.verb).toBe(3);
      expect(daemon.app.reloads).toEqual({ done: 0, refused: 1 });
    } finally {
      taken.close();
    }
  });

  it('keeps management clients connected', async () => {
    const port = await freePort();
    const daemon = await TestDaemon.start({ lines: [`management 127.0.0.1 ${port}`] });
    const client = await ManagementClient.connect(daemon, port);
    await client.ask('state on', /SUCCESS/);
    client.text = '';
    await daemon.restart('SIGHUP');
    await client.sees(/>STATE:\d+,RECONNECTING,SIGHUP,[\s\S]*>STATE:\d+,CONNECTED,SUCCESS,10\.8\.0\.1,/);
    expect(client.closed).toBe(false);
    client.end();
  });
});

describe('management-query-passwords', () => {
  const NEED = />PASSWORD:Need 'Private Key' password\r\n/;

  async function locked(lines: readonly string[] = []) {
    const port = await freePort();
    const daemon = await TestDaemon.make({
      without: ['key', 'persist-key'],
      lines: ['key locked.key', `management 127.0.0.1 ${port}`, 'management-query-passwords', ...lines],
    });
    const key = createPrivateKey((await testPki()).server.keyPem);
    daemon.write('locked.key', key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'sesame' }).toString());
    const started = daemon.start();
    await daemon.waitFor('Need password(s) from management interface, waiting...');
    const client = await ManagementClient.connect(daemon, port);
    await client.sees(NEED);
    return { daemon, client, started };
  }

  it('asks for the pass phrase of the private key until it fits, and keeps it', async () => {
    const { daemon, client, started } = await locked();
    expect(await client.ask('password Auth x', /ERROR.*\r\n/)).toContain(
      "ERROR: password of type 'Auth' entered, but we need one of type 'Private Key'",
    );
    await client.ask('password "Private Key" wrong', />PASSWORD:Verification Failed: 'Private Key'\r\n/);
    await daemon.waitFor('SIGUSR1[soft,private-key-password-failure] received, process restarting');
    client.text = '';
    daemon.advance(1000);
    await client.sees(NEED);
    await client.ask('password "Private Key" sesame', /SUCCESS: 'Private Key' password entered, but not yet verified\r\n/);
    await started;
    expect(daemon.lines).toContain(READY);
    expect(JSON.stringify([daemon.lines, daemon.events])).not.toContain('sesame');
    await daemon.restart('SIGUSR1');
    await daemon.restart('SIGHUP');
    expect(daemon.lines.filter((line) => line.includes('may cache passwords'))).toHaveLength(1);
    await client.ask('forget-passwords', /SUCCESS: Passwords were forgotten/);
    const from = daemon.mark();
    daemon.app.signal('SIGUSR1');
    await daemon.waitFor('Restart pause', from);
    daemon.advance(1000);
    await client.sees(NEED);
    expect(await daemon.end()).toBe(0);
  });

  it.each([
    ['auth-nocache', false],
    ['management-forget-disconnect', true],
  ])('forgets it with %s', async (line, leaves) => {
    const { daemon, client, started } = await locked([line]);
    client.send('password "Private Key" sesame');
    await started;
    const gone = daemon.mark();
    if (leaves) {
      client.end();
      await daemon.waitFor('MANAGEMENT: Client disconnected', gone);
    }
    const from = daemon.mark();
    daemon.app.signal('SIGUSR1');
    await daemon.waitFor('Restart pause', from);
    daemon.advance(1000);
    await daemon.when('the prompt', () => {
      const last = daemon.events.findLast(({ kind }) => kind === 'prompt');
      return last?.kind === 'prompt' ? last.text : undefined;
    });
    expect(daemon.lines.slice(from)).not.toContain(READY);
    expect(await daemon.end()).toBe(0);
  });
});

describe('certificates over a restart', () => {
  it('are read again by SIGUSR1 without persist-key, and only they', async () => {
    const daemon = await TestDaemon.start({ without: ['persist-key'] });
    daemon.configure(['max-clients 0', 'verb 9']);
    const from = daemon.mark();
    writeFileSync(daemon.path('server.conf'), daemon.text('server.conf').replace('max-clients 0\n', ''));
    daemon.write('server.crt', 'garbage');
    daemon.app.signal('SIGUSR1');
    await daemon.waitFor(/^Reload refused, the running configuration stays: .*Cannot load certificate file/, from);
    await daemon.waitFor('Restart pause', from);
    daemon.advance(1000);
    await daemon.waitFor(READY, from);
    expect(daemon.app.logging.logger.verb).toBe(3);
  });

  it('stay with persist-key', async () => {
    const daemon = await TestDaemon.start();
    daemon.write('server.crt', 'garbage');
    await daemon.restart('SIGUSR1');
    expect(daemon.app.reloads).toEqual({ done: 0, refused: 0 });
  });
});

describe('errors that nobody else deals with', () => {
  it('end it with status 1, once, with everything closed', async () => {
    const daemon = await TestDaemon.start({ lines: ['writepid pid', 'management manage.sock unix'] });
    void daemon.app.fail(new Error('boom'));
    void daemon.app.fail(new Error('again'));
    expect(await daemon.app.done).toBe(1);
    expect(daemon.lines.slice(-2)).toEqual(['ERROR: boom', 'Exiting due to fatal error']);
    expect(existsSync(daemon.path('pid'))).toBe(false);
    expect(existsSync(daemon.path('manage.sock'))).toBe(false);
  });

  it('end it in the middle of a restart too', async () => {
    const daemon = await TestDaemon.start();
    daemon.app.signal('SIGUSR1');
    await daemon.waitFor('Restart pause');
    void daemon.app.fail(new Error('boom'));
    expect(await daemon.app.done).toBe(1);
    daemon.advance(5000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(daemon.app.localAddress).toBeUndefined();
    expect(daemon.lines.at(-1)).toBe('Exiting due to fatal error');
  });
});

function escaped(text: string): RegExp {
  return new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
}
