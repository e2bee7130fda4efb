// Evaluation of an image run: what a sampler makes of held-out starts, what its ends look like, and how they
// compare with real images and with independent pairs. It serves a run in training and a finished one.
import {
  type Conditions,
  type Direction,
  endpointRow,
  endpointStatistics,
  type FeatureExtractor,
  frechetScore,
  mapConditions,
  resample,
  squaredDistances,
  stream,
  type TimeGrid,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import { lenetFeatures } from "@dsbm/nets";
import { cat, noGrad, type Tensor, tidy } from "@dsbm/torch";
import {
  gaussianName,
  type ImageData,
  type ImageEnd,
  testConditions,
  testRows,
} from "../problem/ends.js";
import type { Position } from "../problem/iteration.js";
import { iterationOf } from "../problem/iteration.js";
import type { Progress } from "../terminal/progress.js";
import type { columns } from "./columns.js";
import { type Court, floorOf, realOf } from "./evaluators.js";
import { shareOfClasses } from "./reference-classifier.js";
import {
  type BandRow,
  bandRows,
  conditionError,
  meanError,
  type Spectra,
  spectraOf,
  worstBand,
} from "./spectra.js";
import type { TestSampler } from "./test-sampler.js";

type Result = Record<(typeof columns)[number], string | number | null>;

export const endsOf = (direction: Direction): { start: "x0" | "x1"; end: "x0" | "x1" } =>
  direction === "f" ? { start: "x0", end: "x1" } : { start: "x1", end: "x0" };

export interface Evaluation {
  result: Result;
  /** Starts, their ends, and real images of the other end, [n, C, H, W]; the caller's. */
  start: Tensor;
  end: Tensor;
  data: Tensor;
  /** Where `metrics.spectrum` asks for them. */
  spectra: Spectra | null;
  bands: BandRow[];
}

export interface EvaluateOptions {
  sampler: TestSampler;
  data: ImageData;
  config: CompleteTrainConfig;
  court: Court;
  /** Where starts and real images come from (default: what was held out). */
  split?: Split;
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** The grid of evaluations, from that of training. */
export function testGrid(grid: TimeGrid, { num_steps, test_num_steps }: CompleteTrainConfig) {
  const [steps = num_steps] = test_num_steps;
  return steps === num_steps ? grid : resample(grid, steps);
}

/** Carries samples in a direction and measures; null when stopped in between. */
export async function evaluate(at: Position, options: EvaluateOptions): Promise<Evaluation | null> {
  const { data, config, split = "test" } = options;
  const { direction, half, step } = at;
  const began = performance.now();
  const ends = endsOf(direction);
  const rows = (side: "x0" | "x1", from: Split) =>
    testRows(data[side], config.test_npar, config.seed, from);
  const start = tidy(() => rows(ends.start, split)).keep();
  const n = start.size(0);
  const given = testConditions(data, ends.start, n, split);
  const carried = await carry(at, start, given, options);
  if (carried === null) {
    start.dispose();
    return null;
  }
  const { end: there, nfe, batches } = carried;
  const simulated = (performance.now() - began) / 1000;
  const [from, end, real] = tidy(() =>
    [start, there, rows(ends.end, split)].map((t) => t.to({ device: "cpu" }).keep()),
  ) as [Tensor, Tensor, Tensor];
  there.dispose();
  const scales = noGrad(() =>
    tidy(() => scalesOf({ start: from, end, data: real, given }, direction, options)),
  );
  const measured = noGrad(() =>
    tidy(() => measure({ start: from, end, real }, data[ends.end], ends.end, options.court)),
  );
  from.dispose();
  const { spectra, bands, ...followed } = scales;
  const result: Result = {
    half_iteration: half,
    iteration: iterationOf(half, config),
    direction,
    step,
    n,
    nfe,
    ...measured,
    band_error: meanError(bands, "error_generated"),
    start_band_error: meanError(bands, "error_start"),
    data_band_error: meanError(bands, "error_floor"),
    worst_band: worstBand(bands),
    ...followed,
    seconds_per_batch: simulated / batches,
    seconds: (performance.now() - began) / 1000,
  };
  return { result, start, end, data: real, spectra, bands };
}

/** What only fields have: spectra, and how they follow their conditions, beside real fields of the other split. */
function scalesOf(
  { start, end, data: real, given }: Record<"start" | "end" | "data", Tensor> & Given,
  direction: Direction,
  { data, config, split = "test" }: EvaluateOptions,
) {
  const { metrics, test_npar, seed } = config;
  const side = endsOf(direction).end;
  const told = (from: Split, x: Tensor) => testConditions(data, side, x.size(0), from)?.cond;
  const wanted = given?.cond && told(split, real);
  if (!metrics.spectrum && !wanted) return { spectra: null, bands: [], ...noConditions };
  const other = split === "test" ? "train" : "test";
  const reserve = testRows(data[side], test_npar, seed, other).to({ device: "cpu" });
  const spectra = metrics.spectrum
    ? spectraOf({ start, end, data: manyReal(data[side], real, { seed, split }), reserve })
    : null;
  const bands = spectra ? bandRows(spectra) : [];
  const spare = told(other, reserve);
  if (!given?.cond || !wanted || !spare) return { spectra, bands, ...noConditions };
  const truth = { x: real, cond: wanted };
  return {
    spectra,
    bands,
    cond_error: conditionError({ x: end, cond: given.cond }, truth),
    start_cond_error: conditionError({ x: start, cond: given.cond }, truth),
    data_cond_error: conditionError({ x: reserve, cond: spare }, truth),
  };
}

/**
 * The real images whose spectrum ends are measured against, some 256 MB of them or as many as are carried: the largest
 * scales have few modes an image, and these cost no network.
 */
function manyReal(
  end: ImageEnd,
  real: Tensor,
  { seed, split }: { seed: number; split: Split },
): Tensor {
  const most = Math.floor((64 * 2 ** 20 * real.size(0)) / real.numel);
  return most > real.size(0) ? testRows(end, most, seed, split).to({ device: "cpu" }) : real;
}

interface Given {
  given: Conditions | undefined;
}

const noConditions = { cond_error: null, start_cond_error: null, data_cond_error: null };

/** Carries starts batch by batch: the ends, and evaluations of the network a batch; null when stopped in between. */
async function carry(
  { direction, half, step }: Position,
  start: Tensor,
  given: Conditions | undefined,
  { sampler, config, progress, signal }: EvaluateOptions,
): Promise<{ end: Tensor; nfe: number; batches: number } | null> {
  const n = start.size(0);
  const generator = stream(config.seed, `evaluate/${half}/${step}`, start.device);
  const parts: Tensor[] = [];
  let evaluations = 0;
  try {
    for (let done = 0; done < n; ) {
      progress.update({ label: `evaluating ${direction} ${sampler.kind}`, step: done, steps: n });
      await new Promise(setImmediate);
      if (signal?.aborted) return null;
      const some = Math.min(config.test_batch_size, n - done);
      const cut = (t: Tensor) => t.narrow(0, done, some);
      tidy(() => {
        const told = { generator, given: mapConditions(given, cut) };
        const { ends, nfe } = sampler.endpoints(direction, cut(start), told);
        parts.push(ends.keep());
        evaluations += nfe;
      });
      done += some;
    }
    const end = tidy(() => cat(parts)).keep();
    return { end, nfe: evaluations / parts.length, batches: parts.length };
  } finally {
    for (const t of parts) t.dispose();
  }
}

/** An evaluation in a line for people. */
export function tellResult({
  msd,
  independent_msd,
  share,
  fid_lenet,
  fid,
  band_error,
  start_band_error,
  worst_band,
}: Result): string {
  return [
    `displacement ${Number(msd).toFixed(1)} (independent pairs ${Number(independent_msd).toFixed(1)})`,
    share === null ? "" : `share ${(100 * Number(share)).toFixed(1)} %`,
    fid_lenet === null ? "" : `fid_lenet ${Number(fid_lenet).toPrecision(4)}`,
    fid === null ? "" : `FID ${Number(fid).toPrecision(4)}`,
    band_error === null
      ? ""
      : `spectrum off by ${Number(band_error).toPrecision(3)} (start ${Number(start_band_error).toPrecision(3)})`,
    worst_band === null
      ? ""
      : `in no band by more than ${Number(worst_band).toPrecision(3)} of its start`,
  ]
    .filter((text) => text !== "")
    .join(", ");
}

type Measured = Omit<
  Result,
  | "half_iteration"
  | "iteration"
  | "direction"
  | "step"
  | "n"
  | "nfe"
  | `${"" | "start_" | "data_"}${"band" | "cond"}_error`
  | "worst_band"
  | "seconds_per_batch"
  | "seconds"
>;

function measure(
  { start, end, real }: { start: Tensor; end: Tensor; real: Tensor },
  wanted: ImageEnd,
  side: "x0" | "x1",
  court: Court,
): Measured {
  const row = endpointRow(endpointStatistics({ start, end, data: real }));
  const judge = court.judges[side];
  const lenet = judge && lenetFeatures(judge.model);
  const inception = wanted.name === gaussianName ? null : court.inception;
  const score = (extractor: FeatureExtractor | null) =>
    extractor && frechetScore(extractor, end, realOf(extractor, wanted, side, court)).value;
  const pick = (key: string) => row[key] ?? null;
  return {
    start_mean: pick("start_mean"),
    start_var: pick("start_var"),
    end_mean: pick("end_mean"),
    end_var: pick("end_var"),
    end_sample_var: pick("end_sample_var"),
    data_mean: pick("data_mean"),
    data_var: pick("data_var"),
    data_sample_var: pick("data_sample_var"),
    mse: pick("mse"),
    msd: pick("msd"),
    independent_msd: independentDisplacement(start, real),
    share: judge && shareOfClasses(judge, end, wanted),
    data_share: judge && shareOfClasses(judge, real, wanted),
    fid_lenet: score(lenet),
    data_fid_lenet: lenet && floorOf(lenet, wanted, side, court),
    fid: score(inception),
  };
}

/** Mean squared distance of independent pairs of starts and real images: what a bridge stays below. */
function independentDisplacement(start: Tensor, real: Tensor, most = 2000): number {
  const [a, b] = [start, real].map((x) =>
    x.narrow(0, 0, Math.min(most, x.size(0))).flatten({ startDim: 1 }),
  ) as [Tensor, Tensor];
  return squaredDistances(a, b).mean().item();
}
