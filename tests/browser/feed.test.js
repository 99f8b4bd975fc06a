// A page that is connected while the fit behind it is replaced over and over, half-written files
// among them: what it shows is always one whole fit.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, it } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { open_page, start_chromium } from './chromium.js';
import { wait_for_hud } from './hud.js';
import { new_bus, start_dashboard, start_feed, temporary_folder } from './programs.js';

const kRows = 20_000;
const kReplacements = 200;

let browser;
before(async () => (browser = await start_chromium()));
after(() => browser?.close());

/** A fit of which all points are of one split, so that two of them never look like one. */
function parquet(is_train) {
  const each = (make) => Array.from({ length: kRows }, (_, row) => make(row));
  const text = (name, make) => ({ name, type: 'STRING', data: each(make) });
  const real = (name, make) => ({ name, type: 'DOUBLE', data: each(make) });
  const whole = (name, make) => ({ name, type: 'INT64', data: each((row) => BigInt(make(row))) });
  const side = is_train ? 1 : -1;
  return Buffer.from(
    parquetWriteBuffer({
      columnData: [
        text('episode_id', (row) => `episode-${row}`),
        text('host_id', (row) => `host-${row % 40}`),
        text('profile', () => 'default'),
        real('x', (row) => (side * row) / kRows),
        real('y', (row) => Math.sin(row)),
        real('z', (row) => Math.cos(row)),
        whole('phase_int', (row) => row % 10),
        whole('predicted_int', (row) => row % 10),
        whole('cluster', (row) => row % 7),
        { name: 'is_train', type: 'BOOLEAN', data: each(() => is_train) },
      ],
    }),
  );
}

/** Waits until all points of a fit are counted under `id`. */
async function is_shown(page, id) {
  await page.waitForFunction(
    ([id, rows]) => document.getElementById(id).textContent.replaceAll(',', '') === String(rows),
    [id, kRows],
    { timeout: 30_000 },
  );
}

it(`shows one whole fit through ${kReplacements} replacements`, async (test) => {
  const bus = new_bus();
  const folder = temporary_folder();
  const file = path.join(folder, 'knn_v1.parquet');
  const fits = [parquet(true), parquet(false)];
  fs.writeFileSync(file, fits[0]);
  const feed = start_feed(bus, file, '--watch');
  const dashboard = await start_dashboard(bus);
  const { page, context } = await open_page(browser, dashboard.url);
  await wait_for_hud(page, { points: kRows, state: 'live' });
  // Every change of what is shown, written down by the page itself.
  await page.evaluate(() => {
    window.seen = [];
    const hud = document.getElementById('hud');
    const note = () => {
      const count = (id) => Number(document.getElementById(id).textContent.replaceAll(',', ''));
      window.seen.push([Number(hud.dataset.points), count('train-count'), count('test-count')]);
    };
    new MutationObserver(note).observe(hud, {
      attributes: true,
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  for (let i = 1; i <= kReplacements; i += 1) {
    const fit = fits[i % 2];
    const next = path.join(folder, 'next');
    fs.writeFileSync(next, i % 5 === 0 ? fit.subarray(0, fit.length / 2) : fit);
    fs.renameSync(next, file);
    // Now and then one is waited for, so that many are seen however slow the machine is.
    if (i % 5 === 1) await is_shown(page, i % 2 === 0 ? 'train-count' : 'test-count');
    else await page.waitForTimeout(40);
  }
  const begin = Date.now();
  const last = path.join(folder, 'next');
  fs.writeFileSync(last, fits[1]);
  fs.renameSync(last, file);
  await is_shown(page, 'test-count');
  test.diagnostic(`the last file is on the page ${Date.now() - begin} ms after it was put in place`);
  const seen = await page.evaluate(() => window.seen);
  assert.ok(seen.length > 10, `only ${seen.length} changes were seen`);
  for (const [points, train, not_train] of seen) {
    assert.equal(points, kRows, 'the scatter is never blank, short or doubled');
    // The two counts are set one after the other; together they are one fit, or it is the moment
    // between them, in which they are none or twice it.
    assert.ok(train === 0 || train === kRows, `${train} points of one fit, ${not_train} of another`);
    assert.ok(not_train === 0 || not_train === kRows, `${not_train} points of one of two fits`);
  }
  await context.close();
  assert.equal(await feed.stop(), 0);
  await dashboard.stop();
});
