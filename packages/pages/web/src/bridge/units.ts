import type { Samples } from "./bridge.js";

/** z = (y − mean)/std with y = x, or log(1 + x); `robust` has asinh(z). A column of std 0 is constant: it has its mean on the way back. */
export interface Standardisation {
  /** Whether y is log(1 + x). */
  log1p: boolean;
  /** "robust": far values are drawn in. */
  standardise?: string | null;
  /** Mean of each column. */
  mean: readonly number[];
  /** Standard deviation of each column. */
  std: readonly number[];
  /** Limits of values on the way back. */
  limits?: Limits | null;
  /** Columns of texts: each level is a column, from `first` on. On the way back the largest is 1, each other level is 0. */
  categories?: readonly LevelColumns[] | null;
}

/** A column of texts, whose levels are columns. */
interface LevelColumns {
  name: string;
  levels: readonly string[];
  first: number;
}

/** Limits of each column; null: none. */
interface Limits {
  min: readonly (number | null)[];
  max: readonly (number | null)[];
  /** Whether values are rounded. */
  whole: readonly boolean[];
}

/** Coordinates (x − mean)·basis/scale; mean [D], basis [D, k] row after row, with orthonormal columns. */
export interface Projection {
  /** [D] or [C, H, W], before the projection. */
  shape: readonly number[];
  /** [D]. */
  mean: Float32Array;
  /** [D, k]. */
  basis: Float32Array;
  /** Length in samples of one unit of the coordinates. */
  scale: number;
}

/** Converts samples between the user's units and states of networks, perhaps by models. */
export interface StateUnits {
  /** Shape of a sample in the user's units. */
  shape: readonly number[];
  /** States, [n · size]. */
  apply(samples: Samples): Float32Array | Promise<Float32Array>;
  /** Back to n samples in the user's units. */
  undo(x: Float32Array, n: number): Samples | Promise<Samples>;
}

/** Converts samples between the user's units and network units. */
export interface Units extends StateUnits {
  /** Shape of a sample in the user's units. */
  shape: readonly number[];
  /** In the network's units, [n · size]. */
  apply(samples: Samples): Float32Array;
  /** Back to n samples in the user's units. */
  undo(x: Float32Array, n: number): Samples;
}

/** Units of samples that have the shape `shape` for networks: standardised, then projected. */
export function unitsOf({
  shape: inside,
  standardisation = null,
  projection = null,
}: {
  shape: readonly number[];
  standardisation?: Standardisation | null;
  projection?: Projection | null;
}): Units {
  const shape = standardisation ? [standardisation.mean.length] : (projection?.shape ?? inside);
  return {
    shape,
    apply({ data }) {
      const z = standardisation ? toNetworkUnits(data, standardisation) : Float32Array.from(data);
      return projection ? project(z, projection) : z;
    },
    undo(x, n) {
      const z = projection ? reconstruct(x, projection) : x;
      if (!standardisation) return { data: z, shape: [n, ...shape] };
      const data = restoreUnits(z, standardisation);
      for (const category of standardisation.categories ?? [])
        chooseLevels(data, category, standardisation.mean.length);
      return { data, shape: [n, ...shape] };
    },
  };
}

function toNetworkUnits(data: Samples["data"], standardisation: Standardisation): Float32Array {
  const { log1p, mean, std } = standardisation;
  const isRobust = standardisation.standardise === "robust";
  const d = mean.length;
  return Float32Array.from(data, (x, i) => {
    const y = log1p ? Math.log1p(x) : x;
    const z = (y - mean[i % d]) / (std[i % d] || 1);
    return isRobust ? Math.asinh(z) : z;
  });
}

function restoreUnits(
  z: Float32Array,
  { log1p, standardise, mean, std, limits }: Standardisation,
): Float64Array {
  const isRobust = standardise === "robust";
  const d = mean.length;
  return Float64Array.from(z, (value, i) => {
    const m = mean[i % d];
    const s = std[i % d];
    const y = s === 0 ? m : (isRobust ? Math.sinh(value) : value) * s + m;
    const x = log1p ? Math.expm1(y) : y;
    if (!limits) return x;
    const k = i % d;
    const rounded = limits.whole[k] ? Math.round(x) : x;
    const raised = Math.max(rounded, limits.min[k] ?? rounded);
    return Math.min(raised, limits.max[k] ?? raised);
  });
}

/** Of each row of d numbers: 1 for the largest level, 0 for the others. */
function chooseLevels(rows: Float64Array, { first, levels }: LevelColumns, d: number): void {
  for (let at = first; at < rows.length; at += d) {
    const block = rows.subarray(at, at + levels.length);
    const largest = block.reduce((best, x, k) => (x > block[best] ? k : best), 0);
    block.fill(0);
    block[largest] = 1;
  }
}

function project(z: Float32Array, { mean, basis, scale }: Projection): Float32Array {
  const d = mean.length;
  const k = basis.length / d;
  const x = new Float64Array((z.length / d) * k);
  for (let i = 0; i < z.length; i++) {
    const row = Math.floor(i / d);
    const j = i % d;
    const centred = z[i] - mean[j];
    for (let c = 0; c < k; c++) x[row * k + c] = x[row * k + c] + centred * basis[j * k + c];
  }
  return Float32Array.from(x, (value) => value / scale);
}

function reconstruct(x: Float32Array, { mean, basis, scale }: Projection): Float32Array {
  const d = mean.length;
  const k = basis.length / d;
  const z = new Float32Array((x.length / k) * d);
  for (let i = 0; i < z.length; i++) {
    const row = Math.floor(i / d);
    const j = i % d;
    let sum = 0;
    for (let c = 0; c < k; c++) sum += x[row * k + c] * basis[j * k + c];
    z[i] = sum * scale + mean[j];
  }
  return z;
}
