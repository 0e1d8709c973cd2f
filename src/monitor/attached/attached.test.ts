import { describe, expect, it } from 'vitest';
import { Secret } from '../../base/secret.ts';
import { seconds } from '../../base/units.ts';
import type { DaemonEvent, DaemonReply, DaemonRequest } from '../../model/daemon-port.ts';
import { LONG, ScriptedUpstream } from '../testing.ts';

/** The last reply to a request, so far. */
function ask(upstream: ScriptedUpstream, request: DaemonRequest): { reply: DaemonReply | undefined } {
  const found: { reply: DaemonReply | undefined } = { reply: undefined };
  upstream.daemon.request(request, (reply) => (found.reply = reply));
  return found;
}

const kinds = (events: readonly DaemonEvent[]): string[] => events.map(({ kind }) => kind);
const CONNECT = ['>CLIENT:CONNECT,0,1', '>CLIENT:ENV,password=secret', '>CLIENT:ENV,common_name=alice', '>CLIENT:ENV,END'];

describe('attaching', () => {
  it('subscribes to everything, one command at a time, and learns what the daemon is', async () => {
    const upstream = await new ScriptedUpstream({ byteSeconds: 5 }).open();
    expect(upstream.asked).toEqual([
      'version',
      'env-filter 0',
      'version 5',
      'pid',
      'pid',
      'state on all',
      'log on all',
      'echo on all',
      'bytecount 5',
    ]);
    // Nobody answered the last one: nothing follows.
    upstream.say('SUCCESS: bytecount interval changed');
    expect(upstream.asked.slice(9)).toEqual(['status 3', 'load-stats']);
    expect(upstream.daemon.info()).toEqual({
      title: 'OpenVPN 2.6.14 test',
      mode: 'server',
      statusVersion: 1,
      connected: true,
      attached: { version: 5, confirmsVersion: false },
    });
    expect(kinds(upstream.events)).toEqual(['link', 'state', 'log']);
    expect(upstream.facts.map(({ kind }) => kind)).toEqual([
      'source-up',
      'identity',
      'identity',
      'state',
      'identity',
      'status',
      'load',
      'collected',
    ]);
  });

  it.each([
    [1, []],
    [6, ['version 6', 'pid']],
  ])('says the version %i that the daemon has', async (version, asked) => {
    const upstream = new ScriptedUpstream();
    upstream.greeting = [`>INFO:OpenVPN Management Interface Version ${version} -- type 'help' for more info`];
    upstream.answers.set('version 6', ['SUCCESS: Management client version set to 6']);
    await upstream.open();
    expect(upstream.asked.slice(2, 2 + asked.length)).toEqual(asked);
    expect(upstream.daemon.info().attached).toEqual({ version, confirmsVersion: version === 6 });
  });

  it('gives the password, and comes back later when it is wrong', async () => {
    const upstream = new ScriptedUpstream({ password: new Secret('sesame') });
    upstream.greeting = [];
    await upstream.open();
    upstream.write('ENTER PASSWORD:');
    expect(upstream.asked).toEqual(['sesame']);
    upstream.write('ENTER PASSWORD:');
    await upstream.settle();
    expect(upstream.facts).toEqual([{ kind: 'source-down', where: '/run/vpn.sock', fault: 'password', text: 'the password is wrong' }]);
    await upstream.advance(250);
    expect(upstream.connections).toBe(2);
  });

  it('comes back with growing pauses, and soon after a connection that stood', async () => {
    const upstream = new ScriptedUpstream();
    upstream.listening = false;
    await upstream.open();
    const tries: number[] = [];
    for (let at = 0; at < 130; at++) {
      const before = upstream.facts.length;
      await upstream.advance(500);
      if (upstream.facts.length > before) tries.push((at + 1) / 2);
    }
    expect(tries).toEqual([0.5, 1, 2, 4, 8, ...Array.from({ length: 11 }, (_, index) => 13 + 5 * index)]);
    expect(upstream.facts[0]).toMatchObject({ kind: 'source-down', fault: 'missing' });
    upstream.listening = true;
    await upstream.advance(30_000);
    expect(upstream.daemon.info().connected).toBe(true);
    await upstream.advance(5000);
    upstream.hangUp();
    await upstream.advance(250);
    expect(upstream.daemon.info().connected).toBe(true);
  });

  it('passes on what it missed, once', async () => {
    const upstream = await new ScriptedUpstream().open();
    upstream.say('>LOG:1795352495,W,careful', '>STATE:1795352496,RECONNECTING,SIGUSR1,,,,,');
    upstream.hangUp();
    upstream.events.length = 0;
    upstream.facts.length = 0;
    upstream.answers.set('log on all', [
      'SUCCESS: x',
      '1795352490,I,Initialization Sequence Completed',
      '1795352495,W,careful',
      '1795352497,N,missed',
      "1795352498,D,MANAGEMENT: CMD 'log on all'",
      'END',
    ]);
    upstream.answers.set('state on all', [
      'SUCCESS: x',
      '1795352490,CONNECTED,SUCCESS,10.8.0.1,,,,',
      '1795352496,RECONNECTING,SIGUSR1,,,,,',
      '1795352497,CONNECTED,SUCCESS,10.8.0.1,,,,',
      'END',
    ]);
    await upstream.advance(250);
    expect(kinds(upstream.events)).toEqual(['link', 'state', 'log']);
    expect(upstream.events[2]).toMatchObject({ line: { text: 'missed' } });
    expect(upstream.facts.filter(({ kind }) => kind === 'line')).toEqual([
      expect.objectContaining({ line: expect.objectContaining({ severity: 'error' }) }),
    ]);
  });
});

