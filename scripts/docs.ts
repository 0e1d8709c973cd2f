import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PAGES, pageText } from './reference.ts';

/** `npm run docs` writes the generated pages; with `-- --check` it changes nothing and fails when one is out of date. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const check = process.argv.includes('--check');

const stale = Object.keys(PAGES).filter((path) => {
  const file = resolve(root, path);
  const text = pageText(path);
  if (text === textOf(file)) return false;
  if (!check) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return true;
});

const verdict = check ? 'out of date (npm run docs)' : 'written';
for (const path of stale) process.stdout.write(`${path}: ${verdict}\n`);
process.exitCode = check && stale.length > 0 ? 1 : 0;

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
