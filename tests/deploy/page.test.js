// The page in a real Chromium, under a sub-path behind Caddy: with a token, without, and when Caddy
// cuts it off.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { open_page, start_chromium } from '../browser/chromium.js';
import { wait_for_hud } from '../browser/hud.js';
import { new_bus, only_segment, publish_fit, saved_fit, temporary_folder } from '../browser/programs.js';
import { start_caddy } from './caddy.js';
import { free_port, new_token, start_dashboard } from './running.js';

const kToken = 'correct+horse/battery=staple';

let browser;
let bus;
let fit;
let caddy;
let dashboard;
let page_url;
before(async () => {
  bus = new_bus();
  fit = await saved_fit();
  await publish_fit(bus, fit, '--batch', '1000');
  const upstream = await free_port();
  // Chromium takes every name under localhost for this machine.
  caddy = await start_caddy({ host: 'dash.localhost', upstream });
  const options = ['--origin', caddy.origin, '--token-file', new_token(temporary_folder(), kToken)];
  dashboard = await start_dashboard(bus, { port: upstream, options });
  page_url = `${caddy.origin}/ringside/`;
  browser = await start_chromium();
});
after(async () => {
  await browser?.close();
  await caddy?.stop('SIGKILL');
  await dashboard?.stop('SIGKILL');
});

it('shows all of the bus, again after a refresh, and has the token out of sight', async () => {
  const { next } = await only_segment(bus);
  const watch = await open_page(browser, `${page_url}?token=${encodeURIComponent(kToken)}`);
  for (const time of ['at first', 'after a refresh']) {
    const { missed, doubled } = await wait_for_hud(watch.page, { state: 'live', events: next });
    assert.deepEqual([missed, doubled], [0, 0], time);
    assert.equal(watch.page.url(), page_url, time);
    if (time === 'at first') await watch.page.reload();
  }
  assert.deepEqual(watch.faults, []);
  await watch.context.close();
});

it('resumes when Caddy is reloaded, and misses and doubles nothing', async () => {
  const watch = await open_page(browser, `${page_url}?token=${encodeURIComponent(kToken)}`);
  await wait_for_hud(watch.page, { state: 'live' });
  watch.outage = true;
  await caddy.reload();
  await wait_for_hud(watch.page, { state: 'live', connects: 2 });
  await publish_fit(bus, fit, '--batch', '1000');
  const { next } = await only_segment(bus);
  const { missed, doubled } = await wait_for_hud(watch.page, { state: 'live', events: next });
  assert.deepEqual([missed, doubled], [0, 0]);
  assert.deepEqual(watch.faults, []);
  await watch.context.close();
});

for (const [title, query, said] of [
  ['no token', '', /wants its token: .*\(open .*\/ringside\/\?token=\.\.\.\)/],
  ['another token', '?token=0123456789abcdef', /wants its token: .* with the right one\)/],
]) {
  it(`with ${title} it says what to do`, async () => {
    const { page, context } = await open_page(browser, page_url + query);
    await wait_for_hud(page, { state: 'reconnecting', connects: 0 });
    await page.waitForFunction(
      (pattern) => new RegExp(pattern).test(document.getElementById('trouble').textContent),
      said.source,
    );
    assert.ok(await page.isVisible('#trouble'));
    await context.close();
  });
}
