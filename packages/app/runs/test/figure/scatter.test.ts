// Points of samples and lines of paths, in two coordinates, two components, or one coordinate.
import { describe, expect, it } from "vitest";
import { type ScatterOptions, scatterFigure } from "../../src/figure/scatter.js";
import { coordinates, dots, lines, select, texts } from "./svg.js";

const states = Float32Array.from({ length: 9 * 40 * 3 }, (_, i) => Math.sin(i));
const times = [1, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0];
const source = states.slice(0, 60);
const given = { dim: 3, path: { states, times }, source, target: source, title: "Samples" };
const none = new Float32Array();

describe("scatterFigure", () => {
  it("shows the samples at each time over source and target", async () => {
    const svg = await scatterFigure(given);
    const labels = texts(svg).filter((text) => /^t =|paths$/.test(text));
    expect(labels).toEqual(["t = 1", "t = 0.75", "t = 0.5", "t = 0.25", "t = 0", "30 paths"]);
    expect(texts(svg)).toEqual(expect.arrayContaining(["x[0]", "x[1]", "source x0", "generated"]));
    // The last panel has paths as lines that end in a dot, over source and target.
    expect(dots(svg)).toHaveLength(5 * (20 + 20 + 40) + 20 + 20 + 30);
    expect(lines(svg)).toHaveLength(30);
    for (const line of lines(svg)) expect(coordinates(line)).toHaveLength(9);
  });

  it("shows at most 400 points of each kind", async () => {
    const many = new Float32Array(3 * 500).map((_, i) => i);
    const svg = await scatterFigure({ ...given, source: many, target: none });
    expect(dots(svg)).toHaveLength(5 * (400 + 40) + 400 + 30);
  });

  it("shows components as the same points of projected samples", async () => {
    const places = (svg: string) =>
      dots(svg).map((dot) => [dot.getAttribute("cx"), dot.getAttribute("cy")]);
    const components = [
      [1, 0, 0],
      [0, 1, 0],
    ] as const;
    const labels = ["PC 1", "PC 2"] as const;
    const projected = await scatterFigure({ ...given, components, labels });
    expect(texts(projected)).toEqual(expect.arrayContaining([...labels]));
    const plain = places(await scatterFigure(given));
    expect(places(projected)).toEqual(plain);
    const [u, v] = components;
    expect(places(await scatterFigure({ ...given, components: [v, u] }))).not.toEqual(plain);
  });

  it("draws one coordinate as histograms", async () => {
    const svg = await scatterFigure({ ...given, dim: 1 });
    expect(select(svg, '[aria-label="rect"] rect')).toHaveLength(5 * 30);
    expect(texts(svg)).toEqual(expect.arrayContaining(["share of samples", "time t", "30 paths"]));
  });

  it.each([
    [{ dim: 0 }, /dim 0, expected 1 or more/],
    [{ dim: 7, source: none, target: none }, /1080 values of path, .* of 9 times × dim 7/],
    [{ path: { states, times: [] } }, /0 times/],
    [{ source: states.subarray(1) }, /1079 values of source, expected a multiple/],
    [{ components: [[1], [1, 2]] }, /components of 1,2 values, expected 3 each/],
    [
      { source: none, target: none, path: { states: states.map(() => Number.NaN), times } },
      /no finite sample to draw/,
    ],
  ] as [Partial<ScatterOptions>, RegExp][])("refuses %j", async (change, message) => {
    await expect(scatterFigure({ ...given, ...change })).rejects.toThrow(message);
  });
});
