// Binary messages of the stream: a run of records and the events in them.
import { describe, expect, it } from 'vitest';
import { embedding_event, run_message } from './build_messages';
import { for_each_event, parse_run, ProtocolFault } from './run_message';

const kEpoch = '0123456789abcdef';
const events = [1, 2, 3].map((x) => embedding_event({ x }, null));

function message(): ArrayBuffer {
  return run_message(kEpoch, 41, events);
}

describe('parse_run', () => {
  it('reads the header that the generated builder wrote', () => {
    const run = parse_run(message());
    expect(run.epoch).toBe(kEpoch);
    expect(run.first_sequence).toBe(41);
    expect(run.record_count).toBe(3);
  });

  it('keeps the leading zeros of an epoch', () => {
    expect(parse_run(run_message('00000000000000a0', 0, events)).epoch).toBe('00000000000000a0');
  });

  it('visits each event with its exact bytes', () => {
    const run = parse_run(message());
    const seen: Uint8Array[] = [];
    for_each_event(run, (start, end) => seen.push(new Uint8Array(run.buffer.slice(start, end))));
    expect(seen).toEqual(events);
  });

  it('reads sequences beyond 2^32', () => {
    expect(parse_run(run_message(kEpoch, 2 ** 40 + 5, events)).first_sequence).toBe(2 ** 40 + 5);
  });

  it('refuses a message cut off at any length', () => {
    const whole = message();
    for (let length = 0; length < whole.byteLength; length += 1) {
      expect(() => parse_run(whole.slice(0, length)), `${length} bytes`).toThrow(ProtocolFault);
    }
    expect(() => parse_run(whole)).not.toThrow();
  });

  it('refuses bytes after the last record', () => {
    const whole = new Uint8Array(message());
    const longer = new Uint8Array(whole.length + 8);
    longer.set(whole);
    new DataView(longer.buffer).setUint32(20, longer.length - 32, true);
    expect(() => parse_run(longer.buffer)).toThrow(/follow the last record/);
  });

  it.each([
    ['byte_length', 20, 8],
    ['a record_count too high', 16, 4],
    ['a record_count too low', 16, 2],
    ['a record_count of none', 16, 0],
    ['a record_count of 2^32-1', 16, 0xffffffff],
    ['a record size that reaches past the end', 32, 0x10000],
    ['a record size that wraps when padded', 32, 0xffffffff],
    ['the sequence of a record', 40, 43],
    ['the sequence of a record beyond 2^53', 44, 0x200000],
    ['first_sequence', 8, 40],
    ['first_sequence beyond 2^53', 12, 0xffffffff],
  ])('refuses a wrong %s', (_, offset, value) => {
    const lying = message();
    new DataView(lying).setUint32(offset, value, true);
    expect(() => parse_run(lying)).toThrow(ProtocolFault);
  });
});
