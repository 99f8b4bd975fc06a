// What the page makes of a file: the points of a fit, or why it is none.
import { describe, expect, it } from 'vitest';
import { bytes, columns, json, parquet, type Columns } from './build_fits';
import { decode_fit, type SavedFit } from './saved_fit';

function point(fit: SavedFit, row: number): number[] {
  const floats = new Float32Array(fit.points.buffer, row * 32, 3);
  const ints = new Int32Array(fit.points.buffer, row * 32, 8);
  return [...floats, ints[3]!, ints[4]!, ints[5]!, ints[7]! >> 24];
}

describe('a saved fit', () => {
  const floats = { x: 'FLOAT', y: 'FLOAT', z: 'FLOAT' };
  const integers = { phase_int: 'INTEGER', predicted_int: 'TINYINT', cluster: 'UINTEGER' };
  const kinds: Array<[string, (data: Columns) => ArrayBuffer]> = [
    ['Parquet of doubles and 64-bit integers', (data) => parquet(data)],
    ['Parquet of floats and smaller integers', (data) => parquet(data, { ...floats, ...integers })],
    ['JSON', json],
  ];
  it.each(kinds)('is read from %s, in several row groups', async (_, write) => {
    const fit = await decode_fit(write(columns(100)));
    expect(fit.count).toBe(100);
    expect(fit.episodes[4]).toBe('episode-1');
    expect(point(fit, 0)).toEqual([0.5, 1, 0.25, 0, -1, 0, 1]);
    expect(point(fit, 99)).toEqual([99.5, -98, 0.25, 4, -1, 1, 0]);
  });

  it('is refused with the names of what it lacks', async () => {
    const data = columns(3);
    delete data['cluster'];
    delete data['x'];
    await expect(decode_fit(parquet(data))).rejects.toThrow('no column x, cluster');
  });

  const wrong: Array<[string, unknown, string?]> = [
    ['x', null],
    ['is_train', null],
    ['episode_id', null],
    ['cluster', 1.5, 'DOUBLE'],
    ['cluster', 2 ** 32],
    ['cluster', [1], 'INTEGER[]'],
    ['x', { a: 1 }, 'STRUCT(a INTEGER)'],
  ];
  it.each(wrong)('is refused with the row in which %s is %j', async (name, value, type) => {
    const data = columns(100);
    // Lists and structs stand in no column beside numbers.
    const first = typeof value === 'object' && value !== null ? 0 : 57;
    data[name]!.fill(value, first, first === 0 ? 100 : 58);
    const message = `row ${first + 1} of its column ${name} holds`;
    await expect(decode_fit(parquet(data, type ? { [name]: type } : {}))).rejects.toThrow(message);
    await expect(decode_fit(json(data))).rejects.toThrow(message);
  });

  it('has no label where there is none', async () => {
    const data = { ...columns(3), cluster: [1, null, 2] };
    for (const file of [parquet(data), json(data)]) {
      expect(point(await decode_fit(file), 1)[5]).toBe(-1);
    }
  });

  it('is refused where it is half there, or something else', async () => {
    const whole = parquet(columns(100));
    await expect(decode_fit(whole.slice(0, whole.byteLength / 2))).rejects.toThrow('Parquet');
    await expect(decode_fit(bytes('<html>'))).rejects.toThrow('neither');
  });
});
