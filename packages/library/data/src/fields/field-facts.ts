// Facts about prepared fields: variables, times, grid, and cells without values.
import { readFileSync } from "node:fs";
import { firstOf } from "@dsbm/files";
import { attempt } from "../files/read.js";
import type { EdgeShares } from "../tables/prepare/edges.js";
import type { ColumnMoments } from "../tables/prepare/split.js";
import type { ValueTransform } from "../tables/units/value-transform.js";
import { spanText, timesText } from "./cf/axis.js";
import type { FieldGrid } from "./cf/grid.js";
import type { UnitConversion } from "./cf/unit.js";
import type { FieldFormat } from "./file/field-file.js";
import type { StaticFields } from "./statics.js";

/** Facts about a file of fields that was read. */
export interface FieldSetFacts {
  /** The file, or the folder of Zarr. */
  path: string;
  /** Format of the file. */
  format: FieldFormat;
  /** Variables, times and grid. */
  grid: FieldGrid;
  /** Fields in the file. */
  total: number;
  /** Dropped fields: they lack values of other fields. */
  dropped: number;
  /** Rows of the file, from 0, in both splits. */
  rows: { train: number[]; test: number[] };
  /** The held-out years; null: random fields are held out. */
  years: string[] | null;
  /** Height and width of prepared fields, of which the grid is the first part. */
  size: [height: number, width: number];
  /** Cells of a prepared field without values in all fields, [C, H, W] as bits in base64. */
  missing: string;
  /** Static fields; null or undefined without any. */
  statics?: StaticFields | null;
  /** Channels in another unit than in the file, for people; undefined in facts of version 0.2. */
  converted?: string[];
  /** The change of the units of each channel; undefined in facts of version 0.2. */
  conversions?: UnitConversion[];
  /** What the following facts are of; null: the values themselves. */
  transform: ValueTransform | null;
  /** Of all cells with values in training fields, by channel; `n` are fields. */
  moments: ColumnMoments;
  /** Range of all fields, by channel. */
  range: { min: number[]; max: number[] };
  /** Interquartile ranges. */
  spread: number[];
  /** The share of values at each end of the range. */
  edges: EdgeShares;
}

/** Most cells of a field may be sea. */
const mostMarked = 0.95;

/** Facts of channels in the form of facts of columns. */
export function channelFacts(facts: FieldSetFacts) {
  const { grid, transform, moments, range, spread, edges, rows } = facts;
  const cells = grid.y.size * grid.x.size - countMissing(facts) / grid.channels.length;
  return {
    columns: grid.channels.map(({ name }) => name),
    log1p: transform === "log1p",
    sqrt: transform === "sqrt",
    moments,
    range,
    spread,
    width: spread,
    edges,
    // Edges are shares of values.
    rows: Math.round((rows.train.length + rows.test.length) * cells),
    mostMarked,
    offset: spread.map(() => 0),
    whole: spread.map(() => false),
  };
}

/** Fields from another version are prepared again. */
export const fieldFactsVersion = 4;

/**
 * The facts of prepared fields.
 * @throws {DatasetError} `Unreadable`
 */
export const readFieldFacts = (path: string): FieldSetFacts =>
  attempt(path, () => JSON.parse(readFileSync(path, "utf8")) as FieldSetFacts);

/** Bits as text. */
export function encodeBits(bits: Uint8Array): string {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) if (bit) bytes[i >> 3] |= 1 << (i & 7);
  return bytes.toString("base64");
}

/** `count` bits, each 0 or 1, of a text. */
export function decodeBits(text: string, count: number): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  return Uint8Array.from({ length: count }, (_, i) => ((bytes[i >> 3] ?? 0) >> (i & 7)) & 1);
}

/** "2 channels: pr (mm/d), tas (K)", the grid, the times, and how many cells have no values. */
export function aboutFields({
  format,
  grid,
  dropped,
  missing,
  size,
  years,
  statics,
  converted = [],
}: FieldSetFacts): string {
  const { channels, y, x, time } = grid;
  const names = firstOf(
    channels.map(({ name, units }) => `${name} (${units ?? "no units"})`),
    12,
  );
  const absent = countMissing({ grid, missing, size });
  return [
    `${format}, ${names}`,
    ...converted,
    `${y.size}×${x.size} cells, ${spanText(y)}, ${spanText(x)}`,
    timesText(time) ?? `${time.size} times without dates`,
    ...(years ? [`held-out years: ${years.join(", ")}`] : []),
    ...(statics ? [`static: ${statics.channels.map(({ name }) => name).join(", ")}`] : []),
    ...(absent > 0 ? [`${absent} cells never have a value and stay missing`] : []),
    ...(dropped > 0 ? [`${dropped} fields with other missing values are dropped`] : []),
  ].join("; ");
}

/** Cells of the grid, in all channels, without values. */
export function countMissing({
  grid: { channels, y, x },
  missing,
  size: [height, width],
}: Pick<FieldSetFacts, "grid" | "missing" | "size">): number {
  const bits = decodeBits(missing, channels.length * height * width);
  let count = 0;
  for (const [i, bit] of bits.entries()) {
    const cell = i % (height * width);
    if (bit && Math.floor(cell / width) < y.size && cell % width < x.size) count += 1;
  }
  return count;
}
