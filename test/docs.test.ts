import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PAGES, pageText } from '../scripts/reference.ts';
import { DIFFERENCES } from '../src/base/differences.ts';
import { METRICS, sampleName } from '../src/telemetry/index.ts';
import { CAUSES, metricOf, moversOf, UNMOVED } from './interop/support/causes.ts';
import { filesBelow, ROOT, textOf } from './support/sources.ts';

describe('the generated pages', () => {
  it.each(Object.keys(PAGES))('%s says what the tables say', (path) => {
    // npm run docs writes them.
    expect(textOf(path)).toBe(pageText(path));
  });

  it('are all that docs/reference holds', () => {
    expect(filesBelow('docs/reference')).toEqual(Object.keys(PAGES).toSorted());
  });

  it('name tests that exist', () => {
    expect(DIFFERENCES.filter((row) => !existsSync(join(ROOT, row.test))).map((row) => `${row.id}: ${row.test}`)).toEqual([]);
  });

  it('list each difference once', () => {
    expect(new Set(DIFFERENCES.map((row) => row.id)).size).toBe(DIFFERENCES.length);
  });
});

/** Relative links of a page, without their anchors. */
function linksOf(page: string): string[] {
  return [...textOf(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] ?? '');
}

describe('the table of what moved each metric', () => {
  it('has every metric, and tells why of few', () => {
    // A new one needs a cause in test/interop/support/causes.ts, which metrics-move.test.ts provokes.
    expect(METRICS.map(sampleName).filter((name) => moversOf(name) === undefined)).toEqual([]);
    expect(Object.keys(UNMOVED).length).toBeLessThanOrEqual(6);
  });

  it('has no other', () => {
    const names = new Set(METRICS.map(sampleName));
    const told = [...Object.values(CAUSES).flatMap(({ moves }) => moves.map(({ sample }) => metricOf(sample))), ...Object.keys(UNMOVED)];
    expect(told.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe('links between pages', () => {
  const pages = [...filesBelow('docs'), 'README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter((path) => path.endsWith('.md'));
  it.each(pages)('of %s lead to files', (page) => {
    const folder = page.split('/').slice(0, -1).join('/');
    expect(linksOf(page).filter((link) => !existsSync(join(ROOT, folder, link)))).toEqual([]);
  });
});
