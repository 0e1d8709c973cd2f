import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../host/clock.ts';
import { HeldFiles } from '../host/files.ts';
import { Notes } from '../messages/notes.ts';
import { PeriodicFile } from './state-files.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-state-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A file whose content says how often it was made, and when. */
function counted(everySeconds: number) {
  const clock = new ManualClock();
  const made: number[] = [];
  function* content(): Generator<void, Uint8Array, void> {
    made.push(clock.now().at);
    yield;
    return Buffer.from(String(made.length));
  }
  const path = join(folder, 'status');
  const file = new PeriodicFile(path, everySeconds, content, { clock, notes: new Notes(15, () => undefined), held: new HeldFiles() });
  return { clock, made, file, path };
}

describe('PeriodicFile', () => {
  it('is made at the start, after the first second, and in its interval', async () => {
    const { clock, made, file } = counted(10);
    file.start();
    clock.advance(35_000);
    expect(made).toEqual([0, 1000, 11_000, 21_000, 31_000]);
    await file.stop();
  });

  it('is made at once for a change, and at most once a second however many there are', async () => {
    const { clock, made, file, path } = counted(3600);
    file.start();
    clock.advance(1500);
    made.length = 0;
    for (let ms = 0; ms < 5000; ms += 10) {
      file.writeSoon();
      clock.advance(10);
    }
    expect(made).toEqual([1500, 2500, 3500, 4500, 5500, 6500]);
    // The last change is not lost.
    file.writeSoon();
    clock.advance(999);
    expect(made).toHaveLength(6);
    clock.advance(10_000);
    expect(made.slice(6)).toEqual([7500]);
    await file.stop();
    expect(readFileSync(path, 'utf8')).toBe('8');
  });

  it('of 0 seconds is made at the end alone', async () => {
    const { clock, made, file, path } = counted(0);
    file.start();
    file.writeSoon();
    clock.advance(60_000);
    expect(made).toEqual([]);
    await file.stop();
    expect(readFileSync(path, 'utf8')).toBe('1');
  });
});
