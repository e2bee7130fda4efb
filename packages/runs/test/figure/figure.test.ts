// Figures hold the marks they should, in valid SVG, and PNGs have the size and pixels expected.
import { parseHTML } from "linkedom";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { RunError } from "../../src/errors.js";
import { integerTicks, linearDomain, logAxis } from "../../src/figure/axis.js";
import { convergenceFigure, gaussianPanels } from "../../src/figure/convergence.js";
import { imageGrid } from "../../src/figure/grid.js";
import { svgToPng } from "../../src/figure/png.js";
import { renderReport } from "../../src/figure/report.js";
import { scatterFigure } from "../../src/figure/scatter.js";
import type { Row } from "../../src/files/csv.js";

const exact = { mean: -0.1, var: 1, cov: 0.618 };

/** Rows of a run with 20 and 100 steps whose metrics go to their exact values. */
function rows(count: number): Row[] {
  return [20, 100].flatMap((steps) =>
    Array.from({ length: count }, (_, i) => {
      const off = (1 + 1 / steps) * Math.exp(-i);
      const kl = { kl_full: off + 0.01, floor_full: 0.005 };
      const moments = { mean: exact.mean + off, var: exact.var - off, cov: exact.cov - off };
      return { half_iteration: i + 1, steps, ...moments, ...kl };
    }),
  );
}

/** The elements of an SVG that match a selector. */
function select(svg: string, selector: string): Element[] {
  return [...parseHTML(`<body>${svg}</body>`).document.querySelectorAll(selector)] as Element[];
}

interface Element {
  textContent: string;
  getAttribute(name: string): string | null;
}

const texts = (svg: string) => select(svg, "text").map((element) => element.textContent);

describe("convergenceFigure", () => {
  it("has four panels with lines, exact rules, floors, axes and a legend", async () => {
    const svg = await convergenceFigure({ rows: rows(6), panels: gaussianPanels(exact) });
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(select(svg, "svg > svg")).toHaveLength(4);
    // Two series in each of four panels, and two floors in the last.
    expect(select(svg, '[aria-label="line"] path')).toHaveLength(10);
    expect(select(svg, '[aria-label="rule"] line')).toHaveLength(3);
    expect(select(svg, '[aria-label="dot"] circle')).toHaveLength(4 * 2 * 6);
    const words = texts(svg);
    for (const word of ["20 steps", "100 steps", "exact", "floor of a perfect sampler"]) {
      expect(words.filter((text) => text === word)).toHaveLength(1);
    }
    for (const word of ["Mean", "half-iteration", "KL (nats), mean over t", "exact0.618"]) {
      expect(words).toContain(word);
    }
  });

  it("renders to PNG at the size of the SVG times the scale", async () => {
    const svg = await convergenceFigure({ rows: rows(2), panels: gaussianPanels(exact) });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) as RegExpExecArray;
    const size = await sharp(await svgToPng(svg)).metadata();
    expect([size.format, size.width, size.height]).toEqual([
      "png",
      2 * Number(width),
      2 * Number(height),
    ]);
    const { channels } = await sharp(await svgToPng(svg, { scale: 1 })).stats();
    expect(channels[0]!.min).toBeLessThan(60);
  });

  it("puts the exact rule where the axis has that value", async () => {
    const panel = { metric: "mean", title: "Mean", label: "mean", exact: 0.5 };
    const flat = [1, 2].map((n) => ({ half_iteration: n, mean: 0.5 }));
    const svg = await convergenceFigure({ rows: flat, panels: [panel] });
    const ys = select(svg, '[aria-label="dot"] circle').map((dot) => dot.getAttribute("cy"));
    const rule = select(svg, '[aria-label="rule"] line')[0]!.getAttribute("y1");
    expect(Number(rule)).toBeCloseTo(Number(ys[0]), 6);
  });

  it("draws one half-iteration, and says so where a metric has no finite value", async () => {
    const lost: Row[] = [{ half_iteration: 1, steps: 20, mean: Number.NaN, var: 1, cov: null }];
    const svg = await convergenceFigure({ rows: lost, panels: gaussianPanels(exact) });
    expect(select(svg, '[aria-label="dot"] circle')).toHaveLength(1);
    for (const metric of ["mean", "cov", "kl_full"]) {
      expect(texts(svg)).toContain(`no finite value of ${metric}`);
    }
    expect(svg).not.toContain("NaN");
  });

  it("escapes titles and refuses nothing to draw", async () => {
    const panels = [{ metric: "mean", title: "a < b & c", label: "x" }];
    const svg = await convergenceFigure({ rows: rows(2), panels, title: "<script>" });
    expect(svg).not.toContain("<script>");
    expect(texts(svg)).toContain("a < b & c");
    await expect(convergenceFigure({ rows: [] })).rejects.toThrow(RunError);
  });
});

