import { describe, expect, it } from 'vitest';
import { GatewayRig, ScriptedUpstream } from '../testing.ts';

const GREETING = ">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info";
const CONNECT = [
  '>CLIENT:CONNECT,0,1',
  '>CLIENT:ENV,n_clients=0',
  '>CLIENT:ENV,password=secret',
  '>CLIENT:ENV,username=al',
  '>CLIENT:ENV,END',
];

async function attached(
  options: ConstructorParameters<typeof GatewayRig>[1] = {},
  before: (upstream: ScriptedUpstream) => void = () => undefined,
) {
  const upstream = new ScriptedUpstream();
  before(upstream);
  const rig = new GatewayRig(upstream, options);
  await upstream.open();
  rig.drive();
  return { upstream, rig };
}

describe('many clients of an attached daemon', () => {
  it('have subscriptions and filters of their own', async () => {
    const { upstream, rig } = await attached();
    expect([rig.connect(1), rig.connect(2), rig.connect(3, 'read')]).toEqual([[GREETING], [GREETING], [GREETING]]);
    rig.type(1, 'log on', 'env-filter 2');
    rig.type(2, 'state on');
    upstream.say('>LOG:1795352500,W,careful', '>STATE:1795352501,CONNECTED,SUCCESS,10.8.0.1,,,,', ...CONNECT);
    expect(rig.read(1)).toEqual([
      '>LOG:1795352500,W,careful',
      '>CLIENT:CONNECT,0,1',
      '>CLIENT:ENV,password=secret',
      '>CLIENT:ENV,username=al',
      '>CLIENT:ENV,END',
    ]);
    expect(rig.read(2)).toEqual(['>STATE:1795352501,CONNECTED,SUCCESS,10.8.0.1,,,,', ...CONNECT]);
    expect(rig.read(3)).toEqual([]);
    expect(rig.type(3, 'log all')).toEqual(['1795352490,I,Initialization Sequence Completed', '1795352500,W,careful', 'END']);
    expect(rig.type(3, 'client-auth-nt 0 1').join()).toContain('takes the role authenticate');
    // Nothing of this reached the daemon.
    expect(upstream.asked.at(-1)).toBe('load-stats');
  });

  it('get their own replies, in the order and words of the daemon, which is asked one at a time', async () => {
    const { upstream, rig } = await attached();
    rig.connect(1);
    rig.connect(2);
    const kill = 'kill alice';
    upstream.answers.set(kill, undefined);
    expect(rig.type(1, kill)).toEqual([]);
    expect(rig.type(2, 'pid', 'test 2', 'version')).toEqual([]);
    expect(upstream.asked.at(-1)).toBe(kill);
    upstream.say('>CLIENT:DISCONNECT,4', '>CLIENT:ENV,END', "SUCCESS: common name 'alice' found, 1 client(s) killed");
    await upstream.settle();
    expect(rig.read(1)).toEqual(['>CLIENT:DISCONNECT,4', '>CLIENT:ENV,END', "SUCCESS: common name 'alice' found, 1 client(s) killed"]);
    expect(rig.read(2).filter((line) => !line.startsWith('>'))).toEqual([
      'SUCCESS: pid=77',
      '[0] The purpose of this command is to generate large amounts of output.',
      '[1] The purpose of this command is to generate large amounts of output.',
      'OpenVPN Version: OpenVPN 2.6.14 test',
      'Management Version: 5',
      'END',
    ]);
  });

  it('are told of open prompts and undecided logins when they come later', async () => {
    const { upstream, rig } = await attached();
    upstream.say('>HOLD:Waiting for hold release:0', ...CONNECT);
    expect(rig.connect(1)).toEqual([GREETING, '>HOLD:Waiting for hold release:0', ...CONNECT]);
    expect(rig.connect(2, 'operate')).toEqual([GREETING, '>HOLD:Waiting for hold release:0']);
    upstream.answers.set('hold release', ['SUCCESS: hold release succeeded']);
    upstream.answers.set('client-auth-nt 0 1', ['SUCCESS: client-auth command succeeded']);
    expect(rig.type(1, 'hold release', 'client-auth-nt 0 1')).toEqual([
      'SUCCESS: hold release succeeded',
      'SUCCESS: client-auth command succeeded',
    ]);
    expect(rig.connect(3)).toEqual([GREETING]);
    expect(rig.type(3, 'client-deny 0 1 late')).toEqual(['ERROR: client-deny command failed']);
    upstream.say(">PASSWORD:Need 'Auth' username/password");
    upstream.answers.set('username Auth al', ["SUCCESS: 'Auth' username entered, but not yet verified"]);
    upstream.answers.set('password Auth x', ["SUCCESS: 'Auth' password entered, but not yet verified"]);
    rig.type(1, 'username Auth al');
    expect(rig.connect(4)).toEqual([GREETING, ">PASSWORD:Need 'Auth' username/password"]);
    rig.type(1, 'password Auth x');
    expect(rig.connect(5)).toEqual([GREETING]);
  });

  it('get byte counts at their own pace, of one upstream interval', async () => {
    const { upstream, rig } = await attached({}, (up) => {
      for (const line of ['bytecount 5', 'bytecount 2', 'bytecount 0']) up.answers.set(line, ['SUCCESS: bytecount interval changed']);
    });
    rig.connect(1);
    rig.connect(2);
    rig.type(1, 'bytecount 5');
    rig.type(2, 'bytecount 2');
    expect(upstream.asked.slice(-2)).toEqual(['bytecount 5', 'bytecount 2']);
    upstream.say('>BYTECOUNT_CLI:0,10,20', '>BYTECOUNT_CLI:1,1,2');
    expect([rig.read(1), rig.read(2)]).toEqual([[], []]);
    await rig.wait(2000);
    expect([rig.read(1), rig.read(2)]).toEqual([[], ['>BYTECOUNT_CLI:0,10,20', '>BYTECOUNT_CLI:1,1,2']]);
    upstream.say('>CLIENT:DISCONNECT,0', '>CLIENT:ENV,END');
    rig.read(1);
    await rig.wait(3000);
    expect(rig.read(1)).toEqual(['>BYTECOUNT_CLI:1,1,2']);
    rig.server.handleClosed(2, upstream.clock.now());
    expect(upstream.asked.at(-1)).toBe('bytecount 5');
  });

  it.each([
    [false, [1, 2]],
    [true, []],
  ])('are closed when the daemon is lost, unless they are to be kept: %s', async (keepClients, closed) => {
    const { upstream, rig } = await attached({ keepClients });
    rig.connect(1);
    rig.connect(2);
    upstream.say(...CONNECT);
    rig.read(1);
    upstream.answers.set('verb', undefined);
    rig.type(1, 'verb');
    upstream.hangUp();
    expect(rig.read(1)).toEqual(['ERROR: the connection ended', '>NOTIFY:info,daemon-lost,the connection ended']);
    expect(rig.closed).toEqual(closed);
    expect(rig.connect(3)).toEqual([GREETING]);
    expect(rig.type(3, 'pid', 'log 1', 'status')).toEqual([
      'ERROR: the daemon is not connected',
      '1795352490,I,Initialization Sequence Completed',
      'END',
      'ERROR: the daemon is not connected',
    ]);
    await upstream.advance(250);
    expect(rig.read(3)).toEqual([">NOTIFY:info,daemon-attached,OpenVPN Management Interface Version 5 -- type 'help' for more info"]);
    expect(rig.type(3, 'pid')).toEqual(['SUCCESS: pid=77']);
  });

  it('can say what we do not know, and be answered at any length', async () => {
    const { upstream, rig } = await attached();
    rig.connect(1);
    upstream.answers.set('frobnicate 1', ['a', 'b', 'END']);
    expect(rig.type(1, 'frobnicate 1')).toEqual(['a', 'b', 'END']);
    upstream.answers.set('net', ['ERROR: Sorry, this command is currently only implemented on Windows']);
    expect(rig.type(1, 'net')).toEqual(['ERROR: Sorry, this command is currently only implemented on Windows']);
    upstream.say('>FUTURE:thing');
    expect(rig.read(1)).toEqual(['>FUTURE:thing']);
  });
});
