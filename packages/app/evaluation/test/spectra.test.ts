// The mean error by octave on fields whose spectra are known in closed form.
import { bandError, isotropicSpectrum, octaves } from "@dsbm/bridge";
import { loadTable, type Split } from "@dsbm/data";
import { setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { meanError } from "../src/metrics/fields.js";

beforeAll(() => setNumThreads(1));

const size = 32;
const spectrumOf = (resolution: "high" | "low", split: Split = "train") =>
  tidy(() => {
    const name = `downscaler_synthetic_${resolution}`;
    return isotropicSpectrum(loadTable(name, { split, image_size: size, n: 400, seed: 4 }).x);
  });
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

it("of coarse fields against fine ones has the two octaves that coarse fields lack", () => {
  const [low, high, more] = [spectrumOf("low"), spectrumOf("high", "test"), spectrumOf("high")];
  expect(meanError(low, high)).toBeGreaterThan(0.5);
  expect(meanError(more, high)).toBeLessThan(0.1);
});

it("skips octaves without energy in the data", () => {
  const [low, high] = [spectrumOf("low"), spectrumOf("high")];
  const bands = octaves(low.k.length);
  const cutoff = size / 8;
  const told = bandError(high, low, bands).flatMap((errors) =>
    errors.filter((_, i) => bands[i][0] <= cutoff),
  );
  expect(meanError(high, low)).toBeCloseTo(mean(told), 12);
  const none = { k: low.k, energy: low.energy.map((values) => values.map(() => 0)) };
  expect(meanError(high, none)).toBeNull();
});
