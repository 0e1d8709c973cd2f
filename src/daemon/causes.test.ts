import { describe, expect, it } from 'vitest';
import { type Cause, Causes } from './causes.ts';

const cause = (name: Cause['name']): Cause => ({ name, source: 'hard', reason: '' });

describe('Causes', () => {
  it('gives the most telling first, each kind once (facts: management 13)', () => {
    const causes = new Causes();
    for (const name of ['SIGUSR1', 'SIGHUP', 'SIGUSR1', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const) causes.add(cause(name));
    const taken = [causes.take(), causes.take(), causes.take(), causes.take(), causes.take()].map((one) => one?.name);
    expect(taken).toEqual(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', undefined]);
  });

  it('keeps the first of a kind', () => {
    const causes = new Causes();
    causes.add({ name: 'SIGUSR1', source: 'soft', reason: 'ping-restart' });
    causes.add(cause('SIGUSR1'));
    expect(causes.take()).toEqual({ name: 'SIGUSR1', source: 'soft', reason: 'ping-restart' });
  });

  it('forgets what is dropped', () => {
    const causes = new Causes();
    causes.add(cause('SIGUSR1'));
    causes.drop('SIGUSR1');
    expect(causes.take()).toBeUndefined();
  });

  it('does not pause when the daemon is to end already', async () => {
    const causes = new Causes();
    causes.add(cause('SIGTERM'));
    await causes.unlessEnding(() => expect.unreachable());
    expect(causes.ending).toBe(true);
  });

  it('cuts a pause short when the daemon is to end, and not for less', async () => {
    const causes = new Causes();
    const seen: string[] = [];
    const paused = causes.unlessEnding(() => () => seen.push('cancelled')).then(() => seen.push('over'));
    causes.add(cause('SIGHUP'));
    await Promise.resolve();
    expect(seen).toEqual([]);
    causes.add(cause('SIGINT'));
    await paused;
    expect(seen).toEqual(['cancelled', 'over']);
  });

  it('ends a pause when its time is over', async () => {
    const causes = new Causes();
    let end = (): void => {};
    const paused = causes.unlessEnding((resolve) => {
      end = resolve;
      return () => expect.unreachable();
    });
    end();
    await paused;
    causes.add(cause('SIGTERM'));
  });
});
