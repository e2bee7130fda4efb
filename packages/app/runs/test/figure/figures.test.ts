// Figures: lines at the values, axes that always have numbers, NaN and infinity always visible, and
// images whose pixels come out of the file.
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { plainUnits } from "../../src/figure/axis-units.js";
import { coursePanels } from "../../src/figure/course.js";
import { animatedGrid, imageGrid, pathStrip, picturePng } from "../../src/figure/images.js";
import { mapFigure } from "../../src/figure/maps.js";
import { scatterFigure } from "../../src/figure/plane.js";
import { type SpectrumSeries, spectrumFigure } from "../../src/figure/spectrum.js";
import { composeFigure, svgToPng } from "../../src/figure/svg.js";
import { trendPanels } from "../../src/figure/trend.js";
import { coordinates, dots, lines, rules, select, texts } from "./svg.js";

const areas = (svg: string) => select(svg, '[aria-label="area"] path');
/** Evaluations with 20 and 100 steps. */
const evaluations = [20, 100].flatMap((steps) =>
  Array.from({ length: 6 }, (_, i) => {
    const off = (1 + 1 / steps) * Math.exp(-i);
    return { half_iteration: i + 1, steps, mean: off - 0.1, kl: off + 0.01, floor: 0.005 };
  }),
);

describe("trends", () => {
  it("over half-iterations have a line a series, references, axes and a legend", async () => {
    const drawn = await trendPanels({
      rows: [...evaluations, { half_iteration: 7, steps: 20, mean: Number.NaN, kl: null }],
      panels: [
        { metric: "mean", title: "Mean <b>", isLog: false },
        { metric: "kl", title: "Divergence", isLog: true, reference: "floor" },
      ],
      series: (row) => `forward (f), ${row.steps} steps`,
      isOverSteps: false,
    });
    const svg = composeFigure({ ...drawn, title: "<script>", columns: 2 });
    expect(select(svg, "svg > svg")).toHaveLength(2);
    expect(lines(svg)).toHaveLength(2 + 2 + 2);
    for (const text of ["forward (f), 20 steps", "forward (f), 100 steps", "reference"])
      expect(texts(svg).filter((one) => one === text)).toHaveLength(1);
    expect(texts(svg)).toEqual(expect.arrayContaining(["Mean <b>", "half-iteration"]));
    expect(svg).not.toContain("<script>");
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) as RegExpExecArray;
    const size = await sharp((await svgToPng(svg)) as Buffer).metadata();
    expect([size.width, size.height]).toEqual([2 * Number(width), 2 * Number(height)]);
  });

  it("over steps have a line with a band for each half-iteration, one after the other", async () => {
    // Ten times less in each half-iteration: equal distances on a logarithmic axis.
    const rows = Array.from({ length: 150 }, (_, i) => {
      const half = 1 + Math.floor(i / 50);
      return { half_iteration: half, step: 10 * (1 + (i % 50)), loss: 10 ** -half };
    });
    const { panels } = await trendPanels({
      rows,
      panels: [{ metric: "loss", title: "Loss", isLog: true }],
      series: ({ half_iteration: half }) => (half === 2 ? "forward (f)" : "backward (b)"),
      isOverSteps: true,
    });
    const svg = panels[0]?.svg;
    expect(areas(svg)).toHaveLength(3);
    expect(rules(svg)).toHaveLength(2);
    expect(texts(svg)).toContain("1k");
    const drawn = lines(svg).map(coordinates);
    const heights = drawn.map((points) => new Set(points.map(([, y]) => y)));
    for (const levels of heights) expect(levels.size).toBe(1);
    const levels = heights.map(([y]) => Number(y)).sort((a, b) => a - b);
    const [a, b, c] = levels;
    expect(b - a).toBeCloseTo(c - b, 1);
    const starts = drawn.map((points) => points[0]?.[0] ?? 0);
    expect(new Set(starts).size).toBe(3);
  });
});

describe("spectra", () => {
  const k = Array.from({ length: 32 }, (_, i) => i + 1);
  const law = (name: SpectrumSeries["name"], exponent: number) => {
    return { name, k, energy: [k.map((value) => value ** -exponent)] };
  };

  it("draw power laws as straight lines, steeper ones steeper", async () => {
    const svg = await spectrumFigure({ series: [law("source", 2), law("target", 1)] });
    const slopes = lines(svg).map((line) => {
      const points = coordinates(line);
      const [[x0, y0], [x1, y1]] = [points[0]!, points.at(-1)!];
      const slope = (y1 - y0) / (x1 - x0);
      for (const [x, y] of points) expect(y).toBeCloseTo(y0 + slope * (x - x0), 1);
      return slope;
    });
    expect(slopes[0] / slopes[1]).toBeCloseTo(2, 3);
    expect(texts(svg)).toEqual(expect.arrayContaining(["source", "8"]));
  });
});

