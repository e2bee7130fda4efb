// Two bridges without training: between Gaussians of the data's moments, and between training rows.
import {
  BridgeError,
  type Direction,
  gridsWithin,
  inOrder,
  type ModelFacts,
  methodNamed,
  plainDrift,
  stream,
  type TimeGrid,
} from "@dsbm/bridge";
import { conditionWidth } from "@dsbm/data";
import { Bridge } from "@dsbm/inference";
import type { Datasets } from "@dsbm/problem";
import { conditionKind, testConditions, testRows } from "@dsbm/problem";
import { type Generator, getNumThreads, noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Measuring } from "../measuring.js";
import type { SampleSet } from "../metric.js";
import { kept } from "../subject.js";
import type { Variant } from "./variant.js";

export interface Baseline {
  name: "gaussian_bridge" | "sinkhorn_bridge";
  title: string;
  /** Maximum training rows of each dataset. */
  most: number;
  /** Maximum values of a row. */
  values: number;
  meaning: string;
}

export const baselines: readonly Baseline[] = [
  {
    name: "gaussian_bridge",
    title: "Gaussian bridge",
    most: 50_000,
    // Covariances are inverted in every step.
    values: 1024,
    meaning:
      "The exact bridge between Gaussians of the data's means and covariances, without training.",
  },
  {
    name: "sinkhorn_bridge",
    title: "Sinkhorn bridge",
    most: 500,
    values: 16_384,
    meaning:
      "The exact bridge between at most 500 training rows of each dataset, without training. It returns these rows, so its distance to the target is small in any case.",
  },
];

export const baselineMetrics = ["sliced_w2", "c2st", "displacement"];

const mostNumbers = 2 ** 24;

const valuesOf = ({ shape }: Datasets): number => shape.reduce((a, b) => a * b, 1);

/** The rows that a baseline generates from a set's source rows, or why it cannot. */
export function baselineVariant(
  baseline: Baseline,
  set: SampleSet,
  context: Measuring,
): Variant | string {
  const { trained, ends } = context.subject;
  const values = valuesOf(ends);
  if (baseline.name === trained.method.name) return "it is the run itself";
  if (set.sampling.solver !== "sde" || trained.config.sde === "vp" || !(trained.process.sigma > 0))
    return "it is a bridge of Brownian motion, measured with its SDE";
  if (values > baseline.values)
    return `it is for up to ${baseline.values} values, and samples have ${values}`;
  const generator = stream(context.options.seed, `quality/${set.direction}/${baseline.name}`);
  let end: Tensor;
  try {
    end = kept(() =>
      legsOf(ends, set.sampling.grid, set.direction).reduce(
        (from, leg) => throughLeg(leg, from, { baseline, set, context, generator }),
        set.start,
      ),
    );
  } catch (error) {
    if (error instanceof BridgeError) return error.message;
    throw error;
  }
  context.keep({ [Symbol.dispose]: () => end.dispose() });
  return {
    prefix: `${baseline.name}_`,
    group: "baselines",
    metrics: baselineMetrics,
    set: { ...set, end, states: new Map(), energy: null, shared: new Map() },
    change: ({ title }) => ({
      title: `${title} of the ${baseline.title}`,
      meaning: baseline.meaning,
    }),
  };
}

interface Leg {
  ends: Pick<Datasets, "x0" | "x1">;
  grid: TimeGrid;
  unit: number;
}

/** One leg for each interval, in the order of a direction. */
function legsOf(ends: Datasets, grid: TimeGrid, direction: Direction): Leg[] {
  if (!ends.chain) return [{ ends, grid, unit: 1 }];
  const all = [ends.x0, ...ends.between, ends.x1];
  const grids = gridsWithin(ends.chain, grid);
  return inOrder(ends.chain, direction).map(({ index, unit }) => ({
    ends: { x0: all[index], x1: all[index + 1] } as Leg["ends"],
    grid: grids[index] as TimeGrid,
    unit,
  }));
}

interface LegContext {
  baseline: Baseline;
  set: SampleSet;
  context: Measuring;
  generator: Generator;
}

function throughLeg(
  { ends, grid, unit }: Leg,
  from: Tensor,
  { baseline, set: { direction, given }, context, generator }: LegContext,
): Tensor {
  const { subject, options } = context;
  const method = methodNamed(baseline.name);
  const most = Math.min(baseline.most, Math.ceil(mostNumbers / valuesOf(subject.ends)));
  const { process, config } = subject.trained;
  const rows = (end: "x0" | "x1") => testRows(ends[end], most, options.seed, "train").div(unit);
  const conditionsOf = (end: "x0" | "x1") => testConditions(ends, end, most, "train");
  const data = {
    x0: rows("x0"),
    x1: rows("x1"),
    conditions: { x0: conditionsOf("x0"), x1: conditionsOf("x1") },
  };
  const width = conditionWidth(subject.ends.columns?.condition ?? null);
  const facts = { shape: subject.ends.shape, direction, conditions: conditionKind(config, width) };
  const network = method.model?.create(facts as ModelFacts);
  if (!network) throw new Error(`${baseline.name} has no model of its own`);
  network.to({ device: from.device });
  const { diffusion: _, guidance: __, ...trained } = subject.trained;
  const dynamics = {
    method,
    grid,
    chain: null,
    parametrisation: plainDrift,
    stepVariance: "bridge",
  } as const;
  using bridge = new Bridge(
    { ...trained, ...dynamics },
    { f: network, b: network },
    { threads: getNumThreads(), chunkRows: 250 },
  );
  method.model?.fit?.({ network, data, process, direction });
  const how = { generator, given, lastNoise: false };
  const end = noGrad(() => tidy(() => bridge.sampler.endpoints(direction, from.div(unit), how)));
  return end.mul(unit);
}
