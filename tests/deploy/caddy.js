// Caddy with the very file that operators copy, plain and on loopback by its own placeholders.
import http from 'node:http';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { temporary_folder } from '../browser/programs.js';
import { free_port, outcome, Running, until } from './running.js';

const kFile = fileURLToPath(new URL('../../dashboard_reader/deploy/Caddyfile', import.meta.url));
const kConfig = ['--config', kFile, '--adapter', 'caddyfile'];

/** Starts Caddy as the site `host` on a free port. */
export async function start_caddy({ host, upstream, data = '/nonexistent' }) {
  const port = await free_port();
  const folder = temporary_folder();
  const admin = `unix/${path.join(folder, 'admin')}`;
  const env = {
    PATH: process.env.PATH,
    HOME: folder, // What it saves goes away with the test.
    RINGSIDE_SITE: `http://${host}:${port}`,
    RINGSIDE_BIND: '127.0.0.1',
    RINGSIDE_ADMIN: admin,
    RINGSIDE_UPSTREAM: `127.0.0.1:${upstream}`,
    RINGSIDE_DATA: data,
  };
  const program = new Running('caddy', ['run', ...kConfig], { env });
  const origin = `http://${host}:${port}`;
  const caddy = Object.assign(program, {
    port,
    origin,
    /** Reads the file anew, as `systemctl reload caddy` does. */
    async reload() {
      const args = ['reload', ...kConfig, '--force', '--address', admin];
      const { status, stderr } = await outcome('caddy', args, { env });
      if (status !== 0) throw new Error(`caddy reload failed: ${stderr}`);
    },
    /** An answer to a request whose path goes out as it is written here. */
    get: (target, headers = {}) => get(port, target, { host: `${host}:${port}`, ...headers }),
  });
  await until(
    () => caddy.get('/').then(() => true, () => false),
    () => `caddy does not serve:\n${program.text}`,
  );
  return caddy;
}

export function get(port, target, headers) {
  return new Promise((done, failed) => {
    const request = http.get({ host: '127.0.0.1', port, path: target, headers, agent: false });
    request.on('error', failed);
    request.on('response', (response) => {
      const pieces = [];
      response.on('error', failed);
      response.on('data', (piece) => pieces.push(piece));
      response.on('end', () => {
        const { statusCode: status, headers: fields } = response;
        done({ status, headers: fields, body: Buffer.concat(pieces).toString('latin1') });
      });
    });
  });
}
