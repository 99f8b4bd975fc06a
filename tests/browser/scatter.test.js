// The page shows a real fit, the right one, and shows it again after a refresh.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { open_page, start_chromium } from './chromium.js';
import { count_text, read_hud, wait_for_hud } from './hud.js';
import * as picture from './picture.js';
import { new_bus, only_segment, publish_fit, run, saved_fit, start_dashboard } from './programs.js';

// Between two pictures of the same points only smoothed edges may differ.
const kSamePicture = 0.002;
const kFormats = [
  { title: 'one event a point', options: [] },
  { title: 'a thousand points an event', options: ['--batch', '1000'] },
];

let browser;
let fit;
before(async () => {
  fit = await saved_fit();
  browser = await start_chromium();
});
after(() => browser?.close());

/** The points of a bus as another reader of it, `ringside tail`, has them. */
async function points_of(bus) {
  const whole = ['--from', 'oldest', '--json'];
  const lines = await run('ringside', 'tail', 'embedding', '--bus', bus, ...whole);
  return lines
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      const { body } = JSON.parse(line).event;
      return body.points ?? [body];
    });
}

function count_by(points, label) {
  const counts = {};
  for (const point of points) {
    const name = String(point[label] ?? 0);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function shown_legend(page) {
  return page.$$eval('#legend button', (buttons) =>
    Object.fromEntries(
      buttons.map((button) => [
        button.querySelector('span').textContent,
        Number(button.querySelector('small').textContent.replaceAll(',', '')),
      ]),
    ),
  );
}

for (const { title, options } of kFormats) {
  describe(`a fit that was published as ${title}`, () => {
    let bus;
    let points;
    let dashboard;
    let segment;
    let watch;
    let first_still;

    before(async () => {
      bus = new_bus();
      await publish_fit(bus, fit, ...options);
      segment = await only_segment(bus);
      points = await points_of(bus);
      dashboard = await start_dashboard(bus);
      watch = await open_page(browser, dashboard.url);
    });
    after(async () => {
      await watch?.context.close();
      await dashboard?.stop('SIGKILL');
    });

    it('is replayed whole, and the page is live', async (t) => {
      const events = segment.next - segment.oldest;
      const shown = await wait_for_hud(watch.page, { state: 'live', points: points.length });
      t.diagnostic(`${points.length} points in ${events} events: replay ${shown.replayMs} ms`);
      assert.ok(points.length > 10000, 'the fit is a real one');
      assert.equal(shown.events, events);
      assert.equal(shown.missed, 0);
      assert.equal(shown.doubled, 0);
      assert.equal(shown.connects, 1);
      assert.ok(shown.replayMs > 0);
    });

    it('is drawn in many colours across the room beside the HUD', async () => {
      first_still = await picture.take_still(watch.page);
      const { lit, hues, box } = picture.describe(first_still);
      assert.ok(lit > 0.1 && lit < 0.95, `${lit} of the pixels are lit`);
      assert.ok(hues >= 6, `only ${hues} hues`);
      assert.ok(box.right - box.left > 0.5, `from ${box.left} to ${box.right}`);
      assert.ok(box.bottom - box.top > 0.5, `from ${box.top} to ${box.bottom}`);
    });

    it('has the counts that another reader of the bus has', async () => {
      const { page } = watch;
      const train = points.filter((point) => point.is_train).length;
      assert.equal(await page.textContent('#train-count'), count_text(train));
      assert.equal(await page.textContent('#test-count'), count_text(points.length - train));
      assert.deepEqual(await shown_legend(page), count_by(points, 'phase_int'));
      await page.check('input[name=colour][value=prediction]', { force: true });
      await page.waitForFunction(
        () => document.getElementById('legend-title').textContent === 'Predictions',
      );
      assert.deepEqual(await shown_legend(page), count_by(points, 'predicted_int'));
    });

    it('is there again, the same, after a refresh', async (t) => {
      await watch.page.reload();
      const shown = await wait_for_hud(watch.page, { state: 'live', points: points.length });
      t.diagnostic(`after the refresh: replay ${shown.replayMs} ms`);
      assert.equal(shown.events, segment.next - segment.oldest);
      assert.equal(shown.connects, 1);
      assert.ok(shown.replayMs > 0);
      const again = await picture.take_still(watch.page);
      const differing = picture.difference(first_still, again);
      assert.ok(differing < kSamePicture, `${differing} of the pixels differ`);
    });

    it('follows the next cycle without a refresh, each point in its place', async () => {
      await publish_fit(bus, fit, ...options);
      const { next } = await only_segment(bus);
      assert.equal(next, 2 * (segment.next - segment.oldest));
      const shown = await wait_for_hud(watch.page, { events: next });
      assert.equal(shown.points, points.length);
      const still = await picture.take_still(watch.page);
      const differing = picture.difference(first_still, still);
      assert.ok(differing < kSamePicture, `${differing} of the pixels differ`);
    });

    it('was shown without an error, a refused resource or a failed request', async () => {
      assert.deepEqual(watch.faults, []);
      assert.equal((await read_hud(watch.page)).connects, 1);
    });
  });
}
