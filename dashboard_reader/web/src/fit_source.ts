// Where the saved fit comes from: the file that the page was told (`?fit=`), or else what the
// dashboard's /data/ has, if it has one. Fetched while the stream connects. A fit that is not there
// is no news unless it was asked for; the second load of one that is costs a 304.
//
// Where nobody named a file, the Parquet and the JSON are one fit, saved twice: if the first cannot
// be used, the second is shown, and what is wrong with the first is reported. A file that was named is
// shown or reported, and none put in its place: which one it is may be just what the viewer asks.
import { address_beside } from './access';
import type { SavedFit } from './fit_builder';
import { FitFault } from './fit_columns';
import { fetch_anew, fetch_whole, type Fetch } from './fit_fetch';
import { decode_fit } from './saved_fit';

const kDefaults = ['data/knn_v1.parquet', 'data/knn_v1.json'];

export interface FoundFit {
  readonly fit: SavedFit;
  /** For people: which file it is, and why it is not the one before it; '' if it is the first. */
  readonly note: string;
}

/** The fit, or null if there is none. Throws FitFault with what is wrong with it, and where. */
export async function load_fit(
  page: string,
  base: string,
  token: string,
  get: Fetch = fetch_anew,
): Promise<FoundFit | null> {
  const named = new URL(page).searchParams.get('fit') || null;
  const is_optional = named === null;
  let fault: FitFault | null = null;
  for (const path of is_optional ? kDefaults : [named]) {
    try {
      const fit = await load(address_of(path, base, token), is_optional, get);
      if (fit !== null) return { fit, note: fault === null ? '' : `${path}. ${fault.message}` };
    } catch (error) {
      if (!(error instanceof FitFault)) throw error;
      fault ??= new FitFault(`${path}: ${error.message}`);
    }
  }
  if (fault !== null) throw fault;
  return null;
}

/** The fit of one file, or null where it is optional and not there. */
async function load(address: URL, is_optional: boolean, get: Fetch): Promise<SavedFit | null> {
  // A dashboard answers with nothing where it has none: whether there is one is only being asked.
  if (is_optional) address.searchParams.set('optional', '');
  const { status, file } = await fetch_whole(address.href, get);
  if (is_optional && status < 500 && file.byteLength === 0) return null;
  if (status < 200 || status > 299) throw new FitFault(`status ${status}`);
  return decode_fit(file);
}

/**
 * A path is made of names as they are, `100%.parquet` among them, unless it begins as an address of
 * its own. Absolute ones begin where the page lies, so that they hold under a proxy's sub-path.
 */
function address_of(path: string, base: string, token: string): URL {
  const folder = new URL('.', base);
  const is_address = /^([a-z][a-z\d+.-]*:)?\/\//i.test(path);
  const names = path.replace(/^\//, '').split('/').map(encodeURIComponent);
  const address = address_beside(folder.href, is_address ? path : names.join('/'), token);
  if (address.origin !== folder.origin) {
    throw new FitFault('a saved fit has to lie beside this page');
  }
  return address;
}
