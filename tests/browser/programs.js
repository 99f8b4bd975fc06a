// The programs under test, as a user runs them: found in RINGSIDE_BIN, each with a bus of the
// caller's own. Whatever is still running when the last test has ended is killed, or else it would
// keep a test that failed from ending.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';

const kStartLimitMs = 15000;
const kStopLimitMs = 10000;
// A bus of the tests takes up to 160 MB; a container's /dev/shm is often smaller.
const kBusBytes = 400e6;
const kLongestOutput = 512 * 1024 * 1024;

const running = new Set();
const folders = new Set();
function kill_all() {
  for (const program of running) program.kill('SIGKILL');
}
after(kill_all);
process.on('exit', () => {
  kill_all();
  for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

function program_path(name) {
  const folder = process.env.RINGSIDE_BIN;
  if (!folder) throw new Error('RINGSIDE_BIN is not set: name the folder of the built programs');
  const found = path.join(folder, name);
  if (!fs.existsSync(found)) throw new Error(`${found} is missing: build ringside first`);
  return found;
}

/** A folder of its own that goes away with this process. */
export function temporary_folder(parent = os.tmpdir()) {
  const folder = fs.mkdtempSync(path.join(parent, 'ringside-browser-'));
  folders.add(folder);
  return folder;
}

/** The directory of a new bus, in memory where there is room. */
export function new_bus() {
  const memory = '/dev/shm';
  const room = fs.existsSync(memory) ? fs.statfsSync(memory) : { bavail: 0, bsize: 0 };
  return temporary_folder(room.bavail * room.bsize > kBusBytes ? memory : os.tmpdir());
}

/** Runs a program to its end and returns what it printed; fails if it did. */
export function run(name, ...args) {
  return run_with('', name, ...args);
}

/** The same, with something to read on its standard input. */
async function run_with(input, name, ...args) {
  const options = { maxBuffer: kLongestOutput };
  const running = promisify(execFile)(program_path(name), args, options);
  // Who has no need of it may have ended by now.
  running.child.stdin.on('error', () => {});
  running.child.stdin.end(input);
  return (await running).stdout;
}

/** The real fit: RINGSIDE_FIT where it is already computed, else computed once. */
export async function saved_fit() {
  const saved = process.env.RINGSIDE_FIT;
  if (saved) return saved;
  const file = path.join(temporary_folder(), 'fashion.fit');
  await run('ringside-knn', 'produce', '--fit-out', file);
  return file;
}

/** Publishes the fit once, whole. */
export async function publish_fit(bus, fit, ...options) {
  await run('ringside-knn', 'stream', '--bus', bus, '--fit', fit, ...options);
}

function publish_args(bus, producer, options) {
  return ['publish', 'embedding', '--bus', bus, '--producer', producer, '--type', 'embedding', ...options];
}

function lines_of(points) {
  return points.map((body) => `${JSON.stringify({ body_type: 'Embedding', body })}\n`).join('');
}

/** Publishes points, each an event, by a producer that ends then. */
export async function publish_points(bus, producer, points, ...options) {
  await run_with(lines_of(points), 'ringside', ...publish_args(bus, producer, options));
}

/** Starts a producer that stays, and publishes what it is given. */
export function start_publisher(bus, producer, ...options) {
  const program = new Running('ringside', publish_args(bus, producer, options), 'pipe');
  return Object.assign(program, {
    publish: (points) => program.child.stdin.write(lines_of(points)),
  });
}

/** What `ringside ls --json` says of the one segment of a bus. */
export async function only_segment(bus) {
  const list = JSON.parse(await run('ringside', 'ls', '--json', '--bus', bus));
  if (list.length !== 1) throw new Error(`${bus} has ${list.length} segments, not one`);
  return list[0];
}

class Running {
  constructor(name, args, input = 'ignore') {
    this.name = name;
    this.error_text = '';
    this.child = spawn(program_path(name), args, { stdio: [input, 'pipe', 'pipe'] });
    running.add(this.child);
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.error_text += text));
    this.ended = new Promise((done) => {
      this.child.on('error', done);
      this.child.on('exit', (status, signal) => {
        running.delete(this.child);
        done(signal ?? status);
      });
    });
  }

  /** The first match of a pattern in what the program prints. */
  printed(pattern) {
    return new Promise((found, failed) => {
      let text = '';
      const give_up = (why) => failed(new Error(`${this.name} ${why}\n${text}${this.error_text}`));
      const timer = setTimeout(() => give_up(`printed no ${pattern} in time`), kStartLimitMs);
      this.child.stdout.setEncoding('utf8').on('data', (more) => {
        text += more;
        const match = pattern.exec(text);
        if (match === null) return;
        clearTimeout(timer);
        found(match);
      });
      this.ended.then((status) => {
        clearTimeout(timer);
        give_up(`ended with ${status}`);
      });
    });
  }

  is_running() {
    return running.has(this.child);
  }

  /** Sends a signal and waits for the end. Returns the exit status or the signal's name. */
  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    let timer;
    const late = new Promise((_, failed) => {
      const error = new Error(`${this.name} still runs ${kStopLimitMs} ms after ${signal}`);
      timer = setTimeout(() => failed(error), kStopLimitMs);
    });
    const status = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    return status;
  }
}

/** Starts a dashboard and waits until it listens. Port 0 picks a free one. */
export async function start_dashboard(bus, port = 0, ...options) {
  const listen = `127.0.0.1:${port}`;
  const program = new Running('ringside-dashboard', ['--bus', bus, '--listen', listen, ...options]);
  const [, url, picked] = await program.printed(/listening on (http:\/\/[^\s:]+:(\d+))\n/);
  return Object.assign(program, { url: `${url}/`, port: Number(picked) });
}

/** Starts a feeder of a saved fit. */
export function start_feed(bus, file, ...options) {
  return new Running('ringside-feed', [file, '--bus', bus, ...options]);
}

/** Starts a producer that streams the fit over and over. */
export function start_producer(bus, fit, ...options) {
  const args = ['stream', '--bus', bus, '--fit', fit, '--loop', ...options];
  return new Running('ringside-knn', args);
}
