// Two bridges without training beside the trained one: between Gaussians of the data's moments, and between the training
// rows themselves. A trained bridge is worth its time where it is nearer to the target than the first, and where it does
// more than the second, which only ever ends on training rows.
import {
  BridgeError,
  type Direction,
  gridsWithin,
  inOrder,
  type ModelFacts,
  methodNamed,
  slicedWasserstein,
  squaredDisplacement,
  stream,
  type TimeGrid,
} from "@dsbm/bridge";
import { conditionWidth } from "@dsbm/data";
import type { Ends } from "@dsbm/problem";
import { conditionKind, testConditions, testRows } from "@dsbm/problem";
import type { QualityRow } from "@dsbm/runs";
import { type Generator, getNumThreads, noGrad, type Tensor, tidy } from "@dsbm/torch";
import { Sampler } from "@dsbm/train";
import type { Carried, MeasureOptions } from "../carried.js";
import { kept, type Subject } from "../subject.js";

interface Baseline {
  /** The method, which gives the metrics their names. */
  name: "gaussian_bridge" | "sinkhorn_bridge";
  title: string;
  /** Training rows of each end that it is made of, and values of a sample, at most. */
  most: number;
  values: number;
  about: string;
}

const baselines: readonly Baseline[] = [
  {
    name: "gaussian_bridge",
    title: "Gaussian bridge",
    most: 50_000,
    // Covariances are inverted in every step.
    values: 1024,
    about:
      "the exact bridge between Gaussians of the data's means and covariances, without training",
  },
  {
    name: "sinkhorn_bridge",
    title: "Sinkhorn bridge",
    most: 500,
    values: 16_384,
    about:
      "the exact bridge between 500 training rows of each end at most, without training; it ends on those rows, so that it is near the target whatever they are worth",
  },
];

const metrics = ["sliced_w2", "displacement"] as const;

export const baselineNames: readonly string[] = baselines.flatMap(({ name }) =>
  metrics.map((metric) => `${name}_${metric}`),
);

/** Values of all rows together, at most: 100 MB in double precision. */
const mostNumbers = 2 ** 24;

const valuesOf = ({ shape }: Ends): number => shape.reduce((a, b) => a * b, 1);

/** Why a subject has no such baseline; null where it has one. */
function without(
  { values: most }: Baseline,
  { trained, ends }: Pick<Subject, "trained" | "ends">,
  solver: MeasureOptions["solver"],
): string | null {
  if (solver !== "sde" || trained.config.sde === "vp" || !(trained.process.sigma > 0))
    return "it is a bridge of Brownian motion, measured beside its SDE";
  const values = valuesOf(ends);
  return values > most ? `it is for up to ${most} values, and samples have ${values}` : null;
}

/** The rows of both baselines from the starts of `carried`; floor and ceiling are those of its own rows. */
export async function baselineRows(
  carried: Carried,
  subject: Subject,
  { wants, stopped, seed, solver, reasons }: MeasureOptions,
  own: readonly QualityRow[],
): Promise<QualityRow[]> {
  const { trained } = subject;
  const rows: QualityRow[] = [];
  for (const baseline of baselines) {
    const asked = metrics.filter((metric) => wants(`${baseline.name}_${metric}`));
    if (asked.length === 0) continue;
    if (await stopped(`measuring ${carried.direction}, ${baseline.title}`)) break;
    const isItself = baseline.name === trained.method.name;
    const end = isItself
      ? "it is the run itself"
      : (without(baseline, subject, solver) ?? endsOf(baseline, carried, subject, seed));
    if (typeof end === "string") {
      for (const metric of asked) reasons.set(`${baseline.name}_${metric}`, end);
      continue;
    }
    for (const metric of asked) {
      const main = own.find((row) => row.metric === metric && row.direction === carried.direction);
      rows.push({
        metric: `${baseline.name}_${metric}`,
        title: `${metric === "sliced_w2" ? "sliced 2-Wasserstein" : "mean squared displacement"} of the ${baseline.title}`,
        direction: carried.direction,
        value: tidy(() => measured(metric, end, carried, subject.unit, seed)),
        ...{ low: null, high: null },
        // The least displacement is that of the ends at hand.
        floor: metric === "sliced_w2" ? (main?.floor ?? null) : null,
        ceiling: main?.ceiling ?? null,
        ...{ better: "lower", group: "baselines", about: baseline.about },
      });
    }
    end.dispose();
  }
  return rows;
}

