// What the page says of producers, segments and the bus: as a page that is opened now would.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, afterEach, before, beforeEach, it } from 'node:test';
import { open_page, start_chromium } from './chromium.js';
import { read_hud, wait_for_hud, wait_for_text } from './hud.js';
import { new_bus, publish_points, start_dashboard, start_publisher } from './programs.js';

const kSmall = ['--capacity', '64KiB'];
const kManySegments = 205;

let browser;
let bus;
let dashboard;
const publishers = new Set();
before(async () => (browser = await start_chromium()));
after(() => browser?.close());
beforeEach(async () => {
  bus = new_bus();
  dashboard = await start_dashboard(bus);
});
afterEach(async () => {
  for (const publisher of publishers) await publisher.stop('SIGKILL');
  publishers.clear();
  await dashboard.stop('SIGKILL');
});

function publisher(name, ...options) {
  const program = start_publisher(bus, name, ...options);
  publishers.add(program);
  return program;
}

async function kill(program) {
  publishers.delete(program);
  await program.stop('SIGKILL');
}

function points(count, from = 0) {
  return Array.from({ length: count }, (_, i) => ({ episode_id: `e${from + i}`, x: from + i }));
}

function row(name) {
  return `#sources li[data-name="embedding/${name}"]`;
}

/** The figures are the same after a refresh. */
async function refresh_changes_nothing(page) {
  const before_it = await read_hud(page);
  await page.reload();
  const { state, points: shown, producers } = before_it;
  await wait_for_hud(page, { state, points: shown, producers });
}

it('a producer that was killed is gone, and live again when it is back', async () => {
  let producer = publisher('p');
  producer.publish(points(10));
  const { page, context, faults } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 10, producers: 'live' });
  assert.equal(await page.textContent('#state'), 'live');
  await wait_for_text(page, `${row('p')} em`, /^live, newest \d+ (s|min) ago$/);

  await kill(producer);
  await wait_for_hud(page, { state: 'live', points: 10, producers: 'gone' });
  assert.equal(await page.textContent('#state'), 'producer gone');
  await wait_for_text(page, `${row('p')} em`, /^gone, newest \d+ (s|min) ago$/);

  producer = publisher('p');
  producer.publish(points(5, 10));
  await wait_for_hud(page, { state: 'live', points: 15, producers: 'live' });
  assert.equal(await page.textContent('#state'), 'live');
  assert.deepEqual(faults, []);
  await context.close();
});

it('a segment that is removed takes its points along, and that is said', async () => {
  await publish_points(bus, 'one', points(10));
  await publish_points(bus, 'other', points(20));
  const { page, context, faults } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 30 });
  fs.rmSync(path.join(bus, 'embedding', 'one.ring'));
  await wait_for_hud(page, { state: 'live', points: 20, producers: 'gone' });
  assert.match(await wait_for_text(page, '#notices', /ended/), /embedding\/one has ended/);
  assert.equal(await page.locator(row('one')).count(), 0);
  await refresh_changes_nothing(page);
  assert.deepEqual(faults, []);
  await context.close();
});

it('a producer that starts again under another name does not double its points', async () => {
  await publish_points(bus, 'before', points(10));
  const { page, context } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 10 });
  await publish_points(bus, 'after', points(10));
  await wait_for_hud(page, { points: 20 });
  fs.rmSync(path.join(bus, 'embedding', 'before.ring'));
  await wait_for_hud(page, { points: 10, producers: 'gone' });
  await wait_for_text(page, row('after'), /10/);
  await refresh_changes_nothing(page);
  await context.close();
});

