import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Projection } from "../vectors/projection.js";
import type { Limits } from "./bounds.js";
import type { TableFacts } from "./facts.js";
import type { NumberColumn } from "./write/table-writer.js";

/** How columns are standardised: each one, all together, or not. */
export type Standardise = "columns" | "global" | "none";

/** z = (y − mean) / std with y = x, or log(1 + x). */
export interface ColumnTransform {
  log1p: boolean;
  standardise: Standardise;
  mean: number[];
  /** 0 for a constant column: z is y − mean there, and y is mean on the way back. */
  std: number[];
}

type TransformFacts = Pick<TableFacts, "columns" | "log1p" | "moments" | "range">;

/** From the training rows of source and target together. */
export function fitTransform(
  ends: readonly TransformFacts[],
  standardise: Standardise,
): ColumnTransform {
  const [{ columns, log1p }] = ends as [TransformFacts];
  const total = ends.reduce((sum, { moments }) => sum + moments.n, 0);
  const average = (value: (end: TransformFacts) => number) =>
    ends.reduce((sum, end) => sum + (end.moments.n / total) * value(end), 0);
  const pooled = columns.map((_, k) => {
    const mean = average(({ moments }) => moments.mean[k] as number);
    const variance = average(
      ({ moments }) => (moments.variance[k] as number) + ((moments.mean[k] as number) - mean) ** 2,
    );
    const low = Math.min(...ends.map(({ range }) => range.min[k] as number));
    const high = Math.max(...ends.map(({ range }) => range.max[k] as number));
    const isConstant = high - low <= 1e-12 * Math.max(Math.abs(low), Math.abs(high));
    return { mean, variance, isConstant };
  });
  const varying = pooled.filter(({ isConstant }) => !isConstant);
  const common = varying.reduce((sum, { variance }) => sum + variance, 0);
  const spread = {
    columns: Math.sqrt,
    global: () => Math.sqrt(common / Math.max(varying.length, 1)),
    none: () => 1,
  }[standardise];
  return {
    log1p,
    standardise,
    mean: pooled.map(({ mean, isConstant }) => (standardise === "none" && !isConstant ? 0 : mean)),
    std: pooled.map(({ variance, isConstant }) => (isConstant ? 0 : spread(variance))),
  };
}

const farAway = 1000;

