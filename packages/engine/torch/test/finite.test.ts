// Whether tensors are finite, against isfinite.
import { expect, it } from "vitest";
import * as T from "../src/index.js";

it.each([
  ["numbers", [1, -2, 0, 3.4e38], true],
  ["NaN between numbers", [1, Number.NaN, 2], false],
  ["NaN first", [Number.NaN, 1, 2], false],
  ["NaN last, behind an infinity", [Number.POSITIVE_INFINITY, 1, Number.NaN], false],
  ["infinity", [1, Number.POSITIVE_INFINITY], false],
  ["negative infinity", [Number.NEGATIVE_INFINITY, 1], false],
  ["no numbers", [], true],
] as const)("allFinite of %s", (_, numbers, expected) => {
  for (const dtype of ["float32", "float64"] as const) {
    const t = T.tensor([...numbers], { dtype });
    expect(T.allFinite(t)).toBe(expected);
    expect(Boolean(t.isfinite().all().item())).toBe(expected);
  }
  // Somewhere among many numbers, as threads and vector lanes share them.
  const many = T.zeros([300, 70]);
  if (numbers.length > 0)
    many
      .select(0, 211)
      .narrow(0, 13, numbers.length)
      .copy_(T.tensor([...numbers]));
  expect(T.allFinite(many)).toBe(expected);
});