describe("samples", () => {
  const flat = [0, 0, 1, 1, 2, 0];
  const kinds = { source: flat, target: flat, generated: [...flat, Number.NaN, 1] };
  const path = { times: [1, 0.5, 0], states: [flat, flat, flat] };
  const between = [{ name: "day 2", time: 0.5, data: flat, generated: flat }];
  const histograms = [{ ...kinds, column: 0, low: 0, high: 3 }];
  const points = { n: 3, dim: 2, histograms, categories: [], conditions: [] };

  it("are shown at the source, the target and between, with their paths", async () => {
    const plane = { ...kinds, k: 2 as const, explained: null, path, between };
    const svg = await scatterFigure({ ...points, plane }, { direction: "b", title: "Samples" });
    for (const text of ["Target", "t = 0.5: day 2", "Generated", "Source", "Paths"])
      expect(texts(svg)).toContain(text);
    expect(dots(svg)).toHaveLength(3 + 6 + 3 + 3 + 9);
    expect(lines(svg).map((line) => coordinates(line).length)).toEqual([3, 3, 3]);
  });

  it("have the names of files and times, and a legend for each time of a course", async () => {
    const weights = [[{ column: 1, weight: -0.9 }], [{ column: 0, weight: 0.3 }]];
    const plane = { ...kinds, k: 2 as const, explained: [0.6, 0.2], weights, path, between };
    const times = ["day 2", "day 3", "day 7"];
    const names = { source: "day 2", target: "day 7" };
    const svg = await scatterFigure(
      { ...points, plane },
      { direction: "f", title: "Cells", names, times },
    );
    const shown = ["Day 3", "data of day 3 (3 rows)", "−column 2 (60 %)", "component 2 (20 %)"];
    expect(texts(svg)).toEqual(expect.arrayContaining(shown));
    // The data of a time have the same colour next to generated samples and behind the paths.
    const colors = ["#e69f00", "#739f3a", "#009e73"].map((color) => svg.split(color).length > 2);
    expect(colors).toEqual([true, true, true]);
  });

  it("of a time course have velocities, growth, masses and fates", async () => {
    const plane = { ...kinds, k: 2 as const, explained: null, path, between };
    const course = {
      arrows: { from: flat, to: flat.map((x) => x + 0.2) },
      growth: [-0.5, 0, 1],
      mass: { times: [2, 7], generated: [1, 2.4], dataTimes: [2, 3, 7], data: [1, 1.3, 2.5] },
      fates: { column: "kind", from: ["stem"], to: ["b", "t"], counts: [[1, 3]], data: [2, 2] },
    };
    const names = { source: "2", target: "7" };
    const options = { direction: "f" as const, names, units: plainUnits, timeName: "day" };
    const panels = await coursePanels(course, plane, options);
    expect(panels.map(({ title }) => title)).toEqual([
      "Velocity at the data",
      "Growth rate per day",
      "Total mass",
      "Fates by kind",
    ]);
    expect(panels.map(({ caption }) => caption)).toEqual([
      "3 rows of all times.",
      "33 % of the rows grow; the median rate is 0 per day, which multiplies the mass by 1 in one day.",
      "At day 7 the generated mass is 2.40, the mass of the data 2.50.",
      "Where most generated rows of each class end: stem → t 75 %. Numbers of rows are in brackets.",
    ]);
    expect(panels[1]?.scale?.ticks).toEqual(["−1 (loss)", "0", "+1 (growth)"]);
    const [velocity, growth, mass, fates] = panels.map(({ svg }) => svg);
    expect(select(velocity, '[aria-label="arrow"] path')).toHaveLength(3);
    expect(dots(growth).map((dot) => dot.getAttribute("fill"))).toContain("rgb(200, 30, 30)");
    expect(lines(mass)).toHaveLength(1);
    expect(select(fates, '[aria-label="bar"] rect')).toHaveLength(4);
    expect(
      await coursePanels({ ...course, mass: null, fates: null }, { ...plane, k: 1 }, options),
    ).toEqual([]);
  });
});

/** A PNG, or a GIF's frames, as RGB bytes. */
async function decode(file: Buffer) {
  const picture = sharp(file, { animated: true });
  const { width, height: all, pageHeight: height = all, ...facts } = await picture.metadata();
  const data = await picture.removeAlpha().toColourspace("srgb").raw().toBuffer();
  const pixel = (x: number, y: number, frame = 0) => {
    const at = ((frame * height + y) * width + x) * 3;
    return [...data.subarray(at, at + 3)];
  };
  return { ...facts, width, height, pixel };
}

const greyColour = (v: number) => [v, v, v];

