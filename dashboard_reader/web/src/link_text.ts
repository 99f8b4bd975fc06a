// What is said of the way to the dashboard and of the producers behind it.
import type { Model } from './model';
import { source_state } from './source_list';
import type { Stream } from './stream';
import { span_text } from './wording';

/** `gone`: each producer is; `none`: there is no segment; `live`: some may be there. */
export type ProducersState = 'none' | 'gone' | 'live';

export function producers_state(model: Model): ProducersState {
  const { sources } = model;
  if (sources.length === 0) return 'none';
  return sources.every((source) => source_state(source, true) === 'gone') ? 'gone' : 'live';
}

/** The badge. */
export function link_text(stream: Stream, producers: ProducersState, now_ms: number): string {
  switch (stream.state) {
    case 'live':
      return producers === 'gone' ? 'producer gone' : 'live';
    case 'silent': // Since never, where there was not even a hello.
      if (stream.heard_at_ms === 0) return 'silent';
      return `silent for ${span_text(now_ms - stream.heard_at_ms)}`;
    case 'reconnecting': {
      if (stream.retry_at_ms === 0) return 'reconnecting';
      const seconds = Math.max(0, stream.retry_at_ms - now_ms) / 1000;
      return `reconnecting in ${Math.ceil(seconds)} s`;
    }
    default:
      return stream.state;
  }
}

/** How old the picture may be; '' while the dashboard is heard. */
export function stale_text(stream: Stream, now_ms: number): string {
  if (stream.state !== 'silent' && stream.state !== 'reconnecting') return '';
  if (stream.heard_at_ms === 0) return '';
  return `Nothing heard from the dashboard for ${span_text(now_ms - stream.heard_at_ms)}`;
}
