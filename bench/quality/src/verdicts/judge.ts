// Verdicts of simulated problems, and how often so few rows tell the source from the target.
import { judgeSamples, pooledFolds, sampleMetrics } from "@dsbm/evaluation";
import { average, type MetricRow, type Verdict } from "@dsbm/runs";
import { drawSamples } from "./draw.js";
import type { Kind, Problem } from "./problem.js";

/** A problem with its verdict. */
export interface Judged extends Problem {
  grade: Verdict["grade"];
  /** The power of the main metric, as stated. */
  power: number;
}

const names = { source: "the source", target: "the target" };

/** Draws the samples of a problem and judges them as `dsbm fit` and `dsbm evaluate` do. */
export async function judgeProblem(problem: Problem): Promise<Judged> {
  const { rows, verdicts } = await measureProblem(problem);
  const [{ excess }] = rows as [MetricRow];
  const { grade } = verdicts[0] as Verdict;
  return { ...problem, grade, power: excess?.power ?? 0 };
}

type Fold = Parameters<typeof pooledFolds>[0][number];

/** The rows and the verdict of a problem; without a verdict if metrics are chosen. */
async function measureProblem(problem: Problem, chosen?: typeof sampleMetrics): Promise<Fold> {
  const { seed, isFolded } = problem;
  const judged: Fold[] = [];
  for (const drawn of drawSamples(problem)) {
    try {
      const found = await judgeSamples(drawn, { seed, names, ...(chosen && { chosen }) });
      const { rows, verdict } = found as NonNullable<typeof found>;
      judged.push({ rows, verdicts: verdict ? [verdict] : [] });
    } finally {
      for (const t of Object.values(drawn)) t.dispose();
    }
  }
  return isFolded ? pooledFolds(judged, { names, what: "rows" }) : (judged[0] as Fold);
}

/** Problems of one kind with few rows, and how often the source is told from the target. */
export interface Power {
  setting: Pick<Problem, "n" | "dim" | "apart" | "isFolded">;
  stated: number;
  measured: number;
}

const powerSettings: readonly Power["setting"][] = [
  { n: 6, dim: 1, apart: 1 },
  { n: 12, dim: 1, apart: 1 },
  { n: 12, dim: 5, apart: 0.5 },
  { n: 25, dim: 1, apart: 0.5 },
  { n: 14, dim: 1, apart: 1, isFolded: true },
  { n: 30, dim: 1, apart: 1, isFolded: true },
  { n: 30, dim: 5, apart: 0.5, isFolded: true },
  { n: 60, dim: 1, apart: 0.5, isFolded: true },
];

/** The power as stated, and as measured: at the 5 % level, by `count` draws of target and source. */
export async function measurePower(count: number): Promise<Power[]> {
  const powers: Power[] = [];
  const main = sampleMetrics.filter(({ name }) => name === "sliced_w2");
  for (const setting of powerSettings) {
    const drawn = async (kind: Kind) => {
      const rows: MetricRow[] = [];
      for (let i = 0; i < count; i++) {
        const problem = { ...setting, kind, seed: 1_000_000 + i };
        rows.push(...(await measureProblem(problem, main)).rows);
      }
      return rows;
    };
    const none = (await drawn("identical")).map(({ value }) => value).sort((a, b) => a - b);
    const limit = none[Math.ceil(0.95 * count) - 1] as number;
    const sources = await drawn("source");
    powers.push({
      setting,
      stated: average(sources.map(({ excess }) => excess?.power ?? 0)),
      measured: average(sources.map(({ value }) => Number(value > limit))),
    });
  }
  return powers;
}
