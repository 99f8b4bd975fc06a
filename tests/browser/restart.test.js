// The dashboard dies and comes back while the producer goes on; the page has every event, once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { open_page, start_chromium } from './chromium.js';
import { count_text, read_hud, record_hud, recorded_hud, wait_for_hud } from './hud.js';
import { describe as describe_picture, take_picture } from './picture.js';
import {
  new_bus,
  only_segment,
  publish_fit,
  saved_fit,
  start_dashboard,
  start_producer,
} from './programs.js';

const kPoints = 70000;
const kKills = 2;
const kGoingAways = 4;
const kDownMs = 400;
// The page waits for at most twice as long as the dashboard was away, and some for a busy machine.
// Generous: on a busy machine the browser takes seconds; how fast it is, bench/ measures.
const kResumeLimitMs = 60_000;

let browser;
let fit;
before(async () => {
  fit = await saved_fit();
  browser = await start_chromium();
});
after(() => browser?.close());

/** Waits until the page has come back `connects` times, and says how long that took. */
async function resumed(page, connects) {
  const started_ms = performance.now();
  await wait_for_hud(page, { state: 'live', connects });
  return performance.now() - started_ms;
}

describe('while a producer streams without a pause', () => {
  // Room for all that is published while the dashboard is away, and slow enough for a browser that
  // draws in software, however busy the machine is.
  const room = ['--retain', '1000000', '--capacity', '128MiB'];
  const options = ['--rate', '2000', '--cycle-pause-s', '0', ...room];
  let bus;
  let dashboard;
  let producer;
  let watch;
  let connects = 1;

  before(async () => {
    bus = new_bus();
    await publish_fit(bus, fit, ...room);
    producer = start_producer(bus, fit, ...options);
    dashboard = await start_dashboard(bus);
    watch = await open_page(browser, dashboard.url);
    await wait_for_hud(watch.page, { state: 'live', points: kPoints });
    await record_hud(watch.page);
    watch.outage = true;
  });
  after(async () => {
    await watch?.context.close();
    await producer?.stop('SIGKILL');
    await dashboard?.stop('SIGKILL');
  });

  for (let kill = 1; kill <= kKills; kill += 1) {
    it(`resumes by itself after the dashboard was killed, time ${kill}`, async (t) => {
      const { page } = watch;
      assert.equal(await dashboard.stop('SIGKILL'), 'SIGKILL');
      await wait_for_hud(page, { state: 'reconnecting' });
      assert.match(await page.textContent('#trouble'), /cut, or refused/);
      const { lit, hues } = describe_picture(await take_picture(page));
      assert.ok(lit > 0.1 && hues >= 6, `meanwhile ${lit} of the pixels are lit, in ${hues} hues`);
      await sleep(kDownMs);
      dashboard = await start_dashboard(bus, dashboard.port);
      const took_ms = await resumed(page, ++connects);
      t.diagnostic(`live ${took_ms.toFixed(0)} ms after the dashboard listened again`);
      assert.ok(took_ms < kResumeLimitMs);
      assert.equal(await page.textContent('#trouble'), '');
    });
  }

  for (let time = 1; time <= kGoingAways; time += 1) {
    it(`resumes without delay after the dashboard was told to end, time ${time}`, async (t) => {
      const { page } = watch;
      const ended = dashboard.stop('SIGTERM');
      await wait_for_hud(page, { state: 'reconnecting' });
      assert.equal(await ended, 0);
      dashboard = await start_dashboard(bus, dashboard.port);
      const took_ms = await resumed(page, ++connects);
      t.diagnostic(`live ${took_ms.toFixed(0)} ms after the dashboard listened again`);
      assert.ok(took_ms < kResumeLimitMs);
    });
  }

  it('has every event that was published, none twice', async () => {
    assert.ok(producer.is_running(), 'the producer was never disturbed');
    assert.equal(await producer.stop('SIGTERM'), 0);
    const { next } = await only_segment(bus);
    const shown = await wait_for_hud(watch.page, { events: next });
    assert.equal(shown.missed, 0);
    assert.equal(shown.doubled, 0);
    assert.equal(shown.connects, connects);
  });

  it('never showed less than the whole scatter, nor more', async () => {
    const recorded = await recorded_hud(watch.page);
    assert.ok(recorded.some(({ state }) => state === 'reconnecting'));
    assert.deepEqual([...new Set(recorded.map(({ points }) => points))], [kPoints]);
  });

  it('was sent away with 1001 by a dashboard that was told to end', async () => {
    const codes = [...new Array(kKills).fill(1006), ...new Array(kGoingAways).fill(1001)];
    assert.deepEqual(await watch.page.evaluate(() => window.close_codes), codes);
  });

  it('met no fault but the refused connections', () => {
    assert.deepEqual(watch.faults, []);
  });
});

describe('when the ring lapped the page while the dashboard was away', () => {
  // Less than a cycle, so that one more cycle overwrites events that the page has not seen.
  const retain = 65000;
  let bus;
  let dashboard;
  let watch;
  let first;

  before(async () => {
    bus = new_bus();
    await publish_fit(bus, fit, '--retain', String(retain));
    first = await only_segment(bus);
    dashboard = await start_dashboard(bus);
    watch = await open_page(browser, dashboard.url);
    await wait_for_hud(watch.page, { state: 'live', events: retain, points: retain });
    watch.outage = true;
  });
  after(async () => {
    await watch?.context.close();
    await dashboard?.stop('SIGKILL');
  });

  it('shows exactly how many events it missed', async () => {
    const { page } = watch;
    await dashboard.stop('SIGKILL');
    await wait_for_hud(page, { state: 'reconnecting' });
    await publish_fit(bus, fit, '--retain', String(retain));
    const segment = await only_segment(bus);
    assert.equal(segment.epoch, first.epoch);
    const missed = segment.oldest - first.next;
    assert.ok(missed > 0, 'the ring went past the page');

    dashboard = await start_dashboard(bus, dashboard.port);
    const shown = await wait_for_hud(page, { state: 'live', connects: 2 });
    assert.equal(shown.missed, missed);
    assert.equal(shown.doubled, 0);
    assert.equal(shown.events, segment.next - first.oldest - missed);
    assert.equal(await page.textContent('#missed'), count_text(missed));
    const [notice, ...others] = await page.locator('#notices li').allTextContents();
    assert.deepEqual(others, []);
    const [time, ...words] = notice.split(' ');
    assert.match(time, /^\d\d:\d\d:\d\d$/);
    assert.equal(words.join(' '), `missed ${count_text(missed)} of embedding/knn: overwritten`);
    assert.equal(shown.warnings, 0, 'none of them is retained');
    assert.equal(shown.points, segment.next - segment.oldest);
  });

  it('says so no longer once that is acknowledged', async () => {
    const { page } = watch;
    await page.click('#acknowledge');
    await page.waitForFunction(() => document.getElementById('missed').textContent === '0');
    assert.ok(await page.isHidden('#notices'));
    assert.ok(await page.isHidden('#acknowledge'));
  });

  it('goes on from there without another gap', async () => {
    const before_it = await read_hud(watch.page);
    await publish_fit(bus, fit, '--retain', String(retain), '--rate', '100000');
    const { next } = await only_segment(bus);
    const wanted = { events: next - first.oldest - before_it.missed, missed: before_it.missed };
    // All of the cycle has come, and the ring holds less than that of it.
    await wait_for_hud(watch.page, { ...wanted, points: retain });
    assert.deepEqual(watch.faults, []);
  });
});
