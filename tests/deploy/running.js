// Programs that the tests run beside the built ones, and the dashboard with options of its own.
// Whatever is still running when this process ends is killed with it.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const kLimitMs = 20_000;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Where the built programs are. */
export function built(name) {
  const folder = process.env.RINGSIDE_BIN;
  if (!folder) throw new Error('RINGSIDE_BIN is not set: name the folder of the built programs');
  return path.resolve(folder, name);
}

/** Runs a command to its end, whatever its status. */
export async function outcome(command, args, options = {}) {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, options);
    return { status: 0, stdout, stderr };
  } catch (error) {
    if (typeof error.code !== 'number') throw error;
    return { status: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}

export class Running {
  text = '';

  constructor(command, args, options = {}) {
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.text += text));
    }
    this.ended = new Promise((done, failed) => {
      this.child.on('error', failed);
      this.child.on('close', (status, signal) => {
        running.delete(this.child);
        done(signal ?? status);
      });
    });
    this.ended.catch(() => {}); // Told to whoever waits for it.
  }

  /** The first match in what it has written, as soon as that is there. */
  async written(pattern) {
    const found = () => pattern.exec(this.text);
    await until(found, () => `${this.child.spawnfile} wrote no ${pattern}:\n${this.text}`, () =>
      running.has(this.child),
    );
    return found();
  }

  async stop(signal = 'SIGTERM') {
    if (running.has(this.child)) this.child.kill(signal);
    return this.ended;
  }
}

/** Waits until a condition holds, but not for ever, and only while it still may. */
export async function until(condition, why, possible = () => true) {
  const end = performance.now() + kLimitMs;
  while (!(await condition())) {
    if (performance.now() > end || !possible()) {
      // It may have come with the very end.
      if (await condition()) return;
      throw new Error(why());
    }
    await sleep(20);
  }
}

export async function start_dashboard(bus, { port = 0, options = [] } = {}) {
  const listen = `127.0.0.1:${port}`;
  const args = ['--bus', bus, '--listen', listen, ...options];
  const program = new Running(built('ringside-dashboard'), args);
  const [, picked] = await program.written(/listening on http:\/\/[^\s:]+:(\d+)\n/);
  return Object.assign(program, { port: Number(picked) });
}

/** A port that is free now. */
export async function free_port() {
  const server = net.createServer();
  await new Promise((done, failed) => server.on('error', failed).listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** A token file as docs/operations.md makes one. */
export function new_token(folder, token) {
  const file = path.join(folder, 'token');
  fs.writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return file;
}
