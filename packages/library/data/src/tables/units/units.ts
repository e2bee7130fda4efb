// Samples of networks in the data's own units, and back.
import { type Tensor, tensor, tidy } from "@dsbm/torch";
import type { Projection } from "../../vectors/projection.js";
import { type CategoryBlock, type ColumnCategory, categoryBlocks } from "../categories.js";
import { toRows } from "../number-rows.js";
import type { NumberColumn } from "../write/table-writer.js";
import { type ColumnTransform, squeezeFarValues, stretchFarValues } from "./column-transform.js";
import { clearestLevels, replaceLevels, unclearRows } from "./levels.js";
import type { Limits } from "./limits.js";

/** Means beyond so many deviations need float64. */
const coarseDistance = 1000;

/** How the columns of a table become samples. */
export interface UnitFacts {
  /** Names of the columns. */
  names: readonly string[];
  /** Whether the file named them. */
  named: boolean;
  /** From the data's units to network units; null: they are the same. */
  transform?: ColumnTransform | null;
  /** From columns to principal components; null: none. */
  projection?: Projection | null;
  /** Limits of generated values. */
  limits?: Limits | null;
  /** Categories, whose levels are columns (default: none). */
  categories?: readonly ColumnCategory[];
}

const rowOf = (values: readonly number[], { device }: Tensor): Tensor =>
  tensor(Float64Array.from(values)).to({ device });

/** float64 [n, d] in the data's own units, within limits; the levels of categories are numbers. */
function toValues(z: Tensor, transform: ColumnTransform, limits: Limits | null): Tensor {
  const { values: standard } = stretchFarValues(z.to("float64"), transform);
  const y = standard.mul(rowOf(transform.std, z)).add(rowOf(transform.mean, z));
  const values = transform.log1p ? y.expm1() : transform.sqrt ? y.mul(y.abs()) : y;
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
  /** The places of the levels of categories among the columns. */
  readonly categories: readonly CategoryBlock[];

  constructor(facts: UnitFacts) {
    this.#facts = facts;
    this.categories = categoryBlocks(facts.names, facts.categories ?? []);
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
      const z = transform
        ? squeezeFarValues(y.sub(rowOf(transform.mean, y)).div(rowOf(scales, y)), transform)
        : y;
      const x = z.to("float32");
      return (projection?.project(x) ?? x).keep();
    });
  }

  /**
   * Columns of samples [n, d] in the data's own units; a constant column has its value. Of the levels of a category, the
   * largest is 1 and each other level is 0.
   */
  undo(x: Tensor): Float64Array[] {
    return columnsOf(() => clearestLevels(this.#values(x), this.categories));
  }

  /** For each category, the number of samples x [n, d] whose two largest levels are close to each other. */
  unclear(x: Tensor): number[] {
    return tidy(() => unclearRows(this.#values(x), this.categories));
  }

  #values(x: Tensor): Tensor {
    const { transform, projection, limits = null } = this.#facts;
    const z = projection?.reconstruct(x) ?? x;
    return transform ? toValues(z, transform, limits) : z;
  }

  /** Columns of vectors [n, d] at points x [n, d], such as velocities, in the data's own units. */
  undoVectors(x: Tensor, vectors: Tensor): Float64Array[] {
    const { transform, projection } = this.#facts;
    return columnsOf(() => {
      const v = projection?.reconstruct(vectors).sub(projection.mean) ?? vectors;
      if (!transform) return v;
      const z = projection?.reconstruct(x) ?? x;
      const { factors } = stretchFarValues(z.to("float64"), transform);
      const wide = v.to("float64").mul(rowOf(transform.std, v));
      const scaled = factors ? wide.mul(factors) : wide;
      if (!transform.log1p) return scaled;
      return scaled.mul(toValues(z, { ...transform, log1p: false }, null).exp());
    });
  }

  /** `names` replace missing names. A column is float64 if its mean is too large for float32. */
  columns(names?: readonly string[]): NumberColumn[] {
    const { transform, named } = this.#facts;
    return this.#facts.names.map((name, k) => {
      const mean = transform?.mean[k] ?? 0;
      const std = transform?.std[k] ?? 1;
      const isCoarse =
        std === 0 ? Math.fround(mean) !== mean : Math.abs(mean) > coarseDistance * std;
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
    /** The transform from the data's units to network units. */
    readonly transform: ColumnTransform,
    offset: readonly number[],
    /** Bounds of values in the data's units. */
    readonly limits: Limits | null = null,
    /** The places of the levels of categories. */
    readonly categories: readonly CategoryBlock[] = [],
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
    return tidy(() => {
      const z = rows.sub(this.#shift.to({ device })).mul(this.#scale.to({ device }));
      return squeezeFarValues(z, this.transform);
    });
  }

  /** float64 [n, d] in the data's own units, one level of each category 1. */
  undo(x: Tensor): Tensor {
    return tidy(() => clearestLevels(toValues(x, this.transform, this.limits), this.categories));
  }

  /** Samples [n, d] with one level in each category, float32 [n, d]. */
  withLevels(x: Tensor): Tensor {
    const { log1p, mean, std } = this.transform;
    return tidy(() => {
      const values = clearestLevels(toValues(x, this.transform, null), this.categories);
      const y = log1p ? values.log1p() : values;
      const scales = std.map((s) => s || 1);
      const z = squeezeFarValues(y.sub(rowOf(mean, x)).div(rowOf(scales, x)), this.transform);
      return replaceLevels(x, z.to("float32"), this.categories);
    });
  }

  /** Frees its tensors. */
  dispose(): void {
    this.#shift.dispose();
    this.#scale.dispose();
  }
}
