// The figures and the controls over the scatter. The same figures stand as data attributes on #hud
// for tests in a browser.
import { element, on_choice, set_data, set_note, set_text } from './dom';
import { Legend } from './legend';
import type { Model } from './model';
import type { Stream } from './stream';
import type { Summary } from './summary';
import type { ColourBy, Split, View } from './view';
import { count_text, duration_text } from './wording';

const kShownGaps = 3;

export interface HudEvents {
  /** The viewer changed the view. */
  readonly view_changed: () => void;
  readonly reset_camera: () => void;
}

export class Hud {
  private readonly root_ = element('hud');
  private readonly legend_: Legend;

  constructor(view: View, events: HudEvents) {
    this.legend_ = new Legend(view, events.view_changed);
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
    set_data(this.root_, 'state', stream.state);
    set_data(this.root_, 'points', String(model.points));
    set_data(this.root_, 'events', String(model.events));
    set_data(this.root_, 'replayMs', stream.replay_ms < 0 ? '' : stream.replay_ms.toFixed(1));
    set_data(this.root_, 'decodeMs', stream.decode_ms.toFixed(1));
    set_data(this.root_, 'missed', String(stream.cursors.missed));
    set_data(this.root_, 'connects', String(stream.connects));
    set_data(this.root_, 'doubled', String(stream.cursors.doubled));

    set_text(element('state'), state_text(stream, now_ms));
    set_text(element('points'), count_text(model.points));
    set_text(element('events'), count_text(model.events));
    set_text(element('replay'), stream.replay_ms < 0 ? '–' : duration_text(stream.replay_ms));
    set_text(element('missed'), count_text(stream.cursors.missed));
    set_note('trouble', stream.trouble);
    const of_fit = model.fit.store.present;
    set_data(this.root_, 'fit', String(of_fit));
    set_note('fit', of_fit === 0 ? '' : `${count_text(of_fit)} points of the saved fit`);
    set_note(
      'unreadable',
      model.unreadable === 0
        ? ''
        : `${count_text(model.unreadable)} events are of a kind this page cannot show`,
    );
    this.show_gaps(model);
  }

  /** Follows the points now and then. */
  show_summary(summary: Summary): void {
    set_text(element('train-count'), count_text(summary.train));
    set_text(element('test-count'), count_text(summary.test));
    const { outliers } = summary;
    set_data(this.root_, 'outliers', String(outliers));
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

  private show_gaps(model: Model): void {
    const lines = model.notices.list
      .slice(-kShownGaps)
      .map(({ text, missed }) => (missed === 0 ? text : `missed ${count_text(missed)} ${text}`));
    const list = element('gaps');
    const key = lines.join('\n');
    if (list.dataset['key'] === key) return;
    list.dataset['key'] = key;
    list.hidden = lines.length === 0;
    list.replaceChildren(
      ...lines.map((line) => {
        const item = document.createElement('li');
        item.textContent = line;
        return item;
      }),
    );
  }
}

function state_text(stream: Stream, now_ms: number): string {
  if (stream.state !== 'reconnecting') return stream.state;
  if (stream.retry_at_ms === 0) return 'reconnecting';
  const seconds = Math.max(0, stream.retry_at_ms - now_ms) / 1000;
  return `reconnecting in ${Math.ceil(seconds)} s`;
}
