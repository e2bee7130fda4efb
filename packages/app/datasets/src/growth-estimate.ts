// Growth that is estimated from the rows of a course before training.
import {
  type CourseOfMasses,
  courseGrowth,
  frames,
  type GrowthScan,
  growthLength,
  type IntervalGrowth,
  type KnownGrowth,
  type MethodNumbers,
  methodFacts,
  type ScannedLength,
  scanGrowth,
  stream,
} from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { GrowthFacts } from "@dsbm/runs";
import { type Generator, randperm, type Tensor, tidy } from "@dsbm/torch";
import { type EndpointData, marginalsOf } from "./dataset.js";
import type { Datasets } from "./datasets.js";
import { growthKey, readGrowthEstimate, type SolvedGrowth } from "./growth-file.js";
import { hasPrior, relativeMasses, timeSpans } from "./masses.js";

/** The growth of a course, estimated from some of its rows. */
export interface GrowthEstimate {
  /** What it was computed from, as text. */
  key: string;
  /** Relative masses of the datasets. */
  masses: readonly number[];
  scan: GrowthScan;
  /** Rows of each dataset, float64 [m_k, d], as networks take them. */
  sets: readonly Tensor[];
  /** What these rows do until the next dataset; without a gain above the mean if growth does not differ from none. */
  intervals: readonly IntervalGrowth[];
  /** The same for rows between them. */
  known: readonly KnownGrowth[];
}

/** Estimated growth of datasets, which their `dispose` frees. */
export class GrowthMemo {
  /** The run folder that may hold the estimate; null: it is computed. */
  folder: string | null = null;
  #key: string | null = null;
  #estimate: GrowthEstimate | null = null;

  /** The estimate of a configuration, computed at the first call. */
  of(key: string, compute: () => GrowthEstimate): GrowthEstimate {
    if (this.#key !== key || !this.#estimate) {
      this.dispose();
      this.#estimate = compute();
      this.#key = key;
    }
    return this.#estimate;
  }

