import { growthPlan, inCells, kMeans, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { type Generator, randperm, type Tensor, tidy } from "@dsbm/torch";
import { marginalsOf } from "./dataset.js";
import type { Datasets } from "./datasets.js";
import {
  drawRows,
  type GrowthCells,
  halvedCells,
  intervalsOfRates,
  mostCells,
} from "./growth-bootstrap.js";
import { growthEstimate, growthNumbers } from "./growth-estimate.js";
import { keptCells } from "./growth-file.js";
import { priorsOf, timeSpans } from "./masses.js";

const mostRows = 400;
const resamples = 40;

/**
 * Cells of each dataset. Intervals of estimated growth cover resampled rows and the lengths that fit the data about as well;
 * intervals of given growth cover resampled rows. Returns null for a method without growth. Free the centres.
 */
export function growthIntervals(config: CompleteTrainConfig, data: Datasets): GrowthCells[] | null {
  const datasets = marginalsOf(data);
  const estimate = growthEstimate(config, data);
  if (estimate)
    return keptCells(data.growth.folder, estimate.key, () => halvedCells(config, estimate));
  const numbers = tidy(() => growthNumbers(config, data));
  const { masses, delta = 1, semiRelaxed: penalty } = numbers;
  // Plans of unbalanced LightSB are others.
  if (!masses || config.mass_penalty !== null) return null;
  const generator = stream(config.seed, "growth intervals");
  const priors = priorsOf(config, datasets);
  const spans = timeSpans(config, datasets.length);
  const some = datasets.map((one) => randomRows(one, generator));
  const found: Tensor[] = [];
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
    found.push(centres);
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
    return { centres, ...intervalsOfRates(rates) };
  };
  try {
    return datasets.map((_, k) => cellsOf(k));
  } catch (error) {
    for (const centres of found) centres.dispose();
    throw error;
  } finally {
    for (const t of [...priors, ...some.flatMap(({ rows, x }) => [rows, x])]) t.dispose();
  }
}

/** Random training rows of a dataset: their places [n], and the rows in network units without columns of masses, float64 [n, d]. */
const randomRows = (
  { train, plain }: ReturnType<typeof marginalsOf>[number],
  generator: Generator,
) =>
  tidy(() => {
    const n = Math.min(mostRows, train.size(0));
    const rows = randperm(train.size(0), { generator }).narrow(0, 0, n);
    return { rows: rows.keep(), x: plain(train.indexSelect(0, rows)).to("float64").keep() };
  });
