// How long to wait before the next attempt: doubling, with jitter, so that a thousand pages do not
// come back to a restarted server in the same instant.

export const kFirstDelayMs = 100;
export const kLongestDelayMs = 5000;

export class Backoff {
  private attempts_ = 0;

  constructor(private readonly random_: () => number = Math.random) {}

  /** Between half and all of the current step. */
  next_delay_ms(): number {
    const step = Math.min(kLongestDelayMs, kFirstDelayMs * 2 ** this.attempts_);
    this.attempts_ += 1;
    return step / 2 + (step / 2) * this.random_();
  }

  reset(): void {
    this.attempts_ = 0;
  }
}
