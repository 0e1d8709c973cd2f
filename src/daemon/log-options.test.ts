import { describe, expect, it } from 'vitest';
import { TestDaemon } from '../../test/support/daemon.ts';

describe('the verbosity', () => {
  const verb = (daemon: TestDaemon, set?: number): number | undefined => {
    let now: number | undefined;
    daemon.app.port.request(set === undefined ? { kind: 'verb' } : { kind: 'verb', set }, (reply) => {
      if (reply.kind === 'value') now = reply.value;
    });
    return now;
  };

  it('that a management client set stays at SIGUSR1, and is what is configured again at SIGHUP', async () => {
    const daemon = await TestDaemon.start();
    verb(daemon, 7);
    await daemon.restart('SIGUSR1');
    expect(verb(daemon)).toBe(7);
    await daemon.restart('SIGHUP');
    expect(verb(daemon)).toBe(3);
  });
});

describe('daemon', () => {
  it('takes the first name, and warns of another in the words of stock', async () => {
    const daemon = await TestDaemon.start({ lines: ['daemon one', 'daemon two', 'daemon', 'daemon one'] });
    expect(daemon.lines.filter((line) => line.includes('Multiple'))).toEqual(
      ['two', 'one'].map(
        (name) =>
          `WARNING: Multiple --daemon directives specified, ignoring --daemon ${name}. (Note that initscripts sometimes add their own --daemon directive.)`,
      ),
    );
  });
});

describe('echo', () => {
  it('is logged where it stands when it begins with msg, also at a reload, and told to management clients', async () => {
    const daemon = await TestDaemon.start({ lines: ['echo msg hello', 'echo forget-passwords', 'parameter msg-n two words'] });
    const echoed = (): string[] => daemon.lines.filter((line) => line.startsWith('ECHO'));
    expect(echoed()).toEqual(['ECHO:msg hello', 'ECHO:msg-n two words']);
    expect(daemon.lines.indexOf('ECHO:msg hello')).toBeLessThan(daemon.lines.findIndex((line) => line.startsWith('OpenVPN ')));
    const told = daemon.events.flatMap((event) => (event.kind === 'echo' ? [event.text] : []));
    expect(told).toEqual(['msg hello', 'forget-passwords', 'msg-n two words']);
    await daemon.restart('SIGHUP');
    expect(echoed()).toHaveLength(4);
  });
});
