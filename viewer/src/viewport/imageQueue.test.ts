import { describe, expect, it, vi } from 'vitest';
import { ImageQueue } from './imageQueue';

function queue(load: (index: number) => Promise<void>, hasRoom = () => true, timeoutMs?: number) {
  return new ImageQueue({
    load,
    explain: (error) => ({ reason: 'broken', detail: String(error) }),
    onChange: () => undefined,
    hasRoom,
    parallel: 1,
    timeoutMs,
  });
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('the image queue', () => {
  it('loads the wanted image first and then outward from it', async () => {
    const order: number[] = [];
    const images = queue(async (index) => {
      order.push(index);
    });
    images.restart(6, 3);
    await images.want(3);
    images.prefetch();
    await settled();
    expect(order).toEqual([3, 4, 2, 5, 1, 0]);
    expect(images.loaded.size).toBe(6);
  });

  it('keeps a failure and goes on with the others, and tries again when asked', async () => {
    let isBroken = true;
    const images = queue((index) =>
      index === 1 && isBroken ? Promise.reject(new Error('no')) : Promise.resolve(),
    );
    images.restart(3, 0);
    await images.want(0);
    images.prefetch();
    await settled();
    expect([...images.failures.keys()]).toEqual([1]);
    isBroken = false;
    await images.want(1);
    expect(images.failures.size).toBe(0);
  });

  it('gives up on an image that never settles', async () => {
    const images = queue(
      () => new Promise(() => undefined),
      () => true,
      10,
    );
    images.restart(1, 0);
    await expect(images.want(0)).rejects.toThrow('not loaded within');
    expect(images.failures.get(0)?.reason).toBe('broken');
  });

  it('fetches ahead only while there is room', async () => {
    const images = queue(
      () => Promise.resolve(),
      () => false,
    );
    images.restart(3, 0);
    await images.want(0);
    images.prefetch();
    await settled();
    expect(images.loaded.size).toBe(1);
  });

  it('does not count what was still loading for the series before', async () => {
    let release: () => void = () => undefined;
    const images = queue(
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    );
    images.restart(2, 0);
    const old = images.want(0);
    images.restart(5, 0);
    release();
    await old;
    expect(images.loaded.size).toBe(0);
  });

  it('waits while the archive does not answer, and goes on by itself when it does', async () => {
    vi.useFakeTimers();
    let asked = 0;
    let isOff = true;
    const images = new ImageQueue({
      load: async () => {
        asked += 1;
        if (isOff) throw new Error('off');
      },
      explain: () => ({ reason: 'off', detail: '', isUnreachable: true }),
      onChange: () => undefined,
      hasRoom: () => true,
      parallel: 2,
    });
    images.restart(100, 0);
    images.prefetch();
    await vi.advanceTimersByTimeAsync(900);
    expect(asked).toBe(2);
    await vi.advanceTimersByTimeAsync(600);
    expect(asked).toBe(4);
    isOff = false;
    await vi.advanceTimersByTimeAsync(9000);
    expect(images.loaded.size).toBe(100);
    expect(images.failures.size).toBe(0);
    vi.useRealTimers();
  });
});
