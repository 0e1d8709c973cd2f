import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '../base/secret.ts';
import { answeredBefore, backgroundReport, startInBackground } from './background.ts';

const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-background-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that says what it was given, and then what it is told to say. */
function program(end: string): readonly string[] {
  const path = join(folder, `${end.length}.cjs`);
  const script = `const fs = require('node:fs');
fs.writeFileSync(__filename + '.seen', JSON.stringify({ answers: fs.readFileSync(4, 'utf8'), argv: process.argv, env: process.env }));
${end}`;
  writeFileSync(path, script);
  return [process.execPath, path];
}

function seenBy(argv: readonly string[]): { answers: string; argv: string[]; env: Record<string, string> } {
  return JSON.parse(readFileSync(`${argv[1]}.seen`, 'utf8')) as ReturnType<typeof seenBy>;
}

const answers = new Map([['Enter Management Password:', new Secret('sesame')]]);

describe('starting in the background', () => {
  it('gives 0 once the program is ready, and answers by a pipe alone', async () => {
    const argv = program("fs.writeSync(3, 'ready\\n');");
    expect(await startInBackground({ argv, directory: folder, answers })).toBe(0);
    const { answers: said, argv: args, env } = seenBy(argv);
    expect(JSON.parse(said)).toEqual([['Enter Management Password:', 'sesame']]);
    expect(JSON.stringify([args, env])).not.toContain('sesame');
  });

  it('gives the status of a program that ends before', async () => {
    expect(await startInBackground({ argv: program('process.exit(7);'), directory: folder, answers })).toBe(7);
  });

  it('gives 1 for a program that is not there, and for one that reads nothing and is ended', async () => {
    expect(await startInBackground({ argv: [join(folder, 'none')], directory: folder, answers })).toBe(1);
    expect(await startInBackground({ argv: ['/bin/sh', '-c', 'kill -9 $$'], directory: folder, answers })).toBe(1);
  });

  it('is not taken for what did not happen', () => {
    expect(backgroundReport()).toBeUndefined();
    expect(answeredBefore('Enter Management Password:')).toBeUndefined();
  });
});
