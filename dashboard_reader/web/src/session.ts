// The protocol of one connection, without the socket: takes its messages in order, keeps the
// cursors, and hands whole checked runs to the model. Throws ProtocolFault on the first message that
// breaks the rules; nothing of that message has been used then.
import { parse_control, type Beat, type Gap, type Segment } from './control_message';
import type { Cursors } from './cursors';
import type { Model } from './model';
import { parse_run, ProtocolFault, RecordFault, type Run } from './run_message';

export class Session {
  server = '';
  live = false;
  /** The server has sent a beat. */
  beats = false;

  private readonly announced_ = new Set<string>();

  constructor(
    private readonly cursors_: Cursors,
    private readonly model_: Model,
  ) {}

  text(message: string): void {
    const control = parse_control(message);
    if (control.type === 'hello') {
      this.server = control.server;
      return;
    }
    this.expect_hello();
    switch (control.type) {
      case 'segment':
        this.segment(control);
        break;
      case 'gap':
        this.gap(control);
        break;
      case 'ended':
        this.cursors_.forget(control.epoch);
        this.announced_.delete(control.epoch);
        this.model_.ended(control.epoch);
        break;
      case 'beat':
        this.beat(control);
        break;
      case 'live':
        this.live = true;
        this.cursors_.forget_left_out(this.announced_);
        this.model_.live((epoch) => this.cursors_.get(epoch) !== undefined);
        break;
      case 'unknown':
        break;
    }
  }

  binary(message: ArrayBuffer): void {
    this.expect_hello();
    let run: Run;
    try {
      run = parse_run(message);
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      this.pass_over(error);
      return;
    }
    this.cursors_.advance(run.epoch, run.first_sequence, run.record_count);
    this.model_.run(run);
  }

  private segment({ epoch, channel, producer, oldest, next, from }: Segment): void {
    if (channel === '' || producer === '') {
      throw new ProtocolFault('a segment has no channel or no producer');
    }
    this.announced_.add(epoch);
    if (this.cursors_.announce(epoch, channel, producer, from) !== 'resumed') {
      this.model_.segment(epoch, channel, producer);
    }
    this.window(epoch, oldest, next);
  }

  private gap({ epoch, from, to, reason }: Gap): void {
    const known = this.cursors_.get(epoch);
    const is_named = known !== undefined && known.producer !== '';
    const segment = is_named ? `${known.channel}/${known.producer}` : epoch;
    if (reason === 'reset') {
      // Where the epoch is there, its announcement has said already where it begins afresh.
      if (is_named && this.announced_.has(epoch)) {
        this.model_.segment(epoch, known.channel, known.producer);
      } else {
        this.cursors_.forget(epoch);
        if (this.live) this.model_.ended(epoch);
      }
      this.model_.gap({ epoch, segment, count: 0, to, reason });
      return;
    }
    const count = this.cursors_.gap(epoch, from, to);
    if (count > 0 || reason === 'quarantined') {
      this.model_.gap({ epoch, segment, count, to, reason });
    }
    if (reason === 'overwritten') this.model_.retained(epoch, to);
  }

  private beat({ full, now_ms, segments }: Beat): void {
    this.beats = true;
    if (!Number.isNaN(now_ms)) this.model_.clock(now_ms);
    const unmentioned = new Set(full ? this.announced_ : []);
    for (const { epoch, oldest, next, live } of segments) {
      unmentioned.delete(epoch);
      if (this.cursors_.get(epoch) === undefined) continue;
      this.window(epoch, oldest, next);
      this.model_.liveness(epoch, live);
    }
    for (const epoch of unmentioned) this.model_.liveness(epoch, null);
  }

  private window(epoch: string, oldest: number, next: number): void {
    this.cursors_.retains(epoch, next - oldest);
    this.model_.retained(epoch, oldest);
  }

  /** What a segment has damaged is lost, and reported; other segments and later runs are not. */
  private pass_over(fault: RecordFault): void {
    const { epoch, first_sequence, record_count } = fault;
    const cursor = this.cursors_.advance(epoch, first_sequence, record_count);
    this.cursors_.missed += record_count;
    const segment = `${cursor.channel}/${cursor.producer}`;
    const to = cursor.next;
    this.model_.gap({ epoch, segment, count: record_count, to, reason: 'damaged' });
  }

  private expect_hello(): void {
    if (this.server === '') throw new ProtocolFault('the first message is no hello');
  }
}
