import { describe, expect, it } from 'vitest';
import { accepted, refused, SERVER } from '../../../test/support/configuration.ts';

describe('the process', () => {
  it('knows where log, status and management are', () => {
    const { daemon } = accepted(
      `log-append a.log\nlog b.log\n${SERVER}verb 99\nmute -1\nstatus status.log 5\nmanagement 127.0.0.1 0 pass.txt\nmanagement /run/m.sock unix\nmachine-readable-output\necho msg hello\n`,
    );
    expect(daemon.log).toEqual({ file: { path: 'a.log', append: true }, verb: 15, mute: 0, stamps: 'machine', errorsToStderr: false });
    expect(daemon.status).toEqual({ file: 'status.log', seconds: 5 });
    expect(daemon.management.map((each) => [each.kind, each.password?.reveal()])).toEqual([
      ['tcp', 'sesame'],
      ['unix', undefined],
    ]);
    expect(daemon.echoes).toEqual(['msg hello']);
  });

  it.each([
    'management 127.0.0.1 70000\n',
    'management 127.0.0.1 x\n',
    'management tunnel 7505\n',
    'management 127.0.0.1 1 stdin\n',
    'management 127.0.0.1 1 empty.txt\n',
    'management 127.0.0.1 1 nope\n',
    'askpass\n',
  ])('refuses %j', (line) => {
    expect(refused(`${SERVER}${line}`).length).toBeGreaterThan(0);
  });

  it('lists directives for verb 4 without what is in blocks', () => {
    const { listing } = accepted(`${SERVER}<key>\nHIDDEN\n</key>\npush "route 10.0.0.0 255.0.0.0"\n`).daemon;
    expect(listing.slice(-2)).toEqual(['<key>[inline]</key>', 'push "route 10.0.0.0 255.0.0.0"']);
  });
});
