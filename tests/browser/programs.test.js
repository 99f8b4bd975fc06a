// A test that fails says so and ends, and what it started ends with it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';

// For a test that hangs; the machine may be busy.
const kLimitMs = 60_000;

const kFailing = `
  import { it } from 'node:test';
  import { new_bus, start_dashboard } from '${new URL('programs.js', import.meta.url)}';
  it('fails', async () => {
    const dashboard = await start_dashboard(new_bus());
    console.log('pid=' + dashboard.child.pid + ';');
    throw new Error('on purpose');
  });`;

it('ends a test that fails, and the programs that it started', async () => {
  const options = { timeout: kLimitMs, killSignal: 'SIGKILL' };
  const [error, printed] = await new Promise((done) => {
    const command = ['--input-type=module', '--eval', kFailing];
    execFile(process.execPath, command, options, (...outcome) => done(outcome));
  });
  assert.match(printed, /on purpose/);
  assert.equal(error?.signal, null, `it was still running after ${kLimitMs} ms`);
  assert.equal(error?.code, 1);
  const [, pid] = /pid=(\d+);/.exec(printed);
  assert.throws(() => process.kill(Number(pid), 0), { code: 'ESRCH' }, 'its dashboard still runs');
});
