// The stream over a scripted socket: what it asks for, and what it does when a connection ends.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { embedding_event, run_message } from './build_messages';
import type { Model } from './model';
import {
  A,
  type ScriptedSocket,
  ScriptedStream,
  beat,
  ended,
  gap,
  kHello,
  kLive,
  run,
  segment,
} from './scripted_stream';
import { stream_url, type Stream } from './stream';

let scripted: ScriptedStream;
let sockets: ScriptedSocket[];
let model: Model;
let asked: string[];
let stream: Stream;

const last = () => scripted.last();

beforeEach(() => {
  vi.useFakeTimers();
  scripted = new ScriptedStream();
  ({ sockets, model, asked } = scripted);
  stream = scripted.new_stream();
  stream.connect();
});

afterEach(() => vi.useRealTimers());

describe('Stream', () => {
  it('goes from connecting over replaying to live', () => {
    expect(stream.state).toBe('connecting');
    last().open(kHello, segment(0), run(0, 3));
    expect(stream.state).toBe('replaying');
    expect(stream.replay_ms).toBe(-1);
    last().say(kLive);
    expect(stream.state).toBe('live');
    expect(stream.replay_ms).toBeGreaterThanOrEqual(0);
    expect(model.points).toBe(3);
    expect(last().binaryType).toBe('arraybuffer');
  });

  it.each([1000, 1001, 1006, 1008, 4000, 4001])('resumes after a close with %i', (code) => {
    last().open(kHello, segment(0), run(0, 3), kLive);
    last().end(code);
    expect(stream.state).toBe('reconnecting');
    expect(stream.trouble).not.toBe('');
    vi.advanceTimersByTime(99);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
    expect(last().url).toContain(`resume=${A}:3`);
    last().open(kHello, segment(3), run(3, 2), kLive);
    expect(stream.state).toBe('live');
    expect(stream.trouble).toBe('');
    expect(model.events).toBe(5);
    expect(model.points).toBe(5);
    expect(stream.connects).toBe(2);
    expect(stream.cursors.doubled).toBe(0);
  });

  it('waits longer each time until it is live again', () => {
    for (const delay_ms of [100, 200, 400]) {
      last().end(1006);
      const before = sockets.length;
      vi.advanceTimersByTime(delay_ms - 1);
      expect(sockets).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(sockets).toHaveLength(before + 1);
    }
    last().open(kHello, segment(0));
    last().end(1006); // Open, but never live: no reset.
    vi.advanceTimersByTime(799);
    expect(sockets).toHaveLength(4);
    vi.advanceTimersByTime(1);
    last().open(kHello, segment(0), kLive);
    last().end(1006);
    vi.advanceTimersByTime(100);
    expect(sockets).toHaveLength(6);
  });

  it('refuses sequences that come twice, keeps its points and resumes where it was', () => {
    last().open(kHello, segment(0), run(0, 3), run(2, 2));
    expect(last().closed).toBe(true);
    expect(stream.state).toBe('reconnecting');
    expect(stream.trouble).toMatch(/came twice/);
    expect(stream.cursors.doubled).toBe(1);
    expect(model.events).toBe(3);
    vi.advanceTimersByTime(100);
    expect(last().url).toContain(`resume=${A}:3`);
  });

  it('takes nothing of a message that is torn, nor anything after it', () => {
    last().open(kHello, segment(0), run(0, 3), run(3, 4).slice(0, -8), run(7, 1), kLive);
    expect(stream.state).toBe('reconnecting');
    expect(model.events).toBe(3);
    expect(stream.cursors.resume_token()).toBe(`${A}:3`);
  });

  it.each([
    ['a run that skips sequences', [kHello, segment(0), run(1, 1)]],
    ['a run of an unknown segment', [kHello, run(0, 1)]],
    ['a run before hello', [run(0, 1)]],
    ['a segment before hello', [segment(0)]],
    ['no JSON', [kHello, '{']],
  ])('refuses %s', (_, messages) => {
    last().open(...messages);
    expect(stream.state).toBe('reconnecting');
    expect(stream.trouble).toMatch(/^refused/);
    expect(model.events).toBe(0);
  });

  it('reports a gap, counts it, and goes on after it', () => {
    last().open(kHello, segment(0), run(0, 2), gap(2, 10), run(10, 1), kLive);
    expect(stream.state).toBe('live');
    expect(stream.cursors.missed).toBe(8);
    const text = 'of embedding/knn: overwritten';
    expect(model.notices.list).toMatchObject([{ text, missed: 8, to: 10 }]);
    last().say(gap(11, 13));
    expect(model.notices.list).toMatchObject([{ text, missed: 10, to: 13 }]);
  });

  it('passes over a run whose records are corrupt, reports it, and keeps the connection', () => {
    const lying = run(2, 3);
    new DataView(lying).setUint32(32, 0x10000, true); // The size of its first record.
    last().open(kHello, segment(0), run(0, 2), lying, run(5, 1), kLive);
    expect(stream.state).toBe('live');
    expect(model.events).toBe(3);
    expect(stream.cursors.missed).toBe(3);
    const text = 'of embedding/knn: damaged';
    expect(model.notices.list).toMatchObject([{ text, missed: 3 }]);
    expect(stream.cursors.resume_token()).toBe(`${A}:6`);
  });

  it('drops an epoch that was reset, and its points once all that is there has come', () => {
    last().open(kHello, segment(0), run(0, 2), kLive);
    last().end(1006);
    vi.advanceTimersByTime(100);
    last().open(kHello, gap(2, 2, 'reset'));
    expect(model.points).toBe(2);
    last().say(kLive);
    expect(stream.state).toBe('live');
    expect(model.notices.list[0]!.text).toMatch(/embedding\/knn was reset/);
    expect(model.points).toBe(0);
    expect(stream.cursors.resume_token()).toBe('');
  });

  it('begins an epoch afresh that is there and was reset, on the same connection', () => {
    last().open(kHello, segment(0), run(0, 3), kLive);
    last().end(1006);
    vi.advanceTimersByTime(100);
    last().open(kHello, segment(0, { next: 2 }), gap(3, 3, 'reset'), run(0, 2), kLive);
    expect(stream.state).toBe('live');
    expect(model.points).toBe(2);
    expect(stream.cursors.doubled).toBe(0);
    expect(stream.cursors.resume_token()).toBe(`${A}:2`);
  });

  it('drops an epoch that ended, its points and its part of the token; and says so', () => {
    last().open(kHello, segment(0), run(0, 3), kLive, ended());
    expect(model.points).toBe(0);
    expect(model.sources).toEqual([]);
    expect(model.notices.list).toMatchObject([{ text: 'embedding/knn has ended' }]);
    expect(stream.cursors.resume_token()).toBe('');
    expect(stream.state).toBe('live');
  });

  it('takes an epoch that returns after its end', () => {
    last().open(kHello, segment(0), run(0, 3), kLive, ended());
    last().say(segment(0), gap(0, 0, 'reset'), run(0, 3), beat());
    expect(stream.state).toBe('live');
    expect(model.points).toBe(3);
    expect(stream.cursors.resume_token()).toBe(`${A}:3`);
  });

  it('goes on after a gap of a quarantined segment once that is mended', () => {
    last().open(kHello, segment(0), run(0, 3), gap(3, 5, 'quarantined'), kLive);
    const [source] = model.sources;
    expect(source!.quarantined).toBe(true);
    expect(model.points).toBe(0);
    expect(model.notices.list).toMatchObject([{ text: 'of embedding/knn: quarantined', missed: 2 }]);
    last().say(run(5, 1));
    expect(source!.quarantined).toBe(false);
    expect(model.points).toBe(4);
    expect(stream.cursors.resume_token()).toBe(`${A}:6`);
  });

  it('knows a quarantined segment that a later connection does not announce', () => {
    last().open(kHello, segment(0), run(0, 3), kLive);
    last().end(1006);
    vi.advanceTimersByTime(100);
    last().open(kHello, gap(3, 3, 'quarantined'), kLive);
    expect(model.sources).toMatchObject([{ quarantined: true }]);
    expect(stream.cursors.resume_token()).toBe(`${A}:3`);
    last().say(beat({ epoch: A, oldest: 1, next: 3, live: true }));
    expect(model.sources).toMatchObject([{ quarantined: false, live: true }]);
    expect(model.points).toBe(2);
  });

  it('lets go of points that the announcement of a later connection no longer retains', () => {
    last().open(kHello, segment(0), run(0, 3), kLive);
    last().end(1006);
    vi.advanceTimersByTime(100);
    last().open(kHello, segment(3, { oldest: 2 }), kLive);
    expect(model.points).toBe(1);
  });

  it('wants new segments from their start after an outage, whatever the page asked for first', () => {
    stream = scripted.new_stream('', 'http://host:8765/?from=latest');
    stream.connect();
    expect(last().url).toContain('from=latest');
    last().open(kHello, kLive);
    last().end(1006);
    vi.advanceTimersByTime(100);
    expect(last().url).toContain('from=oldest');
  });

  it('gives up on a socket that does not answer', () => {
    vi.advanceTimersByTime(10000);
    expect(sockets[0]!.closed).toBe(true);
    expect(stream.state).toBe('reconnecting');
    sockets[0]!.open(kHello); // Too late: it is no longer listened to.
    expect(stream.connects).toBe(0);
  });

  it('gives every socket as long to answer, however often none did', () => {
    for (let attempt = 1; attempt < 6; attempt += 1) {
      vi.advanceTimersByTime(9000);
      expect(last().closed).toBe(false);
      vi.advanceTimersByTime(1000);
      expect(last().closed).toBe(true);
      while (sockets.length === attempt) vi.advanceTimersByTime(100);
    }
  });

  it('ends a wait when asked to connect, and never has two sockets', () => {
    last().end(1006);
    stream.connect();
    stream.connect();
    vi.advanceTimersByTime(5000);
    expect(sockets).toHaveLength(2);
  });
});

