import { type Tensor, tensor, tidy } from "@dsbm/torch";
import { didYouMean, firstOf, invalidOption, setting } from "../errors.js";
import type { Projection } from "../vectors/projection.js";
import { type ConditionFacts, placeOf, type TableFacts } from "./facts.js";
import { byNumber } from "./prepare/codes.js";
import type { NumberColumn } from "./write/formats.js";

/** How columns are standardised: each one, all together, or not. */
export type Standardise = "columns" | "global" | "none";

/** z = (y − mean) / std with y = x, or log(1 + x). */
export interface ColumnTransform {
  /** Whether y is log(1 + x). */
  log1p: boolean;
  /** Whether columns share mean and std. */
  standardise: Standardise;
  /** Of y, column by column. */
  mean: number[];
  /** 0 for a constant column: z is y − mean there, and y is mean on the way back. */
  std: number[];
}

type TransformFacts = Pick<TableFacts, "columns" | "log1p" | "moments" | "range">;

/** The mean of a value over datasets, weighted by their training rows. */
function pooled<T extends Pick<TableFacts, "moments">>(
  datasets: readonly T[],
  value: (dataset: T) => number,
): number {
  const total = datasets.reduce((sum, { moments }) => sum + moments.n, 0);
  return datasets.reduce((sum, one) => sum + (one.moments.n / total) * value(one), 0);
}

/** From the training rows of source and target together. */
export function fitTransform(
  datasets: readonly TransformFacts[],
  standardise: Standardise,
): ColumnTransform {
  const [{ columns, log1p }] = datasets;
  const statistics = columns.map((_, k) => {
    const mean = pooled(datasets, ({ moments }) => moments.mean[k]);
    const variance = pooled(
      datasets,
      ({ moments }) => moments.variance[k] + (moments.mean[k] - mean) ** 2,
    );
    const low = Math.min(...datasets.map(({ range }) => range.min[k]));
    const high = Math.max(...datasets.map(({ range }) => range.max[k]));
    const isConstant = high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high));
    return { mean, variance, isConstant };
  });
  const varying = statistics.filter(({ isConstant }) => !isConstant);
  const common = varying.reduce((sum, { variance }) => sum + variance, 0);
  const spread = {
    columns: Math.sqrt,
    global: () => Math.sqrt(common / Math.max(varying.length, 1)),
    none: () => 1,
  }[standardise];
  return {
    log1p,
    standardise,
    mean: statistics.map(({ mean, isConstant }) =>
      standardise === "none" && !isConstant ? 0 : mean,
    ),
    std: statistics.map(({ variance, isConstant }) => (isConstant ? 0 : spread(variance))),
  };
}

const farAway = 1000;

/** Rows [n, d]. */
export function toRows(
  columns: readonly Float64Array[],
  dtype: "float32" | "float64",
): Float32Array | Float64Array {
  const d = columns.length;
  const n = columns[0]?.length ?? 0;
  const rows = dtype === "float64" ? new Float64Array(n * d) : new Float32Array(n * d);
  for (const [k, column] of columns.entries())
    for (let i = 0; i < n; i++) rows[i * d + k] = column[i];
  return rows;
}

export interface UnitFacts {
  names: readonly string[];
  named: boolean;
  transform?: ColumnTransform | null;
  projection?: Projection | null;
  /** Limits of generated values. */
  limits?: Limits | null;
}

const rowOf = (values: readonly number[], { device }: Tensor): Tensor =>
  tensor(Float64Array.from(values)).to({ device });

/** float64 [n, d] in the data's own units. */
function toValues(z: Tensor, transform: ColumnTransform, limits: Limits | null): Tensor {
  const y = z.to("float64").mul(rowOf(transform.std, z)).add(rowOf(transform.mean, z));
  const values = transform.log1p ? y.expm1() : y;
  if (!limits) return values;
  const whole = rowOf(limits.whole.map(Number), z);
  const rounded = values.add(values.round().sub(values).mul(whole));
  return rounded.maximum(rowOf(limits.min, z)).minimum(rowOf(limits.max, z));
}

/** float64 columns of rows [n, d]. */
const columnsOf = (rows: () => Tensor): Float64Array[] =>
  tidy(() => {
    const columns = rows().to("float64").t().contiguous().unbind();
    return columns.map((column) => column.toArray() as Float64Array);
  });

/**
 * Converts float64 columns in the data's own units to float32 samples [n, …] for networks, and
 * back.
 */
export class Units {
  readonly #facts: UnitFacts;

  constructor(facts: UnitFacts) {
    this.#facts = facts;
  }

  /** The number of columns. */
  get width(): number {
    return this.#facts.names.length;
  }

  /** Samples [n, d] of d columns of n values; the caller disposes them. */
  apply(columns: readonly Float64Array[]): Tensor {
    const { transform, projection } = this.#facts;
    return tidy(() => {
      const rows = toRows(columns, "float64");
      const values = tensor(rows, { shape: [rows.length / this.width, this.width] });
      const y = transform?.log1p ? values.log1p() : values;
      const scales = transform?.std.map((std) => std || 1) ?? [];
      const z = transform ? y.sub(rowOf(transform.mean, y)).div(rowOf(scales, y)) : y;
      const x = z.to("float32");
      return (projection?.project(x) ?? x).keep();
    });
  }

