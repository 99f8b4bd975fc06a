// The page and its dashboard: what it says when that is frozen, or does not let it in.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { open_page, start_chromium } from './chromium.js';
import { read_hud, wait_for_hud, wait_for_text } from './hud.js';
import { new_bus, publish_points, start_dashboard, start_publisher } from './programs.js';

let browser;
before(async () => (browser = await start_chromium()));
after(() => browser?.close());

function spiral(count, from = 0) {
  return Array.from({ length: count }, (_, i) => ({
    episode_id: `e${from + i}`,
    x: Math.cos(from + i),
    y: Math.sin(from + i),
    z: (from + i) / 100,
  }));
}

it('a frozen dashboard is silent, then left, and resumed without loss or doubling', async () => {
  const bus = new_bus();
  const producer = start_publisher(bus, 'p');
  producer.publish(spiral(10));
  const dashboard = await start_dashboard(bus);
  const { page, context } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 10, producers: 'live' });
  // Silence counts from the first beat on: only then it is known that this server has a pulse.
  await wait_for_text(page, '#sources em', /live, newest \d+ (s|min) ago/);

  dashboard.child.kill('SIGSTOP');
  producer.publish(spiral(5, 10));
  await wait_for_hud(page, { state: 'silent' });
  assert.match(await page.textContent('#state'), /^silent for \d+ s$/);
  assert.match(await wait_for_text(page, '#sources em', /unknown/), /^unknown/);
  await wait_for_hud(page, { state: 'reconnecting' });
  await wait_for_text(page, '#trouble', /silent|no answer/);
  await wait_for_text(page, '#stale', /Nothing heard from the dashboard for \d+ (s|min)/);

  dashboard.child.kill('SIGCONT');
  const shown = await wait_for_hud(page, { state: 'live', points: 15, producers: 'live' });
  assert.equal(shown.doubled, 0);
  assert.equal(shown.missed, 0);
  assert.equal(shown.events, 15);
  await wait_for_text(page, '#sources em', /live/);
  assert.ok(await page.isHidden('#stale'));
  await context.close();
  await producer.stop('SIGKILL');
  await dashboard.stop('SIGKILL');
});

it('an idle dashboard that beats is never called silent', async () => {
  const bus = new_bus();
  await publish_points(bus, 'p', spiral(10));
  const dashboard = await start_dashboard(bus);
  const { page, context, faults } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 10 });
  await page.evaluate(() => {
    const hud = document.getElementById('hud');
    window.states = [];
    new MutationObserver(() => window.states.push(hud.dataset.state)).observe(hud, {
      attributes: true,
    });
  });
  // Its age goes on: that is more than the silence that would have been noticed.
  await wait_for_text(page, '#sources em', /newest (1[2-9]|[2-9]\d) s|newest \d+ min/);
  const { state, connects } = await read_hud(page);
  assert.deepEqual([state, connects], ['live', 1]);
  assert.ok((await page.evaluate(() => window.states)).every((each) => each === 'live'));
  assert.deepEqual(faults, []);
  await context.close();
  await dashboard.stop('SIGKILL');
});

it('a refusal is shown in the words of the dashboard', async () => {
  const dashboard = await start_dashboard(new_bus());
  const answer = await fetch(`${dashboard.url}v1/stream?from=latestt`);
  assert.equal(answer.status, 400);
  const sentence = (await answer.text()).trim();
  assert.match(sentence, /latestt/);
  const { page, context } = await open_page(browser, `${dashboard.url}?from=latestt`);
  const shown = await wait_for_text(page, '#trouble', /latestt/);
  assert.equal(shown, sentence);
  await context.close();
  await dashboard.stop('SIGKILL');
});

it('a dashboard that has all its clients says so to the next page', async () => {
  const dashboard = await start_dashboard(new_bus(), 0, '--max-clients', '1');
  const first = await open_page(browser, dashboard.url);
  await wait_for_hud(first.page, { state: 'live' });
  const second = await open_page(browser, dashboard.url);
  const sentence = (await (await fetch(`${dashboard.url}v1/stream`)).text()).trim();
  assert.equal(await wait_for_text(second.page, '#trouble', /--max-clients/), sentence);
  await first.context.close();
  await wait_for_hud(second.page, { state: 'live' });
  assert.equal(await second.page.textContent('#trouble'), '');
  await second.context.close();
  await dashboard.stop('SIGKILL');
});