  /** Frees the tensors. */
  dispose(): void {
    if (this.#estimate) for (const t of tensorsOf(this.#estimate)) t.dispose();
    this.#estimate = null;
  }
}

const tensorsOf = ({ sets, intervals, known }: GrowthEstimate): Set<Tensor> =>
  new Set([
    ...sets,
    ...intervals.flatMap(({ gain, move }) => [gain, move]),
    ...known.flatMap(({ gain, from, to }) =>
      [gain, from, to].flatMap((one) => (one ? [one.rows, one.values] : [])),
    ),
  ]);

/** More rows cost more than their growth gains. */
const mostRows = 700;

/**
 * The growth of rows (see `courseGrowth`), for the length that the data choose. Returns null for a method without growth, and
 * where growth is given: by `delta`, by rates of birth and death, by semi-relaxed plans, along splines, or with conditions.
 */
export function growthEstimate(
  config: CompleteTrainConfig,
  datasets: Datasets,
): GrowthEstimate | null {
  const ends = marginalsOf(datasets);
  const masses = relativeMasses(config, ends);
  if (!masses || !isEstimated(config, ends)) return null;
  const spans = timeSpans(config, ends.length);
  return datasets.growth.of(JSON.stringify([masses, spans, config.seed]), () =>
    tidy(() => {
      const generator = stream(config.seed, "growth");
      const sets = ends.map((end) => someRows(end, mostRows, generator));
      const key = growthKey(sets, { masses, spans, seed: config.seed });
      const { folder } = datasets.growth;
      const { scan, intervals } =
        (folder === null ? null : readGrowthEstimate(folder, key)) ??
        solveGrowth(sets, { masses, spans }, generator);
      const known = intervals.map(({ gain }, k) => ({
        gain: { rows: sets[k], values: gain.unsqueeze(1) },
        ...frames(sets, intervals, { spans, k }),
      }));
      const estimate = { key, masses, scan, sets, intervals, known };
      for (const t of tensorsOf(estimate)) t.keep();
      return estimate;
    }),
  );
}

/** The growth of rows [m_k, d] for the length that halves of them agree on. */
function solveGrowth(
  sets: readonly Tensor[],
  course: CourseOfMasses,
  generator: Generator,
): SolvedGrowth {
  const scan = scanGrowth(sets, course, generator);
  const { delta } = scan.lengths[scan.best];
  const solved = courseGrowth(sets, { ...course, delta });
  return { scan, intervals: isGrowthFound(scan) ? solved : solved.map(withoutGrowth) };
}

function isEstimated(config: CompleteTrainConfig, ends: readonly EndpointData[]): boolean {
  const { method, delta, growth_coupling, interpolant } = config;
  const isGiven = delta !== null || hasPrior(config) || growth_coupling === "vgfm";
  const isPlain = interpolant !== "spline" && ends.every(({ conditions }) => conditions === null);
  return methodFacts(method).mass && !isGiven && isPlain;
}

/** The same gain for all rows. */
const withoutGrowth = (interval: IntervalGrowth): IntervalGrowth => {
  const { gain } = interval;
  return { ...interval, gain: gain.fullLike(gain.exp().mean().log().item()) };
};

/** Correlation of the growth of two halves of the rows: below, it is chance. */
const leastAgreement = 0.5;

/** Whether growth differs from none. */
const isGrowthFound = ({ lengths, best }: GrowthScan): boolean =>
  lengths[best].agreement >= leastAgreement;

/** The lengths whose error is at most twice the smallest error. */
export function likelyLengths({ lengths, best }: GrowthScan): ScannedLength[] {
  const error = ({ noise, shift }: ScannedLength) => Math.hypot(noise, shift);
  const most = 2 * error(lengths[best]);
  return lengths.filter((one) => error(one) <= most);
}

/** A change of growth between lengths that is more than this share of it decides nothing. */
const mostChange = 0.5;

/** Whether the change of growth to the shortest length is less than the change before: else even shorter ones change it. */
function isSettled(lengths: readonly ScannedLength[]): boolean {
  const [before, last, shortest] = lengths.slice(-3).map(({ shift }) => shift);
  return shortest === undefined || last - shortest <= before - last;
}

/** What the scan of lengths says about the growth of a course. */
export function growthFacts({ scan }: GrowthEstimate): GrowthFacts {
  const { lengths, best } = scan;
  const { growth, shift } = lengths[best];
  const neighbours = [lengths[best - 1], lengths[best + 1]].filter((one) => one !== undefined);
  const change = Math.max(...neighbours.map((one) => Math.abs(one.shift - shift)));
  const isShortest = best === lengths.length - 1;
  const isStable = change <= mostChange * growth && (!isShortest || isSettled(lengths));
  const finding = isGrowthFound(scan) ? (isStable ? "identified" : "unidentified") : "none";
  return { lengths, best, finding };
}

/** At most `most` random training rows as networks take them, float64 [m, d] on the CPU. */
function someRows({ train, plain }: EndpointData, most: number, generator: Generator): Tensor {
  const order = randperm(train.size(0), { generator });
  const rows = order.narrow(0, 0, Math.min(most, train.size(0))).to({ device: train.device });
  return plain(train.indexSelect(0, rows)).to({ device: "cpu", dtype: "float64" });
}

/** Numbers of growth that training needs and sampling does not; none without growth. */
export function growthNumbers(
  config: CompleteTrainConfig,
  datasets: Datasets,
): Pick<MethodNumbers, "masses" | "delta" | "semiRelaxed" | "known"> {
  const ends = marginalsOf(datasets);
  const masses = relativeMasses(config, ends);
  if (!masses) return {};
  return {
    masses,
    delta:
      config.delta ??
      growthLength(
        ends.map(({ train, plain }) => plain(train)),
        masses,
      ),
    semiRelaxed: config.growth_coupling === "vgfm" ? config.ot_penalty : null,
    known: growthEstimate(config, datasets)?.known,
  };
}
