// The protocol of one connection, without the socket: takes its messages in order, keeps the
// cursors, and hands whole checked runs to the sink. Throws ProtocolFault on the first message that
// breaks the rules; nothing of that message has been used then.
import { parse_control } from './control_message';
import type { Cursors } from './cursors';
import { parse_run, ProtocolFault, RecordFault, type Run } from './run_message';

/** Who wants the events. */
export interface Sink {
  /** A segment that this page did not know. */
  segment(epoch: string, channel: string, producer: string): void;
  /** The events of a known segment: each once, in order. */
  run(run: Run): void;
  gap(gap: GapNotice): void;
}

export interface GapNotice {
  /** `channel/producer` where it is known, else the epoch. */
  readonly segment: string;
  readonly count: number;
  readonly reason: string;
}

export class Session {
  server = '';
  live = false;

  constructor(
    private readonly cursors_: Cursors,
    private readonly sink_: Sink,
  ) {}

  text(message: string): void {
    const control = parse_control(message);
    if (control.type === 'hello') {
      this.server = control.server;
      return;
    }
    this.expect_hello();
    switch (control.type) {
      case 'segment': {
        const { epoch, channel, producer, from } = control;
        if (channel === '' || producer === '') {
          throw new ProtocolFault('a segment has no channel or no producer');
        }
        if (this.cursors_.announce(epoch, channel, producer, from) !== 'resumed') {
          this.sink_.segment(epoch, channel, producer);
        }
        break;
      }
      case 'gap': {
        const { epoch, from, to, reason } = control;
        const known = this.cursors_.get(epoch);
        const segment =
          known === undefined || known.producer === ''
            ? epoch
            : `${known.channel}/${known.producer}`;
        if (reason === 'reset') this.cursors_.forget(epoch);
        const count = reason === 'reset' ? 0 : this.cursors_.gap(epoch, from, to);
        if (count > 0 || reason === 'reset') this.sink_.gap({ segment, count, reason });
        break;
      }
      case 'live':
        this.live = true;
        break;
      case 'ended':
        this.cursors_.forget(control.epoch);
        break;
      case 'beat':
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
    this.sink_.run(run);
  }

  /** What a segment has damaged is lost, and told; other segments and later runs are not. */
  private pass_over(fault: RecordFault): void {
    const { epoch, first_sequence, record_count } = fault;
    const cursor = this.cursors_.advance(epoch, first_sequence, record_count);
    this.cursors_.missed += record_count;
    const segment = `${cursor.channel}/${cursor.producer}`;
    this.sink_.gap({ segment, count: record_count, reason: 'damaged' });
  }

  private expect_hello(): void {
    if (this.server === '') throw new ProtocolFault('the first message is no hello');
  }
}
