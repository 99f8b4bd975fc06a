// What the page says of itself: the data attributes of #hud.
import assert from 'node:assert/strict';

// On a busy machine a browser that draws in software may take long for everything.
const kWaitMs = 90000;

/** All figures of the HUD: numbers where they are, else words. */
export function read_hud(page) {
  return page.evaluate(() => {
    const { state, ...texts } = document.getElementById('hud').dataset;
    const figures = { state };
    for (const [name, text] of Object.entries(texts)) {
      const number = Number(text);
      figures[name] = text === '' ? null : Number.isNaN(number) ? text : number;
    }
    return figures;
  });
}

/** Waits until figures have the given values. Fails with what the HUD shows instead. */
export async function wait_for_hud(page, wanted, timeout = kWaitMs) {
  try {
    await page.waitForFunction(
      (values) => {
        const { dataset } = document.getElementById('hud');
        return Object.entries(values).every(([name, value]) => dataset[name] === String(value));
      },
      wanted,
      { timeout },
    );
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error;
    const shown = JSON.stringify(await read_hud(page));
    assert.fail(`no ${JSON.stringify(wanted)} within ${timeout} ms; the HUD has ${shown}`);
  }
  return read_hud(page);
}

/** Waits until an element's text matches, and returns the text. Fails with what it has instead. */
export async function wait_for_text(page, selector, pattern, timeout = kWaitMs) {
  const found = page.locator(selector);
  try {
    await page.waitForFunction(
      ([wanted, source]) => {
        const element = document.querySelector(wanted);
        return element?.checkVisibility() && new RegExp(source).test(element.textContent);
      },
      [selector, pattern.source],
      { timeout },
    );
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error;
    assert.fail(`no ${pattern} in ${selector} but "${await found.allTextContents()}"`);
  }
  return found.textContent();
}

/** Has the page write down every change of the HUD from now on, with nothing in between lost. */
export async function record_hud(page) {
  await page.evaluate(() => {
    const hud = document.getElementById('hud');
    const note = () => {
      const { state, points } = hud.dataset;
      window.recorded.push({ state, points: Number(points) });
    };
    window.recorded = [];
    note();
    new MutationObserver(note).observe(hud, { attributes: true });
  });
}

export function recorded_hud(page) {
  return page.evaluate(() => window.recorded);
}

/** A count as the HUD writes it. */
export function count_text(count) {
  return new Intl.NumberFormat('en').format(count);
}
