// Drawn shapes: their areas in closed form, their determinism, their options.
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { sum } from "../../../../../test/support/numbers.js";
import { loadTable } from "../../src/registry.js";

beforeAll(() => setNumThreads(1));

/** Images as rows of numbers in [0, 1]. */
function drawImages(name: string, options: Partial<Parameters<typeof loadTable>[1]> = {}) {
  const table = loadTable(name, { split: "train", ...options });
  const [n, , size] = table.x.shape;
  const all = table.x.toNumbers().map((byte) => byte / 255);
  const images = Array.from({ length: n }, (_, i) =>
    Array.from({ length: size }, (_, r) =>
      all.slice((i * size + r) * size, (i * size + r + 1) * size),
    ),
  );
  return { table, images, size, all };
}

describe("synthetic image sets", () => {
  it.each([
    ["synthetic_squares", 4],
    ["synthetic_circles", Math.PI],
  ])("%s cover %d·r² on average, r uniform", (name, factor) => {
    const { images, size } = drawImages(name);
    const areas = images.map((image) => sum(image.flat()) / size ** 2);
    // E r² and E r⁴ of r uniform on [a, b].
    const [a, b] = [0.15, 0.3];
    const moment = (k: number) => (b ** (k + 1) - a ** (k + 1)) / ((k + 1) * (b - a));
    const variance = factor ** 2 * (moment(4) - moment(2) ** 2);
    const error = sum(areas) / areas.length - factor * moment(2);
    expect(Math.abs(error)).toBeLessThan(5 * Math.sqrt(variance / areas.length) + 1e-4);
    expect(Math.min(...areas)).toBeGreaterThan(factor * a ** 2 - 0.01);
    expect(Math.max(...areas)).toBeLessThan(factor * b ** 2 + 0.01);
  });

  it("are the shapes they say, with soft edges, wholly inside", () => {
    // The middle line is as long as the shape is wide: w. A square then covers w², a disc π/4·w².
    for (const [name, factor] of [
      ["synthetic_squares", 1],
      ["synthetic_circles", Math.PI / 4],
    ] as const) {
      const { images, all } = drawImages(name, { image_size: 64, n: 40 });
      for (const image of images) {
        const width = Math.max(...image.map(sum));
        const columns = image[0].map((_, j) => sum(image.map((row) => row[j])));
        expect(Math.abs(width - Math.max(...columns))).toBeLessThan(0.2);
        expect(Math.abs(sum(image.flat()) / (factor * width ** 2) - 1)).toBeLessThan(0.02);
      }
      const soft = all.filter((v) => v > 0 && v < 1).length;
      expect(soft).toBeGreaterThan(0.005 * all.length);
      expect(all.some((v) => v === 1)).toBe(true);
    }
  });

  it("depend on the seed and the split alone, and not on n for the images both have", () => {
    const bytes = (options: Partial<Parameters<typeof loadTable>[1]>) =>
      drawImages("synthetic_circles", { n: 30, ...options }).all;
    expect(bytes({ seed: 3 })).toEqual(bytes({ seed: 3 }));
    expect(bytes({ seed: 3 })).not.toEqual(bytes({ seed: 4 }));
    expect(bytes({ seed: 3 })).not.toEqual(bytes({ seed: 3, split: "test" }));
    expect(bytes({ seed: 3, n: 50 }).slice(0, 30 * 256)).toEqual(bytes({ seed: 3 }));
  });

  it("come together as synthetic_shapes, alternating, with subsets by label", () => {
    const both = loadTable("synthetic_shapes", { split: "test", n: 5 });
    expect([both.x.dtype, both.x.shape]).toEqual(["uint8", [5, 1, 16, 16]]);
    expect(both.classes.map(({ name }) => name)).toEqual(["square", "circle"]);
    expect(both.labels!.toNumbers()).toEqual([0, 1, 0, 1, 0]);
    const one = loadTable("synthetic_shapes_1", { split: "test" });
    const other = loadTable("synthetic_circles", { split: "test" });
    expect(one.x.toNumbers()).toEqual(other.x.toNumbers());
    expect(one.name).toBe("synthetic_shapes_1");
  });
});