describe("scatterFigure", () => {
  const path = Float32Array.from({ length: 5 * 30 * 3 }, (_, i) => Math.sin(i));
  const source = path.slice(0, 60);

  it("shows the samples at each time over source and target", async () => {
    const options = { path, shape: [5, 30, 3] as const, panels: 3, source, target: source };
    const svg = await scatterFigure({ ...options, times: [1, 0.75, 0.5, 0.25, 0] });
    expect(texts(svg).filter((text) => text.startsWith("t ="))).toEqual([
      "t = 1",
      "t = 0.5",
      "t = 0",
    ]);
    expect(select(svg, '[aria-label="dot"] circle')).toHaveLength(3 * (20 + 20 + 30));
    expect(texts(svg)).toEqual(expect.arrayContaining(["first coordinate", "second coordinate"]));
    const few = await scatterFigure({ ...options, points: 10 });
    expect(select(few, '[aria-label="dot"] circle')).toHaveLength(3 * 30);
  });

  it("draws one coordinate as histograms", async () => {
    const svg = await scatterFigure({ path, shape: [5, 90, 1], source, target: source });
    expect(select(svg, '[aria-label="rect"] rect')).toHaveLength(5 * 30);
    expect(texts(svg)).toContain("share of samples");
  });

  it("refuses sizes that do not fit", async () => {
    await expect(scatterFigure({ path, shape: [5, 30, 2] })).rejects.toThrow(/path has 450/);
    await expect(scatterFigure({ path, shape: [5, 30, 3], times: [0] })).rejects.toThrow(/times/);
  });
});

describe("imageGrid", () => {
  /** The RGB pixel of a PNG. */
  async function pixel(png: Buffer, x: number, y: number): Promise<number[]> {
    const { data, info } = await sharp(png)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const at = (y * info.width + x) * info.channels;
    return [...data.subarray(at, at + 3)];
  }

  it("places images row by row with padding, and clips to the range", async () => {
    const images = new Float32Array([-1, 0, 1, 5, -5, Number.NaN]);
    const png = await imageGrid({ images, shape: [6, 1, 1, 1], columns: 3, padding: 2, scale: 4 });
    const { width, height } = await sharp(png).metadata();
    expect([width, height]).toEqual([2 + 3 * 6, 2 + 2 * 6]);
    const centre = (i: number) => [4 + 6 * (i % 3), 4 + 6 * Math.floor(i / 3)] as const;
    const seen = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => pixel(png, ...centre(i))));
    expect(seen.map((rgb) => rgb.join())).toEqual([
      "0,0,0",
      "128,128,128",
      "255,255,255",
      "255,255,255",
      "0,0,0",
      "255,0,255",
    ]);
    expect(await pixel(png, 0, 0)).toEqual([255, 255, 255]);
  });

  it("reads RGB planes and another range", async () => {
    const images = new Float32Array([1, 0, 0.5]);
    const shape = [1, 3, 1, 1] as const;
    const png = await imageGrid({ images, shape, columns: 1, padding: 0, scale: 2, range: [0, 1] });
    expect(await pixel(png, 1, 1)).toEqual([255, 0, 128]);
  });

  it("makes room for titles", async () => {
    const images = new Float32Array(2 * 16).fill(1);
    const base = { images, shape: [2, 1, 4, 4] as const, columns: 2, padding: 4 };
    const plain = await sharp(await imageGrid(base)).metadata();
    const titles = { columnTitles: ["source", "t = 0"], rowTitles: ["first"], title: "Digits" };
    const png = await imageGrid({ ...base, ...titles });
    const titled = await sharp(png).metadata();
    expect(titled.width).toBeGreaterThan(plain.width);
    expect(titled.height).toBeGreaterThan(plain.height);
    // The images are white: what is dark is text.
    const { channels } = await sharp(png).stats();
    expect(channels[0]!.min).toBeLessThan(100);
  });

  it("refuses sizes that do not fit", async () => {
    const images = new Float32Array(8);
    for (const [shape, columns] of [
      [[2, 2, 2, 1], 1],
      [[2, 1, 2, 1], 1],
      [[2, 1, 2, 2], 0],
    ] as const) {
      await expect(imageGrid({ images, shape, columns })).rejects.toThrow(
        /an image grid was given/,
      );
    }
  });
});

describe("renderReport", () => {
  const table = { caption: "Results", rows: [{ n: 1, mean: -0.09891, note: "<b>" }] };

  it("has tables, pictures by relative path, facts, and no scripts", () => {
    const html = renderReport({
      title: "Run <1>",
      facts: { fb_sequence: ["b", "f"], dim: 5 },
      tables: [table],
      pictures: [{ path: "figures/a b.svg", caption: "Path" }],
    });
    expect(select(html, "td").map((td) => td.textContent)).toEqual([
      "1",
      "-0.0989",
      "<b>",
      '["b","f"]',
      "5",
    ]);
    expect(select(html, "img").map((img) => img.getAttribute("src"))).toEqual([
      "figures/a%20b.svg",
    ]);
    expect(html).not.toMatch(/<script|https?:/);
    expect(html).toContain("<h1>Run &lt;1&gt;</h1>");
  });

  it("refuses pictures that would not travel with the folder", () => {
    for (const path of ["/tmp/a.png", "https://example.org/a.png", "../a.png", "data:image/png,"]) {
      const pictures = [{ path, caption: "x" }];
      expect(() => renderReport({ title: "x", pictures })).toThrow(/not a path relative/);
    }
  });
});

describe("axes", () => {
  it("never are empty and never crowded", () => {
    expect(linearDomain([1, 1])).toEqual([0.95, 1.05]);
    const [low, high] = linearDomain([0, 0]);
    expect(high).toBeGreaterThan(low);
    expect(logAxis([0.02, 0.02]).ticks).toEqual([0.02]);
    expect(logAxis([1e-12, 1]).ticks.length).toBeLessThanOrEqual(7);
    expect(integerTicks(1, 40)).toEqual([5, 10, 15, 20, 25, 30, 35, 40]);
    expect(integerTicks(1, 1)).toEqual([1]);
  });
});
