// The figures and the controls over the scatter. The same figures stand as data attributes on #hud
// for tests in a browser.
import { element, on_choice, set, set_note, set_text } from './dom';
import { Legend } from './legend';
import { link_text, producers_state, stale_text } from './link_text';
import type { Model } from './model';
import { NoticeList } from './notice_list';
import { SourceList } from './source_list';
import type { Stream } from './stream';
import type { Summary } from './summary';
import type { ColourBy, Split, View } from './view';
import { count_text, duration_text } from './wording';

export interface HudEvents {
  /** The viewer changed the view. */
  readonly view_changed: () => void;
  readonly reset_camera: () => void;
  /** The viewer has seen the notices. */
  readonly acknowledged: () => void;
}

export class Hud {
  private readonly data_ = element('hud').dataset;
  private readonly legend_: Legend;
  private readonly sources_: SourceList;
  private readonly notices_: NoticeList;

  constructor(
    private readonly view_: View,
    events: HudEvents,
  ) {
    const view = view_;
    this.legend_ = new Legend(view, events.view_changed);
    this.sources_ = new SourceList(view, events.view_changed);
    this.notices_ = new NoticeList(events.acknowledged);
    on_choice('colour', (value) => {
      view.colour_by = value as ColourBy;
      view.hidden = 0;
      events.view_changed();
    });
    on_choice('split', (value) => {
      view.split = value as Split;
      events.view_changed();
    });
    const size = element('size') as HTMLInputElement;
    size.value = String(view.point_size);
    size.addEventListener('input', () => {
      view.point_size = Number(size.value);
      events.view_changed();
    });
    element('reset').addEventListener('click', () => events.reset_camera());
    // On a phone the scatter comes first; the panel opens by a tap.
    const panel = element('panel') as HTMLDetailsElement;
    if (window.matchMedia('(max-width: 640px)').matches) panel.open = false;
  }

  /** Called once a frame while something changes. */
  show(stream: Stream, model: Model, now_ms: number): void {
    set(this.data_, 'state', stream.state);
    const producers = producers_state(model);
    set(this.data_, 'producers', producers);
    const stores = model.stores_without(this.view_.hidden_sources);
    const points = stores.reduce((sum, store) => sum + store.present, 0);
    set(this.data_, 'points', String(points));
    set(this.data_, 'events', String(model.events));
    set(this.data_, 'replayMs', stream.replay_ms < 0 ? '' : stream.replay_ms.toFixed(1));
    set(this.data_, 'decodeMs', stream.decode_ms.toFixed(1));
    set(this.data_, 'missed', String(stream.cursors.missed));
    set(this.data_, 'connects', String(stream.connects));
    set(this.data_, 'doubled', String(stream.cursors.doubled));

    set_text('state', link_text(stream, producers, now_ms));
    set_text('points', count_text(points));
    set_text('events', count_text(model.events));
    set_text('replay', stream.replay_ms < 0 ? '–' : duration_text(stream.replay_ms));
    set_text('missed', count_text(model.notices.missed));
    set_note('trouble', stream.trouble);
    set_note('stale', stale_text(stream, now_ms));
    const none = stream.state === 'live' && producers === 'none';
    set_note('nothing', none ? 'No producer has published here yet' : '');
    const { left_out } = stream.cursors;
    set_note(
      'left-out',
      left_out === 0
        ? ''
        : `${count_text(left_out)} segments had no room in the request to go on where they were: ` +
            'they are sent again whole',
    );
    const of_fit = model.fit.store.present;
    set(this.data_, 'fit', String(of_fit));
    set_note('fit', of_fit === 0 ? '' : `${count_text(of_fit)} points of the saved fit`);
    set_note(
      'unreadable',
      model.unreadable === 0
        ? ''
        : `${count_text(model.unreadable)} events are of a kind this page cannot show`,
    );
    this.sources_.show(model, stream.is_up);
    const quarantined = model.sources.filter((source) => source.quarantined).length;
    set(this.data_, 'warnings', String(this.notices_.show(model) + quarantined));
  }

  /** Follows the points now and then. */
  show_summary(summary: Summary): void {
    set_text('train-count', count_text(summary.train));
    set_text('test-count', count_text(summary.test));
    const { outliers } = summary;
    set(this.data_, 'outliers', String(outliers));
    const is_are = outliers === 1 ? 'point is' : 'points are';
    set_note('outliers', outliers === 0 ? '' : `${count_text(outliers)} ${is_are} out of view`);
    this.legend_.show(summary);
  }

  /** The page goes on without the saved fit and says so. */
  no_fit(reason: string): void {
    set_note('no-fit', `The saved fit cannot be shown: ${reason}`);
  }

  /** The saved fit is another than the first that was looked for, if there is a note. */
  other_fit(note: string): void {
    set_note('other-fit', note === '' ? '' : `The saved fit is that of ${note}`);
  }

  /** The page goes on without its scatter and says so; '' once it is drawn again. */
  no_scene(reason: string): void {
    set_note('no-scene', reason === '' ? '' : `The scatter cannot be drawn: ${reason}`);
  }
}
