import {
  cat,
  enableGrad,
  type Generator,
  nn,
  optim,
  Parameter,
  rand,
  randint,
  recordCalls,
  type Tensor,
  tidy,
} from "@dsbm/torch";
import { eachInterval } from "../chain/coupling.js";
import { withAbsoluteTime } from "../chain/network.js";
import { type Batch, mapBatch, type Pairs } from "../core/batch.js";
import { argumentError } from "../core/errors.js";
import { splitMass, withoutMass } from "../coupling/growth.js";
import { minibatchExact } from "../coupling/minibatch.js";
import { dataMetric, type MetricName, type SquaredLength } from "../model/data-metric.js";
import { type Bending, LearnedBend } from "../model/mean-path.js";
import { asColumn } from "../process/process.js";
import type { Method, StepContext } from "./method.js";

/** Smooth paths through all datasets of a chain (see `alongSplines`); two datasets have straight paths. */
export const withSplines = (
  { rows, ...method }: Method,
  potential: number | null = null,
): Method => ({
  ...method,
  ...(rows && {
    rows: { ...rows, wholePlans: false, smooth: { mass: method.mass, potential } },
  }),
});

/**
 * Noise of this deviation around the paths in training, from which a flow learns to lead rows back (OT-CFM, VGFM). Both ends
 * of a pair move by the same noise, so that velocities stay; a log mass stays, too.
 */
export function withPathNoise({ loss, regression, ...method }: Method, deviation: number): Method {
  const moved = (batch: Batch, { noise }: StepContext): Batch => {
    const { x0, x1 } = batch as Pairs;
    const e = method.mass ? withoutMass(noise(x0)) : noise(x0);
    const by = { alpha: deviation };
    return { ...batch, x0: x0.add(e, by), x1: x1.add(e, by) };
  };
  return {
    ...method,
    ...(loss && { loss: (batch, at) => loss(moved(batch, at), at) }),
    ...(regression && { regression: (batch, at) => regression(moved(batch, at), at) }),
  };
}

const mostRows = 2048;
const fewColumns = 10;

/**
 * Paths of least energy under a metric of the rows of an interval's two datasets (default: LAND up to ten columns, else
 * RBF).
 * @throws {BridgeError} for images.
 */
export function withDataMetric(method: Method, metric: MetricName | null = null): Method {
  const { model, networks, rows, mass } = method;
  const plain = (x: Tensor) => (mass ? splitMass(x).x : x);
  return {
    ...method,
    model: {
      type: nn.Module,
      ...model,
      create(facts) {
        const { shape, chain, generator, createNetwork } = facts;
        const [columns = 0, ...more] = shape;
        if (more.length > 0)
          throw argumentError(
            `samples have the shape [${shape}], and paths that follow data are for vectors: write interpolant=straight`,
          );
        const bidirectional = networks === "bidirectional";
        const net =
          model?.create(facts) ?? withAbsoluteTime(createNetwork({ bidirectional }), chain);
        return Object.assign(net, {
          bend: new LearnedBend(mass ? columns - 1 : columns, { chain, generator }),
        });
      },
      prepare(context) {
        model?.prepare?.(context);
        const { network, data, process, generator } = context;
        const couple = rows?.coupling?.(process, data.chain) ?? minibatchExact();
        const parts = eachInterval(data, "x0").map(({ x0, x1, conditions }) => {
          const some = (x: Tensor) => x.narrow(0, 0, Math.min(mostRows, x.size(0)));
          const ends = mapBatch({ x0, conditions }, some);
          const pairs = couple({ ...ends, x1: some(x1) }, generator);
          const data = cat([plain(ends.x0), plain(some(x1))]);
          const name = metric ?? (data.size(1) > fewColumns ? "rbf" : "land");
          return {
            pairs: { ...pairs, x0: plain(pairs.x0), x1: plain(pairs.x1) },
            squaredLength: dataMetric(data, name, generator),
          };
        });
        leastEnergy((network as Bending).bend!, parts, generator);
      },
    },
  };
}

const bendSteps = 1000;
const bendRate = 1e-3;
const bendBatch = 256;

/** Minimises the mean energy of the paths of pairs over their bends. */
function leastEnergy(
  bend: LearnedBend,
  parts: readonly { pairs: Pairs; squaredLength: SquaredLength }[],
  generator: Generator,
): void {
  const weights = bend.weights.map((w) => new Parameter(w.clone()));
  const optimizer = new optim.Adam(weights, { lr: bendRate });
  const energy = ({ pairs, squaredLength }: (typeof parts)[number]) => {
    const { device } = pairs.x0;
    const index = randint(0, pairs.x0.size(0), [bendBatch], { generator, device });
    const some = mapBatch(pairs, (x) => x.indexSelect(0, index));
    const t = rand([bendBatch], { generator, device });
    const { x, velocity } = bend.at(some, t, weights);
    const line = some.x0.lerp(some.x1, asColumn(t, some.x0));
    return squaredLength(line.add(x), some.x1.sub(some.x0).add(velocity)).mean();
  };
  const advance = recordCalls(() => {
    optimizer.zeroGrad();
    const sum = parts.map(energy).reduce((all, one) => all.add(one));
    sum.backward();
    optimizer.step();
    return [sum.detach()];
  });
  for (let step = 0; step < bendSteps; step++) {
    optimizer.lr = (bendRate / 2) * (1 + Math.cos((Math.PI * step) / bendSteps));
    tidy(() => enableGrad(() => advance()));
  }
  advance.reset();
  bend.weights.forEach((w, i) => void w.copy_(weights[i]));
  optimizer.dispose();
  for (const w of weights) w.dispose();
}
