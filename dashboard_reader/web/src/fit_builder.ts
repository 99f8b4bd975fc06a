// Puts the columns of a saved fit, in pieces of rows as they come, into points as the stream has
// them (`struct Point` of schemas/event.fbs).
import { FitFault, kColumns, read_number, read_text, wrong_value } from './fit_columns';
import {
  kClusterWord,
  kMaxPoints,
  kPhaseWord,
  kPointBytes,
  kPredictionWord,
  kTrainByte,
  kWordsPerPoint,
} from './point_store';

export interface SavedFit {
  readonly count: number;
  /** 32 bytes a point. */
  readonly points: Uint8Array;
  /** The episode of each. */
  readonly episodes: readonly string[];
}

/** The values of a column stand in `view`, one every `step`, from `at` on. */
interface Place {
  readonly view: Uint8Array | Int32Array | Float32Array;
  readonly step: number;
  readonly at: number;
}

export class FitBuilder {
  private readonly bytes_: Uint8Array;
  private readonly episodes_: string[];
  private readonly places_: ReadonlyMap<string, Place>;
  private readonly added_ = new Map<string, number>();

  constructor(private readonly rows_: number) {
    if (rows_ === 0) throw new FitFault('it has no rows');
    if (!Number.isInteger(rows_) || rows_ < 0 || rows_ > kMaxPoints) {
      throw new FitFault(`it has ${rows_} rows, and this page shows ${kMaxPoints}`);
    }
    const buffer = new ArrayBuffer(rows_ * kPointBytes);
    this.bytes_ = new Uint8Array(buffer);
    this.episodes_ = new Array<string>(rows_).fill('');
    const floats = { view: new Float32Array(buffer), step: kWordsPerPoint };
    const ints = { view: new Int32Array(buffer), step: kWordsPerPoint };
    this.places_ = new Map<string, Place>([
      ['x', { ...floats, at: 0 }],
      ['y', { ...floats, at: 1 }],
      ['z', { ...floats, at: 2 }],
      ['phase_int', { ...ints, at: kPhaseWord }],
      ['predicted_int', { ...ints, at: kPredictionWord }],
      ['cluster', { ...ints, at: kClusterWord }],
      ['is_train', { view: this.bytes_, step: kPointBytes, at: kTrainByte }],
    ]);
  }

  /** Takes what a column has in the rows from `first` on. */
  add(name: string, values: ArrayLike<unknown>, first: number): void {
    if (first + values.length > this.rows_) throw new FitFault('it has more rows than it says');
    const place = this.places_.get(name);
    if (place !== undefined) this.add_numbers(name, place, values, first);
    else this.add_texts(name, values, first);
    this.added_.set(name, (this.added_.get(name) ?? 0) + values.length);
  }

  /** The fit, once each column has come whole. */
  fit(): SavedFit {
    for (const name of kColumns.keys()) {
      if (this.added_.get(name) !== this.rows_) {
        throw new FitFault(`its column ${name} is not whole`);
      }
    }
    return { count: this.rows_, points: this.bytes_, episodes: this.episodes_ };
  }

  /** This page shows only the episodes, but the feeder refuses the file for the others, too. */
  private add_texts(name: string, values: ArrayLike<unknown>, first: number): void {
    const is_id = kColumns.get(name) === 'id';
    for (let i = 0; i < values.length; i += 1) {
      const text = read_text(is_id ? values[i] : (values[i] ?? ''));
      if (text === undefined) throw wrong_value(name, first + i, values[i]);
      if (is_id) this.episodes_[first + i] = text;
    }
  }

  private add_numbers(name: string, place: Place, values: ArrayLike<unknown>, first: number): void {
    const { view, step, at } = place;
    const kind = kColumns.get(name)!;
    for (let i = 0; i < values.length; i += 1) {
      const number = read_number(kind, values[i]);
      if (Number.isNaN(number)) throw wrong_value(name, first + i, values[i]);
      view[(first + i) * step + at] = number;
    }
  }
}
