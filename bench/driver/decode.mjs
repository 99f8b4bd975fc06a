// What the page of this build takes to decode a replay, for bench/compare: run messages to points in
// a store. It takes turns as ringside_bench does.
//
//   node decode.mjs MESSAGES POINTS      ms a replay; MESSAGES is what `bench_client save` kept
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { EventReader } from '../../dashboard_reader/web/src/event_reader';
import { PointStore } from '../../dashboard_reader/web/src/point_store';
import { for_each_event, parse_run } from '../../dashboard_reader/web/src/run_message';

function fail(text) {
  process.stderr.write(`decode.mjs: ${text}\n`);
  process.exit(1);
}

/** Each message in a buffer of its own, as a WebSocket hands it out. */
function read_messages(path) {
  const bytes = readFileSync(path);
  const messages = [];
  for (let at = 0; at < bytes.length; ) {
    const size = bytes.readUInt32LE(at);
    messages.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + size)).buffer);
    at += 4 + size;
  }
  return messages;
}

function decode(messages) {
  const store = new PointStore();
  const reader = new EventReader();
  store.begin_epoch();
  for (const message of messages) {
    const run = parse_run(message);
    reader.open(run);
    for_each_event(run, (start, end, sequence) => reader.read(start, end, sequence, store));
  }
  return store;
}

/** Point i stands in slot i, and its x is i * 1e-5, computed with floats (bench/points.cpp). */
function check(store, points) {
  if (store.present !== points) fail(`${store.present} points came of ${points}`);
  for (let i = 0; i < points; i += 1) {
    const x = Math.fround(Math.fround(i) * Math.fround(1e-5));
    if (store.floats[i * 8] !== x) fail(`point ${i} is not what was published`);
  }
}

const [path, count] = process.argv.slice(2);
if (count === undefined) fail('usage: node decode.mjs MESSAGES POINTS');
const messages = read_messages(path);
// The compiler has seen it all before the first turn.
for (let i = 0; i < 5; i += 1) check(decode(messages), Number(count));
process.stdout.write('{"contract":1}\n');
for await (const _ of createInterface({ input: process.stdin })) {
  const start = process.hrtime.bigint();
  const store = decode(messages);
  const taken = Number(process.hrtime.bigint() - start) / 1e6;
  check(store, Number(count));
  process.stdout.write(`${JSON.stringify({ ms: taken })}\n`);
}
