// A seed has the same noise in the browser as in the native engine.
import { noiseAt as nativeNoise } from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import { expect, it } from "vitest";
import { noiseAt } from "../../packages/pages/web/src/noise/philox.js";
import { rowNoise } from "../../packages/pages/web/src/noise/row-noise.js";

const near = (found: Float32Array, wanted: readonly number[]) => {
  expect(found).toHaveLength(wanted.length);
  for (const [i, z] of wanted.entries()) expect(found[i]).toBeCloseTo(z, 5);
};

it.each([
  { key: 0, stream: 0, offset: 0 },
  { key: 0xfedcba98, stream: 7, offset: 1000 },
  { key: 5, stream: 0xffffffff, offset: 2 ** 45 + 3 },
])("normal numbers at a place: %o", (place) => {
  near(noiseAt(600, place), nativeNoise([600], place).toNumbers());
});

it("the rows of a sampler, draw after draw", () => {
  const key = { seed: 42, purpose: "f" };
  const rows = { first: 11, n: 50 };
  const native = new RowNoise(rows, key);
  const draw = rowNoise({ ...rows, size: 6 }, key);
  for (let k = 0; k < 3; k++) near(draw(), native.normal([2, 3]).reshape([-1]).toNumbers());
});
