// Parquet files that are unusual, or that are corrupt (tests/feed/unusual.py writes them, and says what is
// right): the page reads them right, or refuses them for the reason that ringside-feed gives.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { FitFault } from './fit_columns';
import { decode_fit } from './saved_fit';

const folder = mkdtempSync(join(tmpdir(), 'unusual-'));
const writer = fileURLToPath(new URL('../../../tests/feed/unusual.py', import.meta.url));
execFileSync('python3', [writer, folder]);
const cases = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));
afterAll(() => rmSync(folder, { recursive: true }));

const kUsual = {
  episode_id: ['e0', 'e1', 'e2', 'e3'],
  x: [0, 0.5, 1, 1.5],
  y: [1.5, 1.5, 1.5, 1.5],
  z: [0.125, 0.125, 0.125, 0.125],
  phase_int: [3, 3, 3, 3],
  predicted_int: [4, 4, 4, 4],
  cluster: [5, 6, 7, 8],
  is_train: [true, false, true, false],
};

function columns_of({ points, episodes, count }) {
  const floats = new Float32Array(points.buffer);
  const ints = new Int32Array(points.buffer);
  const each = (read) => Array.from({ length: count }, (_, i) => read(i));
  return {
    episode_id: [...episodes],
    x: each((i) => floats[8 * i]),
    y: each((i) => floats[8 * i + 1]),
    z: each((i) => floats[8 * i + 2]),
    phase_int: each((i) => ints[8 * i + 3]),
    predicted_int: each((i) => ints[8 * i + 4]),
    cluster: each((i) => ints[8 * i + 5]),
    is_train: each((i) => points[32 * i + 31] === 1),
  };
}

describe('a Parquet file that is unusual', () => {
  it.each(Object.entries(cases))('%s', async (name, { reads, rows = 4, refused }) => {
    const bytes = readFileSync(join(folder, `${name}.parquet`));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    if (refused !== undefined) {
      await expect(decode_fit(file)).rejects.toThrow(FitFault);
      await expect(decode_fit(file)).rejects.toThrow(refused);
      return;
    }
    // The page shows neither hosts nor profiles.
    const { host_id: _, profile: __, ...shown } = reads ?? {};
    const again = (values) => Array.from({ length: rows }, (_, i) => values[i % values.length]);
    const usual = Object.entries(kUsual).map(([column, values]) => [column, again(values)]);
    const expected = { ...Object.fromEntries(usual), ...shown };
    expected.x = expected.x.map(Math.fround);
    expect(columns_of(await decode_fit(file))).toEqual(expected);
  });
});
