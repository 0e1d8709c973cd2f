import { getHeapSpaceStatistics } from 'node:v8';
import { expect, it } from 'vitest';
import { keepNewSpaceSmall } from './heap.ts';

function newSpace(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === 'new_space')?.space_size ?? Number.NaN;
}

it('keeps the space for new objects from growing under load', () => {
  keepNewSpaceSmall();
  const before = newSpace();
  let kept: object[] = [];
  for (let i = 0; i < 1_000_000; i++) {
    kept.push({ i, list: [i] });
    if (kept.length === 50_000) kept = [];
  }
  // Growing is doubling at least; a page more is what a collection under way needs.
  expect(newSpace()).toBeLessThan(before * 1.5);
});
