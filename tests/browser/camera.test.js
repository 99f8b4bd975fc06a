// What the picture shows when one point is far away, and when the browser cannot draw.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { open_page, start_chromium } from './chromium.js';
import { wait_for_hud, wait_for_text } from './hud.js';
import { describe as describe_picture, difference, take_still } from './picture.js';
import { new_bus, publish_points, start_dashboard } from './programs.js';

const kPoints = 2000;
const kSame = 0.002;

let browser;
before(async () => (browser = await start_chromium()));
after(() => browser?.close());

/** Points that fill [-3, 3] on each axis. */
function cloud() {
  const along = (i, step) => (((i * step) % kPoints) / kPoints) * 6 - 3;
  return Array.from({ length: kPoints }, (_, i) => ({
    episode_id: `e${i}`,
    x: along(i, 1),
    y: along(i, 37),
    z: along(i, 701),
  }));
}

describe('the scatter', () => {
  let bus;
  let watch;
  let page;
  let dashboard;
  beforeEach(async (t) => {
    bus = new_bus();
    await publish_points(bus, 'p', cloud());
    dashboard = await start_dashboard(bus);
    watch = await open_page(browser, dashboard.url);
    page = watch.page;
    await wait_for_hud(page, { state: 'live', points: kPoints });
    await page.waitForFunction(
      (count) => document.getElementById('test-count').textContent === count,
      '2,000',
    );
  });

  async function end() {
    await watch.context.close();
    await dashboard.stop('SIGKILL');
  }

  for (const far of [1e6, 1e38]) {
    it(`is not blanked by a point at ${far}, which is counted`, async () => {
      const first = await take_still(page);
      assert.ok(describe_picture(first).lit > 0.01);
      await publish_points(bus, 'far', [{ episode_id: 'far', x: far }]);
      await wait_for_hud(page, { points: kPoints + 1, outliers: 1 });
      assert.match(await wait_for_text(page, '#outliers', /out of view/), /^1 point is/);
      assert.ok(difference(first, await take_still(page)) < kSame);
      await page.click('#reset');
      assert.ok(difference(first, await take_still(page)) < kSame);
      await page.reload();
      await wait_for_hud(page, { state: 'live', points: kPoints + 1, outliers: 1 });
      assert.ok(difference(first, await take_still(page)) < kSame);
      assert.deepEqual(watch.faults, []);
      await end();
    });
  }

  it('does not move under a viewer who has turned it', async () => {
    await page.focus('#scatter');
    await page.keyboard.press('ArrowRight');
    const turned = await take_still(page);
    // As large again: without a viewer the camera would follow.
    const corners = [-9, 9].map((x) => ({ episode_id: `corner ${x}`, x, y: x, z: x }));
    await publish_points(bus, 'more', corners);
    await wait_for_hud(page, { points: kPoints + 2, outliers: 0 });
    await page.waitForFunction(() => document.getElementById('test-count').textContent === '2,002');
    const { lit } = describe_picture(await take_still(page));
    assert.ok(Math.abs(lit - describe_picture(turned).lit) < 0.1 * lit, 'the size is the same');
    await page.click('#reset');
    assert.ok(describe_picture(await take_still(page)).lit < 0.6 * lit, 'now it has moved');
    await end();
  });

  it('says that its context was lost, and that it is back', async () => {
    const first = await take_still(page);
    await page.evaluate(() => {
      const context = document.getElementById('scatter').getContext('webgl2');
      window.context_loss = context.getExtension('WEBGL_lose_context');
      window.context_loss.loseContext();
    });
    await wait_for_text(page, '#no-scene', /lost the graphics device/);
    await page.evaluate(() => window.context_loss.restoreContext());
    await page.waitForSelector('#no-scene', { state: 'hidden' });
    await wait_for_text(page, '#notices', /drawn again/);
    assert.ok(difference(first, await take_still(page)) < kSame);
    await end();
  });
});
