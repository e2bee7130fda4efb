// A common interface to NetCDF and Zarr: variables with dimensions and attributes, read by rows.

/** A dimension of a variable. */
export interface FieldDimension {
  /** Its name, which its coordinate variable has too. */
  name: string;
  /** Entries along it. */
  size: number;
}

/** The value of an attribute. */
export type FieldAttribute = string | number | readonly number[];

/** Attributes by name. */
export type FieldAttributes = Readonly<Record<string, FieldAttribute>>;

/** Consecutive entries of a dimension behind the first. */
export interface EntryRange {
  /** The place of the dimension, from 1. */
  place: number;
  /** The first entry, from 0. */
  begin: number;
  /** The entry after the last. */
  end: number;
}

/** Types of stored numbers. */
export type NumberType = `${"int" | "uint"}${8 | 16 | 32 | 64}` | `float${16 | 32 | 64}`;

/** An array of a file. */
export interface FieldVariable {
  name: string;
  dimensions: readonly FieldDimension[];
  /** The type of its numbers; null: it holds no numbers. */
  numberType: NumberType | null;
  attributes: FieldAttributes;
  /** The shape of parts that are decoded as a whole; null: any part is read alone. */
  chunks: readonly number[] | null;
  /** Stored numbers of a row that are read at once (default: the numbers of its dimensions). */
  rowNumbers?: number;
  /**
   * Stored values, without scale and offset, of `count` entries of the first dimension, in C order; of a scalar its value. Reads
   * all of the other dimensions, or only the entries of `only`.
   */
  read(first: number, count: number, only?: EntryRange): Promise<ArrayLike<number | bigint>>;
}

/** Formats of files of fields. */
export type FieldFormat = "NetCDF 3" | "NetCDF 4" | "Zarr 2" | "Zarr 3";

/** An open file of fields. */
export interface FieldFile {
  format: FieldFormat;
  variables: readonly FieldVariable[];
  close(): void;
}

/** Stored numbers of a variable from one entry of a dimension to the next. */
export const strideOf = (
  { dimensions }: Pick<FieldVariable, "dimensions">,
  place: number,
): number => dimensions.slice(place + 1).reduce((product, { size }) => product * size, 1);

/**
 * Stored values, as `read` of the variable gives them.
 * @throws {Error} if there are too few or too many
 */
export async function readStored(
  variable: FieldVariable,
  [first, count]: readonly [first: number, count: number],
  only?: EntryRange,
): Promise<ArrayLike<number | bigint>> {
  const stored = await variable.read(first, count, only);
  const row = strideOf(variable, 0);
  const share = only ? (only.end - only.begin) / variable.dimensions[only.place].size : 1;
  const expected = Math.round(count * row * share);
  if (stored.length === expected) return stored;
  throw new Error(`${variable.name} has ${stored.length} values instead of ${expected}`);
}

/** Rising entries as ranges, one for each chunk of `size` entries that has some. */
function entryRanges(place: number, entries: readonly number[], size: number): EntryRange[] {
  const ranges: EntryRange[] = [];
  for (const entry of entries) {
    const last = ranges.at(-1);
    if (last && Math.floor(last.begin / size) === Math.floor(entry / size)) last.end = entry + 1;
    else ranges.push({ place, begin: entry, end: entry + 1 });
  }
  return ranges;
}

/** Copies the `entries` of a range, blocks of `length` numbers, to their places among all entries. */
function copyEntries(
  stored: ArrayLike<number | bigint>,
  { begin, end }: EntryRange,
  to: { entries: readonly number[]; length: number; values: Float64Array },
): void {
  const { entries, length, values } = to;
  const blocks = values.length / (entries.length * length);
  for (const [k, entry] of entries.entries()) {
    if (entry < begin || entry >= end) continue;
    for (let block = 0; block < blocks; block++) {
      const from = (block * (end - begin) + entry - begin) * length;
      const place = (block * entries.length + k) * length;
      for (let i = 0; i < length; i++) values[place + i] = Number(stored[from + i]);
    }
  }
}

/** A variable of some entries of a dimension, such as levels, in rising order: it decodes each chunk once, and no others. */
export function variableAt(
  variable: FieldVariable,
  place: number,
  entries: readonly number[],
): FieldVariable {
  const ranges = entryRanges(place, entries, variable.chunks?.[place] || 1);
  const length = strideOf(variable, place);
  const { size } = variable.dimensions[place];
  const blocks = strideOf(variable, 0) / (size * length);
  const width = Math.max(...ranges.map(({ begin, end }) => end - begin), entries.length);
  return {
    ...variable,
    dimensions: variable.dimensions.map((one, k) =>
      k === place ? { ...one, size: entries.length } : one,
    ),
    rowNumbers: blocks * width * length,
    async read(first, count) {
      const values = new Float64Array(count * blocks * entries.length * length);
      for (const range of ranges) {
        const stored = await readStored(variable, [first, count], range);
        copyEntries(stored, range, { entries, length, values });
      }
      return values;
    },
  };
}

/** Variables of a file, and dimensions of a variable, at most. */
export const mostVariables = 10_000;
