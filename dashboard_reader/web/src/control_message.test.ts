// Control messages of the stream, right and wrong.
import { describe, expect, it } from 'vitest';
import { parse_control } from './control_message';
import { ProtocolFault } from './run_message';

const segment = {
  type: 'segment',
  epoch: '00ff00ff00ff00ff',
  channel: 'embedding',
  producer: 'knn',
  schema: 'RSEV',
  oldest: 3,
  next: 9,
  from: 3,
};

const state = { epoch: segment.epoch, oldest: 3, next: 9, live: null };
const beat = { type: 'beat', full: true, now_ns: '1795478400123456000', segments: [state] };

describe('parse_control', () => {
  it('reads each kind that the page acts on', () => {
    expect(parse_control('{"type":"hello","protocol":1,"server":"ringside/1"}')).toEqual({
      type: 'hello',
      server: 'ringside/1',
    });
    expect(parse_control(JSON.stringify(segment))).toMatchObject({ producer: 'knn', from: 3 });
    expect(
      parse_control('{"type":"gap","epoch":"00ff00ff00ff00ff","from":1,"to":4,"reason":"reset"}'),
    ).toMatchObject({ type: 'gap', from: 1, to: 4, reason: 'reset' });
    expect(parse_control('{"type":"live"}')).toEqual({ type: 'live' });
    const { epoch } = segment;
    const ended = { type: 'ended', epoch, channel: 'embedding', producer: 'knn' };
    expect(parse_control(JSON.stringify(ended))).toEqual({ type: 'ended', epoch });
    expect(parse_control(JSON.stringify(beat))).toEqual({
      type: 'beat',
      full: true,
      now_ms: 1795478400123.456,
      segments: beat.segments,
    });
    expect(parse_control('{"type":"beat","full":false,"segments":[]}')).toMatchObject({
      now_ms: NaN,
    });
  });

  it('passes over a kind that a later server may add', () => {
    expect(parse_control('{"type":"weather"}')).toEqual({ type: 'unknown' });
  });

  it.each([
    ['no JSON', 'live'],
    ['an array', '[]'],
    ['null', 'null'],
    ['another protocol', '{"type":"hello","protocol":2,"server":"x"}'],
    ['a short epoch', JSON.stringify({ ...segment, epoch: 'abc' })],
    ['an epoch as a number', JSON.stringify({ ...segment, epoch: 12 })],
    ['a sequence as a string', JSON.stringify({ ...segment, from: '3' })],
    ['a negative sequence', JSON.stringify({ ...segment, from: -1 })],
    ['a broken sequence', JSON.stringify({ ...segment, from: 1.5 })],
    ['a sequence beyond 2^53', JSON.stringify({ ...segment, from: 2 ** 53 })],
    ['a window that ends before it begins', JSON.stringify({ ...segment, oldest: 10 })],
    ['a beat without segments', JSON.stringify({ ...beat, segments: undefined })],
    ['a beat that is neither full nor not', JSON.stringify({ ...beat, full: 1 })],
    ['a beat of null', JSON.stringify({ ...beat, segments: [null] })],
    ['a beat of no epoch', JSON.stringify({ ...beat, segments: [{ ...state, epoch: '' }] })],
    ['a beat without next', JSON.stringify({ ...beat, segments: [{ ...state, next: '9' }] })],
    ['a beat with live as text', JSON.stringify({ ...beat, segments: [{ ...state, live: 'no' }] })],
    ['no producer', JSON.stringify({ ...segment, producer: undefined })],
  ])('refuses %s', (_, text) => {
    expect(() => parse_control(text)).toThrow(ProtocolFault);
  });
});