  /** Columns of samples [n, d] in the data's own units; a constant column has its value. */
  undo(x: Tensor): Float64Array[] {
    const { transform, projection, limits = null } = this.#facts;
    return columnsOf(() => {
      const z = projection?.reconstruct(x) ?? x;
      return transform ? toValues(z, transform, limits) : z;
    });
  }

  /** Columns of vectors [n, d] at points x [n, d], such as velocities, in the data's own units. */
  undoVectors(x: Tensor, vectors: Tensor): Float64Array[] {
    const { transform, projection } = this.#facts;
    return columnsOf(() => {
      const v = projection?.reconstruct(vectors).sub(projection.mean) ?? vectors;
      if (!transform) return v;
      const scaled = v.to("float64").mul(rowOf(transform.std, v));
      if (!transform.log1p) return scaled;
      const z = projection?.reconstruct(x) ?? x;
      return scaled.mul(toValues(z, { ...transform, log1p: false }, null).exp());
    });
  }

  /** `names` replace missing names. A column is float64 if its mean is too large for float32. */
  columns(names?: readonly string[]): NumberColumn[] {
    const { transform, named } = this.#facts;
    return this.#facts.names.map((name, k) => {
      const mean = transform?.mean[k] ?? 0;
      const std = transform?.std[k] ?? 1;
      const isCoarse = std === 0 ? Math.fround(mean) !== mean : Math.abs(mean) > farAway * std;
      return {
        name: named ? name : (names?.[k] ?? name),
        dtype: isCoarse && !transform?.log1p ? "float64" : "float32",
      };
    });
  }

  /** Frees the projection. */
  dispose(): void {
    this.#facts.projection?.dispose();
  }
}

/** Units of prepared rows x − offset, on any device. */
export class RowUnits {
  readonly #shift: Tensor;
  readonly #scale: Tensor;

  constructor(
    /** From the data's units to network units. */
    readonly transform: ColumnTransform,
    offset: readonly number[],
    /** Bounds of values in the data's units. */
    readonly limits: Limits | null = null,
  ) {
    const { mean, std } = transform;
    const row = (values: readonly number[]) =>
      tidy(() => tensor(Float64Array.from(values)).to("float32").keep());
    this.#shift = row(mean.map((m, k) => m - offset[k]));
    this.#scale = row(std.map((s) => 1 / (s || 1)));
  }

