// What every client must see in every mode, whoever wrote its WebSocket: the replay of all that is
// retained, then events as they are published, over a dashboard that dies and comes back.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { new_bus, run, start_dashboard } from '../browser/programs.js';

const kModes = ['run', 'event', 'json'];
// One wraps around 2^64, the other passes 2^53: neither fits a double.
const kSeeds = { 'events/p': '18446744073709550000', 'other/q': '9007199254740993' };
// Frame heads of 2, 4 and 10 bytes, and records longer than a run would be.
const kReplay = [
  { size: 64, count: 3000 },
  { size: 126, count: 3000 },
  { size: 1000, count: 2000 },
  { size: 70000, count: 200 },
  { size: 300000, count: 3 },
];
const kReplayed = kReplay.reduce((sum, { count }) => sum + count, 0);
const kLive = 12000;
const kLiveOther = 3000;
const kRate = 4000;
const kAll = kReplayed + kLive + kLiveOther;
const kDownMs = 300;
// For a connection that hangs; the machine may be busy.
const kLimitMs = 300_000;
// A Close that is not taken and answered within this time ends without it (docs/protocol.md, 7).
const kCloseLimitMs = 2000;

/** Publishes events of `ringside load` and waits until all of them are in the bus. */
function load(bus, name, { count, size = 96 }, ...options) {
  const [channel, producer] = name.split('/');
  const what = ['--count', String(count), '--size', String(size), '--seed', kSeeds[name]];
  return run('ringside', 'load', channel, '--producer', producer, '--bus', bus, ...what, ...options);
}

async function segments(bus) {
  const list = JSON.parse(await run('ringside', 'ls', '--json', '--bus', bus));
  return Object.fromEntries(list.map((one) => [`${one.channel}/${one.producer}`, one]));
}

/**
 * Declares the tests of one client. `open_client(dashboard, mode, seeds)` gives its follower, whose
 * functions may be farther away than a call: { call(name, ...arguments), end() }.
 */
export function describe_modes(client_name, open_client) {
  for (const mode of kModes) {
    describe(`${client_name} in mode=${mode}`, { timeout: kLimitMs }, () => {
      describe_lives(mode, open_client);
      describe_gap(mode, open_client);
    });
  }
}

function describe_lives(mode, open_client) {
  let bus;
  let dashboard;
  let client;
  let publishing;
  const origin = () => dashboard.url.replace(/^http(.*)\/$/, 'ws$1');

  before(async () => {
    bus = new_bus();
    for (const part of kReplay) await load(bus, 'events/p', part);
    dashboard = await start_dashboard(bus);
    client = await open_client(dashboard, mode, kSeeds);
  });
  after(async () => {
    await client?.end();
    await dashboard?.stop('SIGKILL');
    await publishing;
  });

  async function come_back(signal) {
    const begin = performance.now();
    const status = await dashboard.stop(signal);
    const is_hurried = performance.now() - begin >= kCloseLimitMs;
    const { code } = await client.call('until_closed');
    const { records } = await client.call('summary');
    await sleep(kDownMs);
    dashboard = await start_dashboard(bus, dashboard.port);
    await client.call('connect', origin());
    return { status, code, records, is_hurried };
  }

  it('gets a part of the replay, and the rest from another dashboard', async () => {
    await client.call('connect', origin());
    await client.call('until_records', kReplayed / 10);
    const cut = await come_back('SIGKILL');
    assert.equal(cut.code, 1006);
    await client.call('until_live');
    assert.equal((await client.call('summary')).records, kReplayed);
  });

  it('gets what is published, and what was published while the dashboard was away', async () => {
    publishing = Promise.all([
      load(bus, 'events/p', { count: kLive }, '--rate', String(kRate)),
      load(bus, 'other/q', { count: kLiveOther, size: 200 }, '--rate', String(kRate / 4)),
    ]);
    await client.call('until_records', kReplayed + 1000);
    assert.equal((await come_back('SIGKILL')).code, 1006);
    await client.call('until_records', kReplayed + 6000);
    const { status, code, is_hurried } = await come_back('SIGTERM');
    assert.equal(status, 0);
    assert.ok(code === 1001 || (is_hurried && code === 1006), `closed with ${code}`);
    await client.call('until_records', kAll);
    await publishing;
  });

  it('has each event of both segments once, and no gap', async () => {
    const { records, segments: had, messages, announcements } = await client.call('summary');
    assert.equal(records, kAll);
    const whole = (count) => ({ begin: 0, wanted: count, had: count, gaps: [] });
    assert.deepEqual(had, { 'events/p': whole(kReplayed + kLive), 'other/q': whole(kLiveOther) });
    const published = await segments(bus);
    for (const [name, { wanted }] of Object.entries(had)) assert.equal(published[name].next, wanted);
    assert.equal(messages === kAll, mode !== 'run', `${messages} messages`);
    assert.equal(announcements > 0, mode === 'event', `${announcements} announcements`);
  });

  it('ends with a Close that is answered with its code', async () => {
    assert.deepEqual(await client.call('close', 4321, 'enough'), { code: 4321, wasClean: true });
  });
}

function describe_gap(mode, open_client) {
  it('is told exactly what was overwritten while it was away', async (t) => {
    const retain = ['--retain', '1000'];
    const bus = new_bus();
    await load(bus, 'events/p', { count: 1500 }, ...retain);
    let dashboard = await start_dashboard(bus);
    const client = await open_client(dashboard, mode, kSeeds);
    t.after(async () => {
      await client.end();
      await dashboard.stop('SIGKILL');
    });
    const origin = dashboard.url.replace(/^http(.*)\/$/, 'ws$1');
    await client.call('connect', origin);
    await client.call('until_live');
    const { oldest: begin, next: had } = (await segments(bus))['events/p'];
    assert.equal((await client.call('summary')).records, had - begin);
    await dashboard.stop('SIGKILL');
    await client.call('until_closed');
    await load(bus, 'events/p', { count: 4000 }, ...retain);
    const { oldest, next } = (await segments(bus))['events/p'];
    dashboard = await start_dashboard(bus, dashboard.port);
    await client.call('connect', origin);
    await client.call('until_live');
    const { segments: known } = await client.call('summary');
    assert.deepEqual(known['events/p'], {
      begin,
      wanted: next,
      had: had - begin + (next - oldest),
      gaps: [{ from: had, to: oldest, reason: 'overwritten' }],
    });
  });
}
