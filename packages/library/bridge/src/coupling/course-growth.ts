// Growth in a course of datasets, told apart from movement.
import { full, type Tensor, tidy } from "@dsbm/torch";
import { growthPlan } from "./growth.js";
import { displacedRows, gaussianKernel, type ValuesOfRows, weightedMean } from "./kernel-mean.js";

/** Facts of a course of datasets with masses. */
export interface CourseOfMasses {
  /** The mass of each dataset. */
  masses: readonly number[];
  /** Time between consecutive datasets, in any unit. */
  spans: readonly number[];
}

/** What rows of one dataset do until the next one. */
export interface IntervalGrowth {
  /** Log mass that source rows gain, float64 [n]. */
  gain: Tensor;
  /** Displacement of source rows, averaged over neighbours, float64 [n, d]. */
  move: Tensor;
  /** Mean squared distance that remains between both datasets in the frame of the intervals around. */
  remaining: number;
}

/** Of neighbours over which displacements are averaged, and of those over which growth is. */
const neighbourShares = { move: 0.1, gain: 0.05 };
/** Rounds of an interval alone, without the intervals around. */
const roundsAlone = 2;
const mostRounds = 16;
/** Deviation of log masses between rounds of an interval that needs no further one. */
const leastChange = 0.004;

/**
 * The growth of rows in each interval of a course of sets [n_k, d], float64. A plan between two sets cannot tell growth from
 * movement by distances alone. Two things help. The growth of a plan between the rows and their own displaced rows is no
 * growth, and is subtracted. And rows move on as they moved: each plan is between source rows that moved as in the interval
 * before and target rows that move back as in the interval after. The result is the prior of the next round's plan.
 * `start` continues from an earlier result.
 */
export function courseGrowth(
  sets: readonly Tensor[],
  { masses, spans, delta, start, rounds = mostRounds }: CourseOptions,
): readonly IntervalGrowth[] {
  return tidy(() => {
    const course = { masses, spans };
    const solvers = spans.map((_, k) => intervalSolver(sets, { masses, k, delta }));
    const even = solvers.map(({ none }) => none);
    const alone = () =>
      solvers.map((solve, k) => solve.rounds(even[k], roundsAlone, [sets[k], sets[k + 1]]));
    let all: readonly IntervalGrowth[] = start ?? alone();
    let changes = spans.map(() => Number.POSITIVE_INFINITY);
    const isOne = spans.length === 1;
    for (let round = isOne && !start ? 1 : 0; round < rounds; round++) {
      const before = all;
      // Alone, rows may have moved the wrong way, and grown there.
      const isFirst = round === 0 && !start;
      const isActive = (k: number) =>
        Math.max(...changes.slice(Math.max(0, k - 1), k + 2)) > leastChange;
      all = solvers.map((solve, k) => {
        if (!isActive(k)) return before[k];
        const { from, to } = frames(sets, before, { ...course, k });
        const frame = [displacedRows(sets[k], from), displacedRows(sets[k + 1], to)] as const;
        return solve.rounds(isFirst ? even[k] : before[k].gain, isFirst ? roundsAlone : 1, frame);
      });
      if (!isFirst) changes = all.map(({ gain }, k) => deviation(gain, before[k].gain));
    }
    return all;
  });
}

interface CourseOptions extends CourseOfMasses {
  /** The length of growth (see `growthCost`). */
  delta: number;
  start?: readonly IntervalGrowth[] | undefined;
  rounds?: number | undefined;
}

const deviation = (a: Tensor, b: Tensor): number => Math.sqrt(a.sub(b).square().mean().item());

/**
 * Displacements [n, d] of rows [n, d]: forward for set k, as in the interval before, and back for set k + 1, as in the interval
 * after. Returns null for a missing interval. If both exist, each is a part of the way, the more certain one the larger part.
 */
export function frames(
  sets: readonly Tensor[],
  all: readonly IntervalGrowth[],
  { spans, k }: Pick<CourseOfMasses, "spans"> & { k: number },
): Record<"from" | "to", ValuesOfRows | null> {
  const before = all[k - 1];
  const after = all[k + 1];
  const both = before && after && before.remaining + after.remaining;
  const part = both ? after.remaining / both : before ? 1 : 0;
  return {
    from: before
      ? {
          rows: sets[k - 1].add(before.move),
          values: before.move.mul((part * spans[k]) / spans[k - 1]),
        }
      : null,
    to: after
      ? { rows: sets[k + 1], values: after.move.mul(((part - 1) * spans[k]) / spans[k + 1]) }
      : null,
  };
}

/** One value for each row: float64 [n]. */
const allRows = (x: Tensor, value: number): Tensor =>
  full([x.size(0)], value, { dtype: "float64" });

/** Rounds of plans between two sets. */
function intervalSolver(
  sets: readonly Tensor[],
  { masses, k, delta }: Pick<CourseOptions, "masses" | "delta"> & { k: number },
) {
  const source = sets[k];
  const target = sets[k + 1];
  const logA = allRows(source, Math.log(masses[k]));
  const logB = allRows(target, Math.log(masses[k + 1]));
  const nearby = gaussianKernel(source, source, neighbourShares.move);
  const smoothing = gaussianKernel(source, source, neighbourShares.gain);
  /** The log of the mean growth factor of rows around each row. */
  const smoothed = (gain: Tensor) =>
    weightedMean(smoothing, gain.exp().unsqueeze(1)).squeeze(1).log();
  /** Gains shifted so that the set has the total mass of the next set. */
  const balanced = (gain: Tensor) =>
    gain.sub(gain.exp().mean().log().item() - Math.log(masses[k + 1] / masses[k]));
  const round = (before: Tensor, [from, to]: readonly [Tensor, Tensor]): IntervalGrowth => {
    const prior = smoothed(before);
    const solved = planOf(from, to, { delta, logA, logB, prior });
    const weights = nearby.mul(solved.rows.unsqueeze(0));
    const mean = (values: Tensor) => weightedMean(weights, values);
    const rest = mean(solved.map(to).sub(from));
    const own = planOf(from, from.add(rest), { delta, logA, logB: logA.add(prior), prior });
    const step = smoothed(solved.gain).sub(smoothed(own.gain));
    return {
      gain: balanced(prior.add(step)),
      move: mean(solved.map(target).sub(source)),
      remaining: rest.square().sum(1).mean().item(),
    };
  };
  return {
    none: allRows(source, Math.log(masses[k + 1] / masses[k])),
    rounds(prior: Tensor, count: number, frame: readonly [Tensor, Tensor]): IntervalGrowth {
      let result = round(prior, frame);
      for (let i = 1; i < count; i++) result = round(result.gain, frame);
      return result;
    },
  };
}

/** The growth of source rows by a plan [n], its row sums [n], and its barycentric map of target values [m, c] to [n, c]. */
function planOf(x: Tensor, y: Tensor, options: Parameters<typeof growthPlan>[2]) {
  const { plan, left, joined } = growthPlan(x, y, options);
  const rows = plan.sum(1);
  return {
    gain: plan.matmul(joined.exp().unsqueeze(1)).squeeze(1).div(rows).log().sub(left),
    rows,
    map: (values: Tensor) => weightedMean(plan, values),
  };
}
