import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout, also for the compiled tools, which lie deeper. */
export const ROOT = rootAbove(dirname(fileURLToPath(import.meta.url)));

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder));
}

/** Folders that hold nothing of ours: installed, built or recorded. */
const NOT_OURS = new Set(['node_modules', 'dist', 'build', 'coverage', '.git']);

/** Paths, relative to the root with `/` between parts, of all files below `folder` that belong to the project. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory() && !NOT_OURS.has(entry.name)) found.push(...filesBelow(path));
    if (entry.isFile() && !entry.name.endsWith('.tgz')) found.push(path);
  }
  return found.toSorted();
}

/** The text of a file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Source text with comments blanked out, line ends kept. Good enough for looking for names: strings stay as they are. */
export function withoutComments(source: string): string {
  const blank = (comment: string): string => comment.replace(/[^\n]/g, ' ');
  return source
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/(^|[^:'"`\\])\/\/[^\n]*/g, (whole, before: string) => before + blank(whole.slice(before.length)));
}

/** What a module imports: relative paths resolved against the root, others as written. Types count too. */
export function importsOf(path: string, source: string = textOf(path)): string[] {
  const found: string[] = [];
  const statement = /(?:^|\n)\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;
  for (const [, fromStatement, fromCall] of withoutComments(source).matchAll(statement)) {
    const target = fromStatement ?? fromCall ?? '';
    found.push(target.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(path), target)) : target);
  }
  return found;
}
