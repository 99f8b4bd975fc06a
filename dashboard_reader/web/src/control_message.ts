// The text messages of the stream: one JSON object each, checked field by field. A type that this
// page does not know is passed over, so that servers can add some.
import { ProtocolFault } from './run_message';

export type Control = ReturnType<typeof parse_control>;
export type Segment = Of<'segment'>;
export type Gap = Of<'gap'>;
export type Beat = Of<'beat'>;

type Of<T extends Control['type']> = Readonly<Extract<Control, { type: T }>>;

const kProtocol = 1;

type Fields = Record<string, unknown>;

export function parse_control(text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolFault('a control message is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolFault('a control message is no JSON object');
  }
  const fields = value as Fields;
  switch (fields['type']) {
    case 'hello':
      if (fields['protocol'] !== kProtocol) {
        throw new ProtocolFault(
          `the server speaks protocol ${String(fields['protocol'])}, this page ${kProtocol}`,
        );
      }
      return { type: 'hello' as const, server: text_of(fields, 'server') };
    case 'segment':
      return {
        type: 'segment' as const,
        epoch: epoch_of(fields),
        channel: text_of(fields, 'channel'),
        producer: text_of(fields, 'producer'),
        ...window_of(fields),
        from: sequence_of(fields, 'from'),
      };
    case 'gap':
      return {
        type: 'gap' as const,
        epoch: epoch_of(fields),
        from: sequence_of(fields, 'from'),
        to: sequence_of(fields, 'to'),
        reason: text_of(fields, 'reason'),
      };
    case 'live':
      return { type: 'live' as const };
    // The epoch is no longer there, or its name holds another one.
    case 'ended':
      return { type: 'ended' as const, epoch: epoch_of(fields) };
    case 'beat':
      return beat_of(fields);
    default:
      return { type: 'unknown' as const };
  }
}

/** A sign of life, with what became of the segments since the one before it. */
function beat_of(fields: Fields) {
  // Whether all segments of this connection are in it.
  const { full, now_ns, segments } = fields;
  if (typeof full !== 'boolean') throw new ProtocolFault('beat: full is neither true nor false');
  if (!Array.isArray(segments)) throw new ProtocolFault('beat: segments is no array');
  // A number keeps it to a quarter of a microsecond, and ages are shown in seconds.
  const is_clock = typeof now_ns === 'string' && /^[0-9]{1,20}$/.test(now_ns);
  /** The server's clock; NaN where it does not say. */
  const now_ms = is_clock ? Number(now_ns) / 1e6 : NaN;
  return { type: 'beat' as const, full, now_ms, segments: segments.map(state_of) };
}

function state_of(entry: unknown) {
  if (typeof entry !== 'object' || entry === null) {
    throw new ProtocolFault('beat: a segment is no object');
  }
  const fields: Fields = { ...entry, type: 'beat' };
  // Whether a producer holds it; null where that cannot be known.
  const { live } = fields;
  if (live !== null && typeof live !== 'boolean') {
    throw new ProtocolFault('beat: live is neither true, false nor null');
  }
  return { epoch: epoch_of(fields), ...window_of(fields), live };
}

/** What is retained: [oldest, next). */
function window_of(fields: Fields): { oldest: number; next: number } {
  const oldest = sequence_of(fields, 'oldest');
  const next = sequence_of(fields, 'next');
  if (oldest > next) throw new ProtocolFault(`${fields['type']}: oldest is beyond next`);
  return { oldest, next };
}

function text_of(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new ProtocolFault(`${fields['type']}: ${name} is no string`);
  return value;
}

function epoch_of(fields: Fields): string {
  const value = text_of(fields, 'epoch');
  if (!/^[0-9a-f]{16}$/.test(value)) {
    throw new ProtocolFault(`${fields['type']}: epoch is not 16 hex digits`);
  }
  return value;
}

function sequence_of(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new ProtocolFault(`${fields['type']}: ${name} is no sequence`);
  }
  return value;
}
