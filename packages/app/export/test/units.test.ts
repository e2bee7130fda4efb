// encode.onnx and decode.onnx: the units of tables and of principal components, as the library and @dsbm/web compute them.
import { type ColumnTransform, Units } from "@dsbm/data";
import { tensor, tidy } from "@dsbm/torch";
import { unitsOf } from "@dsbm/web";
import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { decodeGraph, encodeGraph } from "../src/bridge/units.js";
import { encodeModel, type Graph } from "../src/onnx/model.js";
import { bytesOf, open } from "./onnx.js";

type Facts = Parameters<typeof encodeGraph>[0];

const opened = (graph: Graph) => {
  const about = { about: "", metadata: {} };
  return open(bytesOf(encodeModel({ graph, ...about }, { beside: "" }).model));
};

/** Rows there, and there and back. */
async function passed(facts: Facts, x: Float64Array, shape: readonly number[]) {
  const encode = await opened(encodeGraph(facts));
  const decode = await opened(decodeGraph(facts));
  const there = await encode.run({ x: new ort.Tensor(x, shape) });
  const back = await decode.run({ state: there.state as ort.Tensor });
  await Promise.all([encode.release(), decode.release()]);
  return [there.state, back.x].map((tensor) => ({
    data: tensor?.data as Float32Array | Float64Array,
    shape: tensor?.dims,
  })) as [Found, Found];
}
interface Found {
  data: Float32Array | Float64Array;
  shape: readonly number[];
}

const far = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - (b[i] as number))), 0);

const transforms: ColumnTransform[] = [
  { log1p: false, standardise: "columns", mean: [1e6, 3, 5], std: [2, 0.5, 0] },
  { log1p: true, standardise: "columns", mean: [2, 3, 1], std: [0.1, 4, 1] },
];
const rows = Float64Array.from({ length: 21 }, (_, i) => [1e6 + (i % 5), 0.3 * i, 5][i % 3]!);
const state = { shape: [3], type: "vectors" } as const;
const mass = false;

describe("units of tables", () => {
  it.each(transforms)("as the library has them: %j", async (transform) => {
    const [there, back] = await passed({ state, mass, transform, projection: null }, rows, [7, 3]);
    const column = (k: number) => rows.filter((_, i) => i % 3 === k);
    const units = new Units({ names: ["a", "b", "c"], named: true, transform });
    const wanted = tidy(() => units.apply([0, 1, 2].map(column)).toNumbers());
    expect([there.shape, there.data]).toEqual([[7, 3], expect.any(Float32Array)]);
    expect(far(there.data, wanted)).toBeLessThan(1e-6 * Math.max(...wanted.map(Math.abs)));
    const undone = tidy(() => units.undo(tensor(there.data as Float32Array, { shape: [7, 3] })));
    for (const k of [0, 1, 2])
      expect(
        far(
          back.data.filter((_, i) => i % 3 === k),
          undone[k]!.map((v) => v),
        ),
      ).toBeLessThan(1e-9 * 1e6);
  });
});

const base64 = (values: number[]) =>
  Buffer.from(Float32Array.from(values).buffer).toString("base64");
const half = Math.SQRT1_2;

it.each<[string, ColumnTransform | null, number[]]>([
  ["columns", { ...transforms[0]!, mean: [1, 2, 3], std: [1, 2, 4] }, [3]],
  ["pictures", null, [1, 1, 3]],
])("principal components of %s, as @dsbm/web has them", async (_, transform, shape) => {
  const numbers = { mean: [0.5, -1, 2], basis: [half, 0, half, 0, 0, 1] };
  const projection = {
    shape: [...shape],
    components: 2,
    scale: 3,
    mean: base64(numbers.mean),
    basis: base64(numbers.basis),
  };
  const facts: Facts = { state: { shape: [2], type: "vectors" }, mass, transform, projection };
  const own = unitsOf({
    shape: [2],
    standardisation: transform,
    projection: {
      ...projection,
      mean: Float32Array.from(numbers.mean),
      basis: Float32Array.from(numbers.basis),
    },
  });
  const x = Float64Array.from({ length: 15 }, (_, i) => Math.sin(i));
  const [there, back] = await passed(facts, x, [5, ...shape]);
  const wanted = own.apply({ data: x, shape: [5, ...shape] });
  expect(there.shape).toEqual([5, 2]);
  expect(far(there.data, wanted)).toBeLessThan(1e-6);
  const undone = own.undo(wanted, 5);
  expect(back.shape).toEqual([5, ...shape]);
  expect(far(back.data, undone.data)).toBeLessThan(1e-5);
});
