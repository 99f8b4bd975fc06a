// What a viewer can do: colours, splits, the camera, by mouse and by keyboard; and how the HUD fits
// on screens of several sizes.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open_page, start_chromium } from './chromium.js';
import { wait_for_hud } from './hud.js';
import { describe as describe_picture, difference, take_picture, take_still } from './picture.js';
import { new_bus, publish_fit, saved_fit, start_dashboard } from './programs.js';

const kPoints = 70000;
const kChanged = 0.02;
const kSame = 0.002;
const kScreens = [
  { name: 'a desktop', viewport: { width: 1280, height: 800 } },
  { name: 'a phone', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true },
  { name: 'a small phone', viewport: { width: 320, height: 568 }, isMobile: true },
  { name: 'a phone on its side', viewport: { width: 844, height: 390 }, isMobile: true },
];

let browser;
let dashboard;
before(async () => {
  const bus = new_bus();
  await publish_fit(bus, await saved_fit(), '--batch', '1000');
  dashboard = await start_dashboard(bus);
  browser = await start_chromium();
});
after(async () => {
  await browser?.close();
  await dashboard?.stop('SIGKILL');
});

async function open_live(options) {
  const watch = await open_page(browser, dashboard.url, options);
  await wait_for_hud(watch.page, { state: 'live', points: kPoints });
  return watch;
}

function choose(page, name, value) {
  return page.click(`label:has(input[name=${name}][value=${value}])`);
}

function assert_changed(one, other) {
  const share = difference(one, other);
  assert.ok(share > kChanged, `only ${share} of the pixels differ`);
}

function assert_same(one, other) {
  const share = difference(one, other);
  assert.ok(share < kSame, `${share} of the pixels differ`);
}

describe('the view', () => {
  let watch;
  let page;
  let first;
  before(async () => {
    watch = await open_live();
    page = watch.page;
    first = await take_still(page);
  });
  after(() => watch?.context.close());

  it('is coloured by prediction, and by phase again', async () => {
    await choose(page, 'colour', 'prediction');
    await page.waitForSelector('#legend-title:text-is("Predictions")');
    assert_changed(first, await take_still(page));
    await choose(page, 'colour', 'phase');
    await page.waitForSelector('#legend-title:text-is("Phases")');
    assert_same(first, await take_still(page));
  });

  it('shows the train points, the test points, or both', async () => {
    await choose(page, 'split', 'train');
    const train = await take_still(page);
    await choose(page, 'split', 'test');
    const test = await take_still(page);
    await choose(page, 'split', 'both');
    assert_changed(first, train);
    assert_changed(train, test);
    assert.ok(describe_picture(test).lit < describe_picture(train).lit, 'test points are fewer');
    assert_same(first, await take_still(page));
  });

  it('hides a label that is pressed in the legend', async () => {
    const button = page.locator('#legend button').first();
    await button.click();
    assert.equal(await button.getAttribute('aria-pressed'), 'false');
    assert_changed(first, await take_still(page));
    await button.click();
    assert_same(first, await take_still(page));
  });

  it('draws points as large as the slider says', async () => {
    await page.fill('#size', '12');
    const large = await take_still(page);
    assert.ok(describe_picture(large).lit > describe_picture(first).lit);
    await page.fill('#size', '5');
    assert_same(first, await take_still(page));
  });

  it('turns by a drag of the mouse, zooms by its wheel, and goes back', async () => {
    await page.mouse.move(700, 400);
    await page.mouse.down();
    await page.mouse.move(900, 460, { steps: 3 });
    await page.mouse.up();
    const turned = await take_still(page);
    assert_changed(first, turned);
    await page.mouse.wheel(0, 600);
    const zoomed = await take_still(page);
    assert.ok(describe_picture(zoomed).lit < describe_picture(turned).lit, 'it is further away');
    await page.click('#reset');
    assert_same(first, await take_still(page));
  });

  it('turns by the arrow keys', async () => {
    await page.focus('#scatter');
    await page.keyboard.press('Home'); // From the first key on, the focus is shown.
    const focused = await take_still(page);
    for (let times = 0; times < 5; times += 1) await page.keyboard.press('ArrowRight');
    assert_changed(focused, await take_still(page));
    await page.keyboard.press('Home');
    assert_same(focused, await take_still(page));
  });

  it('is reached by the keyboard, with the focus in sight everywhere', async () => {
    await page.evaluate(() => document.activeElement.blur());
    const whole = { x: 0, y: 0, ...page.viewportSize() };
    const without = await take_still(page, whole);
    const reached = [];
    for (let presses = 0; presses < 40; presses += 1) {
      await page.keyboard.press('Tab');
      const name = await page.evaluate(() => {
        const { activeElement: element } = document;
        if (element === document.body) return '';
        return element.id || element.name || element.dataset.slot || element.tagName;
      });
      if (name === '') continue; // Past the last one, before the first.
      if (reached.includes(name)) break;
      reached.push(name);
      assert.ok(difference(without, await take_picture(page, whole)) > 0, `${name} shows no focus`);
    }
    const wanted = ['scatter', 'SUMMARY', 'embedding/knn', 'colour', 'split', 'size', 'reset'];
    for (const name of wanted) assert.ok(reached.includes(name), `${name} not in ${reached}`);
    assert.ok(reached.length >= wanted.length + 10, 'and the legend');
  });

  it('met no fault in all of that', () => assert.deepEqual(watch.faults, []));
});

