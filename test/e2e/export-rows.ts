// Rows that an export samples, as memory and as files, and the comparison of samples.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { io } from "@dsbm/torch";
import type { BridgeDescription } from "@dsbm/web";
import { expect } from "vitest";
import { normal } from "../support/numbers.js";

/** The classes of the condition `site`. */
export const siteNames = ["a", "b,c"];

/** Samples with their conditions: names of sites and class labels. */
export interface GivenRows {
  x: { data: Float32Array; shape: number[] };
  sites?: string[] | undefined;
  y?: number[] | undefined;
}

/** Rows that fit an export: three blocks of noise, and a batch of networks that ends within one. */
export function rowsFor({ columns, conditions, state }: BridgeDescription): GivenRows {
  const shape = columns ? [columns.length] : state.shape;
  const n = shape.length === 1 ? 523 : 9;
  const width = shape.reduce((a, b) => a * b);
  const data = Float32Array.from(normal([n, width], 3).toNumbers(), (v) =>
    columns ? Math.abs(v) : v,
  );
  const ofRows = (values: readonly string[]) =>
    Array.from({ length: n }, (_, i) => values[i % values.length]);
  return {
    x: { data, shape: [n, ...shape] },
    sites: conditions?.cond ? ofRows(siteNames) : undefined,
    y: conditions?.y ? ofRows(["0", "1", "2"]).map(Number) : undefined,
  };
}

/** Values of samples, each followed by its mass if masses change. */
export function withWeights(data: Iterable<number>, weights: ArrayLike<number> | null) {
  const all = [...data];
  if (!weights) return all;
  const width = all.length / weights.length;
  return Array.from(weights, (weight, i) => [
    ...all.slice(i * width, (i + 1) * width),
    weight,
  ]).flat();
}

/** Values agree to a thousandth of their size. */
export function expectNear(found: readonly number[], wanted: readonly number[]) {
  expect(found).toHaveLength(wanted.length);
  const far = wanted.map((v, i) => Math.abs(found[i] - v) / (1 + Math.abs(v)));
  expect(far.reduce((a, b) => Math.max(a, b))).toBeLessThan(1e-3);
}

/** The samples as sample.py reads them: a table in another order of columns, and arrays. */
export function writeInputs(folder: string, given: GivenRows) {
  const { x, sites, y } = given;
  const array = (name: string, values: Float32Array | BigInt64Array, shape: number[]) =>
    writeFileSync(join(folder, name), io.npy.encode(io.fromTyped(values, shape)));
  array("new.npy", x.data, x.shape);
  if (y) array("y.npy", BigInt64Array.from(y, BigInt), [y.length]);
  const rows = Array.from(
    { length: x.data.length / 2 },
    (_, i) => `"${sites?.[i] ?? ""}",${x.data[2 * i + 1]},${x.data[2 * i]}`,
  );
  writeFileSync(join(folder, "new.csv"), `\uFEFFsite,y,x\n${rows.join("\n")}\n`);
}

/** The numbers of a file of samples. */
export function numbersIn(path: string) {
  if (path.endsWith("npy")) return [...io.toFloat32(io.npy.decode(readFileSync(path), path))];
  const [, ...rows] = readFileSync(path, "utf8").trim().split(/\r?\n/);
  return rows.flatMap((row) => row.split(",").map(Number));
}
