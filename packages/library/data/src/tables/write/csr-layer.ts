// A csr_matrix of generated values in .layers, written in blocks of rows.
import { type H5Dataset, type H5Group, setEncoding } from "../../files/hdf5.js";

const entriesOfChunk = 2 ** 16;

/** The sizes of a sparse layer, and the place of each written column among the genes. */
interface LayerShape {
  rows: number;
  genes: number;
  places: readonly number[];
}

/** Entries of one kind that grow at their end. */
class GrowingEntries<T extends Float32Array | Int32Array> {
  #dataset: H5Dataset | null = null;
  #length = 0;

  constructor(
    readonly group: H5Group,
    readonly name: string,
  ) {}

  append(data: T): void {
    const { group, name } = this;
    if (data.length === 0 && this.#dataset) return;
    if (this.#dataset) {
      this.#dataset.resize([this.#length + data.length]);
      this.#dataset.write_slice([[this.#length, this.#length + data.length]], data);
    } else {
      const growth = { maxshape: [null], chunks: [entriesOfChunk] };
      this.#dataset = group.create_dataset({ name, data, shape: [data.length], ...growth });
    }
    this.#length += data.length;
  }
}

/**
 * Appends rows to a csr_matrix of all genes. Values above 0 are its entries; other values are zeros, as are genes without a
 * column and unwritten rows.
 */
export class CsrLayer {
  readonly #group: H5Group;
  readonly #shape: LayerShape;
  /** Columns in the order of their genes. */
  readonly #order: readonly number[];
  /** The number of entries of each row, from the second place on. */
  readonly #ends: Float64Array;
  readonly #values: GrowingEntries<Float32Array>;
  readonly #indices: GrowingEntries<Int32Array>;

  /** Begins the matrix in a new group. */
  constructor(group: H5Group, shape: LayerShape) {
    const { places, rows, genes } = shape;
    setEncoding(group, "csr_matrix", "0.1.0");
    group.create_attribute("shape", BigInt64Array.of(BigInt(rows), BigInt(genes)));
    this.#group = group;
    this.#shape = shape;
    this.#order = places.map((_, column) => column).sort((a, b) => places[a] - places[b]);
    this.#ends = new Float64Array(rows + 1);
    this.#values = new GrowingEntries(group, "data");
    this.#indices = new GrowingEntries(group, "indices");
  }

  /** Writes rows [count, columns] at rising places. */
  write(block: Float32Array | Float64Array, rows: ArrayLike<number>): void {
    const { places } = this.#shape;
    const width = places.length;
    const values: number[] = [];
    const indices: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      const before = values.length;
      for (const column of this.#order) {
        const value = block[i * width + column];
        if (!(value > 0)) continue;
        values.push(value);
        indices.push(places[column]);
      }
      this.#ends[rows[i] + 1] = values.length - before;
    }
    this.#values.append(Float32Array.from(values));
    this.#indices.append(Int32Array.from(indices));
  }

  /** Writes where each row begins. */
  close(): void {
    this.#values.append(new Float32Array());
    this.#indices.append(new Int32Array());
    const ends = this.#ends;
    for (let i = 1; i < ends.length; i++) ends[i] += ends[i - 1];
    const isSmall = (ends.at(-1) as number) < 2 ** 31;
    const data = isSmall ? Int32Array.from(ends) : BigInt64Array.from(ends, BigInt);
    this.#group.create_dataset({ name: "indptr", data, shape: [ends.length] });
  }
}
