// A saved fit, as a file: Parquet with the ten columns of the fit, or the JSON sidecar of
// ringside-knn.
//
// A file is input: what it lacks, or has of another kind, is reported by name.
import { FitBuilder, type SavedFit } from './fit_builder';
import { FitFault, kColumns } from './fit_columns';
import { begins_as_parquet } from './parquet_footer';
import { decode_parquet } from './parquet_fit';

export async function decode_fit(file: ArrayBuffer): Promise<SavedFit> {
  return begins_as_parquet(file) ? decode_parquet(file) : decode_json(file);
}

function decode_json(file: ArrayBuffer): SavedFit {
  const { rows, columns } = parse(file);
  const missing = [...kColumns.keys()].filter((name) => !Object.hasOwn(columns, name));
  if (missing.length > 0) throw new FitFault(`it has no column ${missing.join(', ')}`);
  const builder = new FitBuilder(rows);
  for (const name of kColumns.keys()) {
    const column = columns[name];
    if (!Array.isArray(column) || column.length !== rows) {
      throw new FitFault(`its column ${name} has not as many values as it has rows`);
    }
    builder.add(name, column, 0);
  }
  return builder.fit();
}

function parse(file: ArrayBuffer) {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(file);
  } catch {
    throw new FitFault('it is neither Parquet nor JSON: it is not UTF-8');
  }
  if (!/^\s*\{/.test(text)) throw new FitFault('it is neither Parquet nor JSON');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new FitFault(`it is not JSON: ${json_fault(text, error)}`);
  }
  const { rows, columns } = parsed as { rows?: unknown; columns?: unknown };
  if (typeof rows !== 'number' || typeof columns !== 'object' || columns === null) {
    throw new FitFault('its JSON has no rows and columns');
  }
  const twice = column_twice(text);
  if (twice !== undefined) throw new FitFault(`it has the column ${twice} twice`);
  return { rows, columns: columns as Readonly<Record<string, unknown>> };
}

/** A key, a string of another use, or a bracket. */
const kKeyOrBracket = /("(?:[^"\\]|\\.)*")\s*:|"(?:[^"\\]|\\.)*"|[{}[\]]/gs;

/** A string, or a word: what no string begins within. */
const kStringOrWord = /"(?:[^"\\]|\\.)*"|-?[A-Za-z]+/gs;

/** Says where a number stands that JSON does not know, which Python writes unless told not to. */
function json_fault(text: string, error: unknown): string {
  for (const { 0: word, index } of text.matchAll(kStringOrWord)) {
    if (!/^-?(NaN|Infinity)$/.test(word)) continue;
    const before = text.slice(0, index);
    const line = before.split('\n').length;
    const character = index - before.lastIndexOf('\n');
    return `${word} at line ${line}, character ${character}; JSON has null for it`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** The column that is there twice, of which JSON.parse() takes the last without a word. */
function column_twice(text: string): string | undefined {
  const is_suspect = [...kColumns.keys()].some((name) => {
    const key = `"${name}"`;
    return text.indexOf(key) !== text.lastIndexOf(key);
  });
  if (!is_suspect) return undefined;
  const seen = new Set<string>();
  let depth = 0;
  let columns_at = -1; // the depth in which the columns stand, while they do
  for (const { 0: token, 1: key } of text.matchAll(kKeyOrBracket)) {
    if (key === undefined) {
      depth += '{['.includes(token) ? 1 : '}]'.includes(token) ? -1 : 0;
      if (depth < columns_at) columns_at = -1;
      continue;
    }
    const name = JSON.parse(key) as string;
    if (depth === 1) columns_at = name === 'columns' ? 2 : columns_at;
    if (depth !== columns_at || !kColumns.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
