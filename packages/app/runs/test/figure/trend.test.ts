// Trends: lines where the values are, axes that always have numbers, and nothing hidden that is not finite.
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { linearDomain, logTicks, niceTicks } from "../../src/figure/axis.js";
import { svgToPng } from "../../src/figure/png.js";
import { smooth } from "../../src/figure/smooth.js";
import { type TrendOptions, type TrendPanel, trendFigure } from "../../src/figure/trend.js";
import type { Row } from "../../src/files/csv.js";
import { coordinates, dots, lines, rules, select, texts } from "./svg.js";

const limits = { mean: -0.1, var: 1, cov: 0.618 };
const panels: TrendPanel[] = [
  { metric: "mean", title: "Mean" },
  { metric: "var", title: "Variance" },
  { metric: "cov", title: "Covariance" },
  { metric: "kl", title: "Divergence", label: "KL (nats)", scale: "log", floor: "floor" },
];

/** Evaluations with 20 and 100 steps whose metrics go to their limits. */
function evaluations(count: number): Row[] {
  return [20, 100].flatMap((steps) =>
    Array.from({ length: count }, (_, i) => {
      const off = (1 + 1 / steps) * Math.exp(-i);
      const moments = { mean: limits.mean + off, var: limits.var - off, cov: limits.cov - off };
      return { half_iteration: i + 1, steps, ...moments, kl: off + 0.01, floor: 0.005 };
    }),
  );
}

/** Metrics of half-iterations of 50 logged steps each, b and f in turn. */
const training = (halves: number, loss: (half: number, step: number) => number) =>
  Array.from({ length: halves * 50 }, (_, i) => {
    const half_iteration = 1 + Math.floor(i / 50);
    const step = 10 * (1 + (i % 50));
    const direction = half_iteration % 2 === 1 ? "b" : "f";
    return { half_iteration, direction, step, loss: loss(half_iteration, step) };
  });
const lossOf = (rows: TrendOptions["rows"], panel: Partial<TrendPanel> = {}) =>
  trendFigure({ rows, panels: [{ metric: "loss", scale: "log", ...panel }], x: "step" });

