// Sampling in few steps from the law of the endpoint given a state (De Bortoli et al. 2025). What few Euler steps lose is this law: a
// drift is its mean, which along a bridge is a martingale already.
import { cat, type Tensor } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import { oneTime } from "../core/one-time.js";
import { simulatedPairs } from "../coupling/from-one-end.js";
import { EndpointGenerator } from "../model/endpoint-generator.js";
import { noiseLike, solverSteps } from "../solver/solver.js";
import type { Method } from "./method.js";
import { outputOptions, pairOptions } from "./options.js";
import { beginPreconditioned } from "./preconditioned.js";
import { bridgePath } from "./sample.js";

/** Options of few steps. */
export interface FewStepsNumbers {
  /** Steps of the sampler (default 4); its divisors are sampled, too. */
  steps?: number;
  /** Draws of the endpoint for each row of a training step (default 2). */
  draws?: number;
}

/** Times [B] in [0, 1) to the starts of steps [B]: half of the rows go to the first of two steps or more, where most is to be learnt. */
const startsOf = (t: Tensor, steps: number): Tensor =>
  t
    .square()
    .mul(steps)
    .floor()
    .clamp({ max: steps - 1 })
    .div(steps);

/** Steps from x [B, C, …]: a draw of the endpoint from the state and noise side by side, then the next state of the bridge to it. */
const stepsToDraws: NonNullable<Method["sampler"]> = (
  generator,
  x,
  { direction, grid, only, noise = noiseLike, callback, process },
) => {
  const channels = x.size(1);
  const steps = solverSteps(direction, grid, only);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  return steps.reduce((state, { k, time, next }) => {
    const both = noise(cat([state, state], { dim: 1 }), k);
    const seen = both.narrow(1, 0, channels);
    const z = both.narrow(1, channels, channels);
    const end = generator(cat([state, seen], { dim: 1 }), oneTime(state, time));
    const moved = bridgePath(end, state, { direction, grid, only: k, noise: () => z, process });
    callback?.(moved, { step: k + 1, time: next });
    return moved;
  }, x);
};

/**
 * A generator G(x_t, t, ξ) of endpoints, trained on another bridge's pairs by the energy score. A step draws an endpoint, and then the
 * next state from the bridge to this endpoint: exact in any number of steps if G is.
 */
export const few_steps = ({ steps = 4, draws = 2 }: FewStepsNumbers = {}) =>
  ({
    name: "few_steps",
    title: "distributional diffusion",
    predicts: "drift",
    networks: "each",
    model: {
      type: EndpointGenerator,
      create: ({ shape, direction, chain, createNetwork }) =>
        new EndpointGenerator(createNetwork({ unit: true, channels: shape[0] ?? 0 }), shape, {
          chain,
          direction,
        }),
      begin: beginPreconditioned,
    },
    onlyBrownian: true,
    learns: "pairs",
    eps: 0,
    dividesSteps: true,
    takes: {
      options: ["teacher"],
      ignored: [...outputOptions, ...pairOptions, "time_sampling"],
      refused: {
        condition_dropout: "has no place in few steps, whose noise is a condition: leave it out",
      },
    },
    guide: [
      {
        title: "distributional diffusion",
        use: "another run in one to four steps",
        lack: "needs a trained run",
      },
    ],
    rows: {
      pairs: true,
      chains: true,
      simulation: "teacher",
      make: ({ direction, data, simulate }) => simulatedPairs(direction, data, simulate),
    },
    loss({ x0, x1, conditions = {} }, { network, direction, process, t, noise }) {
      const start = startsOf(t, steps);
      const time = direction === "f" ? start : start.rsub(1);
      const x = process.bridge({ x0, x1, t: time, z: noise(x0) });
      const noises = Array.from({ length: draws }, () => noise(x0));
      const reached = direction === "f" ? x1 : x0;
      const generator = network as EndpointGenerator;
      return generator.score(x, time, { conditions, noises, reached });
    },
    drawsTwice: true,
    sampler: stepsToDraws,
  }) satisfies Method<Pairs>;
