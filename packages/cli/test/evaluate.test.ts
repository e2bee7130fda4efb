// Evaluations with a sampler that leaves its starts where they are: everything that is measured is known.
import { fileURLToPath } from "node:url";
import { decodeImages, isotropicSpectrum } from "@dsbm/bridge";
import { completeTrain, resolve, train } from "@dsbm/config";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { type Evaluation, evaluate } from "../src/evaluation/evaluate.js";
import { openCourt } from "../src/evaluation/evaluators.js";
import type { TestSampler } from "../src/evaluation/test-sampler.js";
import { loadImageData } from "../src/problem/ends.js";
import { silentProgress } from "../src/terminal/progress.js";

const presets = fileURLToPath(new URL("../../../conf", import.meta.url));
beforeAll(() => setNumThreads(1));

const identity: TestSampler = {
  kind: "sde",
  endpoints: (_, x) => ({ ends: x.clone(), nfe: 1 }),
  path: (_, x) => ({ states: x.unsqueeze(0), times: [0] }),
};

/** What an evaluation from low to high resolution finds, and all held-out fields of both ends. */
async function measured(
  words: readonly string[],
  check: (found: Evaluation, held: { high: Tensor; low: Tensor }) => void,
): Promise<void> {
  const all = ["dataset=downscaler_synthetic", "data.image_size=16", "data.n_train=20", ...words];
  const resolved = resolve(train, all, { dirs: [presets] });
  if (resolved.help) throw new Error("no help was asked for");
  const config = completeTrain((resolved.members[0] as (typeof resolved.members)[number]).config);
  const [progress, signal] = [silentProgress, undefined];
  const data = loadImageData(config);
  const court = await openCourt(data, config, { progress, signal });
  if (!court) throw new Error("nobody stopped it");
  const options = { sampler: identity, data, config, court, progress, signal };
  const found = await evaluate({ half: 1, direction: "b", step: 1 }, options);
  if (!found) throw new Error("nobody stopped it");
  try {
    const [high, low] = [data.x0.test, data.x1.test].map((x) => decodeImages(x)) as [
      Tensor,
      Tensor,
    ];
    check(found, { high, low });
  } finally {
    for (const t of [found.start, found.end, found.data]) t.dispose();
    court[Symbol.dispose]();
    data.dispose();
  }
}

const energy = (x: Tensor) => isotropicSpectrum(x).energy.flat();
const expectClose = (got: readonly number[], want: readonly number[]) => {
  expect(got).toHaveLength(want.length);
  got.forEach((value, i) => {
    expect(value).toBeCloseTo(want[i] as number, 9);
  });
};

it("measures spectra against all fields held out, however few are carried", () =>
  measured(["data.n_test=40", "test_npar=6"], ({ start, end, data, result, spectra }, held) => {
    expect([start.size(0), end.size(0), data.size(0), result.n]).toEqual([6, 6, 6, 6]);
    expectClose(spectra?.data.energy.flat() ?? [], energy(held.high));
    expectClose(spectra?.start.energy.flat() ?? [], energy(start));
    // Six of the forty have another spectrum: the test can tell.
    expect(spectra?.data.energy[0]?.[0]).not.toBeCloseTo(energy(data)[0] as number, 4);
    expect(result.msd).toBe(0);
    expect(result.worst_band).toBe(1);
  }));

it("measures as many as are carried where that is all there are", () =>
  measured(["data.n_test=12", "test_npar=500"], ({ data, spectra, result }, held) => {
    expect([data.size(0), result.n]).toEqual([12, 12]);
    expectClose(spectra?.data.energy.flat() ?? [], energy(held.high));
    expectClose(spectra?.start.energy.flat() ?? [], energy(held.low));
  }));
