import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { TunnelscopeError } from '../../src/base/errors.ts';
import { openTun, type Tun } from '../../src/host/tun.ts';
import { checksum } from '../support/data-packets.ts';
import { requireInterop } from './support/require.ts';

const execute = promisify(execFile);
const NET = '10.213.77';

function ip(...words: string[]): void {
  execFileSync('ip', words);
}

/** The answer to an ICMP echo request, as the host on the other side would give it. */
function echoReply(request: Buffer): Buffer {
  const reply = Buffer.from(request);
  request.copy(reply, 12, 16, 20);
  request.copy(reply, 16, 12, 16);
  reply[20] = 0;
  reply.writeUInt16BE(0, 22);
  reply.writeUInt16BE(checksum(reply.subarray(20)), 22);
  return reply;
}

describe.runIf(requireInterop(['root', '/dev/net/tun', 'ip', 'ping']))('a real TUN device', () => {
  let tun: Tun;
  const failures: TunnelscopeError[] = [];
  afterEach(async () => {
    await tun.stop();
    tun.close();
    failures.length = 0;
  });

  async function open(name = 'tun'): Promise<void> {
    tun = await openTun(name);
    ip('addr', 'add', `${NET}.1/30`, 'dev', tun.name ?? '');
    ip('link', 'set', tun.name ?? '', 'up');
  }

  /** Answers echo requests, and counts the packets read. */
  function answer(): { count: number } {
    const seen = { count: 0 };
    tun.start({
      packet: (bytes) => {
        seen.count++;
        if (bytes[0] === 0x45 && bytes[9] === 1 && bytes[20] === 8) tun.write(echoReply(bytes));
      },
      failed: (error) => failures.push(error),
    });
    return seen;
  }

  it('takes the first free name, reads a ping and writes the answer', async () => {
    await open();
    expect(tun.name).toMatch(/^tun\d+$/);
    answer();
    const { stdout } = await execute('ping', ['-n', '-c', '3', '-i', '0.1', '-W', '5', `${NET}.2`]);
    expect(stdout).toContain('3 packets transmitted, 3 received');
    expect(tun.dropped).toBe(0);
  });

  it('reads and writes thousands of packets without losing one', async () => {
    await open();
    const seen = answer();
    const { stdout } = await execute('ping', ['-n', '-q', '-f', '-c', '5000', '-s', '1400', `${NET}.2`]);
    expect(stdout).toContain('5000 packets transmitted, 5000 received');
    expect(seen.count).toBeGreaterThanOrEqual(5000);
  });

  it('hands in nothing while stopped, and goes on after it', async () => {
    await open();
    answer();
    await execute('ping', ['-n', '-c', '1', '-W', '5', `${NET}.2`]);
    await tun.stop();
    await expect(execute('ping', ['-n', '-c', '1', '-W', '1', `${NET}.2`])).rejects.toMatchObject({ code: 1 });
    answer();
    await execute('ping', ['-n', '-c', '1', '-W', '5', `${NET}.2`]);
  });

  it('keeps a name that was asked for, and refuses it to a second', async () => {
    await open('tscopetest');
    expect(tun.name).toBe('tscopetest');
    await expect(openTun('tscopetest')).rejects.toMatchObject({
      code: 'TUN',
      message: 'ERROR: Cannot ioctl TUNSETIFF tscopetest: Device or resource busy (errno=16)',
    });
    await expect(openTun('lo')).rejects.toThrow('ERROR: Cannot ioctl TUNSETIFF lo: Invalid argument (errno=22)');
  });

  it('tells when the device is taken away', async () => {
    await open();
    answer();
    await execute('ping', ['-n', '-c', '1', '-W', '5', `${NET}.2`]);
    ip('link', 'delete', tun.name ?? '');
    tun.write(Buffer.alloc(40, 0x45));
    expect(failures.map(({ message }) => message)).toEqual([`read from TUN/TAP ${tun.name}: File descriptor in bad state (errno=77)`]);
    expect(tun.dropped).toBe(1);
  });
});
