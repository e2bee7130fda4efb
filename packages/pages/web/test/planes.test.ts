// The plane of the player: components lead from source to target, as in reports, whatever the signs of the data.
import { expect, it } from "vitest";
import { momentsOf } from "../src/player/numbers.js";
import { coordinatesOf } from "../src/player/points/planes.js";

const cloud = (n: number, shift: readonly number[]) => ({
  data: Float32Array.from({ length: 3 * n }, (_, i) => 5 * Math.sin(i * i) + (shift[i % 3] ?? 0)),
  shape: [n, 3],
});

it.each([[[1, 2, 3]], [[-1, -2, -3]], [[0, 4, -4]]])("components lead along %j", (shift) => {
  const source = cloud(400, [0, 0, 0]);
  const target = cloud(400, shift);
  const coordinates = coordinatesOf(["a", "b", "c"], { f: source, b: target });
  expect(coordinates.map(({ name }) => name)).toEqual([
    "component 1",
    "component 2",
    "a",
    "b",
    "c",
  ]);
  for (const { of } of coordinates.slice(0, 2))
    expect(momentsOf(of(target)).mean).toBeGreaterThanOrEqual(momentsOf(of(source)).mean);
});
