import { describe, expect, it } from 'vitest';
import { accepted, refused, SERVER } from '../../../test/support/configuration.ts';

describe('the process', () => {
  it('knows where log, status and management are', () => {
    const { daemon } = accepted(
      `log-append a.log\nlog b.log\n${SERVER}verb 99\nmute -1\nstatus status.log 5\nmanagement 127.0.0.1 0 pass.txt\nmanagement /run/m.sock unix\nmachine-readable-output\necho msg hello\n`,
    );
    expect(daemon.log).toMatchObject({
      file: { path: 'a.log', append: true },
      verb: 15,
      mute: 0,
      stamps: 'machine',
      errorsToStderr: false,
    });
    expect(daemon.status).toEqual({ file: 'status.log', seconds: 5 });
    expect(daemon.management.map((each) => [each.kind, each.password === 'ask' ? 'ask' : each.password?.reveal()])).toEqual([
      ['tcp', 'sesame'],
      ['unix', undefined],
    ]);
    expect(daemon.echoes).toEqual(['msg hello']);
  });

  it.each([
    'management 127.0.0.1 70000\n',
    'management 127.0.0.1 x\n',
    'management 127.0.0.1 1 empty.txt\n',
    'management 127.0.0.1 1 nope\n',
    'management-hold\n',
    'management-client-auth\n',
    'management-role read\n',
    'management 127.0.0.1 1\nmanagement-role all\n',
    'management 127.0.0.1 1\nmanagement-socket 0600\n',
    'management 127.0.0.1 1\nmanagement-tls nope nope\n',
    'management 127.0.0.1 1\nmanagement-client-user root\n',
  ])('refuses %j', (line) => {
    expect(refused(`${SERVER}${line}`).length).toBeGreaterThan(0);
  });

  it('knows what lines behind a management line say of it', () => {
    const text =
      'management 127.0.0.1 1\nmanagement-role read\nmanagement /run/m.sock unix\nmanagement-socket 0660 root adm\nmanagement tunnel 7505\n';
    const listeners = accepted(`${SERVER}${text}management-hold\n`).daemon;
    expect(listeners.managementOptions).toMatchObject({ hold: true, signal: false, connectOut: false });
    expect(listeners.management).toEqual([
      { kind: 'tcp', host: '127.0.0.1', port: 1, password: undefined, role: 'read', tls: undefined, socket: undefined },
      {
        kind: 'unix',
        path: '/run/m.sock',
        password: undefined,
        role: 'authenticate',
        tls: undefined,
        socket: { mode: 0o660, user: 'root', group: 'adm' },
      },
      { kind: 'tunnel', port: 7505, password: undefined, role: 'authenticate', tls: undefined, socket: undefined },
    ]);
  });

  it('lists directives for verb 4 without what is in blocks', () => {
    const { listing } = accepted(`${SERVER}<key>\nHIDDEN\n</key>\npush "route 10.0.0.0 255.0.0.0"\n`).daemon;
    expect(listing.slice(-2)).toEqual(['<key>[inline]</key>', 'push "route 10.0.0.0 255.0.0.0"']);
  });
});
