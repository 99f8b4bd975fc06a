// The text messages of the stream: one JSON object each, checked field by field. A type that this
// page does not know is passed over, so that servers can add some.
import { ProtocolFault } from './run_message';

export interface Hello {
  readonly type: 'hello';
  readonly server: string;
}

export interface Segment {
  readonly type: 'segment';
  readonly epoch: string;
  readonly channel: string;
  readonly producer: string;
  readonly from: number;
}

export interface Gap {
  readonly type: 'gap';
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface Live {
  readonly type: 'live';
}

export interface Unknown {
  readonly type: 'unknown';
}

export type Control = Hello | Segment | Gap | Live | Unknown;

const kProtocol = 1;

export function parse_control(text: string): Control {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolFault('a control message is no JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolFault('a control message is no JSON object');
  }
  const fields = value as Record<string, unknown>;
  switch (fields['type']) {
    case 'hello':
      if (fields['protocol'] !== kProtocol) {
        throw new ProtocolFault(
          `the server speaks protocol ${String(fields['protocol'])}, this page ${kProtocol}`,
        );
      }
      return { type: 'hello', server: text_of(fields, 'server') };
    case 'segment':
      return {
        type: 'segment',
        epoch: epoch_of(fields),
        channel: text_of(fields, 'channel'),
        producer: text_of(fields, 'producer'),
        from: sequence_of(fields, 'from'),
      };
    case 'gap':
      return {
        type: 'gap',
        epoch: epoch_of(fields),
        from: sequence_of(fields, 'from'),
        to: sequence_of(fields, 'to'),
        reason: text_of(fields, 'reason'),
      };
    case 'live':
      return { type: 'live' };
    default:
      return { type: 'unknown' };
  }
}

function text_of(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new ProtocolFault(`${fields['type']}: ${name} is no string`);
  return value;
}

function epoch_of(fields: Record<string, unknown>): string {
  const value = text_of(fields, 'epoch');
  if (!/^[0-9a-f]{16}$/.test(value)) {
    throw new ProtocolFault(`${fields['type']}: epoch is not 16 hex digits`);
  }
  return value;
}

function sequence_of(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new ProtocolFault(`${fields['type']}: ${name} is no sequence`);
  }
  return value;
}
