import { describe, expect, it } from 'vitest';
import { SystemLog, type SyslogCalls } from './syslog.ts';

/** A system log that takes a message when it is told to. */
class SlowLog implements SyslogCalls {
  readonly ident = Buffer.from('openvpn\0');
  readonly taken: string[] = [];
  #waiting: (() => void) | undefined;
  stopped = true;

  send(priority: number, text: string): Promise<void> {
    this.taken.push(`<${priority}>${text}`);
    if (!this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  go(): void {
    this.stopped = false;
    this.#waiting?.();
  }
}

describe('the system log', () => {
  it('gets one message at a time, in order, with its priority', async () => {
    const slow = new SlowLog();
    const log = new SystemLog('openvpn', () => Promise.resolve(slow));
    for (const [priority, text] of [
      [5, 'one'],
      [3, 'two'],
      [4, 'three %s %n'],
    ] as const)
      expect(log.send(priority, text)).toBe(true);
    await new Promise(setImmediate);
    expect(slow.taken).toEqual(['<5>one']);
    slow.go();
    await log.close();
    expect(slow.taken).toEqual(['<5>one', '<3>two', '<4>three %s %n']);
    expect(log.dropped).toBe(0);
  });

  it('that takes nothing holds back so much and no more, and says so when it goes on', async () => {
    const slow = new SlowLog();
    const log = new SystemLog('openvpn', () => Promise.resolve(slow));
    const lost: number[] = [];
    log.onRecovered = (count) => lost.push(count);
    let accepted = 0;
    while (log.send(5, `line ${accepted}`)) accepted++;
    expect(log.send(5, 'late')).toBe(false);
    expect([accepted, log.dropped, lost]).toEqual([10_000, 2, []]);
    slow.go();
    await new Promise(setImmediate);
    expect(log.send(5, 'again')).toBe(true);
    await log.close();
    expect(lost).toEqual([2]);
    expect(slow.taken).toHaveLength(10_001);
    expect(slow.taken.at(-1)).toBe('<5>again');
  });

  it('that never answers does not keep the end for more than a second, and takes nothing after it', async () => {
    const log = new SystemLog('openvpn', () => Promise.resolve(new SlowLog()));
    log.send(5, 'one');
    const begin = performance.now();
    await log.close();
    expect(performance.now() - begin).toBeLessThan(3000);
    expect(log.send(5, 'two')).toBe(false);
  });
});
