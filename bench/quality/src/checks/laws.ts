// Samples between Gaussians against the law of the method: ends, middle and pairs.
import { join } from "node:path";
import { openBridge } from "../../../../packages/command/cli/dist/index.js";
import {
  type Check,
  type CheckContext,
  factsOfSize,
  lawLimit,
  newRows,
  runOf,
  seed,
} from "./check.js";
import { type GaussianProblem, line, momentsAlong, plane } from "./gaussians.js";
import { keptValue } from "./kept.js";
import { axisLaw, sampledCovariance, varianceAt } from "./law.js";
import { type CheckedMethod, sigmaShare } from "./methods.js";
import { type States, sampleByLibrary } from "./runs.js";

/** How far samples are from the law, each the worst of the axes. */
interface LawErrors {
  /** The mean at the end, in deviations. */
  mean: number;
  /** The variance at the end, as a share. */
  end: number;
  /** The variance at half of the time, as a share. */
  middle: number;
  /** Cov(X0, X1), in units of the deviations. */
  pairs: number;
}

/** The noise of a run in the data's own units: networks see data divided by one number. */
function sigmaOf(run: string, d: number): number {
  using bridge = openBridge(run, { threads: 1 });
  const zero = Array.from({ length: d }, () => 0);
  const [low, high] = [zero, zero.with(0, 1)].map((row) => {
    const entered = bridge.units.enter([row]);
    const [first = 0] = entered.toNumbers();
    entered.dispose();
    return first;
  }) as [number, number];
  return sigmaShare / (high - low);
}

/** Errors of states along a direction, of a run with noise sigma in the data's own units. */
function lawErrors(
  { axes, means, angle }: GaussianProblem,
  { start, middle, end }: States,
  { method, sigma, direction }: { method: CheckedMethod; sigma: number; direction: "f" | "b" },
): LawErrors {
  const problem = { axes, means, angle };
  const side = direction === "f" ? "target" : "source";
  const ends = momentsAlong(problem, end);
  const between = momentsAlong(problem, middle);
  const pairs = momentsAlong(problem, start, end);
  const worst = (errors: readonly number[]) => Math.max(...errors.map(Math.abs));
  const laws = axes.map((axis) => axisLaw(axis, method.facts, { sigma, sampler: method.sampler }));
  const along = <T>(
    of: (axis: (typeof axes)[number], law: (typeof laws)[number], k: number) => T,
  ) => axes.map((axis, k) => of(axis, laws[k]!, k));
  return {
    mean: worst(ends.mean.map((value, k) => (value - means[side][k]!) / Math.sqrt(axes[k]![side]))),
    end: worst(along((axis, _, k) => ends.covariance[k]! / axis[side] - 1)),
    middle: worst(along((axis, law, k) => between.covariance[k]! / varianceAt(axis, law, 0.5) - 1)),
    pairs: worst(
      along((axis, law, k) => {
        const want = sampledCovariance(axis, law);
        return (pairs.covariance[k]! - want) / Math.sqrt(axis.source * axis.target);
      }),
    ),
  };
}

/** Errors of a direction, sampled once for all checks. */
async function errorsOf(
  context: CheckContext,
  direction: "f" | "b",
  problem: GaussianProblem,
): Promise<LawErrors> {
  const { method, size, folder } = context;
  const name = problem === plane ? "plane" : "line";
  const run = await runOf(context, name, { problem });
  return keptValue(join(folder, name, `${direction}.json`), factsOfSize(method, size), async () => {
    const rows = newRows(size, direction, problem);
    const states = await sampleByLibrary(run, rows, { direction, seed });
    const sigma = sigmaOf(run, problem.axes.length);
    return lawErrors(problem, states, { method, sigma, direction });
  });
}

/** The worse of both directions. */
const worse = async (of: (direction: "f" | "b") => Promise<number>): Promise<number> =>
  Math.max(await of("f"), await of("b"));

const lawCheck = (name: string, part: keyof LawErrors, meaning: string): Check => ({
  name,
  meaning,
  limit: lawLimit,
  isFullOnly: true,
  skips: ({ facts }) => (facts.learns === "columns" ? "it maps each column on its own" : null),
  measure: (context) =>
    worse(async (direction) => (await errorsOf(context, direction, plane))[part]),
});

/** Checks of the law, at full size. */
export const lawChecks: readonly Check[] = [
  lawCheck("mean", "mean", "the mean at the end, in deviations, both directions"),
  lawCheck("variance", "end", "the variance along each axis at the end, as a share"),
  lawCheck("middle", "middle", "the variance along each axis at half of the time, as a share"),
  lawCheck("pairs", "pairs", "Cov(X0, X1) along each axis, in units of the deviations"),
  {
    name: "one column",
    meaning: "a single column has the same law",
    limit: lawLimit,
    isFullOnly: true,
    measure: (context) =>
      worse(async (direction) =>
        Math.max(...Object.values(await errorsOf(context, direction, line))),
      ),
  },
];
