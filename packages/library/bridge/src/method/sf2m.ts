// [SF]²M (Tong et al. 2023): flow and score of bridges between transported pairs, without simulation.
import type { Tensor } from "@dsbm/torch";
import { withAbsoluteTime } from "../chain/network.js";
import type { Pairs } from "../core/batch.js";
import { independent } from "../coupling/independent.js";
import { minibatchBridge } from "../coupling/minibatch.js";
import { FlowAndScore } from "../model/flow-and-score.js";
import { addBends } from "../model/mean-path.js";
import { asColumn } from "../process/process.js";
import type { Method } from "./method.js";
import { finiteTimes, outputOptions, pathOptions } from "./options.js";

/** [SF]²M: flow and score of the bridge from entropic minibatch pairs (Tong et al. 2024). */
export const sf2m = {
  name: "sf2m",
  title: "simulation-free score and flow matching",
  predicts: "drift",
  networks: "bidirectional",
  model: {
    type: FlowAndScore,
    create({ createNetwork, chain }) {
      const flow = withAbsoluteTime(createNetwork(), chain);
      return new FlowAndScore(flow, withAbsoluteTime(createNetwork(), chain));
    },
  },
  onlyBrownian: true,
  keepOptimizer: true,
  learns: "pairs",
  eps: 1e-3,
  takes: {
    options: ["step_variance=analytic", ...pathOptions, "path_potential"],
    ignored: outputOptions,
    refused: finiteTimes("sf2m"),
  },
  guide: [
    {
      use: "training without simulation; SDE and flow",
      lack: "only as close to the bridge as the OT of a batch",
    },
  ],
  rows: {
    pairs: true,
    simulation: "never",
    chains: true,
    coupling: minibatchBridge,
    make: ({ data, generator, matching }) => independent(data, generator, { matching }),
  },
  loss(pairs, { network, process, t, noise }) {
    const { x0, x1, conditions } = pairs;
    const { v, s } = network as FlowAndScore;
    const e = noise(x0);
    const straight = { x: process.bridge({ x0, x1, t, z: e }), velocity: x1.sub(x0) };
    const { x, velocity } = addBends(straight, pairs, { network, t });
    const { slope, weight } = noiseTerms(t, x0, process.sigma);
    const flow = velocity.add(slope.mul(e));
    const scoreError = s.forward(x, t, conditions).mul(weight).add(e);
    return v.forward(x, t, conditions).sub(flow).square().mean().add(scoreError.square().mean());
  },
} satisfies Method<Pairs>;

/**
 * Of x − μ_t = σ√(t(1−t)) e for times t [B] and rows of the shape of `like` [B, …]: its slope in time at fixed noise
 * over e, and the weight of the score's error.
 */
export function noiseTerms(t: Tensor, like: Tensor, sigma: number) {
  const u = asColumn(t, like);
  const variance = u.mul(u.rsub(1));
  return {
    slope: u.mul(-2).add(1).div(variance.sqrt().mul(2)).mul(sigma),
    weight: variance.sqrt().mul(2 / sigma),
  };
}