describe("trendFigure over half-iterations", () => {
  it("has four panels with lines, floors, axes and a legend", async () => {
    const series = (row: Record<string, unknown>) => `${row.steps} steps`;
    const svg = await trendFigure({ rows: evaluations(6), panels, series });
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(select(svg, "svg > svg")).toHaveLength(4);
    // Two series in each of four panels, and two floors in the last.
    expect(lines(svg)).toHaveLength(10);
    expect(dots(svg)).toHaveLength(4 * 2 * 6);
    const words = texts(svg);
    for (const word of ["20 steps", "100 steps", "floor of a perfect sampler"])
      expect(words.filter((text) => text === word)).toHaveLength(1);
    for (const word of ["Mean", "half-iteration", "KL (nats)"]) expect(words).toContain(word);
  });

  it("has the colour of a direction whatever the series beside it, and numbers on a narrow logarithmic axis", async () => {
    const rows = ["b", "f"].map((direction, i) => ({
      ...{ half_iteration: 1 + i, step: 10, direction, loss: 0.0878 + 0.0027 * i },
    }));
    const series = ({ direction }: Record<string, unknown>) =>
      direction === "f" ? "forward (f), 10 steps" : "backward (b), 10 steps";
    const forward = await trendFigure({
      rows: rows.slice(1),
      panels: [{ metric: "loss" }],
      series,
    });
    const both = await lossOf(rows);
    const fills = (svg: string) =>
      select(svg, '[aria-label="dot"]').map((group) => group.getAttribute("fill"));
    expect(fills(both)).toHaveLength(2);
    expect(fills(forward)).toEqual(fills(both).slice(1));
    expect(texts(both)).toEqual(expect.arrayContaining(["0.08", "0.09", "0.1"]));
  });

  it("shows what is known at one half-iteration of each direction", async () => {
    const rows = ["b", "f"].map((direction, i) => ({
      ...{ half_iteration: 1 + i, direction, kl: 2, floor: 1 + i },
    }));
    const svg = await trendFigure({ rows, panels: [{ metric: "kl", floor: "floor" }] });
    expect(lines(svg).filter((path) => coordinates(path).length === 2)).toHaveLength(2);
  });

  it("has a line for each direction, and its letter at the half-iteration", async () => {
    const rows = [1, 2, 3, 4].map((n) => {
      return { half_iteration: n, direction: n % 2 ? "b" : "f", mean: n };
    });
    const svg = await trendFigure({ rows, panels: [{ metric: "mean" }] });
    expect(lines(svg)).toHaveLength(2);
    const words = ["backward (b)", "forward (f)", "1 b", "2 f", "3 b", "4 f", "mean"];
    expect(texts(svg)).toEqual(expect.arrayContaining(words));
    // Where both directions are evaluated after each half-iteration no letter is right.
    const both = rows.flatMap((row) => ["f", "b"].map((direction) => ({ ...row, direction })));
    expect(texts(await trendFigure({ rows: both, panels: [{ metric: "mean" }] }))).toEqual(
      expect.arrayContaining(["1", "4"]),
    );
  });

  it("draws one half-iteration, and says so where a metric has no finite value", async () => {
    const rows = [{ half_iteration: 1, steps: 20, mean: Number.NaN, var: 1, cov: null }];
    const svg = await trendFigure({ rows, panels });
    expect(dots(svg)).toHaveLength(1);
    for (const metric of ["mean", "cov", "kl"])
      expect(texts(svg)).toContain(`no finite value of ${metric}`);
    expect(texts(svg)).toContain("not finite");
    expect(svg).not.toContain("NaN");
  });

  it("draws a band of one standard deviation, on a logarithmic axis too", async () => {
    const rows = [1, 2].map((n) => ({ half_iteration: n, mean: n, std: 1.4, floor: 0.5 }));
    const panel: TrendPanel = { metric: "mean", spread: "std", floor: "floor" };
    const areas = (svg: string) => select(svg, '[aria-label="area"] path').length;
    expect(areas(await trendFigure({ rows, panels: [panel] }))).toBe(1);
    const log = await trendFigure({ rows, panels: [{ ...panel, scale: "log" }] });
    expect(areas(log)).toBe(1);
    expect(log).not.toMatch(/NaN|Infinity/);
    const { spread: _, ...plain } = panel;
    expect(areas(await trendFigure({ rows, panels: [plain] }))).toBe(0);
    // A single evaluation has a band of some width.
    expect(areas(await trendFigure({ rows: rows.slice(0, 1), panels: [panel] }))).toBe(1);
  });

  it("renders to PNG at twice the size of the SVG", async () => {
    const svg = await trendFigure({ rows: evaluations(2), panels });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) as RegExpExecArray;
    const size = await sharp(await svgToPng(svg)).metadata();
    expect([size.format, size.width, size.height]).toEqual([
      "png",
      2 * Number(width),
      2 * Number(height),
    ]);
    const { channels } = await sharp(await svgToPng(svg)).stats();
    expect(channels[0]!.min).toBeLessThan(60);
  });

  it("escapes titles and refuses nothing to draw", async () => {
    const svg = await trendFigure({
      rows: evaluations(2),
      panels: [{ metric: "mean", title: "a < b & c" }],
      title: "<script>",
    });
    expect(svg).not.toContain("<script>");
    expect(texts(svg)).toContain("a < b & c");
    for (const [options, message] of [
      [{ rows: [], panels }, /0 rows, none with half_iteration, and 4 panels, expected/],
      [{ rows: evaluations(1), panels: [] }, /2 rows, and 0 panels/],
      [{ rows: [{ step: 1, mean: 1 }], panels, x: "step" }, /none with half_iteration and step/],
    ] as [TrendOptions, RegExp][])
      await expect(trendFigure(options)).rejects.toThrow(message);
  });
});

