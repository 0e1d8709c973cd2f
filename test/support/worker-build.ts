import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { importsOf, ROOT, textOf } from './sources.ts';

/**
 * A worker thread runs JavaScript, and tests run from the sources: this makes a module of the project and all that it imports
 * into JavaScript below `build/`, and gives where the module is then. Types are not looked at.
 */
export function builtWorker(path: string): URL {
  const known = built.get(path);
  if (known !== undefined) return known;
  const target = join(ROOT, 'build', 'worker');
  const done = new Set<string>();
  const build = (source: string): void => {
    if (done.has(source)) return;
    done.add(source);
    const text = textOf(source);
    write(join(target, source.replace(/\.ts$/, '.js')), transpiled(text));
    for (const imported of importsOf(source, text)) if (imported.endsWith('.ts')) build(imported);
  };
  build(path);
  const url = pathToFileURL(join(target, path.replace(/\.ts$/, '.js')));
  built.set(path, url);
  return url;
}

const built = new Map<string, URL>();

function transpiled(text: string): string {
  return ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  }).outputText;
}

/** Other processes may be doing the same: each file appears whole, and only when it changes. */
function write(file: string, text: string): void {
  try {
    if (readFileSync(file, 'utf8') === text) return;
  } catch {
    mkdirSync(dirname(file), { recursive: true });
  }
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
}
