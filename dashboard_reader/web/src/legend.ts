// The labels of the points that are shown: the colour and the count of each, and a press hides it.
import { element, made, set, set_text } from './dom';
import { kColours, name_of_label, slot_of_label } from './palette';
import type { Summary } from './summary';
import type { View } from './view';
import { count_text } from './wording';

const kSvg = 'http://www.w3.org/2000/svg';

export class Legend {
  private readonly list_ = element('legend');
  private readonly counts_ = new Map<number, HTMLElement>();
  private key_ = '';

  constructor(
    private readonly view_: View,
    private readonly view_changed_: () => void,
  ) {}

  /** Follows the points; costs nothing while the labels stay the same. */
  show({ labels }: Summary): void {
    const title = this.view_.colour_by === 'phase' ? 'Phases' : 'Predictions';
    set_text('legend-title', title);
    const key = `${this.view_.colour_by}:${labels.map(([label]) => label).join()}`;
    if (key !== this.key_) {
      this.key_ = key;
      this.counts_.clear();
      this.list_.replaceChildren(...labels.map(([label]) => this.entry(label)));
    }
    for (const [label, count] of labels) {
      set(this.counts_.get(label)!, 'textContent', count_text(count));
    }
    this.press();
  }

  private entry(label: number): HTMLElement {
    const slot = slot_of_label(label);
    const dot = document.createElementNS(kSvg, 'circle');
    for (const name of ['cx', 'cy', 'r']) dot.setAttribute(name, '6');
    dot.setAttribute('fill', kColours[slot]!);
    const drawing = document.createElementNS(kSvg, 'svg');
    drawing.setAttribute('viewBox', '0 0 12 12');
    drawing.setAttribute('aria-hidden', 'true');
    drawing.append(dot);
    const name = made('span', {}, name_of_label(label));
    const count = made('small', {});
    this.counts_.set(label, count);
    const button = made('button', { type: 'button', title: 'Show or hide' }, drawing, name, count);
    button.dataset['slot'] = String(slot);
    button.addEventListener('click', () => {
      this.view_.hidden = (this.view_.hidden ^ (1 << slot)) >>> 0;
      this.press();
      this.view_changed_();
    });
    return made('li', {}, button);
  }

  private press(): void {
    for (const button of this.list_.querySelectorAll('button')) {
      const bit = 1 << Number(button.dataset['slot']);
      button.setAttribute('aria-pressed', String((this.view_.hidden & bit) === 0));
    }
  }
}
