// The loss figure: lines where the values are, nothing hidden that is not finite, any number of rows.
import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { lossFigure } from "../../src/figure/loss.js";
import { trend } from "../../src/figure/trend.js";

interface Element {
  textContent: string;
  getAttribute(name: string): string | null;
}

/** The elements of an SVG that match a selector. */
function select(svg: string, selector: string): Element[] {
  return [...parseHTML(`<body>${svg}</body>`).document.querySelectorAll(selector)] as Element[];
}

const texts = (svg: string) => select(svg, "text").map((element) => element.textContent);
const lines = (svg: string) => select(svg, '[aria-label="line"] path');

/** The points of an SVG path made of straight lines. */
const coordinates = (path: Element) =>
  [...(path.getAttribute("d") ?? "").matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);

/** Rows of half-iterations of 50 logged steps each, b and f in turn. */
const rows = (halves: number, loss: (half: number, step: number) => number) =>
  Array.from({ length: halves * 50 }, (_, i) => {
    const half_iteration = 1 + Math.floor(i / 50);
    const step = 10 * (1 + (i % 50));
    const direction = half_iteration % 2 === 1 ? "b" : "f";
    return { half_iteration, direction, step, loss: loss(half_iteration, step) };
  });

describe("trend", () => {
  const samples = Array.from({ length: 100 }, (_, i) => ({ step: i, value: i }));

  it("gathers all samples into bins: means, ranges, and the mean of all is kept", () => {
    const bins = trend(samples, { most: 10, smooth: 0 });
    expect(bins.map((bin) => bin.mean)).toEqual(Array.from({ length: 10 }, (_, i) => 10 * i + 4.5));
    expect(bins[3]).toEqual({ step: 34.5, mean: 34.5, low: 30, high: 39 });
  });

  it("leaves a straight line straight and halves no edge", () => {
    const bins = trend(samples, { most: 100, smooth: 0.1 });
    expect(bins).toHaveLength(100);
    for (const bin of bins.slice(5, 95)) {
      expect(bin).toEqual({
        step: bin.step,
        mean: bin.step,
        low: bin.step - 5,
        high: bin.step + 5,
      });
    }
    expect(bins[0]).toEqual({ step: 0, mean: 2.5, low: 0, high: 5 });
  });

  it("takes unequal steps, one sample and none", () => {
    const uneven = trend(
      [1, 2, 1000].map((step) => ({ step, value: 1 })),
      { most: 9, smooth: 0.5 },
    );
    expect(uneven.map((bin) => bin.step)).toEqual([1.5, 1000]);
    expect(trend([{ step: 7, value: 3 }], { most: 9, smooth: 1 })).toEqual([
      { step: 7, mean: 3, low: 3, high: 3 },
    ]);
    expect(trend([], { most: 9, smooth: 0 })).toEqual([]);
  });
});

describe("lossFigure", () => {
  it("has a panel a half-iteration, with a line and a band, on a shared log axis", async () => {
    // Ten times less in each half-iteration: equal distances on a log axis.
    const svg = await lossFigure({ metrics: rows(3, (half) => 10 ** -half), title: "Bridge" });
    expect(select(svg, "svg > svg")).toHaveLength(3);
    expect(lines(svg)).toHaveLength(3);
    expect(select(svg, '[aria-label="area"] path')).toHaveLength(3);
    for (const word of ["Bridge", "half-iteration 1, b", "half-iteration 2, f", "step", "b", "f"]) {
      expect(texts(svg)).toContain(word);
    }
    const heights = lines(svg).map((line) => coordinates(line).map(([, y]) => y));
    for (const level of heights) expect(new Set(level).size).toBe(1);
    const [a, b, c] = heights.map((level) => level[0] as number) as [number, number, number];
    expect(b - a).toBeCloseTo(c - b, 1);
    expect(b).toBeGreaterThan(a);
    expect(svg).not.toContain("NaN");
  });

  it("has a line a direction for many half-iterations, one after the other", async () => {
    const metrics = rows(14, (half) => half);
    const svg = await lossFigure({ metrics, scale: "linear" });
    expect(select(svg, "svg > svg")).toHaveLength(1);
    // One line a half-iteration, in the colour of its direction, none beginning before the last ends.
    const drawn = lines(svg);
    expect(drawn).toHaveLength(14);
    expect(new Set(drawn.map((line) => line.getAttribute("stroke"))).size).toBe(2);
    const ranges = drawn
      .map((line) => coordinates(line).map(([x]) => x as number))
      .map((xs) => [xs[0] as number, xs.at(-1) as number] as const)
      .sort(([a], [b]) => a - b);
    ranges.slice(1).forEach(([from], i) => {
      expect(from).toBeGreaterThan(ranges[i]![1]);
    });
    const few = await lossFigure({ metrics: rows(2, () => 1), by: "direction" });
    expect(select(few, "svg > svg")).toHaveLength(1);
  });

  it("marks steps that are not finite, and says so where nothing else is there", async () => {
    const metrics = rows(2, (half, step) => (half === 2 && step === 250 ? Number.NaN : 1));
    const svg = await lossFigure({ metrics });
    const marked = select(svg, '[aria-label="rule"] line');
    expect(marked.filter((line) => line.getAttribute("y1") !== null)).toHaveLength(1);
    expect(texts(svg)).toContain("not finite");
    const lost = await lossFigure({ metrics: rows(1, () => Number.POSITIVE_INFINITY) });
    expect(texts(lost)).toContain("no finite value of loss");
    const zero = await lossFigure({ metrics: rows(1, () => 0) });
    expect(texts(zero)).toContain("no finite value of loss");
  });

  it("draws another metric, rows without direction, and one row", async () => {
    const metrics = [{ half_iteration: 1, step: 3, grad_norm: 0.5 }, { note: "not this one" }];
    const svg = await lossFigure({ metrics, metric: "grad_norm" });
    expect(texts(svg)).toEqual(expect.arrayContaining(["half-iteration 1", "grad_norm"]));
    expect(svg).not.toContain("NaN");
  });

  it("stays small and quick for hundreds of thousands of rows", async () => {
    const metrics = rows(4000, (_, step) => 1 + Math.sin(step)).map((row, i) => ({
      ...row,
      half_iteration: 1 + Math.floor(i / 20_000),
      step: i % 20_000,
    }));
    expect(metrics).toHaveLength(200_000);
    const svg = await lossFigure({ metrics, by: "direction" });
    expect(svg.length).toBeLessThan(400_000);
    expect(lines(svg).length).toBeGreaterThanOrEqual(10);
  });

  it("refuses nothing to draw and a share that is none", async () => {
    await expect(lossFigure({ metrics: [{ step: 1, loss: 1 }] })).rejects.toThrow(
      /1 rows, none with half_iteration, step and loss/,
    );
    const metrics = rows(1, () => 1);
    await expect(lossFigure({ metrics, smooth: 2 })).rejects.toThrow(/smooth 2/);
  });
});