/** Rows [n, d]. */
export function toRows<T extends "float32" | "float64">(
  columns: readonly Float64Array[],
  dtype: T,
): T extends "float32" ? Float32Array : Float64Array;
export function toRows(
  columns: readonly Float64Array[],
  dtype: "float32" | "float64",
): Float32Array | Float64Array {
  const d = columns.length;
  const n = columns[0]?.length ?? 0;
  const rows = dtype === "float64" ? new Float64Array(n * d) : new Float32Array(n * d);
  for (const [k, column] of columns.entries())
    for (let i = 0; i < n; i++) rows[i * d + k] = column[i] as number;
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

/**
 * Converts float64 columns in the data's own units to float32 samples [n, …] for networks, and
 * back.
 */
export class Units {
  readonly #facts: UnitFacts;

  constructor(facts: UnitFacts) {
    this.#facts = facts;
  }

  get width(): number {
    return this.#facts.names.length;
  }

  /** The caller disposes the samples. */
  apply(columns: readonly Float64Array[]): Tensor {
    const { transform, projection } = this.#facts;
    const scaled = columns.map((column, k) => {
      if (!transform) return column;
      const mean = transform.mean[k] as number;
      const std = transform.std[k] || 1;
      return column.map((x) => ((transform.log1p ? Math.log1p(x) : x) - mean) / std);
    });
    return tidy(() => {
      const rows = toRows(scaled, "float32");
      const x = tensor(rows, { shape: [rows.length / this.width, this.width] });
      return (projection?.project(x) ?? x).keep();
    });
  }

  /** On the processor. A constant column has its value. */
  undo(x: Tensor): Float64Array[] {
    const { transform, projection, limits } = this.#facts;
    const rows = tidy(() => {
      const z = projection?.reconstruct(x) ?? x;
      return z.contiguous().toArray() as Float32Array;
    });
    return Array.from({ length: this.width }, (_, k) => {
      const mean = transform?.mean[k] ?? 0;
      const std = transform?.std[k] ?? 1;
      const column = new Float64Array(rows.length / this.width);
      for (let i = 0; i < column.length; i++) {
        const y = std === 0 ? mean : (rows[i * this.width + k] as number) * std + mean;
        column[i] = transform?.log1p ? Math.expm1(y) : y;
      }
      if (!limits) return column;
      const min = limits.min[k] as number;
      const max = limits.max[k] as number;
      const held = (x: number) => Math.min(max, Math.max(min, limits.whole[k] ? Math.round(x) : x));
      return column.map(held);
    });
  }

  /** Vectors at points x, such as velocities, in the data's own units. */
  undoVectors(x: Tensor, vectors: Tensor): Float64Array[] {
    const { transform, projection } = this.#facts;
    const [points, rows] = tidy(() =>
      [
        projection?.reconstruct(x) ?? x,
        projection?.reconstruct(vectors).sub(projection.mean) ?? vectors,
      ].map((t) => t.contiguous().toArray() as Float32Array),
    ) as [Float32Array, Float32Array];
    return Array.from({ length: this.width }, (_, k) => {
      const mean = transform?.mean[k] ?? 0;
      const std = transform?.std[k] ?? 1;
      return Float64Array.from({ length: rows.length / this.width }, (_, i) => {
        const place = i * this.width + k;
        const slope = transform?.log1p ? Math.exp((points[place] as number) * std + mean) : 1;
        return (rows[place] as number) * std * slope;
      });
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

  dispose(): void {
    this.#facts.projection?.dispose();
  }
}

/** Units of prepared rows x − offset, on any device. */
export class RowUnits {
  readonly #tensors: Record<"shift" | "scale" | "mean" | "std" | "min" | "max" | "whole", Tensor>;

  constructor(
    readonly transform: ColumnTransform,
    offset: readonly number[],
    readonly limits: Limits | null = null,
  ) {
    const { mean, std } = transform;
    const row = (values: readonly number[], dtype: "float32" | "float64") =>
      tensor(Float64Array.from(values)).to(dtype).keep();
    this.#tensors = tidy(() => ({
      shift: row(
        mean.map((m, k) => m - (offset[k] as number)),
        "float32",
      ),
      scale: row(
        std.map((s) => 1 / (s || 1)),
        "float32",
      ),
      mean: row(mean, "float64"),
      std: row(std, "float64"),
      min: row(limits?.min ?? [], "float64"),
      max: row(limits?.max ?? [], "float64"),
      whole: row((limits?.whole ?? []).map(Number), "float64"),
    }));
  }

  /** float32 [n, d]. */
  apply(rows: Tensor): Tensor {
    const { shift, scale } = this.#tensors;
    return tidy(() => {
      const { device } = rows;
      return rows.sub(shift.to({ device })).mul(scale.to({ device }));
    });
  }

  /** float64 [n, d] in the data's own units. */
  undo(x: Tensor): Tensor {
    return tidy(() => {
      const on = (name: "mean" | "std" | "min" | "max" | "whole") =>
        this.#tensors[name].to({ device: x.device });
      const y = x.to("float64").mul(on("std")).add(on("mean"));
      const values = this.transform.log1p ? y.expm1() : y;
      if (!this.limits) return values;
      const rounded = values.add(values.round().sub(values).mul(on("whole")));
      return rounded.maximum(on("min")).minimum(on("max"));
    });
  }

  dispose(): void {
    for (const t of Object.values(this.#tensors)) t.dispose();
  }
}
