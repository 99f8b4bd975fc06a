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
    ['no producer', JSON.stringify({ ...segment, producer: undefined })],
  ])('refuses %s', (_, text) => {
    expect(() => parse_control(text)).toThrow(ProtocolFault);
  });
});
