// Fields of the user: their units, ranges and cells without values, and what was read.
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import {
  boundsOf,
  type ColumnBounds,
  type ColumnTransform,
  channelFacts,
  decodeBits,
  encodeBits,
  type FieldAxis,
  type FieldChannel,
  type FieldSetFacts,
  FieldUnits,
  farValueNotes,
  firstOf,
  fitTransform,
  isSameAxis,
  type Limits,
  limitsOf,
  type StaticFields,
  spanText,
  timesText,
  undoValue,
} from "@dsbm/data";
import type { EndpointData } from "./dataset.js";

/** Shared facts of the fields of all datasets. */
export interface Channels {
  /** The channels of the source. */
  source: readonly FieldChannel[];
  /** The channels of the target. */
  target: readonly FieldChannel[];
  /** Height and width of the grid. */
  grid: readonly [height: number, width: number];
  /** The axes of the grid of the target, from north to south. */
  axes: { y: FieldAxis; x: FieldAxis };
  /** Height and width of a sample, of which the grid is the first part. */
  size: readonly [height: number, width: number];
  /** Cells of a sample without values in any dataset, [C, H, W]. */
  missing: Uint8Array;
  /** Whether cells without values have no noise and no loss, as in all runs since version 0.3. */
  masked: boolean;
  /** Static fields, which networks receive; null without any. */
  statics: StaticFields | null;
  /** The transform of values, with the units of the network. */
  transform: ColumnTransform;
  /** Smallest and largest values of each channel, in the user's units. */
  bounds: ColumnBounds;
  /** Ranges that samples keep; null: none. */
  limits: Limits | null;
  /** The text of fields.json. */
  description: FieldsDescription;
}

/** The content of fields.json. */
export type FieldsDescription = ReturnType<typeof describeFields>;

/**
 * Standardises fields by channel, in place. Returns null if neither source nor target is a file of fields.
 * @throws {ConfigError} for fields and another dataset, and for different grids or numbers of variables
 */
export function fieldEnds(datasets: EndpointData[], config: CompleteTrainConfig): Channels | null {
  const facts = datasets.flatMap(({ fields }) => fields ?? []);
  const [first] = facts;
  if (!first) return null;
  const other = datasets.find(({ fields }) => fields === null);
  if (other)
    throw new ConfigError(
      `${first.path} holds fields, which need fields as the other dataset, got ${other.name}: give two NetCDF files or Zarr folders`,
    );
  for (const one of facts.slice(1)) checkAlike(first, one);
  const { standardise } = config.data;
  if (standardise === "robust")
    throw new ConfigError(
      "data.standardise=robust is for tables, got fields: write data.transform=log1p or sqrt to draw far values in",
    );
  const columns = facts.map(channelFacts);
  const transform = fitTransform(columns, standardise);
  const bounds = boundsOf(columns);
  const target = facts.at(-1) as FieldSetFacts;
  const limits = limitsOf(columns[0].columns, bounds, { ...config.data, integer: null });
  const missing = commonMissing(facts);
  const { size, grid } = first;
  const shared = {
    source: first.grid.channels,
    target: target.grid.channels,
    grid: [grid.y.size, grid.x.size] as const,
    axes: { y: target.grid.y, x: target.grid.x },
    size,
    missing,
    masked: true,
    statics: first.statics ?? null,
    transform,
    bounds,
    limits,
  };
  if (config.data.random_flip) checkMirrored(shared);
  for (const [i, end] of datasets.entries()) datasets[i] = inUnits(end, shared);
  return { ...shared, description: describeFields(facts, shared) };
}

function checkAlike(first: FieldSetFacts, other: FieldSetFacts): void {
  const { channels, y, x } = first.grid;
  const there = other.grid;
  if (there.channels.length !== channels.length) {
    const namesOf = (list: readonly FieldChannel[]) =>
      list.map(({ name, level }) => (level ? `${level.variable}@${level.label}` : name));
    const shared = namesOf(channels).filter((name) => namesOf(there.channels).includes(name));
    const example = shared.length > 0 ? `=${shared.join()}` : "";
    throw new ConfigError(
      `${first.path} has ${firstOf(namesOf(channels), 12)}; ${other.path} has ${firstOf(namesOf(there.channels), 12)}: expected the same variables and levels; name those of both by data.variables${example}`,
    );
  }
  checkLevels(first, other);
  if (there.y.size !== y.size || there.x.size !== x.size)
    throw new ConfigError(
      `${first.path} has ${y.size}×${x.size} cells, ${other.path} has ${there.y.size}×${there.x.size}: expected one grid; interpolate the coarse fields to the fine grid, or average the fine ones (cdo remapbil, cdo remapcon)`,
    );
}

const levelOf = ({ level }: FieldChannel): string | undefined => level?.label;

/** Whether the file has further levels, or the user chose the level. */
const isChosen = ({ name, level }: FieldChannel): boolean =>
  level !== undefined && name !== level.variable;

/** Levels of two files may have another order. */
function checkLevels(first: FieldSetFacts, other: FieldSetFacts): void {
  const pairs = first.grid.channels.map((a, k) => ({ a, b: other.grid.channels[k] }));
  const wrong = pairs.find(({ a, b }) => isChosen(a) && isChosen(b) && levelOf(a) !== levelOf(b));
  if (!wrong) return;
  const example = pairs.slice(0, 2).map(({ a }) => a.name);
  throw new ConfigError(
    `${wrong.a.name} of ${first.path} would become ${wrong.b.name} of ${other.path}: expected the same levels in one order; name them for both files, as in data.variables=${example.join()}`,
  );
}

