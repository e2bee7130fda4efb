// The reference row of rectified flow in the plane: its field is exact for the samples.
import { tensor } from "@dsbm/torch";
import { expect } from "vitest";
import { it } from "../../../test/support/in-scope.js";
import { straightEnergy } from "../src/sets/planar.js";

it("rectified flow with the exact field ends on the data, on the side of its start", () => {
  const column = (...x: number[]) => tensor(Float32Array.from(x)).reshape([-1, 1]);
  const starts = column(-1.5, -0.1, 0.1, 2);
  const ends = (...data: number[]) => straightEnergy(starts, column(...data)).toNumbers();
  for (const end of ends(7)) expect(end).toBeCloseTo(7, 5);
  for (const [i, want] of [-3, -3, 3, 3].entries()) expect(ends(-3, 3)[i]).toBeCloseTo(want, 3);
  // Halfway between two points both sides are equally close.
  expect(straightEnergy(column(0), column(-3, 3)).item()).toBeCloseTo(0, 5);
});