describe('what the daemon says', () => {
  it('becomes events and facts, and our own questions do not', async () => {
    const upstream = await new ScriptedUpstream({ pollEvery: seconds(15) }).open();
    upstream.events.length = 0;
    upstream.facts.length = 0;
    upstream.answers.set('status 3', undefined);
    await upstream.advance(15_000);
    upstream.say(
      ">LOG:1795352500,D,MANAGEMENT: CMD 'status 3'",
      'TITLE\tOpenVPN 2.6.14 test',
      ...CONNECT,
      '>CLIENT:ADDRESS,0,10.8.0.2,1',
      '>BYTECOUNT_CLI:0,11,22',
      ">LOG:1795352500,D,MANAGEMENT: CMD 'username Auth bob'",
      '>NOTIFY:info,remote-exit,EXIT',
      '>INFOMSG:WEB_AUTH::https://x',
      '>STATE:1795352501,PONDERING,,,,,,',
      'END',
    );
    expect(kinds(upstream.events)).toEqual(['client', 'client-address', 'log', 'notify', 'unknown', 'unknown']);
    expect(upstream.events[2]).toMatchObject({ line: { text: "MANAGEMENT: CMD 'username [...]'" } });
    expect(upstream.facts.map(({ kind }) => kind)).toEqual(['client', 'client-bytes', 'line', 'identity', 'status', 'load', 'collected']);
    expect(upstream.facts[0]).toMatchObject({ what: 'connecting', client: { clientId: 0, commonName: 'alice' } });
    expect(ask(upstream, { kind: 'client-bytes' }).reply).toEqual({ kind: 'client-bytes', clients: [] });
  });

  it('is counted when no daemon says it', async () => {
    const upstream = await new ScriptedUpstream().open();
    upstream.say('what?', '>LOG:soon,X', '>BYTECOUNT:many', '>STATE:', '>CLIENT:CONNECT,x');
    expect(upstream.daemon.malformed).toBe(5);
    expect(upstream.facts.filter(({ kind }) => kind === 'fault')).toHaveLength(5);
    expect(upstream.daemon.info().connected).toBe(true);
  });

  it.each([
    ['a line without end', (upstream: ScriptedUpstream) => upstream.write('x'.repeat(10_000_000)), 'too-long'],
    ['a reply without end', (upstream: ScriptedUpstream) => upstream.clock.advance(LONG), 'timeout'],
    ['the end of the connection', (upstream: ScriptedUpstream) => upstream.hangUp(), 'closed'],
  ])('is over with %s', async (_what, doIt, fault) => {
    const upstream = await new ScriptedUpstream().open();
    upstream.answers.set('kill alice', undefined);
    const kill = ask(upstream, { kind: 'kill-name', commonName: 'alice' });
    const later = ask(upstream, { kind: 'pid' });
    expect(upstream.asked.at(-1)).toBe('kill alice');
    doIt(upstream);
    await upstream.settle();
    expect([kill.reply?.kind, later.reply?.kind]).toEqual(['refused', 'refused']);
    expect(upstream.facts.find(({ kind }) => kind === 'source-down')).toMatchObject({ fault });
    expect(upstream.events.find((event) => event.kind === 'link' && !event.up)).toBeDefined();
    await upstream.advance(250);
    expect(upstream.connections).toBeGreaterThan(1);
    expect(ask(upstream, { kind: 'pid' }).reply).toEqual({ kind: 'value', value: 77 });
  });

  it('tells that it ends with the connection', async () => {
    const upstream = await new ScriptedUpstream().open();
    upstream.say('>LOG:1795352500,,MANAGEMENT: Triggering management signal', '>LOG:1795352501,,MANAGEMENT: Triggering management signal');
    expect(upstream.daemon.signals).toBe(true);
    expect(upstream.notes).toEqual(["The daemon at /run/vpn.sock has 'management-signal': it restarts whenever the gateway disconnects"]);
    const other = new ScriptedUpstream();
    other.answers.set('state on all', ['SUCCESS: x', '1795352490,RECONNECTING,management-disconnect,,,,,', 'END']);
    await other.open();
    expect(other.daemon.signals).toBe(true);
  });
});

