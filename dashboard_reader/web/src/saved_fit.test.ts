// What the page makes of a file: the points of a fit, or why it is none.
import { describe, expect, it } from 'vitest';
import { cases } from '../../../tests/feed/rules.json';
import { bytes, columns, json, parquet, type Columns } from './build_fits';
import type { SavedFit } from './fit_builder';
import { FitFault } from './fit_columns';
import { decode_fit } from './saved_fit';

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

  it.each([
    ['x', null],
    ['is_train', null],
    ['episode_id', null],
    ['cluster', 2 ** 32],
  ])('is refused with the row in which %s is %j', async (name, value) => {
    const data = columns(100);
    data[name]![57] = value;
    const message = `${name} of row 57 (counted from 0) is "${value}"`;
    await expect(decode_fit(parquet(data))).rejects.toThrow(message);
    await expect(decode_fit(json(data))).rejects.toThrow(message);
  });

  const foreign = import.meta.glob<string>('../../../tests/feed/foreign/*.parquet', {
    query: '?url&inline',
    import: 'default',
  });
  it.each(Object.entries(foreign))('is read from %s', async (_, load) => {
    const fit = await decode_fit(await (await fetch(await load())).arrayBuffer());
    expect(fit.count).toBe(100);
    for (let i = 0; i < 100; i += 1) {
      expect(fit.episodes[i]).toBe(`episode-${i}`);
      const labels = [i % 10, i % 11, i % 5];
      expect(point(fit, i)).toEqual([1, i / 8, -i / 4, ...labels, i % 4 !== 0 ? 1 : 0]);
    }
  });

  it('is refused where JSON has more digits than a number', async () => {
    const data = { ...columns(3), episode_id: [1, 2, 2 ** 53 + 2] };
    await expect(decode_fit(json(data))).rejects.toThrow('episode_id of row 2');
  });

  const text_of = (data: Columns): string => new TextDecoder().decode(json(data));

  it.each([
    ['[0,', '[\nNaN,', 'NaN at line 2, character 1; JSON has null for it'],
    ['[0,', '[-Infinity,', '-Infinity at line 1, character '],
    ['[0,', '[0,,', 'it is not JSON: '],
    ['{', '/* a fit */ {', 'it is neither Parquet nor JSON'],
    ['"x":', '"x":[9,9,9],"x":', 'it has the column x twice'],
    ['"columns":', '"columns":{"y":[]},"columns":', 'it has the column y twice'],
    ['"episode-0"', '"\\ud800"', 'episode_id of row 0 (counted from 0) is'],
    ['"episode-0"', '"a\\u0000b"', 'it must be UTF-8 without NUL'],
    ['"host-1"', '"\\u0000"', 'host_id of row 1 (counted from 0) is "\\x00"'],
    ['"rows":3', '"rows":4', 'episode_id has not as many values'],
    ['[0.5,', '[1e999,', 'x of row 0 (counted from 0) is "inf"; it must be finite'],
  ])('is refused from JSON in which %j is %j', async (from, to, message) => {
    const text = text_of(columns(3));
    expect(text).toContain(from);
    const changed = bytes(text.replace(from, () => to));
    await expect(decode_fit(changed)).rejects.toThrow(FitFault);
    await expect(decode_fit(changed)).rejects.toThrow(message);
  });

  it('is refused from JSON that is not UTF-8', async () => {
    const file = new Uint8Array(json(columns(3)));
    file[file.indexOf(0x65)] = 0xff;
    await expect(decode_fit(file.buffer)).rejects.toThrow('it is not UTF-8');
  });

  it('is read from JSON with a byte order mark, and with more than a fit needs', async () => {
    const text = text_of(columns(3)).replace('{', '{"x":1,"of":{"x":[{"x":"NaN"}],"x":2},');
    expect((await decode_fit(bytes(`\ufeff\n${text}`))).count).toBe(3);
  });

  it('is refused where it is half there, or something else', async () => {
    const whole = parquet(columns(100));
    await expect(decode_fit(whole.slice(0, whole.byteLength / 2))).rejects.toThrow('Parquet');
    await expect(decode_fit(bytes('<html>'))).rejects.toThrow('neither');
  });
});

interface Rule {
  readonly column: string;
  readonly type: string;
  readonly value: unknown;
  readonly rows?: number;
  readonly reads?: string | number | boolean;
  readonly refused?: string;
  readonly only?: readonly string[];
}

describe('what a fit may hold', () => {
  const kShown = ['x', 'y', 'z', 'phase_int', 'predicted_int', 'cluster', 'is_train'];

  async function check(rule: Rule, file: ArrayBuffer, refused?: string): Promise<void> {
    const { column, reads } = rule;
    if (refused !== undefined) {
      await expect(decode_fit(file)).rejects.toThrow(FitFault);
      await expect(decode_fit(file)).rejects.toThrow(refused);
      return;
    }
    const fit = await decode_fit(file);
    expect(fit.count).toBe(3);
    for (let row = 0; row < fit.count; row += 1) {
      if (column === 'episode_id') expect(fit.episodes[row]).toBe(reads);
      const at = kShown.indexOf(column);
      if (at >= 0) expect(point(fit, row)[at]).toBe(Number(reads));
    }
  }

  it.each(cases as Rule[])('is for $column as $type: $value', async (rule) => {
    const { column, type, value, rows = 3, refused, only } = rule;
    const data = { ...columns(rows), [column]: new Array<unknown>(rows).fill(value) };
    const is_for = (way: string): boolean => only?.includes(way) ?? true;
    if (is_for('parquet')) await check(rule, parquet(data, { [column]: type }), refused);
    // JSON has no types, so there it is a value that is wrong.
    const wrong = refused?.startsWith('should be') ? `${column} of row 0` : refused;
    if (is_for('json')) await check(rule, json(data), wrong);
  });

  it('is for all columns that are missing or of a wrong type, named together', async () => {
    const data: Columns = { ...columns(3), y: ['1', '2', '3'] };
    delete data['x'];
    delete data['cluster'];
    await expect(decode_fit(json(data))).rejects.toThrow('it has no column x, cluster');
    await expect(decode_fit(parquet(data, { y: 'VARCHAR' }))).rejects.toThrow(
      'it has no column x, cluster; y is STRING and should be numbers',
    );
  });
});
