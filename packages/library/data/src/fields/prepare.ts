// Reads fields once, into mapped files: unpacking takes longer than training, and large files do not fit into memory.
import { join } from "node:path";
import { writeFlushed } from "@dsbm/files";
import { io } from "@dsbm/torch";
import { badTable, byOption, type DatasetError, invalidOption } from "../errors.js";
import { checkDiskSpace } from "../tables/prepare/disk-space.js";
import { transformOfValue, type ValueTransform } from "../tables/units/value-transform.js";
import { axisSeasons } from "./cf/axis.js";
import { coarsenFields, type GridSize } from "./coarsen.js";
import { type ChannelUnits, convertFields, FieldConversion } from "./convert.js";
import { encodeBits, type FieldSetFacts } from "./field-facts.js";
import { FieldScan } from "./field-scan.js";
import { FieldSums } from "./field-sums.js";
import { heldOutFields } from "./held-out-years.js";
import type { FieldRows } from "./read/field-rows.js";
import { openFields } from "./read/open.js";
import { encodeNumbers, readStatics, type StaticFields } from "./statics.js";

/** Options of a dataset of fields. */
export interface FieldSetOptions {
  /** Variables such as pr, or levels such as ta@850 (default: the only variable). */
  variables?: readonly string[] | null;
  /** Refuse (default) or drop fields with missing values in cells that others have. */
  missing?: "error" | "drop";
  /** The transform of values (default: none). */
  transform?: ValueTransform | null;
  /** Further marks of missing values. */
  na?: readonly string[] | null;
  /** Height and width of prepared fields (default: of the grid); cells beyond the grid are missing. */
  size?: readonly [height: number, width: number];
  /** Whether the season of each field is its condition (default: no). */
  season?: boolean | undefined;
  /** Static fields of networks: files, or variables of the file (default: none). */
  static?: readonly string[] | undefined;
  /** Cells a side of blocks whose mean each cell has (default: 1, the fields themselves). */
  block?: number;
  /** The units of the target, to which values are converted (default: the units of the file). */
  units?: ChannelUnits | undefined;
}

interface FieldPreparation extends FieldSetOptions {
  fraction: number;
  seed: number;
  progress: (state: { done: number; total: number }) => void;
  signal: AbortSignal | undefined;
}

/** Marks of missing values that are numbers. */
export const missingMarks = (na: readonly string[] | null = null): number[] =>
  (na ?? []).map(Number).filter((mark) => !Number.isNaN(mark));

/** Numbers that are read at once. */
const blockNumbers = 2 ** 22;

/** Fields [n, C, H, W] of a file in blocks. */
async function* blocksOf(file: FieldRows, signal: AbortSignal | undefined) {
  const { channels, time, y, x } = file.grid;
  const n = time.size;
  const cells = channels.length * y.size * x.size;
  const most = Math.max(1, Math.floor(blockNumbers / cells));
  for (let first = 0; first < n; first += most) {
    signal?.throwIfAborted();
    const count = Math.min(most, n - first);
    yield { first, count, values: await file.read(first, count) };
  }
}

/**
 * Writes rows_train.npy and rows_test.npy, float32 [n, C, H, W] with 0 in cells without values, and facts.json.
 * @throws {DatasetError} `BadTable` for damage, missing values and values that the transform cannot take; `InvalidOption` for
 * sizes below the grid; the signal's reason
 */
export async function prepareFields(
  path: string,
  folder: string,
  options: FieldPreparation,
): Promise<void> {
  const { variables = null, na = null, block = 1, units = [] } = options;
  const stored = await openFields(path, { variables, marks: missingMarks(na) });
  try {
    const names = { what: path, whose: "the target" };
    const conversion = new FieldConversion(stored.grid.channels, units, names);
    const changes = { converted: conversion.notes, conversions: conversion.conversions };
    const file = coarsenFields(convertFields(stored, conversion), block);
    const size = preparedSize(path, file, options);
    checkSeason(path, file, options);
    const statics = await preparedStatics(path, file, { ...options, size });
    const scan = await scanFields(path, file, options);
    const facts = await writeFields(file, folder, { path, size, scan }, options);
    writeFlushed(join(folder, "facts.json"), JSON.stringify({ ...facts, statics, ...changes }));
  } finally {
    stored.close();
  }
}

/**
 * The height and width of prepared fields.
 * @throws {DatasetError} `InvalidOption` if the grid is larger.
 */
function preparedSize(
  path: string,
  { grid: { y, x } }: FieldRows,
  { size = [y.size, x.size] }: FieldSetOptions,
): [height: number, width: number] {
  const [height, width] = size;
  if (y.size <= height && x.size <= width) return [height, width];
  throw invalidOption(
    `${path}: has ${y.size}×${x.size} cells, more than data.image_size=${height} data.image_width=${width}: expected at least the size of the grid; write data.image_size=${evenSize(y.size)} data.image_width=${evenSize(x.size)}`,
  );
}

/** @throws {DatasetError} `InvalidOption` for a season without dates. */
function checkSeason(path: string, { grid }: FieldRows, { season = false }: FieldSetOptions): void {
  if (!season || axisSeasons(grid.time)) return;
  throw invalidOption(
    `data.season=true needs dates, ${path} has ${grid.time.size} times without: expected units such as "days since 1950-01-01" and a known calendar; leave data.season out`,
  );
}

