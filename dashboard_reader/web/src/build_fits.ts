// Builds saved fits for the tests: the columns of one, and the files that hold them.
import type { SchemaElement } from 'hyparquet';
import { ByteWriter, parquetWrite, type ParquetWriteOptions } from 'hyparquet-writer';

export type Columns = Record<string, unknown[]>;

type Type = Omit<SchemaElement, 'name' | 'repetition_type'>;

/** How a column stands in Parquet, by what DuckDB calls its type. */
const kTypes: Readonly<Record<string, Type>> = {
  BOOLEAN: { type: 'BOOLEAN' },
  TINYINT: { type: 'INT32', converted_type: 'INT_8' },
  INTEGER: { type: 'INT32' },
  UINTEGER: { type: 'INT32', converted_type: 'UINT_32' },
  BIGINT: { type: 'INT64' },
  FLOAT: { type: 'FLOAT' },
  DOUBLE: { type: 'DOUBLE' },
  'DECIMAL(9,3)': { type: 'INT32', converted_type: 'DECIMAL', precision: 9, scale: 3 },
  DATE: { type: 'INT32', converted_type: 'DATE' },
  TIME: { type: 'INT64', converted_type: 'TIME_MICROS' },
  VARCHAR: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  BLOB: { type: 'BYTE_ARRAY' },
  'INTEGER[]': { converted_type: 'LIST', num_children: 1 },
  'STRUCT(a INTEGER)': { num_children: 1 },
};
const kInside: Readonly<Record<string, SchemaElement[]>> = {
  'INTEGER[]': [
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    { name: 'element', repetition_type: 'OPTIONAL', type: 'INT32' },
  ],
  'STRUCT(a INTEGER)': [{ name: 'a', repetition_type: 'OPTIONAL', type: 'INT32' }],
};

/** As pandas has them. */
const kUsualTypes: Readonly<Record<string, string>> = {
  episode_id: 'VARCHAR',
  host_id: 'VARCHAR',
  profile: 'VARCHAR',
  x: 'DOUBLE',
  y: 'DOUBLE',
  z: 'DOUBLE',
  phase_int: 'BIGINT',
  predicted_int: 'BIGINT',
  cluster: 'BIGINT',
  is_train: 'BOOLEAN',
};

export function columns(rows: number): Columns {
  const each = <T>(make: (row: number) => T): T[] =>
    Array.from({ length: rows }, (_, i) => make(i));
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

/** Parquet in several row groups; `types` are those of columns that are not as usual. */
export function parquet(
  data: Columns,
  types: Readonly<Record<string, string>> = {},
  options: Partial<ParquetWriteOptions> = {},
): ArrayBuffer {
  const schema: SchemaElement[] = [{ name: 'root', num_children: Object.keys(data).length }];
  const columnData = Object.entries(data).map(([name, values]) => {
    const type = types[name] ?? kUsualTypes[name]!;
    schema.push({ ...kTypes[type]!, name, repetition_type: 'OPTIONAL' }, ...(kInside[type] ?? []));
    return { name, data: values.map((value) => stored(type, value)) };
  });
  const writer = new ByteWriter();
  parquetWrite({ writer, columnData, schema, rowGroupSize: 40, ...options });
  return writer.getBuffer();
}

export function json(data: Columns, rows = data['episode_id']!.length): ArrayBuffer {
  return bytes(JSON.stringify({ format: 'ringside-fit', version: 1, rows, columns: data }));
}

export function bytes(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer as ArrayBuffer;
}

/** A value as the writer wants it for its type; what JSON has no number for may be text. */
function stored(type: string, value: unknown): unknown {
  if (value === null) return null;
  switch (type) {
    case 'BIGINT':
      return BigInt(value as number | string);
    case 'FLOAT':
    case 'DOUBLE':
      return Number(String(value).replace('inf', 'Infinity'));
    case 'DATE':
      return new Date(value as string);
    case 'TIME':
      return BigInt(Date.parse(`1970-01-01T${value as string}Z`)) * 1000n;
    default:
      return value;
  }
}