describe('more segments than one request can name', () => {
  const kSegments = 600;
  const epoch_of = (i: number) => (i + 1).toString(16).padStart(16, '0');
  const announce = (i: number, from: number) =>
    JSON.stringify({
      type: 'segment',
      epoch: epoch_of(i),
      channel: 'embedding',
      producer: `p${i}`,
      oldest: 0,
      next: 1,
      from,
    });
  const point = (i: number) =>
    run_message(epoch_of(i), 0, [embedding_event({ x: i }, { cycle: 1n, index: 0, total: 1 })]);

  it('are all held, and over a reconnect none is doubled and none is lost', () => {
    last().open(kHello);
    for (let i = 0; i < kSegments; i += 1) last().say(announce(i, 0), point(i));
    last().say(kLive);
    expect(stream.state).toBe('live');
    expect(model.points).toBe(kSegments);
    last().end(1006);
    vi.advanceTimersByTime(100);
    expect(last().url.length).toBeLessThanOrEqual(8000);
    const named = new Set(new URL(last().url).searchParams.get('resume')!.split(','));
    expect(stream.cursors.left_out).toBe(kSegments - named.size);
    expect(stream.cursors.left_out).toBeGreaterThan(0);
    // A server sends what is not named from its start. One of those is gone meanwhile.
    last().open(kHello);
    let is_first_left_out = true;
    for (let i = 0; i < kSegments; i += 1) {
      if (named.has(`${epoch_of(i)}:1`)) last().say(announce(i, 1));
      else if (is_first_left_out) is_first_left_out = false;
      else last().say(announce(i, 0), point(i));
    }
    last().say(kLive);
    expect(stream.state).toBe('live');
    expect(model.points).toBe(kSegments - 1);
    expect(stream.cursors.doubled).toBe(0);
  });
});

describe('stream_url', () => {
  it('stands beside the page, under any path', () => {
    expect(stream_url('http://h:1/', '')).toBe(
      'ws://h:1/v1/stream?channels=embedding&from=oldest&mode=run',
    );
    expect(stream_url('https://h/a/b/', '')).toMatch(/^wss:\/\/h\/a\/b\/v1\/stream\?/);
    expect(stream_url('https://h/a/index.html#x', '')).toMatch(/^wss:\/\/h\/a\/v1\/stream\?[^#]*$/);
  });

  it('takes the query of the page along, except for what it must decide itself', () => {
    const url = stream_url('http://h/?from=since:10s&channels=a,b&mode=json&resume=x', `${A}:5`);
    expect(url).toBe(`ws://h/v1/stream?from=since:10s&channels=a,b&mode=run&resume=${A}:5`);
  });

  it('has the token of the page, in place of what its address may still hold', () => {
    expect(stream_url('https://h/a/', '', 'x/y')).toMatch(/&token=x%2Fy$/);
    expect(stream_url('https://h/a/?token=old', `${A}:5`, 'new')).toBe(
      `wss://h/a/v1/stream?token=new&channels=embedding&from=oldest&mode=run&resume=${A}:5`,
    );
  });
});