describe('logins', () => {
  it('wait for the first decision, and for nobody once the client is gone', async () => {
    const upstream = await new ScriptedUpstream().open();
    upstream.say(...CONNECT, ...CONNECT.with(0, '>CLIENT:CONNECT,1,1'));
    expect(upstream.daemon.pending()).toHaveLength(2);
    const allow = ask(upstream, { kind: 'client-auth', clientId: 0, keyId: 1, config: ['push "x"'] });
    const deny = ask(upstream, { kind: 'client-deny', clientId: 0, keyId: 1, reason: 'no', clientReason: undefined });
    expect(deny.reply).toEqual({ kind: 'refused', text: '' });
    expect(upstream.asked.slice(-3)).toEqual(['client-auth 0 1', 'push "x"', 'END']);
    upstream.say('SUCCESS: client-auth command succeeded');
    expect(allow.reply).toEqual({ kind: 'verbatim', lines: ['SUCCESS: client-auth command succeeded'] });
    expect(upstream.daemon.pending()).toMatchObject([{ clientId: 1 }]);
    upstream.say('>CLIENT:DISCONNECT,1', '>CLIENT:ENV,END');
    expect(upstream.daemon.pending()).toEqual([]);
    upstream.say('>CLIENT:REAUTH,0,3', '>CLIENT:ENV,END');
    expect(upstream.daemon.pending()).toMatchObject([{ what: 'REAUTH', keyId: 3 }]);
    upstream.answers.set('client-auth-nt 0 3', ['ERROR: client-auth command failed']);
    ask(upstream, { kind: 'client-auth', clientId: 0, keyId: 3, config: [] });
    expect(upstream.daemon.pending()).toHaveLength(1);
    upstream.say('>STATE:1795352501,RECONNECTING,SIGUSR1,,,,,');
    expect(upstream.daemon.pending()).toEqual([]);
  });

  it('are bounded however many there are', async () => {
    const upstream = await new ScriptedUpstream().open();
    for (let id = 0; id < 20_100; id++) upstream.write(`>CLIENT:CONNECT,${id},1\r\n>CLIENT:ENV,END\r\n>BYTECOUNT_CLI:${id},1,1\r\n`);
    expect(upstream.daemon.pending()).toHaveLength(20_000);
    expect(upstream.daemon.pending()[0]).toMatchObject({ clientId: 100 });
  });
});

