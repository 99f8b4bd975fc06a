// The units of dashboard_reader/deploy/: what systemd says of them, and the dashboard at work in
// the sandbox that they ask for (stand_in.py), on buses that it may write less and less of.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { new_bus, run, temporary_folder } from '../browser/programs.js';
import { get } from './caddy.js';
import { Follower, handshake } from './follower.js';
import { built, outcome, Running, until } from './running.js';

const kDeploy = fileURLToPath(new URL('../../dashboard_reader/deploy/', import.meta.url));
const kService = path.join(kDeploy, 'ringside-dashboard.service');
const kStandIn = fileURLToPath(new URL('stand_in.py', import.meta.url));
// Debian's own, which has python3-seccomp.
const kPython = '/usr/bin/python3';
const kToken = '0123456789abcdef0123456789abcdef';
const kOrigin = 'https://dash.example.com';
const kMostExposure = 1.0;
const kNotRoot = process.getuid() === 0 ? false : 'needs root, as systemd has it';

/** A build installed as it would be in /opt/ringside, where every user may read it. */
function installed() {
  const folder = temporary_folder();
  fs.chmodSync(folder, 0o755);
  execFileSync('cmake', ['--install', path.join(built('.'), '..'), '--prefix', folder]);
  return folder;
}

describe('the units', () => {
  let folder;
  let service;
  before(() => {
    folder = temporary_folder();
    for (const name of fs.readdirSync(kDeploy).filter((file) => file.includes('.s'))) {
      const text = fs.readFileSync(path.join(kDeploy, name), 'utf8');
      const here = text.replaceAll('/opt/ringside/bin', built('.'));
      fs.writeFileSync(path.join(folder, name), here);
    }
    service = path.join(folder, 'ringside-dashboard.service');
  });

  it('say nothing that systemd does not understand', async () => {
    const units = fs.readdirSync(folder).map((name) => path.join(folder, name));
    assert.equal(units.length, 3);
    const { status, stdout, stderr } = await outcome('systemd-analyze', ['verify', ...units]);
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  it('leave little exposed', async (t) => {
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${kMostExposure * 10}`];
    const { status, stdout } = await outcome('systemd-analyze', [...args, service]);
    t.diagnostic(/Overall exposure level.*/.exec(stdout)?.[0]);
    assert.equal(status, 0, stdout);
  });
});

describe('the sandbox', { skip: kNotRoot }, () => {
  const in_sandbox = async (...program) => {
    const bus = new_bus();
    fs.chmodSync(bus, 0o777);
    const program_here = program.map((word) => word.replace('BUS', bus));
    const { stdout, stderr } = await outcome(kPython, [kStandIn, kService, bus, '--', ...program_here]);
    return stdout.trim() + stderr;
  };

  it('lets pass what a program needs', async () => {
    assert.equal(await in_sandbox('/usr/bin/touch', 'BUS/file'), 'ended 0');
  });

  it('ends a program that makes a call which the filter does not have', async () => {
    assert.equal(await in_sandbox('/usr/bin/chown', '0', 'BUS'), 'ended SIGSYS');
  });

  it('ends a program that opens a connection, or memory to write and run', async () => {
    const script = (text) => in_sandbox(kPython, '-c', text);
    assert.equal(await script('import socket; socket.socket()'), 'ended SIGSYS');
    assert.equal(await script('import mmap; mmap.mmap(-1, 4096, prot=7)'), 'ended SIGSYS');
    assert.equal(await script('import mmap; mmap.mmap(-1, 4096, prot=3)'), 'ended 0');
  });

  it('has every file but those of the bus read-only', async () => {
    assert.match(await in_sandbox('/usr/bin/touch', '/tmp/file'), /ended 1.*Read-only file system/s);
  });
});

/** Counts what a stream sends until it is live. */
function messages_until_live(address, options) {
  return new Promise((done, failed) => {
    let count = 0;
    const socket = new WebSocket(address, options);
    socket.on('error', failed);
    socket.on('message', (data, is_binary) => {
      const type = is_binary ? 'data' : JSON.parse(data).type;
      if (type === 'data' || type === 'event') count += 1;
      if (type !== 'live') return;
      socket.terminate();
      done(count);
    });
  });
}

for (const { title, prepare, arguments: more, listed } of [
  { title: 'whose doorbell and table of readers it may write', listed: true },
  {
    title: 'of which it may write no file',
    prepare: (bus) => {
      for (const name of ['.doorbell', '.readers']) fs.chmodSync(path.join(bus, name), 0o644);
    },
  },
  { title: 'on a file system that is read-only', arguments: ['--bus-read-only'] },
]) {
  describe(`the dashboard in its sandbox, on a bus ${title}`, { skip: kNotRoot }, () => {
    const kEvents = 20000;
    let bus;
    let port;
    let service;
    let origins;
    const load = (...options) =>
      run('ringside', 'load', 'events', '--producer', 'p', '--bus', bus, ...options);
    const options = { headers: { authorization: `Bearer ${kToken}` } };
    const stream = (query = '') => `ws://127.0.0.1:${port}/v1/stream?channels=events${query}`;

    before(async () => {
      bus = new_bus();
      fs.chmodSync(bus, 0o755);
      await load('--count', `${kEvents}`);
      // The first reader makes the table, here as the producers' user.
      await run('ringside', 'tail', 'events', '--from', 'latest', '--bus', bus);
      prepare?.(bus);
      const folder = temporary_folder();
      fs.chmodSync(folder, 0o755);
      fs.writeFileSync(path.join(folder, 'token'), `${kToken}\n`);
      fs.mkdirSync(path.join(folder, 'data'));
      origins = path.join(folder, 'origins');
      fs.writeFileSync(origins, '# nobody yet\n');
      const [, command] = /^ExecStart=(.*)$/m.exec(fs.readFileSync(kService, 'utf8'));
      const here = command
        .replaceAll('/opt/ringside', installed())
        .replaceAll('/run/ringside', bus)
        .replaceAll('%d', folder)
        .replaceAll('/etc/ringside', folder)
        .replaceAll('/var/lib/ringside', path.join(folder, 'data'));
      const args = [kStandIn, kService, bus, ...(more ?? []), '--', ...here.split(' ')];
      service = new Running(kPython, args);
      [, port] = await service.written(/^ready (\d+)$/m);
    });
    after(() => service?.stop('SIGTERM'));

    it('serves its page, requests, and every mode of its stream', async () => {
      assert.match((await get(port, '/', {})).body, /<!doctype html>/);
      assert.equal((await get(port, '/metrics', {})).status, 401);
      for (const target of ['/metrics', '/v1/segments']) {
        assert.equal((await get(port, target, options.headers)).status, 200);
      }
      const window = await get(port, '/v1/window/events/p', options.headers);
      assert.equal(Number(window.headers['ringside-record-count']), kEvents);
      assert.equal(window.body.length, Number(window.headers['content-length']));
      for (const mode of ['event', 'json']) {
        assert.equal(await messages_until_live(stream(`&mode=${mode}`), options), kEvents, mode);
      }
    });

    it(`follows producers, and is ${listed ? '' : 'not '}listed as a reader`, async () => {
      const follower = new Follower(stream(), options);
      await until(() => follower.live, () => `never live:\n${service.text}`);
      await load('--count', '5000', '--rate', '5000');
      const all = kEvents + 5000;
      await until(() => follower.records === all, () => `${follower.records} of ${all} records`);
      const [segment] = JSON.parse(await run('ringside', 'stat', '--json', '--bus', bus)).segments;
      assert.equal(segment.readers.length, listed ? 1 : 0);
      await follower.stop();
      assert.equal(follower.connects, 1);
    });

    it('reads its origins anew when it is reloaded', async () => {
      const as_page = { ...options, origin: kOrigin };
      assert.equal(await handshake(stream(), as_page), 403);
      fs.writeFileSync(origins, `${kOrigin}\n`);
      service.child.kill('SIGHUP');
      await service.written(/read again/);
      assert.equal(await handshake(stream(), as_page), 101);
    });

    it('ends in order when it is stopped', async () => {
      assert.equal(await service.stop(), 0, service.text);
      assert.match(service.text, /^ended 0$/m);
    });
  });
}
