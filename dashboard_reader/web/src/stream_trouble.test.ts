// The stream over a scripted socket: a server that falls silent, and one that refuses.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Model } from './model';
import {
  A,
  type ScriptedSocket,
  ScriptedStream,
  beat,
  kHello,
  kLive,
  run,
  segment,
} from './scripted_stream';
import type { Stream } from './stream';

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

describe('a server that falls silent', () => {
  const state = { epoch: A, oldest: 0, next: 3, live: true };
  beforeEach(() => last().open(kHello, segment(0), run(0, 3), kLive, beat(state)));

  it('is shown as silent after 5 s, and heard again with its next message', () => {
    vi.advanceTimersByTime(4000);
    expect(stream.state).toBe('live');
    vi.advanceTimersByTime(1000);
    expect(stream.state).toBe('silent');
    expect(stream.is_up).toBe(false);
    last().say(beat());
    expect(stream.state).toBe('live');
    expect(sockets).toHaveLength(1);
  });

  it('is left after 10 s, and resumed where it was', () => {
    vi.advanceTimersByTime(9000);
    expect(last().closed).toBe(false);
    vi.advanceTimersByTime(1000);
    expect(sockets[0]!.closed).toBe(true);
    expect(stream.state).toBe('reconnecting');
    expect(stream.trouble).toMatch(/silent/);
    vi.advanceTimersByTime(100);
    expect(last().url).toContain(`resume=${A}:3`);
    last().open(kHello, segment(3), kLive);
    expect(stream.state).toBe('live');
    expect(model.points).toBe(3);
  });

  it('in the middle of a replay is replaying again afterwards', () => {
    last().end(1006);
    vi.advanceTimersByTime(100);
    last().open(kHello, segment(3));
    vi.advanceTimersByTime(6000);
    expect(stream.state).toBe('silent');
    last().say(run(3, 1));
    expect(stream.state).toBe('replaying');
  });

  it('is given more patience each time until it is live: one record may be long', () => {
    for (const patience_ms of [10000, 20000, 40000]) {
      const at = sockets.length;
      vi.advanceTimersByTime(patience_ms - 1000);
      expect(sockets[at - 1]!.closed).toBe(false);
      vi.advanceTimersByTime(1000);
      expect(sockets[at - 1]!.closed).toBe(true);
      while (sockets.length === at) vi.advanceTimersByTime(100);
      last().open(kHello, segment(3));
    }
    last().say(kLive);
    vi.advanceTimersByTime(10000);
    expect(last().closed).toBe(true);
  });

  it('is left at once when the viewer or the network comes back', () => {
    vi.advanceTimersByTime(6000);
    stream.hurry();
    expect(sockets).toHaveLength(2);
    expect(sockets[0]!.closed).toBe(true);
  });

  it('is not expected to speak if it never sends beats', () => {
    last().end(1006);
    vi.advanceTimersByTime(100);
    const older = kHello.replace('ringside/test', 'ringside/older');
    last().open(older, segment(3), kLive);
    vi.advanceTimersByTime(60000);
    expect(stream.state).toBe('live');
  });

  it('is expected to say hello, whatever its version', () => {
    stream = scripted.new_stream();
    stream.connect();
    last().open();
    vi.advanceTimersByTime(5000);
    expect(stream.state).toBe('silent');
  });
});

describe('a stream that is refused', () => {
  /** Lets what was asked be answered. */
  const answered = () => vi.advanceTimersByTimeAsync(0);

  const kStream = 'http://host:8765/v1/stream?channels=embedding&from=oldest&mode=run';

  it('asks at once where the page has just come from, and says it in the words of the server', async () => {
    scripted.refusal = { status: 400, sentence: 'from=latestt means nothing here' };
    last().end(1006);
    await answered();
    expect(asked).toEqual([kStream]);
    expect(stream.trouble).toBe('from=latestt means nothing here');
  });

  it('asks with its token, percent-encoded', async () => {
    stream = scripted.new_stream('a&b+c=');
    stream.connect();
    expect(last().url).toContain('token=a%26b%2Bc%3D');
    scripted.refusal = { status: 401, sentence: 'this dashboard wants its token' };
    last().end(1006);
    await answered();
    expect(asked[0]).toContain('token=a%26b%2Bc%3D');
    expect(stream.trouble).toMatch(/^this dashboard wants its token \(open http:.*right one\)$/);
  });

  it('keeps saying it while it is refused, and goes on by itself once it is let in', async () => {
    scripted.refusal = { status: 503, sentence: 'all 10 places are taken' };
    last().end(1006);
    await answered();
    const said = stream.trouble;
    expect(said).toBe('all 10 places are taken');
    await vi.advanceTimersByTimeAsync(100);
    last().end(1006);
    expect(stream.trouble).toBe(said);
    await vi.advanceTimersByTimeAsync(200);
    last().open(kHello, segment(0), run(0, 1), kLive);
    expect(stream.trouble).toBe('');
    expect(stream.state).toBe('live');
    last().end(1006);
    expect(stream.trouble).toMatch(/cut, or refused/);
  });

  it('says no more than that where nobody answers', async () => {
    last().end(1006);
    await answered();
    expect(asked).toHaveLength(1);
    expect(stream.trouble).toMatch(/cut, or refused/);
  });

  it('forgets an answer that comes once it is let in', async () => {
    scripted.refusal = { status: 426, sentence: '' };
    last().end(1006);
    stream.connect();
    last().open(kHello, segment(0), kLive);
    await answered();
    expect(stream.trouble).toBe('');
  });

  it('does not ask a dashboard that restarts, but one that stays away does not stay unasked', async () => {
    last().open(kHello, segment(0), kLive);
    last().end(1001);
    scripted.refusal = { status: 401, sentence: 'this dashboard wants its token' };
    for (const delay_ms of [100, 200, 400, 800, 1600, 3200]) {
      await vi.advanceTimersByTimeAsync(delay_ms);
      last().end(1006);
      await answered();
    }
    expect(asked).toHaveLength(0);
    expect(stream.trouble).toMatch(/cut, or refused/);
    await vi.advanceTimersByTimeAsync(5000);
    last().end(1006);
    await answered();
    expect(asked).toHaveLength(1);
    expect(stream.trouble).toMatch(/wants its token/);
  });
});
