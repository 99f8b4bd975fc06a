// Writes the Parquet files of this folder anew (README.md):
//
//   npm install parquet-wasm@0.7.1 apache-arrow@21 hyparquet-writer@0.17.0 && node recipe.mjs FOLDER
import { readFileSync, writeFileSync } from 'node:fs';
import * as arrow from 'apache-arrow';
import init, * as wasm from 'parquet-wasm/esm/parquet_wasm.js';
import { parquetWriteBuffer } from 'hyparquet-writer';

// The module would fetch its code, which a browser can.
await init({ module_or_path: readFileSync(new URL(import.meta.resolve('parquet-wasm/esm/parquet_wasm_bg.wasm'))) });

const folder = process.argv[2];
const count = 100;
const numbers = Array.from({ length: count }, (_, i) => i);
// The same as row_of(1, i) of feed_fixture.cpp.
const texts = {
  episode_id: numbers.map((i) => `episode-${i}`),
  host_id: numbers.map((i) => `host-${i % 7}`),
  profile: numbers.map((i) => `profile-${i % 3}`),
};
const coordinates = {
  x: numbers.map(() => 1),
  y: numbers.map((i) => i / 8),
  z: numbers.map((i) => -i / 4),
};
const labels = {
  phase_int: numbers.map((i) => i % 10),
  predicted_int: numbers.map((i) => i % 11),
  cluster: numbers.map((i) => i % 5),
};
const flags = numbers.map((i) => i % 4 !== 0);

function arrow_table({ text, float, integer }) {
  const columns = {};
  for (const [name, values] of Object.entries(texts)) columns[name] = arrow.vectorFromArray(values, text());
  for (const [name, values] of Object.entries(coordinates)) columns[name] = arrow.vectorFromArray(values, float());
  for (const [name, values] of Object.entries(labels)) {
    const type = integer();
    columns[name] = arrow.vectorFromArray(type.bitWidth === 64 ? values.map(BigInt) : values, type);
  }
  columns.is_train = arrow.vectorFromArray(flags, new arrow.Bool());
  return new arrow.Table(columns);
}

const plain = { text: () => new arrow.Utf8(), float: () => new arrow.Float64(), integer: () => new arrow.Int64() };
const small = { text: () => new arrow.Utf8(), float: () => new arrow.Float32(), integer: () => new arrow.Int8() };
const large = { text: () => new arrow.LargeUtf8(), float: () => new arrow.Float64(), integer: () => new arrow.Int32() };
// As pandas writes its categories.
const category = { ...plain, text: () => new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()) };

function write_arrow(name, types, compression, more = (builder) => builder) {
  const stream = arrow.tableToIPC(arrow_table(types), 'stream');
  const properties = more(new wasm.WriterPropertiesBuilder().setCompression(compression)).build();
  writeFileSync(`${folder}/${name}.parquet`, wasm.writeParquet(wasm.Table.fromIPCStream(stream), properties));
}

const { Compression, WriterVersion } = wasm;
write_arrow('arrow-snappy', plain, Compression.SNAPPY);
write_arrow('arrow-zstd-floats-int8', small, Compression.ZSTD);
write_arrow('arrow-gzip-large-text', large, Compression.GZIP);
write_arrow('arrow-brotli-categories', category, Compression.BROTLI);
write_arrow('arrow-lz4-categories-no-dictionary', category, Compression.LZ4_RAW, (b) => b.setDictionaryEnabled(false));
write_arrow('arrow-row-groups-version-2', plain, Compression.ZSTD, (b) =>
  b.setMaxRowGroupSize(17).setWriterVersion(WriterVersion.V2));

function write_hyparquet(name, types, options) {
  const columns = [
    ...Object.entries(texts).map(([column, data]) => ({ name: column, data, type: 'STRING' })),
    ...Object.entries(coordinates).map(([column, data]) => ({ name: column, data, type: types.float })),
    ...Object.entries(labels).map(([column, data]) => ({
      name: column,
      data: types.integer === 'INT64' ? data.map(BigInt) : data,
      type: types.integer,
    })),
    { name: 'is_train', data: flags, type: 'BOOLEAN' },
  ];
  writeFileSync(`${folder}/${name}.parquet`, Buffer.from(parquetWriteBuffer({ columnData: columns, ...options })));
}
write_hyparquet('hyparquet-snappy', { float: 'DOUBLE', integer: 'INT64' }, {});
write_hyparquet('hyparquet-uncompressed-row-groups', { float: 'FLOAT', integer: 'INT32' }, { codec: 'UNCOMPRESSED', rowGroupSize: 30 });
