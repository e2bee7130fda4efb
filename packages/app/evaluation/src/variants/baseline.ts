import { BridgeError, type ModelFacts, methodNamed, plainDrift, stream } from "@dsbm/bridge";
import { conditionWidth } from "@dsbm/data";
import { Bridge } from "@dsbm/inference";
import { conditionKind, testConditions, testRows } from "@dsbm/problem";
import { getNumThreads, noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Measuring } from "../measuring.js";
import type { SampleSet } from "../metric.js";
import type { Variant } from "../rows.js";

const prefix = "gaussian_bridge_";
const metrics = ["sliced_w2", "c2st", "displacement"];

export const baselineNames: readonly string[] = metrics.map((name) => `${prefix}${name}`);

const mostRows = 50_000;
/** Covariances are inverted in every step. */
const mostValues = 1024;
const mostNumbers = 2 ** 24;

/** The rows that the Gaussian bridge generates from a set's source rows, or why it cannot. */
export function baselineVariant(set: SampleSet, context: Measuring): Variant | string {
  const { trained, ends } = context.subject;
  const values = ends.shape.reduce((a, b) => a * b, 1);
  const isBrownian = trained.config.sde !== "vp" && trained.process.sigma > 0;
  if (trained.method.name === "gaussian_bridge") return "it is the run itself";
  if (ends.chain) return "it is for two datasets";
  if (set.sampling.solver !== "sde" || !isBrownian)
    return "it is a bridge of Brownian motion, measured with its SDE";
  if (values > mostValues)
    return `it is for up to ${mostValues} values, and samples have ${values}`;
  let end: Tensor;
  try {
    const most = Math.min(mostRows, Math.ceil(mostNumbers / values));
    end = context.own(() => generate(set, context, most));
  } catch (error) {
    if (error instanceof BridgeError) return error.message;
    throw error;
  }
  return {
    prefix,
    group: "baselines",
    metrics,
    set: { ...set, end, states: new Map(), energy: null },
    change: ({ title }) => ({
      title: `${title} of the Gaussian bridge`,
      meaning:
        "The exact bridge between Gaussians of the data's means and covariances, without training.",
    }),
  };
}

function generate(
  { direction, start, given, sampling }: SampleSet,
  { subject, options }: Measuring,
  most: number,
): Tensor {
  const { ends } = subject;
  const { diffusion: _, guidance: __, ...trained } = subject.trained;
  const method = methodNamed("gaussian_bridge");
  const rows = (end: "x0" | "x1") => testRows(ends[end], most, options.seed, "train");
  const conditionsOf = (end: "x0" | "x1") => testConditions(ends, end, most, "train");
  const width = conditionWidth(ends.columns?.condition ?? null);
  const conditions = conditionKind(trained.config, width);
  const facts = { shape: ends.shape, direction, conditions } as ModelFacts;
  const network = method.model?.create(facts);
  if (!network) throw new Error("the Gaussian bridge has no model of its own");
  network.to({ device: start.device });
  method.model?.fit?.({
    network,
    process: trained.process,
    direction,
    data: {
      x0: rows("x0"),
      x1: rows("x1"),
      conditions: { x0: conditionsOf("x0"), x1: conditionsOf("x1") },
    },
  });
  const dynamics = {
    method,
    grid: sampling.grid,
    parametrisation: plainDrift,
    stepVariance: "bridge",
  } as const;
  using bridge = new Bridge(
    { ...trained, ...dynamics },
    { f: network, b: network },
    { threads: getNumThreads() },
  );
  const generator = stream(options.seed, `quality/${direction}/gaussian_bridge`);
  const how = { generator, given, lastNoise: false };
  return noGrad(() => tidy(() => bridge.sampler.endpoints(direction, start, how)));
}
