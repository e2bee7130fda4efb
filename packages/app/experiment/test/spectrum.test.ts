// The spectra of an evaluation as a figure with the limit of the coarse grid.
import { isotropicSpectrum } from "@dsbm/bridge";
import { loadTable } from "@dsbm/data";
import { setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { cutoffOf, spectraFigure } from "../src/picture/spectrum.js";

beforeAll(() => setNumThreads(1));

const size = 32;
const n = 400;
const draw = (resolution: "low" | "high") =>
  loadTable(`downscaler_synthetic_${resolution}`, { split: "train", image_size: size, n, seed: 4 });

describe("the figure", () => {
  it("mark in the figure where the coarse fields end", async () => {
    const spectra = tidy(() => {
      const [low, high] = [draw("low"), draw("high")];
      const fine = isotropicSpectrum(high.x);
      return { start: isotropicSpectrum(low.x), end: fine, data: fine, reserve: fine };
    });
    // The last annulus with a mode below the cut-off, and one more.
    expect(cutoffOf(spectra.start, spectra.data)).toBe(size / 8 + 1);
    expect(cutoffOf(spectra.data, spectra.end)).toBeNull();
    const svg = await spectraFigure(spectra, { title: "Fields" });
    for (const text of ["source", "target", "generated", "limit of the coarse grid"])
      expect(svg).toContain(text);
  });
});
