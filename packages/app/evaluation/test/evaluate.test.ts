// Evaluations with a sampler that leaves its starts where they are: everything that is measured is known.
import { decodeImages } from "@dsbm/bridge";
import { silentProgress } from "@dsbm/runs";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { configured, openEvaluators, withEnds } from "../../../../test/support/problem.js";
import { disposeCarried, type Evaluation, evaluate } from "../src/live/evaluate.js";
import type { TestSampler } from "../src/live/samplers.js";
import { bandRows, meanError, spectraOf } from "../src/live/spectra.js";

beforeAll(() => setNumThreads(1));

const identity: TestSampler = {
  kind: "sde",
  steps: 1,
  carry: (_, x) => ({ ends: x.clone(), states: null, nfe: 1 }),
  path: (_, x) => ({ states: x.unsqueeze(0), times: [0] }),
};

/** What an evaluation from low to high resolution finds, and all held-out fields of both ends. */
async function measured(
  words: readonly string[],
  check: (found: Evaluation, held: { high: Tensor; low: Tensor }) => void,
): Promise<void> {
  const config = configured(
    ...["dataset=downscaler_synthetic", "data.image_size=16", "data.n_train=20"],
    ...words,
  );
  await withEnds(config, async (ends) => {
    using evaluators = await openEvaluators(ends, config);
    const options = { sampler: identity, ends, config, evaluators };
    const found = await evaluate(
      { half: 1, direction: "b", step: 1 },
      { ...options, progress: silentProgress, signal: undefined },
    );
    if (!found) throw new Error("nobody stopped it");
    try {
      const [high, low] = [ends.x0.test, ends.x1.test].map((x) => decodeImages(x)) as [
        Tensor,
        Tensor,
      ];
      check(found, { high, low });
    } finally {
      disposeCarried(found.carried);
    }
  });
}

/** The mean error of the starts' spectrum against fields, by band. */
const startError = (start: Tensor, fields: Tensor) =>
  meanError(
    bandRows(spectraOf({ start, end: start, data: fields, reserve: fields })),
    "error_start",
  );

it("measures spectra against all fields held out, however few are carried", () =>
  measured(["data.n_test=40", "test_npar=6"], ({ carried, result }, held) => {
    const { start, end, data } = carried;
    expect([start.size(0), end.size(0), data.size(0), result.n]).toEqual([6, 6, 6, 6]);
    expect(result.start_band_error).toBeCloseTo(startError(start, held.high) as number, 9);
    // Six of the forty have another spectrum: the test can tell.
    expect(result.start_band_error).not.toBeCloseTo(startError(start, data) as number, 4);
    expect(result.msd).toBe(0);
    expect(result.worst_band).toBe(1);
  }));

it("measures as many as are carried where that is all there are", () =>
  measured(["data.n_test=12", "test_npar=500"], ({ carried, result }, held) => {
    expect([carried.data.size(0), result.n]).toEqual([12, 12]);
    expect(result.start_band_error).toBeCloseTo(startError(held.low, held.high) as number, 9);
  }));
