import { expect, it } from 'vitest';
import { FloatHold } from './float-hold.ts';

it('keeps the device unread until the engine answered, a moment at most', () => {
  const hold = new FloatHold();
  expect(hold.left(0)).toBe(0);
  hold.begin(1000);
  expect([hold.left(1000), hold.left(1099), hold.left(1100)]).toEqual([100, 1, 0]);
  hold.begin(2000);
  hold.end(2002);
  expect(hold.left(2002)).toBe(0);
});

it('never keeps it unread for more than a tenth of the time', () => {
  const hold = new FloatHold();
  hold.begin(1000);
  hold.begin(1500);
  hold.begin(1999);
  expect([hold.left(1500), hold.left(1999)]).toEqual([0, 0]);
  hold.begin(2000);
  hold.end(2002);
  hold.begin(2019);
  expect(hold.left(2019)).toBe(0);
  hold.begin(2020);
  expect(hold.left(2020)).toBe(100);
});
