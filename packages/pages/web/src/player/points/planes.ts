// What the plane shows of samples: two columns, or two principal components of both ends.
import type { Samples } from "../../bridge/bridge.js";

export interface Coordinate {
  name: string;
  of(samples: Samples): Float32Array;
}

function column(k: number, name: string): Coordinate {
  return {
    name,
    of({ data, shape: [n = 0] }) {
      const d = data.length / n;
      return Float32Array.from({ length: n }, (_, i) => data[i * d + k] as number);
    },
  };
}

/** Two components if there are more than two columns, then columns. */
export function coordinatesOf(names: readonly string[], known: readonly Samples[]): Coordinate[] {
  const columns = names.map((name, k) => column(k, name));
  return names.length > 2 && known.length > 0 ? [...components(known), ...columns] : columns;
}

const rowsUsed = (d: number) => Math.min(1000, Math.ceil(4e5 / d));

function components(known: readonly Samples[]): Coordinate[] {
  const d = (known[0]?.shape[1] ?? 0) as number;
  const rows: ArrayLike<number>[] = known.flatMap(({ data, shape: [n = 0] }) => {
    const step = Math.max(1, Math.floor(n / rowsUsed(d)));
    return Array.from({ length: Math.floor(n / step) }, (_, i) =>
      data.subarray(i * step * d, (i * step + 1) * d),
    );
  });
  const mean = new Float64Array(d);
  const std = new Float64Array(d);
  for (const row of rows)
    for (let k = 0; k < d; k++) mean[k] = (mean[k] as number) + (row[k] as number) / rows.length;
  for (const row of rows)
    for (let k = 0; k < d; k++)
      std[k] = (std[k] as number) + ((row[k] as number) - (mean[k] as number)) ** 2 / rows.length;
  for (let k = 0; k < d; k++) std[k] = Math.sqrt(std[k] as number) || 1;
  const z = rows.map((row) =>
    Float64Array.from(
      { length: d },
      (_, k) => ((row[k] as number) - (mean[k] as number)) / (std[k] as number),
    ),
  );
  const axes: Float64Array[] = [];
  for (const _ of [0, 1]) axes.push(axis(z, axes));
  return axes.map((v, c) => ({
    name: `component ${c + 1}`,
    of({ data, shape: [n = 0] }) {
      return Float32Array.from({ length: n }, (_, i) => {
        let sum = 0;
        for (let k = 0; k < d; k++)
          sum +=
            (((data[i * d + k] as number) - (mean[k] as number)) / (std[k] as number)) *
            (v[k] as number);
        return sum;
      });
    },
  }));
}

function axis(z: readonly Float64Array[], found: readonly Float64Array[]): Float64Array {
  const d = z[0]?.length ?? 0;
  let v = Float64Array.from({ length: d }, (_, k) => Math.cos(1 + 2 * k));
  for (let turn = 0; turn < 60; turn++) {
    const next = new Float64Array(d);
    for (const row of z) {
      const s = dot(row, v);
      for (let k = 0; k < d; k++) next[k] = (next[k] as number) + s * (row[k] as number);
    }
    for (const w of found) {
      const s = dot(next, w);
      for (let k = 0; k < d; k++) next[k] = (next[k] as number) - s * (w[k] as number);
    }
    const length = Math.sqrt(dot(next, next)) || 1;
    v = next.map((x) => x / length);
  }
  const largest = v.reduce((a, x) => (Math.abs(x) > Math.abs(a) ? x : a), 0);
  return largest < 0 ? v.map((x) => -x) : v;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += (a[k] as number) * (b[k] as number);
  return sum;
}
