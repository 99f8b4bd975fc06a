// The producers whose points are shown: how many each has, whether it is there, how old its newest
// event is; and a tick box that takes its points out of the picture.
import { element, made, set } from './dom';
import type { Model, Source } from './model';
import type { View } from './view';
import { age_text, count_text } from './wording';

interface Row {
  readonly item: HTMLElement;
  readonly count: HTMLElement;
  readonly state: HTMLElement;
}

export class SourceList {
  private readonly list_ = element('sources');
  private readonly rows_ = new Map<string, Row>();

  constructor(
    private readonly view_: View,
    private readonly view_changed_: () => void,
  ) {}

  /** `is_up`: the server is heard, so that what it said last still holds. */
  show(model: Model, is_up: boolean): void {
    const { sources } = model;
    const now_ms = model.server_now_ms;
    for (const [name, { item }] of this.rows_) {
      if (sources.some((source) => source.name === name)) continue;
      item.remove();
      this.rows_.delete(name);
    }
    for (const source of sources) {
      let row = this.rows_.get(source.name);
      if (row === undefined) {
        row = this.new_row(source.name);
        this.rows_.set(source.name, row);
        this.list_.append(row.item);
      }
      const state = source_state(source, is_up);
      set(row.item.dataset, 'state', state);
      set(row.count, 'textContent', count_text(source.store.present));
      const age = age_text(now_ms - source.newest_ms);
      set(row.state, 'textContent', age === '' ? state : `${state}, newest ${age}`);
    }
    const is_empty = sources.length === 0;
    set(this.list_, 'hidden', is_empty);
    set(element('sources-title'), 'hidden', is_empty);
  }

  private new_row(name: string): Row {
    const checked = !this.view_.hidden_sources.has(name);
    const box = made('input', { type: 'checkbox', name, checked });
    box.addEventListener('change', () => {
      if (box.checked) this.view_.hidden_sources.delete(name);
      else this.view_.hidden_sources.add(name);
      this.view_changed_();
    });
    const count = made('small', {});
    const state = made('em', {});
    const item = made('li', {}, made('label', {}, box, made('span', {}, name), count, state));
    item.dataset['name'] = name;
    return { item, count, state };
  }
}

export type SourceState = 'live' | 'gone' | 'unknown' | 'quarantined';

export function source_state(source: Source, is_up: boolean): SourceState {
  if (source.quarantined) return 'quarantined';
  if (!is_up || source.live === null) return 'unknown';
  return source.live ? 'live' : 'gone';
}
