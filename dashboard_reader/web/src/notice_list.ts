// The newest notices, each with its time, until the viewer has acknowledged them.
import { element, set_hidden } from './dom';
import type { Model } from './model';
import type { TimedNotice } from './notices';
import { count_text, time_text } from './wording';

const kShown = 3;

export class NoticeList {
  private readonly list_ = element('notices');
  private readonly acknowledge_ = element('acknowledge');
  private key_ = '';

  constructor(acknowledged: () => void) {
    this.acknowledge_.addEventListener('click', acknowledged);
  }

  /** Returns how many of all of them are about what the picture may lack. */
  show(model: Model): number {
    const { list } = model.notices;
    const shown = list.slice(-kShown).map((notice) => ({
      time: time_text(notice.at_ms),
      text: notice_text(notice),
      is_open: model.is_open(notice),
    }));
    const more = list.length - shown.length;
    const key = JSON.stringify([shown, more]);
    if (key !== this.key_) {
      this.key_ = key;
      const items = shown.map(({ time, text, is_open }) => {
        const when = document.createElement('time');
        when.textContent = time;
        return line(is_open, when, ` ${text}`);
      });
      if (more > 0) items.unshift(line(false, `${count_text(more)} more before these`));
      this.list_.replaceChildren(...items);
      set_hidden(this.list_, list.length === 0);
      set_hidden(this.acknowledge_, list.length === 0);
    }
    return list.filter((notice) => model.is_open(notice)).length;
  }
}

function line(warns: boolean, ...parts: (Node | string)[]): HTMLElement {
  const item = document.createElement('li');
  item.classList.toggle('warn', warns);
  item.append(...parts);
  return item;
}

function notice_text({ text, missed }: TimedNotice): string {
  return missed === 0 ? text : `missed ${count_text(missed)} ${text}`;
}
