// How long the page waits before it connects again.
import { describe, expect, it } from 'vitest';
import { Backoff, kFirstDelayMs, kLongestDelayMs } from './backoff';

describe('Backoff', () => {
  it('doubles from the first delay to its cap', () => {
    const backoff = new Backoff(() => 1);
    const delays = Array.from({ length: 8 }, () => backoff.next_delay_ms());
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  });

  it('stays between half and all of a step, whatever the chance', () => {
    expect(new Backoff(() => 0).next_delay_ms()).toBe(kFirstDelayMs / 2);
    const backoff = new Backoff();
    for (let i = 0; i < 2000; i += 1) {
      const delay_ms = backoff.next_delay_ms();
      expect(delay_ms).toBeGreaterThanOrEqual(kFirstDelayMs / 2);
      expect(delay_ms).toBeLessThanOrEqual(kLongestDelayMs);
    }
  });

  it('spreads the pages that lost the same server', () => {
    const delays = new Set(Array.from({ length: 50 }, () => new Backoff().next_delay_ms()));
    expect(delays.size).toBeGreaterThan(40);
  });

  it('starts anew after a reset', () => {
    const backoff = new Backoff(() => 1);
    for (let i = 0; i < 5; i += 1) backoff.next_delay_ms();
    backoff.reset();
    expect(backoff.next_delay_ms()).toBe(kFirstDelayMs);
  });
});
