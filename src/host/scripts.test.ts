import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/units.ts';
import { type Command, type CommandResult, FakeRunner, ProcessRunner } from './scripts.ts';

const runner = new ProcessRunner();

async function sh(script: string, more: Partial<Command> = {}): Promise<{ result: CommandResult; lines: string[] }> {
  const lines: string[] = [];
  const onLine = (line: string, stream: string): void => void lines.push(`${stream}: ${line}`);
  const result = await runner.run({ argv: ['/bin/sh', '-c', script], env: { PATH: '/usr/bin:/bin' }, onLine, ...more });
  return { result, lines };
}

describe('ProcessRunner', () => {
  it.each([
    ['exit 0', { kind: 'exited', status: 0 }],
    ['exit 3', { kind: 'exited', status: 3 }],
    ['kill -KILL $$', { kind: 'signalled', signal: 'SIGKILL' }],
  ])('tells how `%s` ended', async (script, result) => {
    expect((await sh(script)).result).toEqual(result);
  });

  it.each([
    ['/no/such/program', 'No such file or directory'],
    ['/etc/passwd', 'Permission denied'],
    ['', ''],
  ])('tells why it cannot start %s', async (program, words) => {
    const result = await runner.run({ argv: [program], env: {} });
    expect(result).toMatchObject({ kind: 'not-started', reason: expect.stringContaining(words) });
  });

  it('gives the environment it was given and nothing else', async () => {
    const { lines } = await sh('/usr/bin/env', { env: { COMMON_NAME: 'a b\'"$(id)' } });
    expect(lines.filter((line) => !/^stdout: (PWD|_|SHLVL|OLDPWD)=/.test(line))).toEqual(['stdout: COMMON_NAME=a b\'"$(id)']);
  });

  it('passes arguments as they are', async () => {
    const lines: string[] = [];
    await runner.run({ argv: ['/bin/echo', '$(id)', '; exit', '*'], env: {}, onLine: (line) => lines.push(line) });
    expect(lines).toEqual(['$(id) ; exit *']);
  });

  it('tells lines of both streams, the last also without its end, long ones in pieces', async () => {
    const { lines } = await sh("echo one; echo two >&2; printf 'three\\r\\nfour'");
    expect(lines.toSorted()).toEqual(['stderr: two', 'stdout: four', 'stdout: one', 'stdout: three']);
    const long = await sh('head -c 10000 /dev/zero | tr "\\0" x');
    expect(long.lines.map((line) => line.length - 'stdout: '.length)).toEqual([4096, 4096, 1808]);
  });

  it('stops listening to one that talks too much', async () => {
    const { result, lines } = await sh('seq 5000');
    expect(result).toEqual({ kind: 'exited', status: 0 });
    expect(lines).toHaveLength(1000);
  });

  it('ends one that takes too long, with its children', async () => {
    const { result } = await sh('sleep 60 & sleep 60', { timeout: milliseconds(50) });
    expect(result).toEqual({ kind: 'timed-out' });
  });

  it('does not wait for a child that was left behind', async () => {
    const { result, lines } = await sh('echo started; sleep 2 &');
    expect(result).toEqual({ kind: 'exited', status: 0 });
    expect(lines).toEqual(['stdout: started']);
  });
});

describe('FakeRunner', () => {
  it('remembers and answers', async () => {
    const fake = new FakeRunner(({ argv }) => ({ kind: 'exited', status: argv.length }));
    expect(await fake.run({ argv: ['a', 'b'], env: {} })).toEqual({ kind: 'exited', status: 2 });
    expect(fake.commands).toEqual([{ argv: ['a', 'b'], env: {} }]);
  });
});
