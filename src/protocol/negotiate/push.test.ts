import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPushOption, parsePushReply, parsePushUpdate, PushCollector, pushReplies, pushUpdates, updateOptions } from './push.ts';

describe('pushReplies', () => {
  it('puts everything into one message when it fits', () => {
    expect(pushReplies([])).toEqual(['PUSH_REPLY']);
    expect(pushReplies(['topology subnet', 'peer-id 0'])).toEqual(['PUSH_REPLY,topology subnet,peer-id 0']);
  });

  /** Recorded with stock 2.6.14: the length of its first message with so many characters more in front of options of 8. */
  it.each([
    [0, 957],
    [1, 958],
    [2, 959],
    [3, 960],
    [4, 952],
    [8, 956],
  ])('splits where stock splits, with %i characters more in front', (extra, length) => {
    const [first, ...others] = pushReplies([`rcvbuf ${'1'.repeat(extra + 1)}`, ...Array<string>(120).fill('rcvbuf 1')]);
    expect([first?.length, others.length]).toEqual([length, 1]);
  });

  it('begins each message anew and marks whether more follow', () => {
    const messages = pushReplies(Array.from({ length: 60 }, (_, index) => `route 10.${index}.0.0 255.255.0.0 vpn_gateway`));
    expect(messages).toHaveLength(3);
    expect(messages[0]).toMatch(/^PUSH_REPLY,route 10\.0\.0\.0 .*,push-continuation 2$/);
    expect(messages[1]).toMatch(/^PUSH_REPLY,route .*,push-continuation 2$/);
    expect(messages[2]).toMatch(/^PUSH_REPLY,route .*,push-continuation 1$/);
  });

  it('leaves out what no peer could read', () => {
    expect(pushReplies(['a b', 'with, comma', 'x'.repeat(256), 'new\nline'])).toEqual(['PUSH_REPLY,a b']);
    expect(['a b', 'with, comma', 'x'.repeat(256), 'é'].map((option) => checkPushOption(option)?.slice(0, 37))).toEqual([
      undefined,
      'a pushed option cannot hold a comma',
      'a pushed option cannot be longer than',
      'a pushed option cannot hold character',
    ]);
  });
});

describe('a client', () => {
  it('reads one message', () => {
    expect(parsePushReply('PUSH_REPLY')).toEqual({ options: [], complete: true });
    expect(parsePushReply('PUSH_REPLY,a 1,b')).toEqual({ options: ['a 1', 'b'], complete: true });
    expect(parsePushReply('PUSH_REPLY,a,push-continuation 2')).toEqual({ options: ['a'], complete: false });
    expect(parsePushReply('PUSH_REPLY,a,push-continuation 1')).toEqual({ options: ['a'], complete: true });
    expect(['PUSH_REQUEST', 'PUSH_REPLYX', '', 'PUSH_UPDATE,a'].map(parsePushReply)).toEqual(Array(4).fill(undefined));
  });

  it('acts on nothing before the last part, and begins anew after it', () => {
    const collector = new PushCollector();
    expect(collector.add({ options: ['a'], complete: false })).toBeUndefined();
    expect(collector.add({ options: ['b'], complete: true })).toEqual(['a', 'b']);
    expect(collector.add({ options: ['c'], complete: true })).toEqual(['c']);
  });

  it('does not gather without end', () => {
    const collector = new PushCollector();
    const part = { options: Array<string>(1000).fill('a'), complete: false };
    expect([1, 2, 3, 4, 5].map(() => collector.add(part))).toEqual([undefined, undefined, undefined, undefined, 'overflow']);
    expect(collector.add({ options: ['b'], complete: true })).toEqual(['b']);
  });

  it('gathers what the server split, in messages that fit', () => {
    const option = fc.string({ unit: fc.constantFrom('r', '1', ' ', '"', '.'), minLength: 1, maxLength: 255 });
    fc.assert(
      fc.property(fc.array(option, { maxLength: 40 }), (options) => {
        const collector = new PushCollector();
        const messages = pushReplies(options);
        const results = messages.map((message) => {
          expect(message.length).toBeLessThanOrEqual(960);
          const part = parsePushReply(message);
          return part === undefined ? 'unread' : collector.add(part);
        });
        expect(results).toEqual([...Array(messages.length - 1).fill(undefined), options]);
      }),
    );
  });
});

describe('an update', () => {
  const items = fc.array(fc.stringMatching(/^(?:-|\?|-\?)?[a-z]{1,9} [a-z0-9.]{1,80}$/), { minLength: 1, maxLength: 60 });

  it('comes in as it went out, in as many messages as it takes', () => {
    fc.assert(
      fc.property(items, (options) => {
        const collector = new PushCollector();
        const messages = pushUpdates(options.join(','));
        const read = messages?.map((message) => {
          expect(message.length).toBeLessThan(1024);
          return collector.add(parsePushUpdate(message) ?? { options: [], complete: true });
        });
        expect(read?.at(-1)).toEqual(options);
        expect(read?.slice(0, -1).every((part) => part === undefined)).toBe(true);
      }),
    );
  });

  it.each(['', 'a,,b', 'new\nline', `a,${'x'.repeat(256)}`])('%j goes to nobody', (options) => {
    expect(pushUpdates(options)).toBeUndefined();
  });

  const before = ['topology subnet', 'route 10.1.0.0 255.255.0.0', 'route 10.2.0.0 255.255.0.0', 'dns server 1 address 10.8.0.1'];
  const changes = new Set(['route', 'dns', 'redirect-gateway']);

  it.each<[string, string[], string[]]>([
    ['adds', ['redirect-gateway def1'], [...before, 'redirect-gateway def1']],
    [
      'puts options in the place of those of their name',
      ['route 10.3.0.0 255.255.0.0', 'route 10.4.0.0 255.255.0.0'],
      ['topology subnet', 'dns server 1 address 10.8.0.1', 'route 10.3.0.0 255.255.0.0', 'route 10.4.0.0 255.255.0.0'],
    ],
    ['removes', ['-route', '-dns server 1'], ['topology subnet']],
    ['leaves what may be left', ['?frobnicate 1', '-?topology', '?dns x'], [...before.slice(0, 3), 'dns x']],
    ['removes and adds', ['-route', 'route 10.5.0.0 255.255.0.0'], ['topology subnet', before[3] ?? '', 'route 10.5.0.0 255.255.0.0']],
  ])('%s: %j', (_what, update, after) => {
    expect(updateOptions(before, update, changes)).toEqual({ options: after });
  });

  it.each(['topology net30', '-topology', 'routes', '', '-'])('is refused as a whole for %j', (item) => {
    expect(updateOptions(before, ['-route', item], changes)).toEqual({ offending: item });
  });
});
