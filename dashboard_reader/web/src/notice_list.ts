// The newest notices, each with its time, until the viewer has acknowledged them.
import { element, made, set } from './dom';
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
      const items = shown.map(({ time, text, is_open }) =>
        made('li', is_open ? { className: 'warn' } : {}, made('time', {}, time), ` ${text}`),
      );
      if (more > 0) items.unshift(made('li', {}, `${count_text(more)} more before these`));
      this.list_.replaceChildren(...items);
      set(this.list_, 'hidden', list.length === 0);
      set(this.acknowledge_, 'hidden', list.length === 0);
    }
    return list.filter((notice) => model.is_open(notice)).length;
  }
}

function notice_text({ text, missed }: TimedNotice): string {
  return missed === 0 ? text : `missed ${count_text(missed)} ${text}`;
}
