import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, ROOT, textOf, withoutComments } from './support/sources.ts';

const MOST_LINES = 500;

/** Everything that git would hold, recordings left out: those are other programs' words. */
const texts = filesBelow('').filter((path) => !path.startsWith('test/golden/') && !path.endsWith('.tsbuildinfo'));
const sources = texts.filter((path) => path.endsWith('.ts'));
const packageJson = JSON.parse(textOf('package.json')) as { dependencies: Record<string, string>; exports: Record<string, string> };

/** Lines of a source that export something which no doc comment stands over. One covers overloads, and constants without a line between. */
function undocumented(source: string): string[] {
  const lines = source.split('\n');
  const found: string[] = [];
  let previousName = '';
  lines.forEach((line, index) => {
    const name = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) (\w+)/.exec(line)?.[1];
    if (name === undefined) return;
    const before = (lines[index - 1] ?? '').trimEnd();
    const covered =
      before.endsWith('*/') || name === previousName || (line.startsWith('export const') && before.startsWith('export const'));
    if (!covered) found.push(line);
    previousName = name;
  });
  return found;
}

/** The lines of a markdown page between a heading and the next of its level. */
function section(page: string, heading: string): string {
  const [, after] = `${textOf(page)}\n## `.split(`\n## ${heading}\n`);
  if (after === undefined) throw new Error(`${page} has no section ${heading}`);
  return after.slice(0, after.indexOf('\n## '));
}

describe('sources', () => {
  it(`are at most ${MOST_LINES} lines long`, () => {
    expect(sources.filter((path) => textOf(path).split('\n').length > MOST_LINES + 1)).toEqual([]);
  });

  it('say what every exported thing is', () => {
    const program = sources.filter((path) => /^(?:src|scripts|bench|test\/.*support)\//.test(path) && !path.endsWith('.test.ts'));
    expect(program.flatMap((path) => undocumented(textOf(path)).map((line) => `${path}: ${line}`))).toEqual([]);
  });

  it('leave nothing for later', () => {
    const marks = new RegExp(['TO', 'DO|FIX', 'ME|X', 'XX\\b|HA', 'CK\\b|not impl', 'emented'].join(''));
    expect(sources.filter((path) => marks.test(textOf(path)))).toEqual([]);
  });

  it('do not overrule the type checker or the linter without a reason beside it', () => {
    const suppression = /@ts-(?:ignore|nocheck|expect-error)|(?:oxlint|eslint)-disable(?!.*--)|biome-ignore(?!.*: )/;
    const cast = /\bas unknown as\b/;
    const own = 'test/conventions.test.ts';
    const overrules = (path: string): boolean => suppression.test(textOf(path)) || cast.test(withoutComments(textOf(path)));
    expect(sources.filter((path) => path !== own && overrules(path))).toEqual([]);
  });

  it('run no test alone and leave none out but by a condition', () => {
    const narrowed = /\b(?:it|test|describe)\.(?:only|skip|todo|fails)\b/;
    expect(sources.filter((path) => path.endsWith('.test.ts') && narrowed.test(textOf(path)))).toEqual([]);
  });

  it.each([
    ['export function a() {}', 1],
    ['/** A. */\nexport function a() {}', 0],
    ['/** A. */\nexport function a(x: string): void;\nexport function a(x: number): void;', 0],
    ['export const A = 1;', 1],
    ['/** Both. */\nexport const A = 1;\nexport const B = 2;', 0],
    ['/** A. */\nexport const A = 1;\n\nexport const B = 2;', 1],
    ['const a = 1;', 0],
    ["export { a } from './a.ts';", 0],
  ])('are judged rightly: %j', (source, count) => {
    expect(undocumented(source)).toHaveLength(count);
  });
});

describe('the package', () => {
  it('depends at run time on what docs/architecture.md gives a reason for, and on nothing else', () => {
    const reasoned = [...section('docs/architecture.md', 'Runtime dependencies').matchAll(/^\| `([^`]+)` \|/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(reasoned.toSorted()).toEqual(Object.keys(packageJson.dependencies).toSorted());
  });

  it('pins what it depends on', () => {
    expect(Object.values(packageJson.dependencies).filter((version) => !/^\d/.test(version))).toEqual([]);
  });

  it('exports faces that exist', () => {
    const source = (target: string): string => target.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
    expect(Object.values(packageJson.exports).filter((target) => !existsSync(join(ROOT, source(target))))).toEqual([]);
  });

  it('has a lock file that names no place to download from', () => {
    expect(textOf('package-lock.json')).not.toContain('"resolved"');
  });

  it('names no machine of its makers', () => {
    const places = new RegExp(
      [['/wo', 'rk/'], ['\\.\\./sh', 'ared'], ['registry\\.npm', 'js'], ['/root/\\w']].map((parts) => parts.join('')).join('|'),
    );
    expect(texts.filter((path) => places.test(textOf(path)))).toEqual([]);
  });
});

describe('the map, docs/map.md', () => {
  const map = textOf('docs/map.md');
  const folders = new Set(
    sources
      .filter((path) => path.startsWith('src/'))
      .flatMap((path) => {
        const [, first, second, third] = path.split('/');
        if (second === undefined) return [];
        return third === undefined ? [`src/${first}/`] : [`src/${first}/`, `src/${first}/${second}/`];
      }),
  );

  it('names every folder of src', () => {
    expect([...folders].filter((folder) => !map.includes(`\`${folder}\``))).toEqual([]);
  });

  it('names no path that is not there', () => {
    const named = [...map.matchAll(/`((?:src|test|docs|scripts|bench|\.ci)\/[\w./-]*)`/g)].map((match) => match[1] ?? '');
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it.each(['a directive', 'a management command', 'a message', 'a metric'])('says how to add %s', (what) => {
    expect(map).toContain(`### To add ${what}`);
  });
});
