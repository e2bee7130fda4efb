// Fates against known lineages.
import { expect, it } from "vitest";
import { LineageCheck } from "../src/annotate/lineages.js";

it("Rows end in their own lineage as often as their fates say, and by chance as often as all rows", () => {
  const check = new LineageCheck(["A", "B"]);
  const times = ["0", "0", "0", "0", "1", null];
  const labels = ["A", "A", "B", "", "A", "B"];
  check.add(times, labels, [
    [1, 0.8, 0.1, 1, 1, 1],
    [0, 0.2, 0.9, 0, 0, 0],
  ]);
  // Two rows of A and one of B, whose mean fates are .633 and .367.
  expect(check.lines("lineage", "1")).toEqual([
    "fates of 3 rows of 0: 90 % end in their own class of lineage (54 % by chance)",
  ]);
});
