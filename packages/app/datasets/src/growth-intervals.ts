import { growthPlan, inCells, kMeans, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Generator, randint, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { EndpointData } from "./dataset.js";
import { growthNumbers, priorsOf, timeSpans } from "./masses.js";

/** Cells of a dataset's rows, with a 90 % interval of the mean growth rate of each. */
export interface GrowthCells {
  /** [cells, d], as networks take them. */
  centres: Tensor;
  /** Per unit of the user's time, until the next dataset (for the last: since the one before). */
  low: number[];
  high: number[];
}

const mostRows = 400;
const mostCells = 12;
const resamples = 40;

/** Cells of each dataset. Returns null for a method without growth. Free the centres. */
export function growthIntervals(
  config: CompleteTrainConfig,
  datasets: readonly EndpointData[],
): GrowthCells[] | null {
  const numbers = tidy(() => growthNumbers(config, datasets));
  const { masses, delta = 1, semiRelaxed: penalty } = numbers;
  // Plans of unbalanced LightSB are others.
  if (!masses || config.mass_penalty !== null) return null;
  const generator = stream(config.seed, "growth intervals");
  const priors = priorsOf(config, datasets);
  const spans = timeSpans(config, datasets.length);
  const some = datasets.map(({ train, plain }) =>
    tidy(() => {
      const rows = randperm(train.size(0), { generator }).narrow(
        0,
        0,
        Math.min(mostRows, train.size(0)),
      );
      return { rows: rows.keep(), x: plain(train.indexSelect(0, rows)).to("float64").keep() };
    }),
  );
  const cellsOf = (k: number): GrowthCells => {
    const isLast = k === datasets.length - 1;
    const from = isLast ? k - 1 : k;
    const source = some[from];
    const target = some[from + 1];
    const endpoint = isLast ? target : source;
    const sourceMass = masses[from];
    const targetMass = masses[from + 1];
    const span = spans[from];
    const centres = tidy(() => kMeans(endpoint.x, mostCells, generator).keep());
    const rates = Array.from({ length: resamples }, () =>
      tidy(() => {
        const i = drawRows(source.x, generator);
        const x = source.x.indexSelect(0, i);
        const y = target.x.indexSelect(0, drawRows(target.x, generator));
        const { plan, left, joined } = growthPlan(x, y, {
          delta,
          penalty,
          logA: x.select(1, 0).fullLike(Math.log(sourceMass)),
          logB: y.select(1, 0).fullLike(Math.log(targetMass)),
          prior: priors[from]?.indexSelect(0, source.rows).indexSelect(0, i),
        });
        const side = isLast ? 0 : 1;
        const isIn = inCells(isLast ? y : x, centres);
        const massIn = (masses: Tensor) => isIn.mul(masses.sum(side).unsqueeze(1)).sum(0);
        const before = massIn(plan.mul(left.exp().unsqueeze(1)));
        const after = massIn(plan.mul(joined.exp().unsqueeze(0)));
        return after.div(before).log().div(span).toNumbers();
      }),
    );
    const sorted = Array.from({ length: centres.size(0) }, (_, c) =>
      rates
        .map((rate) => rate[c])
        .filter(Number.isFinite)
        .sort((one, other) => one - other),
    );
    const quantile = (q: number) =>
      sorted.map((all) => all[Math.round(q * (all.length - 1))] ?? Number.NaN);
    return { centres, low: quantile(0.05), high: quantile(0.95) };
  };
  try {
    return datasets.map((_, k) => cellsOf(k));
  } finally {
    for (const t of [...priors, ...some.flatMap(({ rows, x }) => [rows, x])]) t.dispose();
  }
}

const drawRows = (x: Tensor, generator: Generator): Tensor =>
  randint(0, x.size(0), [x.size(0)], { generator });