it('a bus that is removed leaves nothing on the screen, and one made anew comes back', async () => {
  await publish_points(bus, 'p', points(10));
  const { page, context, faults } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 10 });
  fs.rmSync(bus, { recursive: true });
  await wait_for_hud(page, { state: 'live', points: 0, producers: 'none' });
  await wait_for_text(page, '#notices', /embedding\/p has ended/);
  await wait_for_text(page, '#nothing', /No producer/);
  fs.mkdirSync(bus);
  await publish_points(bus, 'p', points(7));
  await wait_for_hud(page, { state: 'live', points: 7, producers: 'gone' });
  assert.ok(await page.isHidden('#nothing'));
  await refresh_changes_nothing(page);
  assert.deepEqual(faults, []);
  await context.close();
});

it('points that are no longer retained leave, of single events and of a cycle alike', async () => {
  const producer = publisher('p', '--retain', '100');
  producer.publish(points(50));
  const { page, context, faults } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 50 });
  // The producer may lap the page: what was evicted unseen is missed.
  const wait_for_all = (count) =>
    page.waitForFunction((wanted) => {
      const { events, missed, points: shown } = document.getElementById('hud').dataset;
      return Number(events) + Number(missed) === wanted && shown === '100';
    }, count);
  producer.publish(points(1000, 50));
  await wait_for_all(1050);
  producer.publish(points(1000, 1050));
  await wait_for_all(2050);
  await refresh_changes_nothing(page);
  assert.equal((await read_hud(page)).events, 100);
  assert.deepEqual(faults, []);
  await context.close();
});

it('points that are too old to be retained leave by themselves', async () => {
  const producer = publisher('p', '--retain-age', '3s');
  producer.publish(points(50));
  const { page, context } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live' });
  // One after the other, until the first have left.
  let next = 50;
  const publishing = setInterval(() => producer.publish(points(1, next++)), 200);
  try {
    await page.waitForFunction(() => {
      const { events, points: shown } = document.getElementById('hud').dataset;
      return Number(shown) > 0 && Number(events) - Number(shown) >= 50;
    });
  } finally {
    clearInterval(publishing);
  }
  await context.close();
});

it('a source that is switched off is out of the picture until it is switched on', async () => {
  await publish_points(bus, 'one', points(10));
  await publish_points(bus, 'other', points(20, 1000));
  const { page, context, faults } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { state: 'live', points: 30 });
  const total_of_legend = () =>
    page.$$eval('#legend small', (counts) =>
      counts.reduce((sum, { textContent }) => sum + Number(textContent), 0),
    );
  await page.uncheck(`${row('one')} input`);
  await wait_for_hud(page, { points: 20 });
  await page.waitForFunction(() => document.getElementById('test-count').textContent === '20');
  assert.equal(await total_of_legend(), 20);
  assert.match(await page.textContent(row('one')), /10/);
  await page.check(`${row('one')} input`);
  await wait_for_hud(page, { points: 30 });
  await page.waitForFunction(() => document.getElementById('test-count').textContent === '30');
  assert.deepEqual(faults, []);
  await context.close();
});

it(`the page holds ${kManySegments} segments, live and over a reconnect`, async () => {
  for (let i = 0; i < kManySegments; i += 1) {
    await publish_points(bus, `p${i}`, points(1, i), ...kSmall);
  }
  const watch = await open_page(browser, dashboard.url);
  const { page, context } = watch;
  await wait_for_hud(page, { state: 'live', points: kManySegments, connects: 1 });
  assert.equal(await page.locator('#sources li').count(), kManySegments);
  await publish_points(bus, 'p0', points(1, 1000), ...kSmall);
  await wait_for_hud(page, { state: 'live', points: kManySegments + 1, connects: 1 });

  watch.outage = true;
  await dashboard.stop('SIGKILL');
  await wait_for_hud(page, { state: 'reconnecting' });
  dashboard = await start_dashboard(bus, dashboard.port);
  const wanted = { state: 'live', points: kManySegments + 1, events: kManySegments + 1 };
  const shown = await wait_for_hud(page, { ...wanted, connects: 2 });
  assert.equal(shown.doubled, 0);
  assert.equal(shown.missed, 0);
  assert.deepEqual(watch.faults, []);
  await context.close();
});