/** Mirrored fields would have cells without values where others have values. */
function checkMirrored({ missing, size }: Pick<Channels, "missing" | "size">): void {
  const [, width] = size;
  const isMoved = missing.some((bit, i) => {
    const column = i % width;
    return bit !== missing[i - column + (width - 1 - column)];
  });
  if (isMoved)
    throw new ConfigError(
      "data.random_flip=true mirrors fields, but cells without values are not the same after mirroring: leave data.random_flip out",
    );
}

/** Cells that lack values in a dataset. */
function commonMissing(facts: readonly FieldSetFacts[]): Uint8Array {
  const [{ grid, size }] = facts;
  const count = grid.channels.length * size[0] * size[1];
  const bits = facts.map(({ missing }) => decodeBits(missing, count));
  return Uint8Array.from({ length: count }, (_, i) => Number(bits.some((one) => one[i] === 1)));
}

function inUnits(
  end: EndpointData,
  facts: Pick<Channels, "transform" | "limits" | "missing" | "size">,
): EndpointData {
  const units = new FieldUnits(facts);
  const apply: EndpointData["plain"] = (rows) => units.apply(rows);
  const decode = end.decode;
  return {
    ...end,
    // Mirrors fields on request, as images.
    decode: (rows, options) => apply(decode(rows, options)),
    plain: apply,
    shown: (rows) => units.undo(rows),
    dispose() {
      end.dispose?.();
      units.dispose();
    },
  };
}

function describeFields(
  facts: readonly FieldSetFacts[],
  { source, target, missing, bounds, limits: _, ...shared }: Omit<Channels, "description">,
) {
  const [first, ...others] = facts;
  const last = others.at(-1) ?? null;
  return {
    source: describeEnd(first),
    target: last && describeEnd(last),
    channels: source.map((channel, k) => ({
      source: channel,
      target: target[k],
      range: { source: bounds.source[k], target: bounds.target?.[k] ?? null },
    })),
    ...shared,
    missing: encodeBits(missing),
    warnings: warningsOf(facts),
  };
}

const describeEnd = ({ path, format, grid, total, dropped, rows, converted }: FieldSetFacts) => ({
  path,
  format,
  fields: total,
  train: rows.train.length,
  test: rows.test.length,
  dropped,
  converted: converted ?? [],
  times: timesText(grid.time),
  cells: `${grid.y.size}×${grid.x.size}, ${spanText(grid.y)}, ${spanText(grid.x)}`,
});

/** A line for each value far from all others, which marks missing values as a rule. */
function farValueWarnings(facts: readonly FieldSetFacts[]): string[] {
  const columns = facts.map((one) => ({ ...channelFacts(one), file: one }));
  return columns[0].columns.flatMap((name, k) =>
    farValueNotes(columns, k, ({ file, ...units }) => {
      const { scale = 1, offset = 0 } = file.conversions?.[k] ?? {};
      const own = (value: number) =>
        Number(((undoValue(units)(value) - offset) / scale).toPrecision(7));
      return { place: file.path, what: "values", own };
    }).map((note) => `${name}: ${note}`),
  );
}

/** Above this ratio of standard deviations, one dataset looks constant on the common scale. */
const mostSpreadRatio = 30;

/** A line for each channel whose values spread much less in one of two datasets, as in another unit. */
function spreadDifferences(a: FieldSetFacts, b: FieldSetFacts): string[] {
  const spreadOf = ({ moments }: FieldSetFacts, k: number) => Math.sqrt(moments.variance[k]);
  return a.grid.channels.flatMap(({ name }, k) => {
    const ratio = spreadOf(b, k) / spreadOf(a, k);
    const larger = Math.max(ratio, 1 / ratio);
    if (!Number.isFinite(larger) || larger <= mostSpreadRatio) return [];
    const [narrow, wide] = ratio > 1 ? [a, b] : [b, a];
    return [
      `${name} spreads ${Number(larger.toPrecision(2))} times less in ${narrow.path} than in ${wide.path}: on their common scale its fields are nearly equal, and a network cannot tell them apart; convert one file to the unit of the other first (mm/day from kg m-2 s-1: cdo mulc,86400)`,
    ];
  });
}

/** Marks of missing values, and differences that a bridge would learn. */
function warningsOf(facts: readonly FieldSetFacts[]): string[] {
  const marks = farValueWarnings(facts);
  const [a] = facts;
  const b = facts.at(-1);
  if (!a || !b || a === b) return marks;
  const levels = a.grid.channels.flatMap((channel, k) => {
    const other = b.grid.channels[k];
    const both = [channel, other].map(levelOf);
    if (both.includes(undefined) || both[0] === both[1]) return [];
    return [
      `${channel.name} is at ${channel.level?.dimension} ${both[0]} in ${a.path}, at ${both[1]} in ${b.path}: outputs have the level of ${b.path}`,
    ];
  });
  const axes = (["y", "x"] as const).filter((axis) => !isSameAxis(a.grid[axis], b.grid[axis]));
  const places = axes.map(
    (axis) =>
      `the grids differ: ${spanText(a.grid[axis])} in ${a.path}, ${spanText(b.grid[axis])} in ${b.path}: cells are taken in their order; bring both to one grid first (cdo remapcon, or cdo sellonlatbox for longitudes from 0 and from -180)`,
  );
  return [...(marks.length > 0 ? marks : spreadDifferences(a, b)), ...levels, ...places];
}
