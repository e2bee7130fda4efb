// The figure of spectra: power laws are straight lines, lines without energy leave the frame, wrong input is named.
import { describe, expect, it } from "vitest";
import { type SpectrumSeries, spectrumFigure } from "../../src/figure/spectrum.js";
import { coordinates, lines, rules, select, texts } from "./svg.js";

const k = Array.from({ length: 32 }, (_, i) => i + 1);
const law = (name: string, exponent: number, factor = 1): SpectrumSeries => ({
  name,
  k,
  energy: [k.map((value) => factor * value ** -exponent)],
});

describe("spectrumFigure", () => {
  it("draws power laws as straight lines, steeper ones steeper, a factor as a distance", async () => {
    const svg = await spectrumFigure({
      series: [law("source", 2), law("target", 1), law("generated", 1, 0.1)],
    });
    const drawn = lines(svg).map(coordinates);
    expect(drawn.map((points) => points.length)).toEqual([32, 32, 32]);
    const slopes = drawn.map((points) => {
      const [[x0, y0], [x1, y1]] = [points[0]!, points.at(-1)!];
      const slope = (y1 - y0) / (x1 - x0);
      for (const [x, y] of points) expect(y).toBeCloseTo(y0 + slope * (x - x0), 1);
      return slope;
    });
    expect(slopes[0]! / slopes[1]!).toBeCloseTo(2, 3);
    expect(slopes[2]).toBeCloseTo(slopes[1]!, 3);
    // Two octaves are twice as wide as one; a factor of ten is as high as ten wavenumbers are at exponent 1.
    const [at1, at2, at8] = [0, 1, 7].map((i) => drawn[1]![i]!);
    expect((at8![0] - at1![0]) / (at2![0] - at1![0])).toBeCloseTo(3, 2);
    expect(drawn[2]![0]![1]).toBeCloseTo(drawn[1]![9]![1], 1);
    for (const word of ["Energy spectrum", "source", "target", "generated", "energy", "8", "32"])
      expect(texts(svg)).toContain(word);
    expect(select(svg, "svg > svg")).toHaveLength(1);
    expect(svg).not.toContain("NaN");
  });

  it("has a panel a channel, and a rule at the cut-off", async () => {
    const energy = [...law("", 2).energy, ...law("", 1).energy];
    const svg = await spectrumFigure({
      series: [{ name: "a", k, energy }],
      cutoff: 8,
      title: "Fields",
    });
    expect(select(svg, "svg > svg")).toHaveLength(2);
    expect(lines(svg)).toHaveLength(2);
    for (const word of ["Fields", "channel 1", "channel 2", "limit of the coarse grid"])
      expect(texts(svg)).toContain(word);
    expect(rules(svg)).toHaveLength(2);
    const at = coordinates(lines(svg)[0]!)[7]![0];
    expect(Number(rules(svg)[0]!.getAttribute("x1"))).toBeCloseTo(at, 1);
  });

  it("shows the decades below the largest energy; less and nothing leaves the frame", async () => {
    const cut = { name: "source", k, energy: [k.map((value) => (value < 9 ? 1 / value : 0))] };
    const svg = await spectrumFigure({ series: [cut, law("target", 1), law("floor", 9)] });
    const bottom = Math.max(...coordinates(lines(svg)[1]!).map(([, y]) => y));
    const ys = coordinates(lines(svg)[0]!).map(([, y]) => y);
    expect(ys).toHaveLength(32);
    expect(Math.max(...ys.slice(0, 8))).toBeLessThan(bottom);
    // Beyond the bottom of the frame, where lines are clipped.
    const frame = select(svg, '[aria-label="frame"]')[0]!;
    const edge = Number(frame.getAttribute("y")) + Number(frame.getAttribute("height"));
    for (const y of ys.slice(8)) expect(y).toBeGreaterThan(edge);
    expect(select(svg, "clipPath").length).toBeGreaterThan(0);
    const nothing = await spectrumFigure({ series: [{ name: "a", k: [1], energy: [[0]] }] });
    expect(texts(nothing)).toContain("no energy at any wavenumber");
    const single = await spectrumFigure({ series: [{ name: "a", k: [3], energy: [[2]] }] });
    expect(single).not.toContain("NaN");
  });

  it("refuses what is no spectrum", async () => {
    const good = law("a", 1);
    for (const [series, message] of [
      [[], /no spectrum, expected series/],
      [[{ ...good, energy: [] }], /no spectrum/],
      [
        [good, { ...good, name: "b", energy: [...good.energy, ...good.energy] }],
        /b with 2 channels beside a with 1/,
      ],
      [[{ name: "a", k: [0, 1], energy: [[1, 1]] }], /wavenumbers of a that do not rise/],
      [[{ name: "a", k: [2, 1], energy: [[1, 1]] }], /wavenumbers of a that do not rise/],
      [[{ name: "a", k: [], energy: [[]] }], /wavenumbers of a/],
      [[{ name: "a", k: [1, 2], energy: [[1]] }], /energies of a that are not 2 finite numbers/],
      [[{ name: "a", k: [1], energy: [[-1]] }], /energies of a/],
      [[{ name: "a", k: [1], energy: [[Number.NaN]] }], /energies of a/],
    ] as const)
      await expect(spectrumFigure({ series })).rejects.toThrow(message);
    await expect(spectrumFigure({ series: [] })).rejects.toMatchObject({ code: "bad_argument" });
  });
});