describe("images", () => {
  it("are in rows on a transparent ground, grey and RGB, below titles", async () => {
    const images = new Uint8Array([0, 128, 255]);
    const grid = await imageGrid({ images, shape: [3, 1, 1, 1], columns: 2 });
    const on = async (background: string) =>
      decode(await sharp(grid).flatten({ background }).png().toBuffer());
    const plain = await on("white");
    expect([plain.width, plain.height]).toEqual([2 + 2 * 66, 2 + 2 * 66]);
    const centre = (i: number) => plain.pixel(34 + 66 * (i % 2), 34 + 66 * Math.floor(i / 2));
    expect([0, 1, 2].map(centre)).toEqual([0, 128, 255].map(greyColour));
    for (const [ground, value] of [
      [plain, 255],
      [await on("black"), 0],
    ] as const)
      for (const x of [0, 1, 67]) expect(ground.pixel(x, 30)).toEqual(greyColour(value));
    const titles = { columnTitles: ["t = 0"], title: "Digits of two kinds" };
    const png = await imageGrid({ images, shape: [1, 3, 1, 1], columns: 1, ...titles });
    const titled = await decode(png);
    expect(titled.pixel(5, titled.height - 10)).toEqual(
      [0, 100, 255].map((v) => (v === 100 ? 128 : v)),
    );
    expect(titled.height).toBe(26 + 15 + 2 + 66);
    expect((await sharp(png).stats()).channels[0].min).toBeLessThan(100);
    const picture = await decode(await picturePng(images, [3, 1, 1]));
    expect([picture.width, picture.height, picture.pixel(0, 0)]).toEqual([1, 1, [0, 128, 255]]);
  });

  it("of paths have a row for each of 8 images and a column for each of 9 times", async () => {
    // The value of image i at time k is 25 i + 2 k.
    const [count, n] = [12, 9];
    const path = Uint8Array.from(
      { length: count * n },
      (_, at) => 25 * (at % n) + 2 * Math.floor(at / n),
    );
    const times = Array.from({ length: count }, (_, k) => k / 11);
    const { width, height, pixel } = await decode(
      await pathStrip({ path, shape: [count, n, 1, 1, 1], times }),
    );
    const top = height - 8 * 66;
    expect([width, top]).toEqual([2 + 9 * 66, 17]);
    const picked = [0, 1, 3, 4, 6, 7, 8, 10, 11];
    for (let row = 0; row < 8; row++)
      expect(picked.map((_, c) => pixel(34 + 66 * c, top + 32 + 66 * row)[0])).toEqual(
        picked.map((k) => 25 * row + 2 * k),
      );
  });

  it("move: each frame has its images in their places, at their time, below a caption", async () => {
    // Four images of one pixel, black to white, that move on by one place a frame.
    const values = [0, 82, 173, 255];
    const frames = values.map((_, k) => Uint8Array.from(values, (_, i) => values[(i + k) % 4]));
    const captions = values.map((_, k) => `t = ${k}`);
    const gif = await decode(await animatedGrid({ frames, captions, shape: [4, 1, 1, 1] }));
    const size = 2 + 2 * 130;
    const facts = { format: "gif", width: size, height: 18 + size, pages: 4, loop: 0 };
    expect(gif).toMatchObject({ ...facts, delay: [1000, 100, 100, 1000] });
    for (const [k, frame] of frames.entries())
      for (const [i, value] of frame.entries()) {
        const [x, y] = [2 + 130 * (i % 2), 20 + 130 * (i >> 1)];
        expect(gif.pixel(x, y, k)).toEqual(greyColour(value));
        expect(gif.pixel(x + 128, y, k)).toEqual(greyColour(255));
      }
  });
});

it("maps have the colours of their values, the middle of all as the middle of the bar, and grey gaps", async () => {
  const values = Float32Array.from([0, 1, 2, 3, 4, Number.NaN]);
  const svg = await mapFigure({
    title: "Maps of pr",
    label: "pr (mm/d)",
    maps: [{ title: "Source 1", values }],
    columns: 1,
    size: [2, 3],
    axes: {
      y: { label: "lat", edges: [50, 30] },
      x: { label: "lon", edges: [0, 30] },
    },
  });
  for (const text of ["≤ 0", "2", "≥ 4", "pr (mm/d)", "lat", "lon", "Source 1"])
    expect(texts(svg)).toContain(text);
  // A dark page shows through.
  expect(svg).not.toMatch(/fill="white"|#222222/);
  const [, base64 = ""] = /base64,([^"]+)"/.exec(svg) ?? [];
  const { data } = await sharp(Buffer.from(base64, "base64"))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixel = (cell: number) => Array.from(data.subarray(3 * cell, 3 * cell + 3));
  // The ends of viridis are #440154 and #fde725.
  expect([pixel(0), pixel(4), pixel(5)]).toEqual([
    [0x44, 0x01, 0x54],
    [0xfd, 0xe7, 0x25],
    [217, 217, 217],
  ]);
});
