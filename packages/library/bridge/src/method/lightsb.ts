// LightSB (Korotin et al. 2024) maximises a likelihood of the endpoints; LightSB-M (Gushchin et al. 2024)
// matches bridges between pairs.
import { arange, cat, type Tensor } from "@dsbm/torch";
import type { Pairs } from "../core/batch.js";
import { sourceOf, targetOf } from "../core/direction.js";
import { independent } from "../coupling/independent.js";
import { type MixtureNumbers, MixturePotential } from "../model/mixture-potential.js";
import { UnbalancedMixture } from "../model/unbalanced-mixture.js";
import type { Method } from "./method.js";
import { outputOptions, pairOptions } from "./options.js";
import type { GrowthNumbers } from "./wfr.js";

const lightSB = (name: string, { components = 50, spread = 0.1 }: MixtureNumbers) =>
  ({
    name,
    predicts: "drift",
    plan: (network, x, { z }) => (network as MixturePotential).draw(x, z),
    networks: "each",
    model: {
      type: MixturePotential,
      create: ({ shape, direction }) => new MixturePotential(shape, { direction, components }),
      begin({ network, direction, data, process, generator }) {
        const epsilon = process.sigma ** 2;
        const end = data[targetOf(direction)];
        (network as MixturePotential).initialise(end, { epsilon, spread, generator });
      },
    },
    onlyBrownian: true,
    keepOptimizer: true,
    eps: 0,
    // Adam moves a mean by at most lr a step.
    leastSteps: 3000,
    rows: {
      pairs: true,
      simulation: "never",
      make: ({ direction, data, matching, generator }) =>
        independent(data, generator, { to: targetOf(direction), matching }),
    },
  }) satisfies Partial<Method<Pairs>>;

/** Options of LightSB and U-LightOT. */
export interface LightNumbers extends MixtureNumbers, Pick<GrowthNumbers, "masses"> {
  /** The price τ of growth in units of x², of unbalanced transport; null or none: mass stays. */
  massPenalty?: number | null | undefined;
}

/** Balanced, or unbalanced with a penalty (U-LightOT). */
export const lightsb = (numbers: LightNumbers = {}): Method<Pairs> =>
  numbers.massPenalty ? unbalancedLightSB(numbers, numbers.massPenalty) : balancedLightSB(numbers);

const lightFacts = {
  takes: {
    options: ["mass", "mass_penalty"],
    ignored: [...outputOptions, ...pairOptions],
    unused: ["eps", "time_sampling"],
    conditions: false,
  },
  guide: [
    {
      use: "vectors with few modes, in seconds",
      lack: "needs a target that few Gaussians fit",
    },
  ],
} satisfies Partial<Method>;

const balancedLightSB = (numbers: MixtureNumbers) =>
  ({
    ...lightSB("lightsb", numbers),
    title: "light Schrödinger bridge",
    ...lightFacts,
    loss(batch, { network, direction }) {
      const start = batch[sourceOf(direction)];
      const end = batch[targetOf(direction)];
      return (network as MixturePotential).loss(start, end);
    },
  }) satisfies Method<Pairs>;

const unbalancedLightSB = (numbers: LightNumbers, penalty: number) =>
  ({
    ...lightSB("lightsb", numbers),
    title: "light Schrödinger bridge",
    ...lightFacts,
    mass: true,
    plan: (network, x, { z }) => (network as UnbalancedMixture).draw(x, z),
    model: {
      type: UnbalancedMixture,
      create: ({ shape: [columns = 1], direction }) =>
        new UnbalancedMixture(penalty, { ...numbers, direction, d: columns - 1 }),
      begin({ network, direction, data, process, generator }) {
        const { spread = 0.1 } = numbers;
        const options = { epsilon: process.sigma ** 2, spread, generator };
        const start = data[sourceOf(direction)];
        (network as UnbalancedMixture).initialise(start, data[targetOf(direction)], options);
      },
    },
    loss(batch, { network, direction }) {
      const { masses: [x0 = 1, x1 = x0] = [] } = numbers;
      const masses = { x0, x1 };
      const from = sourceOf(direction);
      const to = targetOf(direction);
      const sums = { start: masses[from], end: masses[to] };
      return (network as UnbalancedMixture).loss(batch[from], batch[to], sums);
    },
  }) satisfies Method<Pairs>;

const lastTime = 0.99;
/** Rows that share a time, so that their drift is one matrix product. Fewer times would add noise. */
const rowsPerTime = 4;

/** LightSB-M: the potential of LightSB from bridge matching on any pairs (Gushchin et al. 2024). */
export const lightsb_m = (numbers: MixtureNumbers = {}) =>
  ({
    ...lightSB("lightsb_m", numbers),
    title: "light Schrödinger bridge matching",
    takes: { ignored: outputOptions, conditions: false },
    guide: [{ use: "the same from any pairs", lack: "the same" }],
    loss({ x0, x1 }, { network, direction, process, t, noise }) {
      const net = network as MixturePotential;
      const n = x0.size(0);
      const size = n % rowsPerTime === 0 ? rowsPerTime : 1;
      // Stratified like t [B], one in each of equal parts.
      const groups = n / size;
      const strata = Math.ceil(n / 2);
      const within = t.narrow(0, 0, groups).mul(strata).frac();
      const some = within.add(arange(0, groups, { device: t.device })).div(groups);
      const times = direction === "f" ? some.mul(lastTime) : some.rsub(1).mul(lastTime).rsub(1);
      const each = times.repeatInterleave(size);
      // The target's noise grows without bound towards the end; opposite draws cancel most of it in the gradient.
      const z = noise(x0);
      const sample = { x0, x1, t: each };
      const one = { ...sample, z };
      const opposite = { ...sample, z: z.neg() };
      const both = (a: Tensor, b: Tensor) => {
        const parts = [a, b].map((y) => y.reshape([groups, size, ...y.shape.slice(1)]));
        return cat(parts, { dim: 1 }).flatten({ endDim: 1 });
      };
      const drift = net.atTimes(both(process.bridge(one), process.bridge(opposite)), times);
      const targets = both(process.target(direction, one), process.target(direction, opposite));
      const error = drift.sub(targets).square().sum();
      return error.div(2 * n);
    },
  }) satisfies Method<Pairs>;
