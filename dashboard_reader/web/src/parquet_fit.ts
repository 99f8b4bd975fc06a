// A saved fit in Parquet, as pandas, Arrow or DuckDB write it.
import { decompress } from 'fzstd';
import {
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type Compressors,
  type FileMetaData,
  type SchemaElement,
} from 'hyparquet';
import { FitBuilder, type SavedFit } from './fit_builder';
import { FitFault, kColumns, kReadColumns, type ColumnKind } from './fit_columns';

type Sort = 'text' | 'whole' | 'fraction' | 'boolean' | 'nothing';

/** What stands in a column of a type. */
const kSorts: Readonly<Record<string, Sort>> = {
  ...sort('text', 'BYTE_ARRAY UTF8 STRING ENUM UUID'),
  ...sort('whole', 'INT32 INT64 INTEGER INT_8 INT_16 INT_32 INT_64 UINT_8 UINT_16 UINT_32 UINT_64'),
  ...sort('fraction', 'FLOAT DOUBLE DECIMAL FLOAT16'),
  ...sort('boolean', 'BOOLEAN'),
  ...sort('nothing', 'NULL'),
};

interface Wanted {
  readonly sorts: readonly Sort[];
  readonly name: string;
}
const kWanted: Readonly<Record<ColumnKind, Wanted>> = {
  id: { sorts: ['text', 'whole'], name: 'text' },
  text: { sorts: ['text', 'whole', 'nothing'], name: 'text' },
  coordinate: { sorts: ['whole', 'fraction'], name: 'numbers' },
  label: { sorts: ['whole', 'fraction', 'nothing'], name: 'whole numbers' },
  flag: { sorts: ['whole', 'fraction', 'boolean'], name: 'true or false' },
};

/** For which this page has all it needs: what DuckDB, Arrow and pandas use unless told to. */
const kUsualCodecs = new Set<unknown>(['UNCOMPRESSED', 'SNAPPY', 'ZSTD']);

export async function decode_parquet(file: ArrayBuffer): Promise<SavedFit> {
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw new FitFault(`it is not a whole Parquet file (${text_of(error)})`);
  });
  check_columns(metadata);
  const builder = new FitBuilder(Number(metadata.num_rows));
  let fault: unknown = null;
  try {
    await parquetRead({
      file,
      metadata,
      columns: kReadColumns,
      compressors: await codecs_for(metadata),
      // Nobody waits for what this returns or throws, so the first fault is kept for later.
      onChunk: ({ columnName, columnData, rowStart }) => {
        try {
          builder.add(columnName, columnData as ArrayLike<unknown>, rowStart);
        } catch (error) {
          fault ??= error;
        }
      },
    });
  } catch (error) {
    throw new FitFault(`it cannot be read (${text_of(error)})`);
  }
  if (fault !== null) throw fault;
  return builder.fit();
}

async function codecs_for(metadata: FileMetaData): Promise<Compressors> {
  const is_usual = metadata.row_groups
    .flatMap((group) => group.columns)
    .every(({ meta_data }) => kUsualCodecs.has(meta_data?.codec));
  return { ZSTD: unpack_zstd, ...(is_usual ? {} : (await import('./fit_codecs')).kRareCodecs) };
}

function unpack_zstd(input: Uint8Array, length: number): Uint8Array {
  return decompress(input, new Uint8Array(length));
}

/** Names all columns that are missing or of a wrong type, together. */
function check_columns(metadata: FileMetaData): void {
  const { children } = parquetSchema(metadata);
  const found = new Map(children.map(({ element }) => [element.name, element]));
  const missing = [...kColumns.keys()].filter((name) => !found.has(name));
  const faults = missing.length === 0 ? [] : [`it has no column ${missing.join(', ')}`];
  for (const [name, kind] of kColumns) {
    const element = found.get(name);
    if (element === undefined) continue;
    const wanted = kWanted[kind];
    const type = type_of(element);
    const sort = element.repetition_type === 'REPEATED' ? undefined : kSorts[type];
    if (sort === undefined || !wanted.sorts.includes(sort)) {
      faults.push(`${name} is ${type} and should be ${wanted.name}`);
    }
  }
  if (faults.length > 0) throw new FitFault(faults.join('; '));
}

/** The mark of a column, or else how it is stored, which groups of columns are not. */
function type_of({ type, converted_type, logical_type }: SchemaElement): string {
  return converted_type ?? logical_type?.type ?? type ?? 'STRUCT';
}

function sort(name: Sort, types: string): Record<string, Sort> {
  return Object.fromEntries(types.split(' ').map((type) => [type, name]));
}

function text_of(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
