// Where the saved fit comes from: the address that the page was told (`?fit=`), or else what the
// dashboard's /data/ has, if it has one. Fetched while the stream connects. A fit that is not there
// is no news unless it was asked for; the second load of one that is costs a 304.
import { address_beside } from './access';
import type { SavedFit } from './fit_builder';
import { FitFault } from './fit_columns';
import { decode_fit } from './saved_fit';

const kDefaults = ['data/knn_v1.parquet', 'data/knn_v1.json'];

export type Fetch = (address: string) => Promise<Response>;

const fetch_anew: Fetch = (address) =>
  // The copy that the browser has is used only once the server has said that it is the newest.
  fetch(address, { cache: 'no-cache', credentials: 'same-origin' });

/** The fit, or null if there is none. Throws FitFault with what is wrong with it, and where. */
export async function load_fit(
  page: string,
  base: string,
  token: string,
  get: Fetch = fetch_anew,
): Promise<SavedFit | null> {
  const told = new URL(page).searchParams.get('fit');
  for (const path of told === null || told === '' ? kDefaults : [told]) {
    const address = address_of(path, base, token);
    if (address.origin !== new URL(base).origin) {
      throw new FitFault(`${path}: a saved fit has to lie beside this page`);
    }
    const is_told = told !== null && told !== '';
    // A dashboard answers with nothing where it has none: whether there is one is only being asked.
    if (!is_told) address.searchParams.set('optional', '');
    const answer = await get(address.href).catch(() => null);
    if (answer !== null && answer.ok) {
      const file = await answer.arrayBuffer();
      if (is_told || file.byteLength > 0) return read(path, file);
    }
    if (!is_told) continue;
    throw new FitFault(`${path}: ${answer === null ? 'no answer' : `status ${answer.status}`}`);
  }
  return null;
}

/** Absolute paths begin where the page lies, so that they hold under a proxy's sub-path as well. */
function address_of(path: string, base: string, token: string): URL {
  const relative = path.startsWith('/') && !path.startsWith('//') ? path.slice(1) : path;
  return address_beside(new URL('.', base).href, relative, token);
}

async function read(path: string, file: ArrayBuffer): Promise<SavedFit> {
  try {
    return await decode_fit(file);
  } catch (error) {
    if (!(error instanceof FitFault)) throw error;
    throw new FitFault(`${path}: ${error.message}`);
  }
}