/** What is wrong with the places of the HUD's parts; runs in the page. */
function misplaced_parts() {
  const problems = [];
  const name_of = (element) => `${element.tagName}#${element.id} "${element.textContent.trim()}"`;
  const shown = (selector) =>
    [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());
  // What a card scrolls out of its sight is not misplaced, so each card speaks for its content.
  for (const card of shown('.card')) {
    const box = card.getBoundingClientRect();
    const inside = box.left >= 0 && box.top >= 0;
    if (!inside || box.right > innerWidth || box.bottom > innerHeight) {
      problems.push(`${card.id || card.className} leaves the screen`);
    }
    if (card.scrollWidth > card.clientWidth) {
      problems.push(`${card.id || card.className} is too narrow for what it holds`);
    }
  }
  const text_box = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range.getBoundingClientRect();
  };
  const no_overlap = (elements, box_of) => {
    const boxes = elements.map((element) => [element, box_of(element)]);
    for (const [at, [one, a]] of boxes.entries()) {
      for (const [other, b] of boxes.slice(at + 1)) {
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (across > 0.5 && down > 0.5) {
          problems.push(`${name_of(one)} and ${name_of(other)} overlap`);
        }
      }
    }
  };
  no_overlap(shown('.card'), (card) => card.getBoundingClientRect());
  no_overlap(shown('h1, .badge, .figures dt, .figures dd, .note'), text_box);
  no_overlap(shown('#panel summary, legend, .choice label, .row > *, #legend-title, #legend li'), (
    element,
  ) => element.getBoundingClientRect());
  no_overlap(shown('#legend span, #legend small'), text_box);
  no_overlap(shown('#sources span, #sources small, #sources em'), text_box);
  for (const element of shown('.choice span, #legend button')) {
    if (element.scrollWidth > element.clientWidth) problems.push(`${name_of(element)} is cut off`);
  }
  return problems;
}

/** Fills the HUD with the longest texts that a long run brings; runs in the page. */
function fill_hud() {
  const texts = {
    state: 'reconnecting in 5 s',
    points: '2,097,152',
    events: '1,234,567,890',
    replay: '12,345 ms',
    missed: '123,456,789',
    trouble: 'lapped by the producers in the middle of a message',
    notices: '14:03:12 missed 123,456,789 of embedding/a-producer-with-a-long-name: overwritten',
    acknowledge: 'Acknowledge',
    stale: 'Nothing heard from the dashboard for 59 min',
    outliers: '123,456 points are out of view',
  };
  for (const [id, text] of Object.entries(texts)) {
    document.getElementById(id).textContent = text;
    document.getElementById(id).hidden = false;
  }
}

for (const { name, ...options } of kScreens) {
  it(`the HUD fits ${name}, its panel open or shut, its texts short or long`, async () => {
    const { page, context, faults } = await open_live(options);
    const panel_is_open = () => page.evaluate(() => document.getElementById('panel').open);
    const is_phone = options.viewport.width <= 640;
    assert.equal(await panel_is_open(), !is_phone);
    const { lit, hues } = describe_picture(await take_picture(page));
    assert.ok(lit > 0.05 && hues >= 6, `${lit} of the pixels are lit, in ${hues} hues`);
    for (const texts of ['short', 'long']) {
      for (let times = 0; times < 2; times += 1) {
        const where = `${texts} texts, panel ${(await panel_is_open()) ? 'open' : 'shut'}`;
        // In one go: the page writes its own texts again with its next tick.
        const fill = texts === 'long' ? `(${fill_hud})();` : '';
        assert.deepEqual(await page.evaluate(`${fill}(${misplaced_parts})()`), [], where);
        if (process.env.RINGSIDE_SHOTS) {
          const file = `${name}, ${where}.png`.replaceAll(/[ ,]+/g, '-');
          await page.screenshot({ path: `${process.env.RINGSIDE_SHOTS}/${file}` });
        }
        await page.click('#panel summary');
      }
    }
    assert.deepEqual(faults, []);
    await context.close();
  });
}
