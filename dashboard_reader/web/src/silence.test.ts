// What counts as silence of a server, and what is only a page that was not awake.
import { beforeEach, describe, expect, it } from 'vitest';
import { kPatienceMs, kSilentMs, kTickMs, Silence } from './silence';

let silence: Silence;
let now_ms: number;

beforeEach(() => {
  silence = new Silence();
  now_ms = 5000;
  silence.heard(now_ms);
});

function ticks(count: number, every_ms = kTickMs): void {
  for (let i = 0; i < count; i += 1) silence.tick((now_ms += every_ms));
}

describe('Silence', () => {
  it('begins after some seconds without a message, and ends with the next one', () => {
    ticks(kSilentMs / kTickMs - 1);
    expect(silence.is_silent).toBe(false);
    ticks(1);
    expect(silence.is_silent).toBe(true);
    silence.heard(now_ms);
    expect(silence.is_silent).toBe(false);
  });

  it('does not count the hours that a laptop slept, nor a long task before a late tick', () => {
    ticks(2);
    ticks(1, 3_600_000);
    expect(silence.is_silent).toBe(false);
    ticks(2);
    expect(silence.is_silent).toBe(true);
  });

  it('is not found sooner in a hidden tab whose timers come once a minute', () => {
    ticks(3, 60_000);
    expect(silence.is_silent).toBe(false);
    ticks(1, 60_000);
    expect(silence.is_silent).toBe(true);
  });

  it('is not counted backwards by a clock that goes backwards', () => {
    ticks(4);
    ticks(1, -10_000);
    ticks(1);
    expect(silence.is_silent).toBe(true);
  });

  it('of a connection that carries a record longer than its patience does not recur for ever', () => {
    const attempts = [];
    for (;;) {
      silence.heard(now_ms);
      ticks(35); // What the record takes to arrive.
      attempts.push(silence.is_over);
      if (!silence.is_over) break;
      silence.give_up();
    }
    expect(attempts).toEqual([true, true, false]);
    // The next such record comes at the first attempt.
    silence.heard(now_ms, 30e6);
    silence.settle();
    ticks(35);
    expect(silence.is_over).toBe(false);
  });

  it('that a short message ends teaches no patience', () => {
    ticks(9);
    silence.heard(now_ms, 100);
    silence.settle();
    ticks(kPatienceMs / kTickMs);
    expect(silence.is_over).toBe(true);
  });
});
