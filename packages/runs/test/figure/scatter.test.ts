// Points of samples and lines of paths, in two coordinates, two components, or one coordinate.
import { describe, expect, it } from "vitest";
import { scatterFigure } from "../../src/figure/scatter.js";
import { coordinates, dots, lines, select, texts } from "./svg.js";

const states = Float32Array.from({ length: 5 * 30 * 3 }, (_, i) => Math.sin(i));
const times = [1, 0.75, 0.5, 0.25, 0];
const source = states.slice(0, 60);
const labels = (svg: string) => texts(svg).filter((text) => /^t =|paths$/.test(text));

describe("scatterFigure", () => {
  it("shows the samples at each time over source and target", async () => {
    const options = { dim: 3, path: { states, times }, panels: 3, source, target: source };
    const svg = await scatterFigure({ ...options, lines: 0 });
    expect(labels(svg)).toEqual(["t = 1", "t = 0.5", "t = 0"]);
    expect(dots(svg)).toHaveLength(3 * (20 + 20 + 30));
    expect(texts(svg)).toEqual(expect.arrayContaining(["x[0]", "x[1]", "source x0", "generated"]));
    const few = await scatterFigure({ ...options, lines: 0, points: 10 });
    expect(dots(few)).toHaveLength(3 * 30);
  });

  it("draws the paths of some samples as lines that end in a dot", async () => {
    const svg = await scatterFigure({ dim: 3, path: { states, times }, lines: 7 });
    expect(labels(svg).at(-1)).toBe("7 paths");
    expect(lines(svg)).toHaveLength(7);
    for (const line of lines(svg)) expect(coordinates(line)).toHaveLength(5);
    expect(dots(svg)).toHaveLength(5 * 30 + 7);
  });

  it("shows other coordinates, and components as the same points of projected samples", async () => {
    const base = { dim: 3, generated: states.slice(0, 90) };
    const places = (svg: string) =>
      dots(svg).map((dot) => [dot.getAttribute("cx"), dot.getAttribute("cy")]);
    const last = await scatterFigure({ ...base, coordinates: [2, 0] });
    expect(texts(last)).toEqual(expect.arrayContaining(["x[2]", "x[0]"]));
    const components = [
      [0, 0, 1],
      [1, 0, 0],
    ] as const;
    const projected = await scatterFigure({ ...base, components });
    expect(texts(projected)).toContain("first component");
    expect(places(projected)).toEqual(places(last));
    const named = await scatterFigure({ ...base, components, labels: ["PC 1", "PC 2"] });
    expect(texts(named)).toEqual(expect.arrayContaining(["PC 1", "PC 2"]));
    expect(places(await scatterFigure(base))).not.toEqual(places(last));
  });

  it("draws one coordinate as histograms", async () => {
    const path = { states, times };
    const svg = await scatterFigure({ dim: 1, path, source, target: source });
    expect(select(svg, '[aria-label="rect"] rect')).toHaveLength(5 * 30);
    expect(texts(svg)).toEqual(expect.arrayContaining(["share of samples", "time t", "30 paths"]));
  });

  it("refuses sizes that do not fit", async () => {
    const path = { states, times };
    for (const [options, message] of [
      [{ dim: 0 }, /dim 0, expected 1 or more/],
      [{ dim: 4, path }, /450 values of path, expected a multiple of 5 times × dim 4/],
      [{ dim: 3, path: { states, times: [] } }, /0 times/],
      [{ dim: 3, source: states.subarray(1) }, /449 values of source, expected a multiple/],
      [{ dim: 3, path, coordinates: [0, 3] }, /coordinates \[0, 3\], expected two from 0 to 2/],
      [{ dim: 3, path, components: [[1], [1, 2]] }, /components of 1,2 values, expected 3 each/],
      [{ dim: 3 }, /no finite sample to draw/],
      [{ dim: 1, generated: new Float32Array([Number.NaN]) }, /no finite sample/],
    ] as [Parameters<typeof scatterFigure>[0], RegExp][])
      await expect(scatterFigure(options)).rejects.toThrow(message);
  });
});
