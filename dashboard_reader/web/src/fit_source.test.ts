// Where the page looks for a saved fit, and what it says of what it finds there.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { columns, json, parquet } from './build_fits';
import { load_fit, type FoundFit } from './fit_source';

const base = 'https://dash.example.com/ringside/';
const file = json(columns(2));
const half = file.byteLength >> 1;

async function asked(
  page: string,
  there: string[],
  missing = new Response(null, { status: 404 }),
): Promise<[string[], FoundFit | null]> {
  const addresses: string[] = [];
  const found = await load_fit(page, base, 'T', (address) => {
    addresses.push(address);
    const is_there = there.some((path) => address.startsWith(path));
    return Promise.resolve(is_there ? new Response(file) : missing.clone());
  });
  return [addresses, found];
}

/** A body that has half the file, and then what `go_on` does. */
function body(go_on: (rest: ReadableStreamDefaultController) => void): ReadableStream {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(file, 0, half));
      go_on(controller);
    },
  });
}

function refuse(): never {
  throw new TypeError('Failed to fetch');
}

function broken_body(): ReadableStream {
  return body((rest) => rest.error(new TypeError('network error')));
}

describe('where the fit comes from', () => {
  it('is beside the page, with its token: Parquet, then JSON, and none is no news', async () => {
    const [addresses, found] = await asked(base, [`${base}data/knn_v1.json`]);
    expect(addresses).toEqual([
      `${base}data/knn_v1.parquet?token=T&optional=`,
      `${base}data/knn_v1.json?token=T&optional=`,
    ]);
    expect(found?.fit.count).toBe(2);
    expect(found?.note).toBe('');
    expect((await asked(base, []))[1]).toBeNull();
    expect((await asked(base, [], new Response('')))[1]).toBeNull();
    const broken = new Response(null, { status: 503 });
    await expect(asked(base, [], broken)).rejects.toThrow('data/knn_v1.parquet: status 503');
  });

  it('is what the page was told, below the page even if it begins with a slash', async () => {
    const [addresses] = await asked(`${base}?fit=/data/other.parquet`, [`${base}data/other`]);
    expect(addresses).toEqual([`${base}data/other.parquet?token=T`]);
    await expect(asked(`${base}?fit=/data/other.parquet`, [])).rejects.toThrow('status 404');
    await expect(asked(`${base}?fit=https://evil.example/x.parquet`, [])).rejects.toThrow('beside');
  });
  it.each([
    ['data/100%.parquet', 'data/100%25.parquet'],
    ['data/100%25.parquet', 'data/100%2525.parquet'],
    ['data/run #7, what?.parquet', 'data/run%20%237%2C%20what%3F.parquet'],
    ['s3:/data.parquet', 's3%3A/data.parquet'],
  ])('is a file of just that name: %s', async (name, address) => {
    const [addresses] = await asked(`${base}?fit=${encodeURIComponent(name)}`, [base]);
    expect(addresses).toEqual([`${base}${address}?token=T`]);
  });
});

describe('a Parquet file that nobody named and nobody can read', () => {
  const whole = parquet(columns(100));
  const damaged: Array<[string, () => Response, string]> = [
    ['is cut short', () => new Response(whole.slice(0, -9)), 'it is not a complete Parquet file'],
    ['is of other columns', () => new Response(parquet({ x: [1] })), 'it has no column'],
    ['is a page', () => new Response('<html>'), 'it is neither Parquet nor JSON'],
    ['ends in the middle', () => new Response(broken_body()), 'the answer was cut off'],
    ['is not answered for', () => refuse(), 'no answer'],
    ['fails in the server', () => new Response(null, { status: 500 }), 'status 500'],
  ];
  const of = (parquet_file: () => Response, json_file: () => Response) => async (address: string) =>
    address.includes('.parquet') ? parquet_file() : json_file();

  it.each(damaged)('and that %s, gives way to the JSON, and is reported', async (_, answer, why) => {
    const found = await load_fit(base, base, '', of(answer, () => new Response(file)));
    expect(found?.fit.count).toBe(2);
    expect(found?.note).toContain(`data/knn_v1.json. data/knn_v1.parquet: ${why}`);
  });

  it('is what is reported where the JSON is no better, or not there', async () => {
    const parquet_file = () => new Response(whole.slice(0, -9));
    for (const json_file of [() => new Response('{}'), () => new Response('')]) {
      await expect(load_fit(base, base, '', of(parquet_file, json_file))).rejects.toThrow(
        'data/knn_v1.parquet: it is not a complete Parquet file',
      );
    }
  });

  it('is reported where it was named, and nothing shown in its place', async () => {
    const asked_for: string[] = [];
    const loading = load_fit(`${base}?fit=data/knn_v1.parquet`, base, '', (address) => {
      asked_for.push(address);
      return Promise.resolve(new Response(whole.slice(0, -9)));
    });
    await expect(loading).rejects.toThrow('data/knn_v1.parquet: it is not a complete Parquet file');
    expect(asked_for).toEqual([`${base}data/knn_v1.parquet`]);
  });
});

describe('a fit that does not come', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const page = `${base}?fit=data/other.parquet`;

  it('for want of an answer is reported by name', async () => {
    const loading = load_fit(page, base, '', async () => refuse());
    await expect(loading).rejects.toThrow('data/other.parquet: no answer');
  });

  it('to its end is reported by name', async () => {
    const cut = new Response(broken_body());
    const loading = load_fit(page, base, '', () => Promise.resolve(cut));
    await expect(loading).rejects.toThrow('data/other.parquet: the answer was cut off');
  });

  it('by one byte for a while is given up', async () => {
    const silent = body(() => undefined);
    const reported = expect(
      load_fit(page, base, '', () => Promise.resolve(new Response(silent))),
    ).rejects.toThrow('data/other.parquet: nothing has come for 15 s');
    await vi.advanceTimersByTimeAsync(15_000);
    await reported;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('by not even an answer is given up', async () => {
    const reported = expect(
      load_fit(page, base, '', (_, signal) => {
        return new Promise((_, failed) => {
          signal.addEventListener('abort', () => failed(signal.reason));
        });
      }),
    ).rejects.toThrow('data/other.parquet: nothing has come for 15 s');
    await vi.advanceTimersByTimeAsync(15_000);
    await reported;
  });

  it('but slowly is waited for', async () => {
    const slow = body((rest) => {
      setTimeout(() => rest.enqueue(new Uint8Array(file, half, 1)), 14_000);
      setTimeout(() => {
        rest.enqueue(new Uint8Array(file, half + 1));
        rest.close();
      }, 28_000);
    });
    const loading = load_fit(page, base, '', () => Promise.resolve(new Response(slow)));
    await vi.advanceTimersByTimeAsync(28_000);
    expect((await loading)?.fit.count).toBe(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
