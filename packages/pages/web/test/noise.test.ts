// The noise of a seed: Philox against the answers that its authors publish; test/e2e/export.test.ts has the native engine's.
import { expect, it } from "vitest";
import { philox, rowNoise } from "../src/noise/row-noise.js";

it.each([
  { of: 0, counter: [0, 0, 0, 0], key: [0, 0], words: "6627e8d5e169c58dbc57ac4c9b00dbd8" },
  { of: 1, counter: [-1, -1, -1, -1], key: [-1, -1], words: "408f276d41c83b0ea20bc7c66d5451fd" },
  {
    of: "π",
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    words: "d16cfe0994fdcceb5001e42024126ea1",
  },
])("Philox4x32-10 of the bits of $of agrees with Random123", ({ counter, key, words }) => {
  const hex = philox(counter, key).map((word) => word.toString(16).padStart(8, "0"));
  expect(hex.join("")).toBe(words);
});

it("the noise of rows does not depend on how they are cut", () => {
  const key = { seed: 42, purpose: "f" };
  const whole = rowNoise({ first: 0, n: 260, size: 3 }, key)();
  const part = rowNoise({ first: 47, n: 150, size: 3 }, key)();
  expect(part).toEqual(whole.slice(3 * 47, 3 * 197));
});
