// The spectra of an evaluation as files: the figure with the limit of the coarse grid, and spectrum.csv.
import { isotropicSpectrum } from "@dsbm/bridge";
import { downscalingLaw, loadTable } from "@dsbm/data";
import type { BandRow } from "@dsbm/evaluation";
import { setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { cutoffOf, spectraFigure, withBands } from "../src/picture/spectrum.js";

beforeAll(() => setNumThreads(1));

const size = 32;
const n = 400;
const draw = (resolution: "low" | "high") =>
  loadTable(`downscaler_synthetic_${resolution}`, { split: "train", image_size: size, n, seed: 4 });
const law = (resolution: "low" | "high") => downscalingLaw(resolution, { size });

describe("the figure", () => {
  it("mark in the figure where the coarse fields end", async () => {
    const spectra = tidy(() => {
      const [low, high] = [draw("low"), draw("high")];
      const fine = isotropicSpectrum(high.x);
      return { start: isotropicSpectrum(low.x), end: fine, data: fine, reserve: fine };
    });
    // The last annulus with a mode below the cut-off, and one more.
    expect(cutoffOf(spectra.start, spectra.data)).toBe(law("low").cutoff + 1);
    expect(cutoffOf(spectra.data, spectra.end)).toBeNull();
    const svg = await spectraFigure(spectra, { title: "Fields" });
    for (const text of ["source", "target", "generated", "limit of the coarse grid"])
      expect(svg).toContain(text);
  });
});

describe("spectrum.csv", () => {
  const band = (channel: number): BandRow => ({
    channel,
    band_from: 1,
    band_to: 1,
    error_generated: 0.5,
    error_start: null,
    error_floor: 0.1,
  });
  const at = (half_iteration: number, direction: string, step: number) => ({
    half_iteration,
    direction,
    step,
  });
  const told = (rows: { [key: string]: unknown }[]) =>
    rows.map((r) => `${r.half_iteration}${r.direction}${r.step}/${r.channel}`);

  it("grows, and forgets what is made again and what came after it", () => {
    let rows = withBands([], at(1, "b", 5), [band(0), band(1)]);
    rows = withBands(rows, at(1, "b", 10), [band(0)]);
    rows = withBands(rows, at(2, "f", 5), [band(0)]);
    rows = withBands(rows, at(2, "b", 5), [band(0)]);
    const all = ["1b5/0", "1b5/1", "1b10/0", "2f5/0", "2b5/0"];
    expect(told(rows)).toEqual(all);
    expect(told(withBands(rows, at(2, "f", 5), [band(0)])).toSorted()).toEqual(all.toSorted());
    expect(told(withBands(rows, at(1, "b", 5), [band(3)]))).toEqual(["1b5/3"]);
  });
});
