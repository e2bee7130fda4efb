// Unbalanced flow and bridge matching along Wasserstein–Fisher–Rao geodesics between pairs (WFR-FM, ICLR 2026). The
// last column of a sample is its log mass.
import { cat, noGrad, type Tensor } from "@dsbm/torch";
import { intervalsOf } from "../chain/chain.js";
import type { Pairs } from "../core/batch.js";
import {
  joinMass,
  type KnownGrowth,
  minibatchGrowth,
  splitMass,
  withoutMass,
} from "../coupling/growth.js";
import { independent } from "../coupling/independent.js";
import { BlindToMass } from "../model/blind-to-mass.js";
import { ComponentGrowth } from "../model/component-growth.js";
import { FlowAndScore } from "../model/flow-and-score.js";
import { addBends } from "../model/mean-path.js";
import { growthPath, straightPath } from "../process/growth-path.js";
import { asColumn } from "../process/process.js";
import type { Method, MethodModel, ModelFacts, StepContext } from "./method.js";
import { finiteTimes, growthOptions, outputOptions, pathOptions, rowOptions } from "./options.js";
import { noiseTerms } from "./sf2m.js";

/** Options of methods with growth. */
export interface GrowthNumbers {
  /** Pairs farther apart than πδ die and are born instead of moving (default 1). */
  delta?: number | undefined;
  /** Masses of the datasets, if the log masses of source rows include a growth prior. */
  masses?: readonly number[] | undefined;
  /** The growth of each interval, estimated before training. */
  known?: readonly KnownGrowth[] | undefined;
  /** Semi-relaxed plans and straight paths instead (see `growthPlan`): the penalty; null or none: `delta`'s geodesics. */
  semiRelaxed?: number | null | undefined;
}

const growthMethod = ({ delta = 1, masses, known, semiRelaxed: penalty }: GrowthNumbers) =>
  ({
    mass: true,
    learns: "transport",
    keepOptimizer: true,
    onlyBrownian: true,
    eps: 1e-3,
    rows: {
      pairs: true,
      simulation: "never",
      chains: true,
      wholePlans: true,
      coupling: (_, chain) =>
        minibatchGrowth({
          delta,
          masses,
          known,
          penalty,
          units: chain && intervalsOf(chain).map(({ unit }) => unit),
        }),
      make: ({ data, generator, matching }) => independent(data, generator, { matching }),
    },
  }) satisfies Partial<Method<Pairs>>;

/** Points on the paths of pairs [B, d + 1], flow and growth there, and the mass that has come there [B]. */
function pathOf(
  pairs: Pairs,
  { flow, network, t }: Pick<StepContext, "network" | "t"> & { flow: BlindToMass },
  { delta = 1, semiRelaxed = null }: GrowthNumbers,
) {
  const path = semiRelaxed === null ? growthPath : straightPath;
  return noGrad(() => {
    const { x0, x1, bend0, conditions } = pairs;
    const unit = flow.unit(t, conditions);
    if (bend0) {
      const line = { x: x0.lerp(x1, asColumn(t, x0)), velocity: x1.sub(x0) };
      const { x, velocity } = addBends(line, pairs, { network, t });
      return { x, target: velocity, mass: splitMass(x).logMass.mul(unit).exp() };
    }
    const from = splitMass(x0);
    const to = splitMass(x1);
    const ends = { x0: from.x, x1: to.x };
    const { growth, mass, ...straight } = path({
      ...ends,
      logRatio: to.logMass.sub(from.logMass).mul(unit),
      t,
      delta: unit.reciprocal().mul(delta),
    });
    const { x, velocity } = addBends(straight, { ...ends, conditions }, { network, t });
    return { x: joinMass(x, from.logMass), target: joinMass(velocity, growth.div(unit)), mass };
  });
}

const weightedSquares = (error: Tensor, weight: Tensor): Tensor =>
  error.square().mul(asColumn(weight, error)).mean();

const manyColumns = 100;

const flowOf = ({ createNetwork, chain, generator, shape: [d = 0] }: ModelFacts) =>
  new BlindToMass(createNetwork(), {
    chain,
    components: d > manyColumns ? new ComponentGrowth(d - 1, generator) : null,
  });

const beginGrowth: MethodModel["begin"] = ({ network, data }) => {
  for (const part of (network as BlindToMass | FlowAndScore).modules())
    if (part instanceof ComponentGrowth) part.initialise(cat([data.x0, data.x1]));
};

/** The flow and its growth, without noise. */
export const wfr = (numbers: GrowthNumbers = {}) =>
  ({
    ...growthMethod(numbers),
    name: "wfr",
    title: "unbalanced flow matching",
    takes: {
      options: [...growthOptions, ...pathOptions],
      ignored: [...outputOptions, "ot_sampler"],
      unused: rowOptions,
      images: false,
    },
    guide: [
      {
        use: "datasets of different mass: growth and death",
        lack: "vectors only; no SDE",
      },
    ],
    predicts: "velocity",
    straight: true,
    networks: "shared",
    model: {
      type: BlindToMass,
      create: flowOf,
      begin: beginGrowth,
    },
    loss(batch, { network, t }) {
      const at = { flow: network as BlindToMass, network, t };
      const { x, target, mass } = pathOf(batch, at, numbers);
      return weightedSquares(network.forward(x, t, batch.conditions).sub(target), mass);
    },
  }) satisfies Method<Pairs>;

/** The same with noise and a score, as in [SF]²M: a bridge in both directions. */
export const wfr_bridge = (numbers: GrowthNumbers = {}) =>
  ({
    ...growthMethod(numbers),
    name: "wfr_bridge",
    title: "unbalanced bridge matching",
    takes: {
      options: [...growthOptions, ...pathOptions],
      ignored: [...outputOptions, "ot_sampler"],
      unused: rowOptions,
      refused: finiteTimes("wfr_bridge"),
      images: false,
    },
    guide: [{ use: "the same with noise and a score", lack: "vectors only" }],
    predicts: "drift",
    networks: "bidirectional",
    model: {
      type: FlowAndScore,
      create: (facts) =>
        new FlowAndScore(
          flowOf(facts),
          new BlindToMass(facts.createNetwork(), { chain: facts.chain, hasGrowth: false }),
        ),
      begin: beginGrowth,
    },
    loss(batch, { network, process, t, noise }) {
      const { v, s } = network as FlowAndScore;
      const at = { flow: v as BlindToMass, network, t };
      const { x: mean, target, mass } = pathOf(batch, at, numbers);
      const e = withoutMass(noise(mean));
      const x = process.bridge({ x0: mean, x1: mean, t, z: e });
      const { slope, weight } = noiseTerms(t, x, process.sigma);
      const flowError = v.forward(x, t, batch.conditions).sub(target.add(slope.mul(e)));
      const scoreError = s.forward(x, t, batch.conditions).mul(weight).add(e);
      return weightedSquares(flowError, mass).add(weightedSquares(scoreError, mass));
    },
  }) satisfies Method<Pairs>;
