import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../base/ip.ts';
import { missingIncludes, parseClientConfig } from './client-config.ts';

const parse = (text: string) => parseClientConfig(text, 'ccd/alice');

describe('parseClientConfig', () => {
  it('takes all that a client file may say', () => {
    const { config, warnings } = parse(
      'ifconfig-push 10.8.0.77 255.255.255.0\nifconfig-ipv6-push fd77::77/64 fd77::1\niroute 10.66.0.0 255.255.255.0\niroute 10.67.0.9\niroute-ipv6 fd66::1/64\n' +
        'push-remove route\npush "route 10.1.0.0 255.255.0.0"\ndisable\n',
    );
    expect(warnings).toEqual([]);
    expect(config.address4 && [config.address4.address, config.address4.mask].map(formatIp)).toEqual(['10.8.0.77', '255.255.255.0']);
    expect(config.address6 && [formatIp(config.address6.address), config.address6.bits]).toEqual(['fd77::77', 64]);
    expect(config.internalRoutes.map(({ family, network, bits }) => `${family} ${formatIp(network)}/${bits}`)).toEqual([
      '4 10.66.0.0/24',
      '4 10.67.0.9/32',
      '6 fd66::/64',
    ]);
    expect(config).toMatchObject({ disable: true, pushReset: false, pushRemove: ['route'], pushes: ['route 10.1.0.0 255.255.0.0'] });
  });

  it('is nothing for an empty file', () => {
    expect(parse('# nothing\n\n')).toEqual({
      config: {
        disable: false,
        pushReset: false,
        pushRemove: [],
        pushes: [],
        address4: undefined,
        address6: undefined,
        internalRoutes: [],
      },
      warnings: [],
    });
  });

  it('forgets what was pushed before a push-reset or a fitting push-remove', () => {
    expect(parse('push a\npush-reset\npush b\n').config.pushes).toEqual(['b']);
    expect(parse('push "route 1.0.0.0 255.0.0.0"\npush "route-metric 5"\npush "ping 3"\npush-remove route\n').config.pushes).toEqual([
      'ping 3',
    ]);
  });

  /** The texts are stock 2.6.14's, from a server with such a file. */
  it.each([
    ['verb 4', "Options error: option 'verb' cannot be used in this context (ccd/alice)"],
    ['nosuchoption 1', 'Options error: Unrecognized option or missing or extra parameter(s) in ccd/alice:1: nosuchoption (2.6.14)'],
    ['iroute', 'Options error: Unrecognized option or missing or extra parameter(s) in ccd/alice:1: iroute (2.6.14)'],
    ['iroute 1.2.3 4', 'Options error: in --iroute 1.2.3 4 : Bad network/subnet specification'],
    ['ifconfig-push 1.2.3', 'Options error: Unrecognized option or missing or extra parameter(s) in ccd/alice:1: ifconfig-push (2.6.14)'],
    ['ifconfig-push bad 255.255.255.0', 'Options error: cannot parse --ifconfig-push addresses (ccd/alice:1)'],
    ['ifconfig-ipv6-push bad/9', 'Options error: cannot parse --ifconfig-ipv6-push addresses (ccd/alice:1)'],
    ['iroute-ipv6 zz', 'Options error: in --iroute-ipv6 zz: Bad IPv6 prefix specification'],
    [' "unclosed', 'Options error: No closing quotation (") in ccd/alice:1'],
    ['config nope', 'Options error: In ccd/alice:1: Error opening configuration file: nope'],
    ['push a,b', "Options error: PUSH OPTION FAILED (illegal comma (',') in string): 'a,b'"],
  ])('says of %j what stock says, and takes the next line', (line, said) => {
    const { config, warnings } = parse(`${line}\npush after\n`);
    expect(warnings.map((text) => `Options error: ${text}`)).toEqual([said]);
    expect(config.pushes).toEqual(['after']);
  });

  it.each(['iroute 10.66.0.1 255.255.255.0', 'iroute 10.66.0.0 255.0.255.0', 'iroute fd66::', 'ifconfig-push 10.8.0.5 10.8.0.6'])(
    'refuses %j',
    (line) => {
      const { config, warnings } = parse(line);
      expect(warnings).toHaveLength(1);
      expect(config).toMatchObject({ internalRoutes: [], address4: undefined });
    },
  );

  it('names what stock would take and this release does not', () => {
    expect(parse('cipher AES-128-GCM\nping 5\n').warnings).toEqual([
      '--cipher has no effect in client files (ccd/alice:1)',
      '--ping has no effect in client files (ccd/alice:2)',
    ]);
  });

  it('goes on in the files that are included', () => {
    const included = new Map([
      ['common', 'push a\nconfig more\nconfig gone\n'],
      ['more', 'iroute bad\npush b\n'],
    ]);
    const { config, warnings } = parseClientConfig('config common\npush c\n', 'ccd/alice', included);
    expect(config.pushes).toEqual(['a', 'b', 'c']);
    expect(warnings).toEqual([
      'in --iroute bad  : Bad network/subnet specification',
      expect.stringContaining('In common:3: Error opening configuration file: gone'),
    ]);
  });

  it('says which files it needs, as far as they are known', () => {
    const text = 'config common\nconfig other\n';
    expect(missingIncludes(text, 'x', new Map())).toEqual(['common', 'other']);
    expect(
      missingIncludes(
        text,
        'x',
        new Map([
          ['common', 'config more\nconfig common\n'],
          ['other', undefined],
        ] as const),
      ),
    ).toEqual(['more']);
  });

  it('takes any text without an exception', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'iroute ',
        'iroute-ipv6 ',
        'ifconfig-push ',
        'ifconfig-ipv6-push ',
        'push ',
        'push-remove ',
        'config x',
        '<ca>',
        '10.0.0.0',
        '255.0.0.0',
        ' ',
        '\n',
        'fd00::/8',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 30 }), (pieces) => {
        const { warnings } = parse(pieces.join(''));
        expect(warnings.every((text) => text !== '' && !/^(Options|ERROR)/.test(text))).toBe(true);
      }),
    );
  });
});