function measured(
  metric: (typeof metrics)[number],
  end: Tensor,
  { start, data }: Carried,
  unit: number,
  seed: number,
): number {
  return metric === "sliced_w2"
    ? slicedWasserstein(end, data, { directions: 64, seed }) * unit
    : squaredDisplacement(start, end) * unit ** 2;
}

/** Two data sets that a bridge leads between, and what samples are divided by there. */
interface Leg {
  ends: Pick<Ends, "x0" | "x1">;
  grid: TimeGrid;
  unit: number;
}

/** One, or of several data sets in a row one for each interval, in the order of a direction. */
function legsOf({ ends, grid }: Subject, direction: Direction): Leg[] {
  if (!ends.chain) return [{ ends, grid, unit: 1 }];
  const all = [ends.x0, ...ends.between, ends.x1];
  const grids = gridsWithin(ends.chain, grid);
  return inOrder(ends.chain, direction).map(({ index, unit }) => ({
    ends: { x0: all[index], x1: all[index + 1] } as Leg["ends"],
    ...{ grid: grids[index] as TimeGrid, unit },
  }));
}

/** The ends that a baseline gives the same starts; the reason where it takes no such conditions, or a class has too few rows. */
function endsOf(
  baseline: Baseline,
  carried: Carried,
  subject: Subject,
  seed: number,
): Tensor | string {
  const { direction } = carried;
  const generator = stream(seed, `quality/${direction}/${baseline.name}`);
  try {
    return kept(() =>
      legsOf(subject, direction).reduce(
        (from, leg) => through(leg, from, { baseline, carried, subject, seed, generator }),
        carried.start,
      ),
    );
  } catch (error) {
    if (error instanceof BridgeError) return error.message;
    throw error;
  }
}

function through(
  { ends, grid, unit }: Leg,
  from: Tensor,
  {
    baseline,
    carried: { direction, given },
    subject,
    seed,
    generator,
  }: {
    baseline: Baseline;
    carried: Carried;
    subject: Subject;
    seed: number;
    generator: Generator;
  },
): Tensor {
  const { name } = baseline;
  const method = methodNamed(name);
  const most = Math.min(baseline.most, Math.ceil(mostNumbers / valuesOf(subject.ends)));
  const { process, shape, config } = subject.trained;
  const rows = (end: "x0" | "x1") => testRows(ends[end], most, seed, "train").div(unit);
  const conditionsOf = (end: "x0" | "x1") => testConditions(ends, end, most, "train");
  const data = {
    ...{ x0: rows("x0"), x1: rows("x1") },
    conditions: { x0: conditionsOf("x0"), x1: conditionsOf("x1") },
  };
  const width = conditionWidth(subject.ends.columns?.condition ?? null);
  const facts = { shape, direction, conditions: conditionKind(config, width) };
  const network = method.model?.create(facts as ModelFacts);
  if (!network) throw new Error(`${name} has no model of its own`);
  try {
    network.to({ device: from.device });
    method.model?.fit?.({ network, data, process, direction });
    const networks = { f: network, b: network };
    const threads = getNumThreads();
    const sampler = new Sampler({
      ...{ method, process, grid, networks, threads },
      ...{ stepVariance: "bridge", chunkRows: 250 },
    });
    try {
      const options = { generator, given, lastNoise: false };
      return noGrad(() => sampler.endpoints(direction, from.div(unit), options)).mul(unit);
    } finally {
      sampler.reset();
    }
  } finally {
    network.dispose();
  }
}
