import { expect, it } from 'vitest';
import { StepGestures } from './stepGestures';

const wheel = (deltaY: number, deltaMode = 0) => ({ deltaY, deltaMode }) as WheelEvent;

it('a notch of the wheel is one image, however large', () => {
  const gestures = new StepGestures();
  expect(
    [wheel(100), wheel(120), wheel(-53), wheel(3, 1)].map((one) => gestures.wheel(one)),
  ).toEqual([1, 1, -1, 1]);
});

it('small movements of a touch pad add up, and turning round starts anew', () => {
  const gestures = new StepGestures();
  const steps = [20, 20, 20, 40, -20, -20, -25].map((delta) => gestures.wheel(wheel(delta)) + 0);
  expect(steps).toEqual([0, 0, 1, 0, 0, 0, -1]);
});

it('a drag over the height of the view goes through a large stack', () => {
  const gestures = new StepGestures();
  let images = 0;
  for (let moved = 0; moved < 500; moved += 5) images += gestures.drag(5, 500, 200);
  expect(Math.abs(images - 200)).toBeLessThanOrEqual(1);
  expect(new StepGestures().drag(20, 500, 3)).toBe(0);
});
