// A saved fit in Parquet, as pandas, Arrow or DuckDB write it.
import { ParquetTypes } from 'hyparquet/src/constants.js';
import { FitBuilder, type SavedFit } from './fit_builder';
import { FitFault, in_quotes, kColumns, type ColumnKind } from './fit_columns';
import { check_codec, codecs_for, type Unpack } from './parquet_codecs';
import { read_footer, type ColumnChunk, type Footer, type FooterColumn } from './parquet_footer';
import { meaning_of, type Sort } from './parquet_meaning';
import { read_pages } from './parquet_pages';
import { values_of } from './parquet_values';

const kTexts: readonly Sort[] = ['text', 'uuid', 'whole'];
const kNumbers: readonly Sort[] = ['whole', 'decimal', 'half', 'fraction'];
const kWanted: Record<ColumnKind, { sorts: readonly Sort[]; name: string }> = {
  id: { sorts: kTexts, name: 'text' },
  text: { sorts: [...kTexts, 'nothing'], name: 'text' },
  coordinate: { sorts: kNumbers, name: 'numbers' },
  label: { sorts: [...kNumbers, 'nothing'], name: 'whole numbers' },
  flag: { sorts: [...kNumbers, 'boolean'], name: 'true or false' },
};

type Found = ReturnType<typeof find_columns>[number];
type Extent = ReturnType<typeof find_extents>[number];

export async function decode_parquet(file: ArrayBuffer): Promise<SavedFit> {
  const footer = read_footer(file);
  const columns = find_columns(footer);
  const builder = new FitBuilder(count_rows(footer));
  const extents = find_extents(footer, columns);
  const codecs = await codecs_for(new Set(extents.map(({ chunk }) => chunk.codec)));
  const read = extents.map((extent) => {
    const { name } = extent.column;
    const bytes = naming(name, () => read_extent(file, extent, codecs, builder));
    return { name, at: extent.at, bytes };
  });
  check_overlap(read);
  return builder.fit();
}

const kMaxListed = 300;

/** Finds the ten columns; names all that are missing, there twice, or of a wrong type, together. */
function find_columns({ columns }: Footer) {
  const found = [];
  const missing: string[] = [];
  const faults: string[] = [];
  for (const [name, kind] of kColumns) {
    const [column, another] = columns.filter((one) => one.name === name);
    if (column === undefined) {
      missing.push(name);
      continue;
    }
    if (another !== undefined) faults.push(`it has the column ${name} twice`);
    const meaning = meaning_of(column);
    const wanted = kWanted[kind];
    if (!wanted.sorts.includes(meaning.sort)) {
      faults.push(`${name} is ${meaning.name} and should be ${wanted.name}`);
    }
    found.push({ column, meaning, encodings: new Set<string>() });
  }
  if (missing.length > 0) {
    const others = columns.filter(({ name }) => !kColumns.has(name));
    const names = others.map(({ name }) => in_quotes(name)).join(', ');
    const also = names === '' ? '' : ` (it has also ${names.slice(0, kMaxListed)})`;
    faults.unshift(`it has no column ${missing.join(', ')}${also}`);
  }
  if (faults.length > 0) throw new FitFault(faults.join('; '));
  return found;
}

/** More than the feeder numbers. */
const kMaxRows = 2 ** 32 - 1;

function count_rows(footer: Footer): number {
  let rows = 0;
  for (const group of footer.row_groups) {
    if (group.rows < 0 || group.rows > kMaxRows) {
      throw new FitFault(`its footer says that a row group has ${group.rows} rows`);
    }
    rows += group.rows;
  }
  if (footer.rows !== rows) {
    throw new FitFault(`its footer says ${footer.rows} rows, and its row groups have ${rows}`);
  }
  return rows;
}

/** Where the pages of each column of each row group are. */
function find_extents(footer: Footer, columns: readonly Found[]) {
  const extents = [];
  let first_row = 0;
  for (const { rows, chunks } of footer.row_groups) {
    if (rows === 0) continue;
    if (chunks.length !== footer.leaves) {
      throw new FitFault(
        `a row group has ${chunks.length} columns, and its schema ${footer.leaves}`,
      );
    }
    for (const found of columns) {
      const { column } = found;
      const chunk = chunks[column.leaf]!;
      const at = naming(column.name, () => {
        check_chunk(chunk, column, rows);
        return begin_of(chunk, footer);
      });
      extents.push({ ...found, chunk, at, first_row, rows });
    }
    first_row += rows;
  }
  return extents;
}

/** Puts the column's name before the faults that lack it. */
function naming<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof FitFault) || error.message.startsWith(`${name} `)) throw error;
    throw new FitFault(`${name} ${error.message}`);
  }
}

function check_chunk(chunk: ColumnChunk, column: FooterColumn, rows: number): void {
  if (chunk.is_encrypted) throw new FitFault('is encrypted; write it without encryption');
  if (chunk.is_elsewhere) throw new FitFault('stands in another file; write them as one');
  if (!chunk.has_pages) throw new FitFault(`has no pages in a row group of ${rows} rows`);
  const is_same =
    ParquetTypes[chunk.physical] === column.physical &&
    chunk.path.length === 1 &&
    chunk.path[0] === column.name;
  if (!is_same) throw new FitFault('is another column in a row group than in the schema');
  if (chunk.values !== rows) {
    throw new FitFault(`has ${chunk.values} values in a row group of ${rows} rows`);
  }
  check_codec(chunk.codec);
}

const kMagicBytes = 4;

function begin_of({ dictionary_at, data_at, bytes }: ColumnChunk, footer: Footer): number {
  // Some writers put a zero where they have no dictionary.
  const at = dictionary_at > 0 && dictionary_at < data_at ? dictionary_at : data_at;
  if (at < kMagicBytes || bytes < 0 || at + bytes > footer.begins_at) {
    throw new FitFault("has pages that would stand outside of the file's data");
  }
  return at;
}

/** Two columns of the same bytes: one of them would be shown as the other. */
function check_overlap(read: readonly { name: string; at: number; bytes: number }[]): void {
  const sorted = [...read].sort((a, b) => a.at - b.at);
  for (const [i, { at, name }] of sorted.entries()) {
    const before = sorted[i - 1];
    if (before !== undefined && at < before.at + before.bytes) {
      throw new FitFault(`its footer says that ${before.name} and ${name} stand in the same bytes`);
    }
  }
}

/** Returns how many bytes its pages are. */
function read_extent(
  file: ArrayBuffer,
  extent: Extent,
  codecs: ReadonlyMap<number, Unpack>,
  builder: FitBuilder,
): number {
  const { column, meaning, chunk, at, first_row } = extent;
  const pages = {
    ...extent,
    bytes: new Uint8Array(file, at, chunk.bytes),
    is_packed: chunk.codec !== 0,
    unpack: codecs.get(chunk.codec)!,
    read: (stored: ArrayLike<unknown>) => values_of(meaning, stored),
  };
  return read_pages(pages, (values, first) => {
    builder.add(column.name, values, first_row + first);
  });
}
