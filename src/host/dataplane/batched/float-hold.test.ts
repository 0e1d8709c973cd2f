import { expect, it } from 'vitest';
import { FloatHold } from './float-hold.ts';

it('keeps the device unread until the engine answered, a moment at most, and not again and again', () => {
  const hold = new FloatHold();
  expect(hold.left(0)).toBe(0);
  hold.begin(1000);
  expect(hold.left(1000)).toBe(20);
  expect(hold.left(1019)).toBe(1);
  expect(hold.left(1020)).toBe(0);
  hold.begin(1100);
  expect(hold.left(1100)).toBe(0);
  hold.begin(1200);
  expect(hold.left(1201)).toBe(19);
  hold.end();
  expect(hold.left(1201)).toBe(0);
});
