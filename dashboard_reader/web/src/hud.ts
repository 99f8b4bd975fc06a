// The figures and the controls over the scatter. Elements are found once; a text is written only
// when it differs. The same figures stand as data attributes on #hud for tests in a browser.
import type { Model } from './model';
import { colour_of_slot, name_of_label, slot_of_label } from './palette';
import type { Stream } from './stream';
import type { Summary } from './summary';
import type { ColourBy, Split, View } from './view';

const kShownGaps = 3;
const kSvg = 'http://www.w3.org/2000/svg';
const number_format = new Intl.NumberFormat('en');

export interface HudEvents {
  /** The viewer changed the view. */
  readonly view_changed: () => void;
  readonly reset_camera: () => void;
}

export class Hud {
  private readonly root_ = element('hud');
  private readonly texts_ = new Map<string, HTMLElement>();
  private readonly legend_ = element('legend');
  private legend_key_ = '';

  constructor(
    private readonly view_: View,
    private readonly events_: HudEvents,
  ) {
    on_choice('colour', (value) => {
      view_.colour_by = value as ColourBy;
      view_.hidden = 0;
      events_.view_changed();
    });
    on_choice('split', (value) => {
      view_.split = value as Split;
      events_.view_changed();
    });
    const size = element('size') as HTMLInputElement;
    size.value = String(view_.point_size);
    size.addEventListener('input', () => {
      view_.point_size = Number(size.value);
      events_.view_changed();
    });
    element('reset').addEventListener('click', () => events_.reset_camera());
    // On a phone the scatter comes first; the panel opens by a tap.
    const panel = element('panel') as HTMLDetailsElement;
    if (window.matchMedia('(max-width: 640px)').matches) panel.open = false;
  }

  /** Called once a frame while something changes. */
  show(stream: Stream, model: Model, now_ms: number): void {
    const data = this.root_.dataset;
    set(data, 'state', stream.state);
    set(data, 'points', String(model.points));
    set(data, 'events', String(model.events));
    set(data, 'replayMs', stream.replay_ms < 0 ? '' : stream.replay_ms.toFixed(1));
    set(data, 'decodeMs', stream.decode_ms.toFixed(1));
    set(data, 'missed', String(stream.cursors.missed));
    set(data, 'connects', String(stream.connects));
    set(data, 'doubled', String(stream.cursors.doubled));

    this.text('state', state_text(stream, now_ms));
    this.text('points', number_format.format(model.points));
    this.text('events', number_format.format(model.events));
    this.text('replay', stream.replay_ms < 0 ? '–' : duration_text(stream.replay_ms));
    this.text('missed', number_format.format(stream.cursors.missed));
    this.note('trouble', stream.trouble);
    const of_fit = model.fit.store.present;
    set(data, 'fit', String(of_fit));
    this.note('fit', of_fit === 0 ? '' : `${number_format.format(of_fit)} points of the saved fit`);
    this.note(
      'unreadable',
      model.unreadable === 0
        ? ''
        : `${number_format.format(model.unreadable)} events are of a kind this page cannot show`,
    );
    this.show_gaps(model);
  }

  /** Follows the points now and then; costs nothing while the labels stay the same. */
  show_summary(summary: Summary): void {
    this.text('train-count', number_format.format(summary.train));
    this.text('test-count', number_format.format(summary.test));
    this.text('legend-title', this.view_.colour_by === 'phase' ? 'Phases' : 'Predictions');
    const key = `${this.view_.colour_by}:${summary.labels.map(([label]) => label).join()}`;
    if (key !== this.legend_key_) {
      this.legend_key_ = key;
      this.legend_.replaceChildren(...summary.labels.map(([label]) => this.legend_entry(label)));
      this.texts_.clear();
    }
    for (const [label, count] of summary.labels) {
      this.text(`count-of-${label}`, number_format.format(count));
    }
    this.press_legend();
  }

  /** The page goes on without the saved fit and says so. */
  no_fit(reason: string): void {
    this.note('no-fit', `The saved fit cannot be shown: ${reason}`);
  }

  /** The saved fit is another than the first that was looked for, if there is a note. */
  other_fit(note: string): void {
    this.note('other-fit', note === '' ? '' : `The saved fit is that of ${note}`);
  }

  /** The page goes on without its scatter and says so. */
  no_scene(reason: string): void {
    this.note('no-scene', `The scatter cannot be drawn: ${reason}`);
  }

  private show_gaps(model: Model): void {
    const lines = model.gaps
      .slice(-kShownGaps)
      .map((gap) => `missed ${number_format.format(gap.count)} of ${gap.segment}: ${gap.reason}`);
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

  private legend_entry(label: number): HTMLElement {
    const slot = slot_of_label(label);
    const dot = document.createElementNS(kSvg, 'circle');
    for (const name of ['cx', 'cy', 'r']) dot.setAttribute(name, '6');
    dot.setAttribute('fill', colour_of_slot(slot));
    const drawing = document.createElementNS(kSvg, 'svg');
    drawing.setAttribute('viewBox', '0 0 12 12');
    drawing.setAttribute('aria-hidden', 'true');
    drawing.append(dot);
    const name = document.createElement('span');
    name.textContent = name_of_label(label);
    const count = document.createElement('small');
    count.id = `count-of-${label}`;
    const button = document.createElement('button');
    button.type = 'button';
    button.title = 'Show or hide';
    button.dataset['slot'] = String(slot);
    button.append(drawing, name, count);
    button.addEventListener('click', () => {
      this.view_.hidden = (this.view_.hidden ^ (1 << slot)) >>> 0;
      this.press_legend();
      this.events_.view_changed();
    });
    const item = document.createElement('li');
    item.append(button);
    return item;
  }

  private press_legend(): void {
    for (const button of this.legend_.querySelectorAll('button')) {
      const bit = 1 << Number(button.dataset['slot']);
      button.setAttribute('aria-pressed', String((this.view_.hidden & bit) === 0));
    }
  }

  private text(id: string, value: string): void {
    let found = this.texts_.get(id);
    if (found === undefined) {
      found = element(id);
      this.texts_.set(id, found);
    }
    if (found.textContent !== value) found.textContent = value;
  }

  private note(id: string, value: string): void {
    this.text(id, value);
    const found = element(id);
    if (found.hidden !== (value === '')) found.hidden = value === '';
  }
}

function state_text(stream: Stream, now_ms: number): string {
  if (stream.state !== 'reconnecting') return stream.state;
  if (stream.retry_at_ms === 0) return 'reconnecting';
  const seconds = Math.max(0, stream.retry_at_ms - now_ms) / 1000;
  return `reconnecting in ${Math.ceil(seconds)} s`;
}

function duration_text(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return `${number_format.format(Math.round(ms))} ms`;
}

function set(data: DOMStringMap, name: string, value: string): void {
  if (data[name] !== value) data[name] = value;
}

function on_choice(name: string, chosen: (value: string) => void): void {
  for (const input of document.querySelectorAll<HTMLInputElement>(`input[name="${name}"]`)) {
    // A browser may restore an old choice when the page is reloaded; the view starts afresh.
    input.checked = input.defaultChecked;
    input.addEventListener('change', () => {
      if (input.checked) chosen(input.value);
    });
  }
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}
