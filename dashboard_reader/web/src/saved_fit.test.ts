import { parquetWriteBuffer, type ColumnSource } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { FitPoints } from './fit_points';
import { load_fit } from './fit_source';
import { decode_fit, type SavedFit } from './saved_fit';

type Columns = Record<string, unknown[]>;

function columns(rows: number): Columns {
  const each = <T>(make: (row: number) => T): T[] => Array.from({ length: rows }, (_, i) => make(i));
  return {
    episode_id: each((i) => `episode-${i % 3}`),
    host_id: each((i) => `host-${i % 2}`),
    profile: each(() => 'default'),
    x: each((i) => i + 0.5),
    y: each((i) => 1 - i),
    z: each(() => 0.25),
    phase_int: each((i) => i % 5),
    predicted_int: each(() => -1),
    cluster: each((i) => i % 7),
    is_train: each((i) => i % 2 === 0),
  };
}

interface Kinds {
  number: 'FLOAT' | 'DOUBLE';
  whole: 'INT32' | 'INT64';
}

function parquet(data: Columns, kinds: Kinds = { number: 'DOUBLE', whole: 'INT64' }): ArrayBuffer {
  const written = Object.entries(data).map(([name, values]): ColumnSource => {
    if (name === 'is_train') return { name, data: values, type: 'BOOLEAN' };
    if (['x', 'y', 'z'].includes(name)) return { name, data: values, type: kinds.number };
    if (typeof values[0] !== 'number') return { name, data: values, type: 'STRING' };
    const whole = kinds.whole === 'INT64' ? values.map((value) => BigInt(value as number)) : values;
    return { name, data: whole, type: kinds.whole };
  });
  return parquetWriteBuffer({ columnData: written, rowGroupSize: 40 });
}

function json(data: Columns): ArrayBuffer {
  const rows = data['episode_id']!.length;
  const text = JSON.stringify({ format: 'ringside-fit', version: 1, rows, columns: data });
  return new TextEncoder().encode(text).buffer as ArrayBuffer;
}

function point(fit: SavedFit, row: number): number[] {
  const floats = new Float32Array(fit.points.buffer, row * 32, 3);
  const ints = new Int32Array(fit.points.buffer, row * 32, 8);
  return [...floats, ints[3]!, ints[4]!, ints[5]!, ints[7]! >> 24];
}

describe('a saved fit', () => {
  const kinds: Array<[string, (data: Columns) => ArrayBuffer]> = [
    ['Parquet of doubles and 64-bit integers', (data) => parquet(data)],
    ['Parquet of floats and 32-bit integers', (data) => parquet(data, { number: 'FLOAT', whole: 'INT32' })],
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

  it('is refused with the row that is wrong', async () => {
    const data = columns(3);
    data['x']![1] = null;
    await expect(decode_fit(json(data))).rejects.toThrow('row 2 of its column x holds null');
    await expect(decode_fit(json({ ...columns(3), cluster: [1, 2, 2 ** 40] }))).rejects.toThrow(
      'row 3 of its column cluster',
    );
  });

  it('has no label where there is none', async () => {
    const fit = await decode_fit(json({ ...columns(3), cluster: [1, null, 2] }));
    expect(point(fit, 1)[5]).toBe(-1);
  });

  it('is refused where it is half there, or something else', async () => {
    const whole = parquet(columns(100));
    await expect(decode_fit(whole.slice(0, whole.byteLength / 2))).rejects.toThrow('Parquet');
    await expect(decode_fit(new TextEncoder().encode('<html>').buffer as ArrayBuffer)).rejects.toThrow(
      'neither',
    );
  });
});

describe('the points of a saved fit', () => {
  it('go by episode as the stream brings them, and all of them after a whole cycle', async () => {
    const fit = new FitPoints();
    fit.came_live('episode-2'); // before the file
    fit.show(await decode_fit(json(columns(9))));
    expect(fit.store.present).toBe(6);
    fit.came_live('episode-0');
    fit.came_live('episode-0');
    fit.came_live('of no file');
    expect(fit.store.present).toBe(3);
    expect(fit.listens).toBe(true);
    fit.end();
    expect(fit.store.present).toBe(0);
    expect(fit.listens).toBe(false);
  });

  it('are not shown when a whole cycle was faster', async () => {
    const fit = new FitPoints();
    fit.end();
    fit.show(await decode_fit(json(columns(9))));
    expect(fit.store.present).toBe(0);
  });
});

describe('where the fit comes from', () => {
  const base = 'https://dash.example.com/ringside/';
  const file = json(columns(2));

  async function asked(
    page: string,
    there: string[],
    missing = new Response(null, { status: 404 }),
  ): Promise<[string[], SavedFit | null]> {
    const addresses: string[] = [];
    const fit = await load_fit(page, base, 'T', (address) => {
      addresses.push(address);
      const found = there.some((path) => address.startsWith(path));
      return Promise.resolve(found ? new Response(file) : missing.clone());
    });
    return [addresses, fit];
  }

  it('is beside the page, with its token: Parquet first, then JSON, and none is no news', async () => {
    const [addresses, fit] = await asked(base, [`${base}data/knn_v1.json`]);
    expect(addresses).toEqual([
      `${base}data/knn_v1.parquet?token=T&optional=`,
      `${base}data/knn_v1.json?token=T&optional=`,
    ]);
    expect(fit?.count).toBe(2);
    expect((await asked(base, []))[1]).toBeNull();
    expect((await asked(base, [], new Response('')))[1]).toBeNull();
  });

  it('is what the page was told, below the page even if it begins with a slash', async () => {
    const [addresses] = await asked(`${base}?fit=/data/other.parquet`, [`${base}data/other`]);
    expect(addresses).toEqual([`${base}data/other.parquet?token=T`]);
    await expect(asked(`${base}?fit=/data/other.parquet`, [])).rejects.toThrow('status 404');
    await expect(asked(`${base}?fit=https://evil.example/x.parquet`, [])).rejects.toThrow('beside');
  });
});
