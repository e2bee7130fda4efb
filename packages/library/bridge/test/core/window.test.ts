import { arange, type Tensor } from "@dsbm/torch";
import { expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf } from "../../../../../test/support/numbers.js";
import { drawWindows, partsAt } from "../../src/core/window.js";

const size = [5, 7] as const;
const draw = (count: number, n: number) =>
  drawWindows(count, n, { size, generator: generatorOf(1), device: "cpu" });

it("a part of a field is its rows and columns from its place on", () => {
  const x = arange(0, 2 * 3 * 35).reshape([2, 3, ...size]);
  const windows = draw(2, 3);
  const parts = partsAt(x, windows, 3);
  const [rows, columns] = windows.unbind({ dim: 1 }).map((t) => [...t.toNumbers()]) as [
    number[],
    number[],
  ];
  for (const k of [0, 1]) {
    const part = x.select(0, k).narrow(1, rows[k], 3).narrow(2, columns[k], 3);
    expect(distance(parts.select(0, k), part)).toBe(0);
  }
});

it("places of parts are uniform over all that fit, and the whole field has one", () => {
  const places = (windows: Tensor) => {
    const [rows, columns] = windows.unbind({ dim: 1 }).map((t) => [...t.toNumbers()]) as [
      number[],
      number[],
    ];
    return rows.map((row, i) => `${row} ${columns[i]}`);
  };
  const counts = new Map<string, number>();
  for (const place of places(draw(3000, 4))) counts.set(place, (counts.get(place) ?? 0) + 1);
  // 2 rows × 4 columns: a deviation of 18 around 375.
  expect(counts.size).toBe(8);
  for (const count of counts.values()) expect(Math.abs(count - 375)).toBeLessThan(80);
  expect(new Set(places(draw(50, 5)))).toEqual(new Set(["0 0", "0 1", "0 2"]));
});
