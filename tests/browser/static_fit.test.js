// The saved fit as a static file: painted before any event arrives, and without a dashboard at all;
// then the stream wins over it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { open_page, start_chromium } from './chromium.js';
import { read_hud, wait_for_hud } from './hud.js';
import * as picture from './picture.js';
import { new_bus, publish_fit, saved_fit, start_dashboard, temporary_folder } from './programs.js';

const kRows = 150_000;
const kTypes = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };

/** Every origin may read it. */
const kForAnybody = { 'access-control-allow-origin': '*' };

let browser;
let fit;
let data;
before(async () => {
  fit = await saved_fit();
  data = temporary_folder();
  fs.writeFileSync(path.join(data, 'knn_v1.parquet'), parquet(kRows));
  browser = await start_chromium();
});
after(() => browser?.close());

/** A spiral of as many points, with the columns and types that pandas writes. */
function spiral(rows) {
  const each = (make) => Array.from({ length: rows }, (_, row) => make(row));
  const text = (name, make) => ({ name, type: 'STRING', data: each(make) });
  const real = (name, make) => ({ name, type: 'DOUBLE', data: each(make) });
  const whole = (name, make) => ({ name, type: 'INT64', data: each((row) => BigInt(make(row))) });
  return [
    text('episode_id', (row) => `spiral-${row}`),
    text('host_id', (row) => `host-${row % 40}`),
    text('profile', () => 'default'),
    real('x', (row) => Math.cos(row / 500) * (row / rows)),
    real('y', (row) => Math.sin(row / 500) * (row / rows)),
    real('z', (row) => row / rows),
    whole('phase_int', (row) => row % 10),
    whole('predicted_int', (row) => row % 10),
    whole('cluster', (row) => row % 7),
    { name: 'is_train', type: 'BOOLEAN', data: each((row) => row % 4 !== 0) },
  ];
}

function parquet(rows) {
  const fit = parquetWriteBuffer({ columnData: spiral(rows), rowGroupSize: 50_000 });
  return Buffer.from(fit);
}

function json(rows) {
  const columns = Object.fromEntries(spiral(rows).map(({ name, data }) => [name, data]));
  const as_number = (_, value) => (typeof value === 'bigint' ? Number(value) : value);
  return JSON.stringify({ format: 'ringside-fit', version: 1, rows, columns }, as_number);
}

