// Where the page looks for a saved fit, and what it says of what it finds there.
import { describe, expect, it } from 'vitest';
import { columns, json } from './build_fits';
import { load_fit } from './fit_source';
import type { SavedFit } from './fit_builder';

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
