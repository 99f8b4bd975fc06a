// How numbers, durations, ages and times are written.
const kNumbers = new Intl.NumberFormat('en');

export function count_text(count: number): string {
  return kNumbers.format(count);
}

export function duration_text(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return `${kNumbers.format(Math.round(ms))} ms`;
}

/** `12 s`, `4 min`, `3 h`, `5 days`: whole ones, rounded down. */
export function span_text(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${count_text(Math.floor(seconds / 86400))} days`;
}

const kClocksDifferMs = 2000;

/** How old an event is; '' where that is not known. */
export function age_text(age_ms: number): string {
  if (Number.isNaN(age_ms)) return '';
  // Only by a clock that leapt, or that of another machine.
  if (age_ms < -kClocksDifferMs) return `stamped ${span_text(-age_ms)} ahead of now`;
  return `${span_text(Math.max(0, age_ms))} ago`;
}

const kTimes = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** `14:03:12`, where the viewer is. */
export function time_text(wall_ms: number): string {
  return kTimes.format(wall_ms);
}