/** Nothing but files, and no WebSocket. `others` answer for names of their own. */
async function start_file_server(others = {}) {
  const page_folder = path.join(process.env.RINGSIDE_BIN, '../web');
  const server = http.createServer((request, answer) => {
    const name = new URL(request.url, 'http://files').pathname;
    if (name in others) return others[name](answer);
    const file = name.startsWith('/data/')
      ? path.join(data, name.slice('/data/'.length))
      : path.join(page_folder, name === '/' ? 'index.html' : name);
    if (!fs.existsSync(file)) return answer.writeHead(404).end();
    const type = kTypes[path.extname(file)] ?? 'application/octet-stream';
    return answer.writeHead(200, { 'content-type': type }).end(fs.readFileSync(file));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

/**
 * Notes the status of each answer from now on: what the server said, of which the browser makes a
 * 200 where it takes the copy that it has. Returns those for a path, when asked.
 */
async function note_statuses(page) {
  // The two come in either order.
  const names = new Map();
  const statuses = new Map();
  const network = await page.context().newCDPSession(page);
  network.on('Network.requestWillBeSent', ({ requestId, request }) => {
    names.set(requestId, new URL(request.url).pathname);
  });
  network.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
    statuses.set(requestId, statusCode);
  });
  await network.send('Network.enable');
  return (name) => [...statuses].filter(([id]) => names.get(id) === name).map(([, code]) => code);
}

describe('the saved fit', () => {
  it('is painted with no dashboard behind the page', async (test) => {
    const files = await start_file_server();
    const { page, context } = await open_page(browser, files.url);
    const begin = Date.now();
    const hud = await wait_for_hud(page, { points: kRows, fit: kRows });
    test.diagnostic(`${kRows} points of the file shown ${Date.now() - begin} ms after the load`);
    assert.equal(hud.events, 0);
    assert.notEqual(hud.state, 'live');
    const { lit, hues } = picture.describe(await picture.take_still(page));
    assert.ok(lit > 0.01 && hues > 3, `the scatter is blank: ${lit} lit, ${hues} hues`);
    await context.close();
    files.stop();
  });

  it('is there before any event, is 304 the second time, and a live cycle takes its place', async () => {
    const bus = new_bus();
    const dashboard = await start_dashboard(bus, 0, '--data', data);
    const { page, context } = await open_page(browser, dashboard.url);
    await wait_for_hud(page, { points: kRows, fit: kRows, state: 'live' });
    const statuses_of = await note_statuses(page);
    await page.reload();
    await wait_for_hud(page, { points: kRows, fit: kRows, state: 'live' });
    assert.deepEqual(statuses_of('/data/knn_v1.parquet'), [304]);
    await publish_fit(bus, fit);
    const hud = await wait_for_hud(page, { fit: 0, state: 'live' });
    assert.equal(hud.points, 70_000);
    await context.close();
    await dashboard.stop();
  });

  it('is read as others pack it, with nothing that the policy forbids', async () => {
    for (const name of ['brotli-categories', 'gzip-large-text', 'lz4-categories-no-dictionary']) {
      const folder = temporary_folder();
      const packed = new URL(`../feed/foreign/arrow-${name}.parquet`, import.meta.url);
      fs.copyFileSync(packed, path.join(folder, 'knn_v1.parquet'));
      const dashboard = await start_dashboard(new_bus(), 0, '--data', folder);
      const { page, context, faults } = await open_page(browser, dashboard.url);
      await wait_for_hud(page, { points: 100, fit: 100, state: 'live' });
      assert.deepEqual(faults, []);
      await context.close();
      await dashboard.stop();
    }
  });

  it('is that of the JSON where the Parquet beside it is broken, which is reported', async () => {
    const folder = temporary_folder();
    const broken = parquet(kRows).subarray(0, -100);
    fs.writeFileSync(path.join(folder, 'knn_v1.parquet'), broken);
    fs.writeFileSync(path.join(folder, 'knn_v1.json'), json(1000));
    const dashboard = await start_dashboard(new_bus(), 0, '--data', folder);
    const { page, context, faults } = await open_page(browser, dashboard.url);
    await wait_for_hud(page, { points: 1000, fit: 1000, state: 'live' });
    assert.match(
      await page.textContent('#other-fit'),
      /that of data\/knn_v1\.json\. data\/knn_v1\.parquet: it is not a complete Parquet file/,
    );
    assert.ok(await page.isVisible('#other-fit'));
    assert.ok(await page.isHidden('#no-fit'));
    assert.deepEqual(faults, []);
    await context.close();
    await dashboard.stop();
  });

  it('is a file of just the name that the page is told', async () => {
    const name = 'run #7, 100%?.parquet';
    fs.copyFileSync(path.join(data, 'knn_v1.parquet'), path.join(data, name));
    const dashboard = await start_dashboard(new_bus(), 0, '--data', data);
    const address = `${dashboard.url}?fit=/data/${encodeURIComponent(name)}`;
    const { page, context, faults } = await open_page(browser, address);
    await wait_for_hud(page, { points: kRows, fit: kRows, state: 'live' });
    assert.deepEqual(faults, []);
    await context.close();
    await dashboard.stop();
  });

  it('that leads elsewhere or is cut off is reported by name', async () => {
    const fit_bytes = fs.readFileSync(path.join(data, 'knn_v1.parquet'));
    const elsewhere = await start_file_server({
      '/fit': (answer) => answer.writeHead(200, kForAnybody).end(fit_bytes),
    });
    const files = await start_file_server({
      '/data/away': (answer) => {
        answer.writeHead(302, { ...kForAnybody, location: `${elsewhere.url}fit` }).end();
      },
      '/data/cut': (answer) => {
        answer.writeHead(200, { 'content-length': fit_bytes.length });
        answer.write(fit_bytes.subarray(0, fit_bytes.length / 2), () => answer.destroy());
      },
    });
    for (const [name, fault] of [
      ['data/away', /data\/away: no answer, or one that leads away from this page/],
      ['data/cut', /data\/cut: the answer was cut off/],
    ]) {
      const { page, context } = await open_page(browser, `${files.url}?fit=${name}`);
      await page.waitForFunction(() => !document.getElementById('no-fit').hidden);
      assert.match(await page.textContent('#no-fit'), fault);
      assert.equal((await read_hud(page)).points, 0);
      await context.close();
    }
    files.stop();
    elsewhere.stop();
  });

  it('that is broken is reported, and the stream goes on', async () => {
    const bus = new_bus();
    await publish_fit(bus, fit);
    const folder = temporary_folder();
    fs.writeFileSync(path.join(folder, 'knn_v1.parquet'), 'PAR1 and nothing more than this');
    const dashboard = await start_dashboard(bus, 0, '--data', folder);
    const { page, context } = await open_page(browser, dashboard.url);
    await wait_for_hud(page, { points: 70_000, state: 'live', fit: 0 });
    await page.waitForFunction(() => !document.getElementById('no-fit').hidden);
    const fault = await page.textContent('#no-fit');
    assert.match(fault, /knn_v1\.parquet: it is not a complete Parquet file/);
    assert.equal((await read_hud(page)).points, 70_000);
    await context.close();
    await dashboard.stop();
  });
});
