// The dashboard behind Caddy as the Caddyfile of dashboard_reader/deploy/ has it: streams, reloads,
// who may ask, and what nobody may have.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { new_bus, run, temporary_folder } from '../browser/programs.js';
import { start_caddy } from './caddy.js';
import { Follower, handshake } from './follower.js';
import { free_port, new_token, Running, start_dashboard, until } from './running.js';

const kHost = 'dash.example.com';
const kToken = 'correct+horse/battery=staple';
const kParquet = 'PAR1 not really';

function load(bus, count, ...options) {
  return run('ringside', 'load', 'events', '--producer', 'p', '--bus', bus, '--count', count, ...options);
}

/** Waits until a follower has so many records, and says what it has if it does not get them. */
function has(follower, records) {
  return until(
    () => follower.records >= records,
    () => `${follower.records} of ${records} records, closed by ${follower.closes}`,
  );
}

describe('a dashboard behind Caddy', () => {
  let bus;
  let dashboard;
  let caddy;
  let published = 0;

  before(async () => {
    bus = new_bus();
    await load(bus, '20000');
    published = 20000;
    const upstream = await free_port();
    caddy = await start_caddy({ host: kHost, upstream });
    dashboard = await start_dashboard(bus, { port: upstream, options: ['--origin', caddy.origin] });
  });
  after(async () => {
    await caddy?.stop('SIGKILL');
    await dashboard?.stop('SIGKILL');
  });

  const stream = () => `ws://127.0.0.1:${caddy.port}/ringside/v1/stream?channels=events`;
  const as_page = () => ({ headers: { host: `${kHost}:${caddy.port}` }, origin: caddy.origin });

  it('streams all that is retained, and goes on live', async () => {
    const follower = new Follower(stream(), as_page());
    await until(() => follower.live, () => 'never live');
    assert.equal(follower.records, published);
    await load(bus, '3000');
    published += 3000;
    await has(follower, published);
    await follower.stop();
    assert.equal(follower.records, published);
    assert.equal(follower.connects, 1);
  });

  it('loses and doubles nothing when Caddy is reloaded under its clients', async (t) => {
    const reloads = 4;
    const followers = Array.from({ length: 5 }, () => new Follower(stream(), as_page()));
    await until(() => followers.every((follower) => follower.live), () => 'never live');
    const more = load(bus, '30000', '--rate', '10000');
    for (let times = 1; times <= reloads; times += 1) {
      await sleep(300);
      await caddy.reload();
      await until(
        () => followers.every((follower) => follower.connects > times),
        () => `a reload did not cut its streams: ${followers.map((f) => f.connects)}`,
      );
    }
    await more;
    published += 30000;
    for (const follower of followers) {
      await has(follower, published);
      await follower.stop();
      assert.equal(follower.records, published);
    }
    const closes = followers.flatMap((follower) => follower.closes);
    t.diagnostic(`${reloads} reloads, streams ended with ${[...new Set(closes)]}`);
  });

  it('has requests wait for a dashboard that is started anew', async () => {
    assert.equal((await caddy.get('/ringside/healthz')).status, 200);
    const { port } = dashboard;
    assert.equal(await dashboard.stop(), 0);
    const waiting = caddy.get('/ringside/healthz');
    await sleep(500);
    dashboard = await start_dashboard(bus, { port, options: ['--origin', caddy.origin] });
    const { status, body } = await waiting;
    assert.deepEqual([status, body], [200, 'ok\n']);
  });

  it('is known by the name that --origin gives it, and by no other', async () => {
    assert.equal(await handshake(stream(), as_page()), 101);
    const nameless = await start_dashboard(bus);
    const direct = `ws://127.0.0.1:${nameless.port}/v1/stream`;
    assert.equal(await handshake(direct, as_page()), 421);
    await nameless.stop('SIGKILL');
  });

  it('opens no stream to a page of elsewhere', async () => {
    for (const origin of ['https://evil.example', `http://${kHost}.evil.example`, 'null']) {
      assert.equal(await handshake(stream(), { ...as_page(), origin }), 403, origin);
    }
  });

  it('has a page with the headers that a scanner looks for', async () => {
    const { status, headers, body } = await caddy.get('/ringside/', { 'accept-encoding': 'gzip' });
    assert.equal(status, 200);
    assert.match(headers['strict-transport-security'], /max-age=31536000/);
    assert.match(headers['content-security-policy'], /default-src 'self'/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    const [asset] = /assets\/[^"]+\.js/.exec(body);
    const script = await caddy.get(`/ringside/${asset}`, { 'accept-encoding': 'gzip' });
    assert.equal(script.status, 200);
    assert.equal(script.headers['content-encoding'], 'gzip');
    assert.match(script.headers['cache-control'], /immutable/);
  });

  it('is found without the slash at the end, its query kept', async () => {
    const { status, headers } = await caddy.get('/ringside?token=abc');
    assert.deepEqual([status, headers.location], [308, '/ringside/?token=abc']);
  });

  for (const target of [
    '/ringside/../../../../etc/passwd',
    '/ringside/..%2f..%2f..%2f..%2fetc/passwd',
    '/ringside/%2e%2e/%2e%2e/%2e%2e/etc/passwd',
    '/ringside//etc/passwd',
    '/ringside/assets/../../../../../etc/passwd',
    '/ringside/..\\..\\etc\\passwd',
    '/../etc/passwd',
  ]) {
    it(`gives nothing for ${target}`, async () => {
      const { status, body } = await caddy.get(target);
      assert.ok(status >= 400 && status < 500, `status ${status}`);
      assert.doesNotMatch(body, /root:/);
    });
  }
});

describe('a dashboard with a token behind Caddy, and the folder of a fit', () => {
  let folder;
  let dashboard;
  let caddy;
  const token = encodeURIComponent(kToken);
  const bearer = { authorization: `Bearer ${kToken}` };

  before(async () => {
    folder = temporary_folder();
    fs.mkdirSync(path.join(folder, 'data'));
    fs.writeFileSync(path.join(folder, 'data', 'fit.parquet'), kParquet);
    fs.writeFileSync(path.join(folder, 'data', '.hidden'), 'secret');
    fs.writeFileSync(path.join(folder, 'secret'), 'secret');
    const upstream = await free_port();
    caddy = await start_caddy({ host: kHost, upstream, data: path.join(folder, 'data') });
    const options = ['--token-file', new_token(folder, kToken), '--origin', caddy.origin];
    dashboard = await start_dashboard(new_bus(), { port: upstream, options });
  });
  after(async () => {
    await caddy?.stop('SIGKILL');
    await dashboard?.stop('SIGKILL');
  });

  const stream = (query) => `ws://127.0.0.1:${caddy.port}/ringside/v1/stream${query}`;
  const as_page = (headers = {}) => ({
    headers: { host: `${kHost}:${caddy.port}`, ...headers },
    origin: caddy.origin,
  });

  it('opens its stream to the token alone, in the query or as a bearer', async () => {
    assert.equal(await handshake(stream(''), as_page()), 401);
    assert.equal(await handshake(stream(`?token=${token}x`), as_page()), 401);
    assert.equal(await handshake(stream(`?token=${token}`), as_page()), 101);
    assert.equal(await handshake(stream(''), as_page(bearer)), 101);
  });

  it('asks for the token for metrics and segments, and for the page does not', async () => {
    for (const target of ['/ringside/metrics', '/ringside/v1/segments']) {
      assert.equal((await caddy.get(target)).status, 401, target);
      assert.equal((await caddy.get(target, bearer)).status, 200, target);
    }
    assert.equal((await caddy.get('/ringside/')).status, 200);
  });

  it('serves the fit from the folder, to the token, with a version and in parts', async () => {
    const target = '/ringside/data/fit.parquet';
    assert.equal((await caddy.get(target)).status, 401);
    const whole = await caddy.get(`${target}?token=${token}`);
    assert.deepEqual([whole.status, whole.body], [200, kParquet]);
    assert.equal(whole.headers['content-type'], 'application/vnd.apache.parquet');
    const { etag } = whole.headers;
    assert.match(etag, /^"[^"]+"$/);
    const again = await caddy.get(target, { ...bearer, 'if-none-match': etag });
    assert.deepEqual([again.status, again.body], [304, '']);
    const part = await caddy.get(target, { ...bearer, range: 'bytes=0-3' });
    assert.deepEqual([part.status, part.body], [206, 'PAR1']);
  });

  for (const target of ['.hidden', '../secret', '..%2fsecret', '%2e%2e/secret', '']) {
    it(`gives nothing of the folder for data/${target}`, async () => {
      const { status, body } = await caddy.get(`/ringside/data/${target}`, bearer);
      assert.ok(status >= 400 && status < 500, `status ${status}`);
      assert.doesNotMatch(body, /secret|hidden|parquet/);
    });
  }

  it('leaves the token out of the logs', async () => {
    await until(() => /REDACTED/.test(caddy.text), () => `no access log:\n${caddy.text}`);
    for (const log of [caddy.text, dashboard.text]) {
      for (const secret of [kToken, token]) assert.ok(!log.includes(secret), log);
    }
    // Nor when it cannot reach the dashboard, which is logged elsewhere.
    await dashboard.stop('SIGKILL');
    const { status } = await caddy.get(`/ringside/v1/segments?token=${token}`);
    assert.equal(status, 502);
    await until(() => /"level":"error"/.test(caddy.text), () => 'no error is logged');
    for (const secret of [kToken, token]) assert.ok(!caddy.text.includes(secret), caddy.text);
  });

  it('is the file that Caddy takes with its defaults, and in its own format', async () => {
    const file = new URL('../../dashboard_reader/deploy/Caddyfile', import.meta.url).pathname;
    const adapted = new Running('caddy', ['adapt', '--validate', '--config', file]);
    assert.equal(await adapted.ended, 0, adapted.text);
    assert.match(adapted.text, /"host":\["dash\.example\.com"\]/);
    assert.ok(!/input is not formatted/.test(adapted.text), adapted.text);
  });
});
