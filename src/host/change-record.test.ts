import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChangeRecord } from './change-record.ts';

let folder = '';
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'tunnelscope-records-')), 'records');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

/** The record of a process that has died since. */
async function died(changes: unknown): Promise<string> {
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  new ChangeRecord(pid, folder).write(changes);
  child.kill('SIGKILL');
  await once(child, 'exit');
  return join(folder, `${pid}.json`);
}

describe('a record of changes', () => {
  it('is nobody else’s to read, and goes when nothing is changed any more', () => {
    const record = new ChangeRecord(process.pid, folder);
    record.write({ a: 1 });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, `${process.pid}.json`)).mode & 0o777).toBe(0o600);
    record.write(undefined);
    expect(readdirSync(folder)).toEqual([]);
    record.write(undefined);
  });

  it('of a process that lives is left alone', () => {
    new ChangeRecord(process.pid, folder).write({ a: 1 });
    expect(ChangeRecord.takeLeft(folder)).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  it('of a process that died is told once', async () => {
    await died({ a: 1 });
    expect(ChangeRecord.takeLeft(folder)).toEqual([{ a: 1 }]);
    expect(ChangeRecord.takeLeft(folder)).toEqual([]);
  });

  it.each([
    ['an earlier boot is forgotten', { boot: 'x' }, 0],
    ['another network stays for whoever starts there', { network: 'net:[1]' }, 1],
  ])('of %s', async (_, change, left) => {
    const path = await died({ a: 1 });
    writeFileSync(path, JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...change }));
    expect(ChangeRecord.takeLeft(folder)).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(left);
  });

  it('that makes no sense, or is not there, tells nothing', () => {
    expect(ChangeRecord.takeLeft(folder)).toEqual([]);
    mkdirSync(folder);
    for (const [name, text] of [
      ['1.json', '{'],
      ['2.json', 'null'],
      ['3.json', '{"boot":"x"}'],
      ['4.txt', '{"changes":{}}'],
      ['5.json', ' '.repeat(5_000_000)],
    ] as const)
      writeFileSync(join(folder, name), text);
    expect(ChangeRecord.takeLeft(folder)).toEqual([]);
  });

  it('is done without where it cannot be written', () => {
    writeFileSync(folder, 'a file');
    new ChangeRecord(process.pid, folder).write({ a: 1 });
    expect(readFileSync(folder, 'utf8')).toBe('a file');
  });
});
