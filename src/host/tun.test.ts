import { describe, expect, it } from 'vitest';
import { FakeTun, NullTun, type TunReceiver } from './tun.ts';

function collecting(into: string[]): TunReceiver {
  return { packet: (bytes) => into.push(bytes.toString()), failed: () => {} };
}

describe('the fake device', () => {
  it('hands in packets while it is read, and keeps copies of what is written', async () => {
    const tun = new FakeTun();
    const read: string[] = [];
    expect(tun.inject(Buffer.from('too early'))).toBe(false);
    tun.start(collecting(read));
    expect(tun.inject(Buffer.from('a'))).toBe(true);
    await tun.stop();
    expect(tun.inject(Buffer.from('too late'))).toBe(false);
    tun.start(collecting(read));
    tun.inject(Buffer.from('b'));
    expect(read).toEqual(['a', 'b']);
    const packet = Buffer.from('w');
    tun.write(packet);
    packet.fill(0);
    expect(tun.written).toEqual([Buffer.from('w')]);
  });
});

describe('the null device', () => {
  it('has no name and swallows everything', async () => {
    const tun = new NullTun();
    tun.start();
    tun.write();
    await tun.stop();
    tun.close();
    expect(tun.name).toBeUndefined();
    expect(tun.dropped).toBe(0);
  });
});