  /** float32 [n, d]. */
  apply(rows: Tensor): Tensor {
    const { device } = rows;
    return tidy(() => rows.sub(this.#shift.to({ device })).mul(this.#scale.to({ device })));
  }

  /** float64 [n, d] in the data's own units. */
  undo(x: Tensor): Tensor {
    return tidy(() => toValues(x, this.transform, this.limits));
  }

  /** Frees its tensors. */
  dispose(): void {
    this.#shift.dispose();
    this.#scale.dispose();
  }
}

/** The range of a column, in the user's units. */
export interface Bounds {
  /** The smallest value. */
  min: number;
  /** The largest value. */
  max: number;
}

/** The ranges of all columns on both sides, in the user's units. */
export interface ColumnBounds {
  /** Smallest and largest value of each column. */
  source: readonly Bounds[];
  /** null if time 1 is a Gaussian. */
  target: readonly Bounds[] | null;
  /** Whether all values of a column are whole numbers. */
  whole: readonly boolean[];
}

/** Limits of generated values, of each column; −∞ and ∞ without one. */
export interface Limits {
  /** Smallest allowed value of each column. */
  min: readonly number[];
  /** Largest allowed value of each column. */
  max: readonly number[];
  /** Whether values of a column are rounded. */
  whole: readonly boolean[];
}

/** The ranges of the columns, in the user's units. */
export function boundsOf(datasets: readonly TableFacts[]): ColumnBounds {
  const [source, ...others] = datasets.map(({ range, log1p }) => {
    const inOwnUnits = (value: number) => (log1p ? Math.expm1(value) : value);
    return range.min.map((min, k) => ({
      min: inOwnUnits(min),
      max: inOwnUnits(range.max[k]),
    }));
  });
  return {
    source: source ?? [],
    target: others.at(-1) ?? null,
    whole: (source ?? []).map((_, k) => datasets.every(({ whole }) => whole[k])),
  };
}

/**
 * The limits of `data.range` and `data.integer`; true limits all columns to the range of source and
 * target, or to whole numbers if the data are whole. Returns null without limits. Throws
 * `InvalidOption` for other columns and ranges.
 */
export function limitsOf(
  names: readonly string[],
  { source, target, whole }: ColumnBounds,
  { range, integer }: Record<"range" | "integer", true | readonly string[] | null>,
): Limits | null {
  if (range === null && integer === null) return null;
  const limits = {
    min: names.map(() => Number.NEGATIVE_INFINITY),
    max: names.map(() => Number.POSITIVE_INFINITY),
    whole: names.map((_, k) => integer === true && whole[k] === true),
  };
  const placeOf = (key: string, name: string): number => {
    const k = names.indexOf(name);
    if (k >= 0) return k;
    throw invalidOption(
      `data.${key}=${name}: no such column is trained on${didYouMean(name, names) || `; there are ${firstOf(names, 12)}`}`,
    );
  };
  for (const name of integer === true ? [] : (integer ?? []))
    limits.whole[placeOf("integer", name)] = true;
  for (const item of range === true ? names : (range ?? [])) {
    const [, name = "", low, high] = /^(.*):(.*?)\.\.(.*)$/s.exec(item) ?? [];
    const isWritten = low !== undefined && range !== true && !names.includes(item);
    const k = placeOf("range", isWritten ? name : item);
    const a = source[k];
    const b = target?.[k] ?? a;
    limits.min[k] = isWritten ? boundOf(low, -1, item) : Math.min(a.min, b.min);
    limits.max[k] = isWritten ? boundOf(high ?? "", 1, item) : Math.max(a.max, b.max);
    if (limits.min[k] > limits.max[k]) throw noRange(item);
  }
  return limits;
}

function boundOf(text: string, sign: 1 | -1, item: string): number {
  const value = text.trim() === "" ? sign * Number.POSITIVE_INFINITY : Number(text);
  if (!Number.isNaN(value)) return value;
  throw noRange(item);
}

const noRange = (item: string) =>
  invalidOption(
    `data.range=${item}: expected COLUMN, or COLUMN:LOW..HIGH with numbers such as rain:0.. or share:0..1`,
  );

// The condition column of tables.

/** A column as condition: its classes, or its mean and deviation. */
export interface ColumnCondition {
  /** Name of the column. */
  name: string;
  /** Sorted classes of all datasets; null for numbers. */
  classes: readonly string[] | null;
  /** Of the training rows; 0 for classes. */
  mean: number;
  /** Of the training rows; 1 for classes. */
  std: number;
}

/** The number of network inputs of a condition: 1 for numbers, one for each class. */
export const conditionWidth = (condition: ColumnCondition | null): number =>
  condition === null ? 0 : (condition.classes?.length ?? 1);

/**
 * One condition for all datasets. Throws `InvalidOption` for other kinds, and without a common
 * class.
 */
export function fitCondition(datasets: readonly TableFacts[]): ColumnCondition | null {
  const conditions = datasets.map(({ condition }) => condition);
  if (conditions.includes(null)) return null;
  const [first, ...others] = conditions as [ConditionFacts, ...ConditionFacts[]];
  const { name, classes } = first;
  const place = (i: number) => placeOf(datasets[i]);
  for (const [i, other] of others.entries()) {
    if ((classes === null) !== (other.classes === null))
      throw invalidOption(
        `${setting("data.condition", [name])} holds numbers in one dataset and texts in the other (${place(0)}, ${place(i + 1)}): expected the same kind; write ${setting("data.classes", [name])} if the numbers are codes of classes`,
      );
    if (classes && !other.classes?.some((label) => classes.includes(label)))
      throw invalidOption(
        `${setting("data.condition", [name])}: no class of ${place(0)} (${firstOf(classes, 8)}) is one of ${place(i + 1)} (${firstOf(other.classes ?? [], 8)}): expected some in common, of which rows are paired`,
      );
  }
  if (classes) {
    const all = new Set(conditions.flatMap((one) => one?.classes ?? []));
    return { name, classes: [...all].toSorted(byNumber), mean: 0, std: 1 };
  }
  const mean = pooled(datasets, ({ condition }) => condition!.mean);
  const variance = pooled(
    datasets,
    ({ condition }) => condition!.variance + (condition!.mean - mean) ** 2,
  );
  return { name, classes: null, mean, std: Math.sqrt(variance) };
}

/**
 * float32 [n, c] of numbers, or of indexes in `own` classes, [n, 1] float64; the caller disposes
 * it.
 */
export const encodeCondition = (
  { classes, mean, std }: ColumnCondition,
  values: Tensor,
  names = classes,
): Tensor =>
  tidy(() => {
    const places = classes?.map((label) => names?.indexOf(label) ?? -1);
    const rows = places
      ? values.eq(tensor(Float64Array.from(places)))
      : values.sub(mean).div(std || 1);
    return rows.to("float32").keep();
  });

/** Converts network inputs [n, c] to classes or numbers in the user's units. */
export function decodeCondition(
  { classes, mean, std }: ColumnCondition,
  rows: Tensor,
): (string | number)[] {
  if (classes) return tidy(() => rows.argmax({ dim: 1 }).toNumbers()).map((k) => classes[k]);
  return tidy(() => rows.flatten().toNumbers()).map((z) => z * std + mean);
}
