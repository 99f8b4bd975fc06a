// How numbers, durations and ages are written.
const kNumbers = new Intl.NumberFormat('en');

export function count_text(count: number): string {
  return kNumbers.format(count);
}

export function duration_text(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return `${kNumbers.format(Math.round(ms))} ms`;
}
