// The noise of a seed: Philox against the answers that its authors publish, and normal numbers and rows against the native
// engine's.
import { noiseAt as nativeNoise } from "@dsbm/torch";
import { RowNoise } from "@dsbm/train";
import { describe, expect, it } from "vitest";
import { noiseAt, philox } from "../src/noise/philox.js";
import { rowNoise } from "../src/noise/row-noise.js";

const near = (found: Float32Array, wanted: readonly number[]) => {
  expect(found).toHaveLength(wanted.length);
  for (const [i, z] of wanted.entries()) expect(found[i]).toBeCloseTo(z, 5);
};

it.each([
  { of: 0, counter: [0, 0, 0, 0], key: [0, 0], words: "6627e8d5e169c58dbc57ac4c9b00dbd8" },
  { of: 1, counter: [-1, -1, -1, -1], key: [-1, -1], words: "408f276d41c83b0ea20bc7c66d5451fd" },
  {
    of: "π",
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: "d16cfe0994fdcceb5001e42024126ea1",
  },
])("Philox4x32-10 of the bits of $of is that of Random123", ({ counter, key, words }) => {
  const hex = philox(counter, key).map((word) => word.toString(16).padStart(8, "0"));
  expect(hex.join("")).toBe(words);
});

it.each([
  { key: 0, stream: 0, offset: 0 },
  { key: 0xfedcba98, stream: 7, offset: 1000 },
  { key: 5, stream: 0xffffffff, offset: 2 ** 45 + 3 },
])("normal numbers are those of the native engine: %o", (place) => {
  near(noiseAt(600, place), nativeNoise([600], place).toNumbers());
});

describe("the noise of rows", () => {
  const key = { seed: 42, purpose: "f" };

  it("is that of the native sampler, draw after draw", () => {
    const rows = { first: 11, n: 50 };
    const native = new RowNoise(rows, key);
    const draw = rowNoise({ ...rows, size: 6 }, key);
    for (let k = 0; k < 3; k++) near(draw(), native.normal([2, 3]).reshape([-1]).toNumbers());
  });

  it("does not depend on how the rows are cut", () => {
    const whole = rowNoise({ first: 0, n: 260, size: 3 }, key)();
    const part = rowNoise({ first: 47, n: 150, size: 3 }, key)();
    expect(part).toEqual(whole.slice(3 * 47, 3 * 197));
  });
});
