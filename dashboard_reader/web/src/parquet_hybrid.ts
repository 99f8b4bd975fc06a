// Parquet's runs of small numbers (RLE and bit-packing hybrid): levels, indices, booleans.

/** The first `count` numbers of `width` bits; throws if there are fewer. */
export function read_hybrid(bytes: Uint8Array, width: number, count: number): Uint32Array {
  if (width > 32) throw new Error(`numbers of ${width} bits`);
  const values = new Uint32Array(count);
  const run_bytes = (width + 7) >> 3;
  let at = 0;
  const byte = (): number => {
    if (at >= bytes.length) throw new Error('a run beyond the end of its page');
    return bytes[at++]!;
  };
  let done = 0;
  // Without bits all are 0, and some writers leave the runs out.
  while (width > 0 && done < count) {
    let head = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const piece = byte();
      if (shift > 28) throw new Error('a run too long');
      head = (head | ((piece & 127) << shift)) >>> 0;
      more = piece > 127;
    }
    const size = head >>> 1;
    if (head & 1) {
      const packed = Math.min(8 * size, count - done);
      read_packed(bytes, at, width, values.subarray(done, done + packed));
      at += width * size;
      done += packed;
    } else {
      let value = 0;
      for (let i = 0; i < run_bytes; i += 1) value = (value | (byte() << (8 * i))) >>> 0;
      if (value >= 2 ** width) throw new Error(`${value} in ${width} bits`);
      const end = Math.min(done + size, count);
      values.fill(value, done, end);
      done = end;
    }
  }
  return values;
}

function read_packed(bytes: Uint8Array, at: number, width: number, to: Uint32Array): void {
  let bit = 8 * at;
  for (let i = 0; i < to.length; i += 1) {
    let value = 0;
    for (let got = 0; got < width; ) {
      const byte = bytes[bit >> 3];
      if (byte === undefined) throw new Error('a run beyond the end of its page');
      const take = Math.min(8 - (bit & 7), width - got);
      value |= ((byte >> (bit & 7)) & ((1 << take) - 1)) << got;
      got += take;
      bit += take;
    }
    to[i] = value;
  }
}
