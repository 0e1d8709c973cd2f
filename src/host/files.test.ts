import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FileWatch, HeldFiles, readTextFile, readWholeFile, StateFile, writeWholeFile } from './files.ts';

let root: string;
let folder: string;
let count = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tunnelscope-files-'));
});

beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

afterAll(() => rmSync(root, { recursive: true }));

describe('reading', () => {
  it('gives the whole content, without a byte order mark', () => {
    const path = join(folder, 'a');
    writeFileSync(path, `\ufeff${'x'.repeat(200_000)}`);
    expect(readTextFile(path)).toBe('x'.repeat(200_000));
    expect(readWholeFile(path)).toHaveLength(200_003);
  });

  it('refuses what is too large, a folder, and what is not there, by name', () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'x'.repeat(11));
    expect(readWholeFile(path, 11)).toHaveLength(11);
    expect(() => readWholeFile(path, 10)).toThrow(`cannot read ${path}: it holds more than 10 bytes`);
    expect(() => readWholeFile(folder)).toThrow(`cannot read ${folder}: it is a directory`);
    expect(() => readWholeFile(join(folder, 'b'))).toThrow('b: No such file or directory (errno=2)');
    expect(() => readWholeFile('/dev/zero', 1000)).toThrow('more than 1000 bytes');
  });
});

describe('FileWatch', () => {
  it('tells each change once', () => {
    const path = join(folder, 'crl.pem');
    writeFileSync(path, 'one');
    const watch = new FileWatch(path);
    expect(watch.look()).toBe('same');
    utimesSync(path, 1, 1);
    expect([watch.look(), watch.look()]).toEqual(['changed', 'same']);
    writeFileSync(join(folder, 'new'), 'two');
    utimesSync(join(folder, 'new'), 1, 1);
    renameSync(join(folder, 'new'), path);
    expect([watch.look(), watch.look()]).toEqual(['changed', 'same']);
    rmSync(path);
    expect([watch.look(), watch.look()]).toEqual(['missing', 'missing']);
  });

  it('waits for a file that is not there yet', () => {
    const watch = new FileWatch(join(folder, 'later'));
    expect(watch.look()).toBe('missing');
    writeFileSync(join(folder, 'later'), '');
    expect([watch.look(), watch.look()]).toEqual(['changed', 'same']);
  });
});

describe('writeWholeFile', () => {
  it('makes a file for its owner, and leaves nothing beside it', async () => {
    const path = join(folder, 'status');
    await writeWholeFile(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['status']);
  });

  it('replaces a file, keeping its mode and what readers hold open', async () => {
    const path = join(folder, 'status');
    writeFileSync(path, 'old');
    chmodSync(path, 0o644);
    const inode = statSync(path).ino;
    await writeWholeFile(path, 'new', { mode: 0o600 });
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(statSync(path).ino).not.toBe(inode);
  });

  it('writes through a link', async () => {
    writeFileSync(join(folder, 'real'), 'old');
    symlinkSync('real', join(folder, 'link'));
    await writeWholeFile(join(folder, 'link'), 'new');
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new');
    expect(statSync(join(folder, 'link')).ino).toBe(statSync(join(folder, 'real')).ino);
  });

  it('does not replace a device', async () => {
    await writeWholeFile('/dev/null', 'gone');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  it("says in the system's words why it cannot", async () => {
    await expect(writeWholeFile(join(folder, 'none', 'status'), 'x')).rejects.toMatchObject({
      code: 'FILE',
      message: `cannot write ${join(folder, 'none', 'status')}: No such file or directory (errno=2)`,
    });
    await expect(writeWholeFile(folder, 'x')).rejects.toMatchObject({ code: 'FILE' });
    expect(existsSync(folder)).toBe(true);
  });
});

describe('StateFile', () => {
  it('writes the latest of what came meanwhile', async () => {
    const path = join(folder, 'status');
    const file = new StateFile(path, (error) => expect.unreachable(String(error)));
    for (let i = 0; i < 100; i++) file.write(String(i));
    await file.settled();
    expect(readFileSync(path, 'utf8')).toBe('99');
    file.write('again');
    await file.settled();
    expect(readFileSync(path, 'utf8')).toBe('again');
  });

  it('goes on after a failure', async () => {
    const failures: unknown[] = [];
    const file = new StateFile(join(folder, 'later', 'status'), (error) => failures.push(error));
    file.write('one');
    await file.settled();
    expect(failures).toHaveLength(1);
    mkdirSync(join(folder, 'later'));
    file.write('two');
    await file.settled();
    expect(readFileSync(join(folder, 'later', 'status'), 'utf8')).toBe('two');
  });
});

describe('HeldFiles', () => {
  it('writes by name as long as that goes, and into the open file when it does not', async () => {
    const path = join(folder, 'held', 'status');
    mkdirSync(join(folder, 'held'));
    const held = new HeldFiles();
    await held.write(path, 'one, which is long\n');
    await held.hold(path);
    const inode = statSync(path).ino;
    // Nobody may make files in a folder that is gone by its name.
    renameSync(join(folder, 'held'), join(folder, 'away'));
    await held.write(path, 'two\n');
    const moved = join(folder, 'away', 'status');
    expect([readFileSync(moved, 'utf8'), statSync(moved).ino]).toEqual(['two\n', inode]);
    expect(await held.read(path)).toBe('two\n');
    await held.close();
    await expect(held.write(path, 'three\n')).rejects.toThrow('No such file or directory');
    expect(await held.read(path)).toBeUndefined();
  });

  it('makes what is not there, once', async () => {
    const path = join(folder, 'made');
    const held = new HeldFiles();
    await held.hold(path);
    await held.hold(path);
    expect(await held.read(path)).toBe('');
    await held.close();
  });

  it('holds nothing but regular files, and says at the write what is wrong', async () => {
    const held = new HeldFiles();
    await held.hold('/dev/null');
    await held.hold(join(folder, 'nowhere', 'x'));
    expect(await held.read('/dev/null')).toBeUndefined();
    await expect(held.write(join(folder, 'nowhere', 'x'), '')).rejects.toThrow('No such file or directory');
    await held.close();
  });
});