describe('requests', () => {
  it.each<[DaemonRequest, string, readonly string[], DaemonReply]>([
    [{ kind: 'verb' }, 'verb', ['SUCCESS: verb=4'], { kind: 'value', value: 4 }],
    [{ kind: 'verb', set: 5 }, 'verb 5', ['SUCCESS: verb level changed'], { kind: 'verbatim', lines: ['SUCCESS: verb level changed'] }],
    [{ kind: 'hold', action: 'show' }, 'hold', ['SUCCESS: hold=1'], { kind: 'value', value: 1 }],
    [
      { kind: 'load-stats' },
      'load-stats',
      ['SUCCESS: nclients=2,bytesin=3,bytesout=4'],
      { kind: 'load', clients: 2, received: 3, sent: 4 },
    ],
    [
      { kind: 'client-kill', clientId: 0, message: 'HALT,a b' },
      'client-kill 0 "HALT,a b"',
      ['ERROR: no'],
      { kind: 'verbatim', lines: ['ERROR: no'] },
    ],
    [{ kind: 'status', format: 2 }, 'status 2', ['TITLE,x', 'END'], { kind: 'verbatim', lines: ['TITLE,x', 'END'] }],
    [{ kind: 'status', format: 'own' }, 'status', ['x', 'END'], { kind: 'verbatim', lines: ['x', 'END'] }],
    [{ kind: 'kill-address', ip: '10.0.0.1', port: 5 }, 'kill 10.0.0.1:5', ['SUCCESS: 1'], { kind: 'verbatim', lines: ['SUCCESS: 1'] }],
    [
      { kind: 'client-deny', clientId: 1, keyId: 2, reason: 'a', clientReason: 'b c' },
      'client-deny 1 2 a "b c"',
      ['SUCCESS: x'],
      { kind: 'verbatim', lines: ['SUCCESS: x'] },
    ],
    [{ kind: 'unknown', line: Buffer.from('needok x ok') }, 'needok x ok', ['ERROR: y'], { kind: 'verbatim', lines: ['ERROR: y'] }],
    [
      { kind: 'push-update', clientId: 3, options: 'dns x' },
      'push-update-cid 3 "dns x"',
      ['SUCCESS: 1 client(s) updated', 'SUCCESS: push-update command succeeded'],
      { kind: 'verbatim', lines: ['SUCCESS: 1 client(s) updated', 'SUCCESS: push-update command succeeded'] },
    ],
  ])('%o is `%s`', async (request, line, said, reply) => {
    const upstream = await new ScriptedUpstream().open();
    upstream.answers.set(line, said);
    const found = ask(upstream, request);
    expect([upstream.asked.at(-1), found.reply]).toEqual([line, reply]);
  });

  it('gives the status as a report, with what the daemon knows', async () => {
    const upstream = await new ScriptedUpstream().open();
    upstream.answers.set('status 3', [
      'TITLE\tOpenVPN',
      'TIME\t2026-11-22 13:01:31\t1795352491',
      'HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\tBytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient ID\tPeer ID\tData Channel Cipher',
      'CLIENT_LIST\talice\t10.99.0.2:5\t10.8.0.2\t\t11\t22\t2026-11-22 13:01:31\t1795352491\tUNDEF\t7\t0\tAES-256-GCM',
      'END',
    ]);
    const { reply } = ask(upstream, { kind: 'status' });
    expect(reply).toMatchObject({
      kind: 'status',
      report: {
        kind: 'server',
        clients: [{ clientId: 7, commonName: 'alice', phase: 'connected', bytesReceived: 11, quality: undefined }],
      },
    });
  });

  it('says of which protocol an address is where that is needed', async () => {
    const upstream = new ScriptedUpstream();
    upstream.answers.set('version', ['OpenVPN Version: OpenVPN 2.7.1 test', 'END']);
    upstream.answers.set('kill udp:10.0.0.1:5', ['ERROR: client at address udp:10.0.0.1:5 not found']);
    upstream.answers.set('kill tcp:10.0.0.1:5', ['SUCCESS: 1 client(s) at address tcp-server:10.0.0.1:5 killed']);
    await upstream.open();
    expect(ask(upstream, { kind: 'kill-address', ip: '10.0.0.1', port: 5 }).reply).toMatchObject({
      lines: ['SUCCESS: 1 client(s) at address tcp-server:10.0.0.1:5 killed'],
    });
  });

  it('are refused without asking when they cannot be said, are too many, or wait too long', async () => {
    const upstream = await new ScriptedUpstream({ timeout: seconds(40) }).open();
    expect(ask(upstream, { kind: 'kill-name', commonName: 'a\nsignal SIGTERM' }).reply).toMatchObject({ kind: 'refused' });
    const first = ask(upstream, { kind: 'mute' });
    const waiting = ask(upstream, { kind: 'mute' });
    for (let i = 0; i < 998; i++) ask(upstream, { kind: 'mute' });
    expect(ask(upstream, { kind: 'mute' }).reply).toBeUndefined();
    expect(ask(upstream, { kind: 'mute' }).reply).toEqual({ kind: 'refused', text: 'too many commands wait for the daemon' });
    await upstream.advance(26_000);
    upstream.say('SUCCESS: mute=0');
    expect([first.reply, waiting.reply]).toEqual([
      { kind: 'value', value: 0 },
      { kind: 'refused', text: 'the daemon was busy for too long' },
    ]);
    expect(upstream.asked.filter((line) => line === 'mute')).toHaveLength(1);
    expect(upstream.asked).not.toContain('signal SIGTERM');
  });

  it('are refused while the daemon is away', () => {
    const upstream = new ScriptedUpstream();
    expect(ask(upstream, { kind: 'pid' }).reply).toEqual({ kind: 'refused', text: 'the daemon is not connected' });
    expect(upstream.daemon.info().connected).toBe(false);
    upstream.daemon.close();
    expect(upstream.clock.pending).toBe(0);
  });
});