describe("trendFigure over steps", () => {
  it("has a line with a band for each half-iteration, one after the other", async () => {
    // Ten times less in each half-iteration: equal distances on a logarithmic axis.
    const svg = await lossOf(training(3, (half) => 10 ** -half));
    expect(select(svg, "svg > svg")).toHaveLength(1);
    expect(select(svg, '[aria-label="area"] path')).toHaveLength(3);
    const words = ["1 b", "2 f", "3 b", "backward (b)", "forward (f)", "1k", "1.4k"];
    expect(texts(svg)).toEqual(expect.arrayContaining(words));
    const drawn = lines(svg);
    expect(drawn).toHaveLength(3);
    const heights = drawn.map((line) => coordinates(line).map(([, y]) => y));
    for (const level of heights) expect(new Set(level).size).toBe(1);
    const [a, b, c] = heights.map((level) => level[0] as number) as [number, number, number];
    expect(b - a).toBeCloseTo(c - b, 1);
    expect(b).toBeGreaterThan(a);
    const ranges = drawn.map((line) => {
      const xs = coordinates(line).map(([x]) => x);
      return [xs[0] as number, xs.at(-1) as number] as const;
    });
    ranges.slice(1).forEach(([from], i) => {
      expect(from).toBeGreaterThan(ranges[i]![1]);
    });
    expect(svg).not.toContain("NaN");
  });

  it("marks steps that are not finite, and says so where nothing else is there", async () => {
    const isLost = (half: number, step: number) => half === 2 && step === 250;
    const svg = await lossOf(training(2, (half, step) => (isLost(half, step) ? Number.NaN : 1)));
    const [border, lost] = rules(svg);
    expect(rules(svg)).toHaveLength(2);
    expect(Number(lost!.getAttribute("x1"))).toBeGreaterThan(Number(border!.getAttribute("x1")));
    expect(texts(svg)).toContain("not finite");
    const all = await lossOf(training(1, () => Number.NaN));
    expect(texts(all)).toEqual(expect.arrayContaining(["no finite value of loss", "not finite"]));
    // Zero has no place on a logarithmic axis; on a linear one it has.
    const zeros = training(1, (_, step) => (step > 250 ? 0 : 1));
    expect(coordinates(lines(await lossOf(zeros))[0]!)).toHaveLength(25);
    expect(coordinates(lines(await lossOf(zeros, { scale: "linear" }))[0]!)).toHaveLength(50);
  });

  it("draws another metric, rows without direction, and one row", async () => {
    const rows = [{ half_iteration: 1, step: 3, grad_norm: 0.5 }, { note: "not this one" }];
    const svg = await trendFigure({ rows, panels: [{ metric: "grad_norm" }], x: "step" });
    expect(lines(svg)).toHaveLength(1);
    expect(texts(svg)).toContain("grad_norm (line: mean, band: range)");
    expect(svg).not.toContain("NaN");
  });

  it("stays small for hundreds of thousands of rows", async () => {
    const rows = training(4000, (_, step) => 1 + Math.sin(step)).map((row, i) => ({
      ...row,
      half_iteration: 1 + Math.floor(i / 20_000),
      step: i % 20_000,
    }));
    const svg = await lossOf(rows);
    expect(svg.length).toBeLessThan(400_000);
    expect(lines(svg).length).toBeGreaterThanOrEqual(10);
  });
});

describe("smooth", () => {
  const samples = Array.from({ length: 100 }, (_, i) => ({ x: i, value: i }));

  it("gathers all samples into bins: means, ranges, and the mean of all is kept", () => {
    const bins = smooth(samples, { most: 10, share: 0 });
    expect(bins.map((bin) => bin.y)).toEqual(Array.from({ length: 10 }, (_, i) => 10 * i + 4.5));
    expect(bins[3]).toEqual({ x: 34.5, y: 34.5, low: 30, high: 39 });
  });

  it("leaves a straight line straight and halves no edge", () => {
    const bins = smooth(samples, { most: 100, share: 0.1 });
    expect(bins).toHaveLength(100);
    for (const { x, ...bin } of bins.slice(5, 95))
      expect(bin).toEqual({ y: x, low: x - 5, high: x + 5 });
    expect(bins[0]).toEqual({ x: 0, y: 2.5, low: 0, high: 5 });
  });

  it("takes unequal steps, one sample and none", () => {
    const uneven = [1, 2, 1000].map((x) => ({ x, value: 1 }));
    expect(smooth(uneven, { most: 9, share: 0.5 }).map((bin) => bin.x)).toEqual([1.5, 1000]);
    expect(smooth([{ x: 7, value: 3 }], { most: 9, share: 1 })).toEqual([
      { x: 7, y: 3, low: 3, high: 3 },
    ]);
    expect(smooth([], { most: 9, share: 0 })).toEqual([]);
  });
});

describe("axes", () => {
  it("never are empty and never crowded", () => {
    expect(linearDomain([1, 1])).toEqual([0.95, 1.05]);
    const [low, high] = linearDomain([0, 0]);
    expect(high).toBeGreaterThan(low);
    expect(logTicks([0.01, 100])).toEqual([0.01, 0.1, 1, 10, 100]);
    expect(logTicks([1, 64], 2)).toEqual([1, 2, 4, 8, 16, 32, 64]);
    for (const base of [2, 10] as const)
      for (const lowest of [1e-9, 0.013, 0.52, 1, 7, 333])
        for (const ratio of [1.01, 1.1, 1.5, 3, 12, 150, 1e7, 1e30]) {
          const ticks = logTicks([lowest, lowest * ratio], base);
          expect(ticks.length, `${base}: ${lowest} × ${ratio}`).toBeGreaterThanOrEqual(2);
          expect(ticks.length, `${base}: ${lowest} × ${ratio}`).toBeLessThanOrEqual(11);
        }
    expect(niceTicks(1, 40, { count: 9, least: 1 })).toEqual([5, 10, 15, 20, 25, 30, 35, 40]);
    expect(niceTicks(1, 1, { least: 1 })).toEqual([1]);
  });
});