/** Static fields in the first part of prepared fields; null without any. */
async function preparedStatics(
  path: string,
  { grid }: FieldRows,
  { static: names = [], na = null, size }: FieldSetOptions & { size: GridSize },
): Promise<StaticFields | null> {
  if (names.length === 0) return null;
  const read = await readStatics(path, names, { grid, marks: missingMarks(na) });
  const place = { channels: read.channels.length, grid: [grid.y.size, grid.x.size] as const };
  return { ...read, values: encodeNumbers(inSize(read.values, place, size, 0)) };
}

/** The next size that networks halve twice. */
export const evenSize = (size: number): number => 4 * Math.ceil(size / 4);

async function scanFields(
  path: string,
  file: FieldRows,
  { transform = null, missing = "error", signal, progress }: FieldPreparation,
) {
  const n = file.grid.time.size;
  const scan = new FieldScan(path, file.grid, transform);
  for await (const { first, count, values } of blocksOf(file, signal)) {
    scan.add(values);
    progress({ done: first + count, total: 2 * n });
  }
  const { isMissing, fields } = scan.missing();
  if (fields.size > 0 && missing === "error") throw someMissing(path, n, fields);
  const kept = Array.from({ length: n }, (_, row) => row).filter((row) => !fields.has(row));
  if (kept.length < 2)
    throw badTable(
      path,
      `has ${kept.length} fields${fields.size > 0 ? `, since ${fields.size} have missing values in cells that others have` : ""}: expected 2 or more, to train on and to test on`,
    );
  const apply = transform ? transformOfValue[transform].apply : (value: number) => value;
  const { min, max } = scan.range();
  const range = { min: min.map(apply), max: max.map(apply) };
  return { kept, isMissing, dropped: fields.size, range, spread: scan.spread(apply) };
}

function someMissing(path: string, n: number, fields: ReadonlySet<number>): DatasetError {
  return badTable(
    path,
    `${fields.size} of ${n} fields, the first of them ${Math.min(...fields) + 1}, have missing values in cells that others have: fill them`,
    [byOption("data.missing", ["drop"], "to leave these fields out")],
  );
}

type ScanFacts = Awaited<ReturnType<typeof scanFields>>;

/** What is known before fields are written. */
interface WritePlan {
  path: string;
  size: [height: number, width: number];
  scan: ScanFacts;
}

async function writeFields(
  file: FieldRows,
  folder: string,
  { path, size, scan }: WritePlan,
  options: FieldPreparation,
): Promise<Omit<FieldSetFacts, "statics" | "converted" | "conversions">> {
  const { grid, format } = file;
  const { kept, isMissing, dropped, range, spread } = scan;
  const { transform = null, signal, progress } = options;
  const n = grid.time.size;
  const place = { channels: grid.channels.length, grid: [grid.y.size, grid.x.size] as const };
  const shape = [grid.channels.length, ...size];
  const columns = shape.reduce((a, b) => a * b);
  checkDiskSpace(path, folder, { rows: kept.length, columns, beside: 0 });
  const { isHeld, years } = heldOutFields(kept, grid.time, options);
  const splitOf = new Map(kept.map((row, i) => [row, isHeld[i] ? "test" : "train"] as const));
  const rows = { train: [] as number[], test: [] as number[] };
  const sums = new FieldSums({ range, spread });
  using train = new io.npy.NpyWriter(join(folder, "rows_train.npy"), "float32", shape);
  using test = new io.npy.NpyWriter(join(folder, "rows_test.npy"), "float32", shape);
  const writers = { train, test };
  const put = (field: Float32Array, row: number) => {
    const split = splitOf.get(row);
    if (split === undefined) return;
    const values = transformField(field, transform);
    sums.add(values, split === "train");
    const filled = values.map((value) => (Number.isNaN(value) ? 0 : value));
    writers[split].append(io.fromTyped(inSize(filled, place, size, 0), shape));
    rows[split].push(row);
  };
  const cells = isMissing.length;
  for await (const { first, count, values } of blocksOf(file, signal)) {
    for (let i = 0; i < count; i++) put(values.subarray(i * cells, (i + 1) * cells), first + i);
    progress({ done: n + first + count, total: 2 * n });
  }
  for (const writer of [train, test]) writer.close({ sync: true });
  const missing = encodeBits(inSize(isMissing, place, size, 1));
  const read = { path, format, grid, total: n, dropped, rows, years, size, missing, transform };
  return { ...read, range, spread, moments: sums.moments(), edges: sums.edges() };
}

/** A field after the transform; null: without a transform. */
export const transformField = (
  field: Float32Array,
  transform: ValueTransform | null,
): Float32Array => (transform ? field.map(transformOfValue[transform].apply) : field);

/** A field [C, H, W] in the first part of a larger one, which is filled with `fill`. */
export function inSize<T extends Float32Array | Uint8Array>(
  field: T,
  { channels, grid: [rows, columns] }: { channels: number; grid: GridSize },
  [height, width]: GridSize,
  fill: number,
): T {
  if (rows === height && columns === width) return field;
  const larger = new (field.constructor as new (length: number) => T)(channels * height * width);
  larger.fill(fill);
  for (let line = 0; line < channels * rows; line++) {
    const channel = Math.floor(line / rows);
    const place = (channel * height + (line % rows)) * width;
    larger.set(field.subarray(line * columns, (line + 1) * columns), place);
  }
  return larger;
}
