// Diffusion Schrödinger bridge of images (De Bortoli et al. 2021): iterative proportional fitting on the steps of a
// discrete process, which begins as Langevin dynamics towards a Gaussian.
import { arange, type Device, randint, randn, type Tensor, tensor } from "@dsbm/torch";
import { type Conditions, conditionRows, conditionsAt, mapConditions } from "../core/conditions.js";
import { other, startOf } from "../core/direction.js";
import { BridgeError } from "../core/errors.js";
import { drawAll } from "../core/random.js";
import { type LangevinOptions, langevin } from "../langevin/langevin.js";
import { networkMean, referenceMean } from "../langevin/mean.js";
import { langevinRun, langevinTuple, langevinTuples } from "../langevin/run.js";
import type { Method, StepSampler } from "./method.js";

export interface LangevinMethod extends Method {
  readonly sampler: StepSampler;
}

/**
 * The method for one process; `device` is where rows live. Its rows are points [n, …], targets [n, …], the counts
 * [n] int64 of the steps that made them, and conditions. A first pass has one random step a start, drawn anew for
 * each batch; later ones all steps of a run, run after run. `simulateIncrements` of an epoch is `sampler.tuples`.
 * Throws a BridgeError as `langevin` does.
 */
export function dsbLangevin({
  device = "cpu",
  ...options
}: LangevinOptions & { device?: Device }): LangevinMethod {
  const process = langevin(options);
  const n = process.gammas.length;
  const weights = process.weight.some((w) => w !== 1)
    ? tensor([...process.weight], { dtype: "float32", device }).keep()
    : null;
  return {
    name: "dsb",
    predicts: "increment",
    networks: "each",
    optimizer: "renewed",
    eps: 0,
    pairs: false,
    sampler: {
      rowsPerRun: n,
      sample(net, x, { grid, ...run }) {
        if (grid.steps.length !== n)
          throw new BridgeError(
            "argument",
            `networks of discrete DSB know the ${n} steps that they were trained on, got a grid of ${grid.steps.length}; use ${n}`,
          );
        return langevinRun(process, networkMean(net, process), x, run);
      },
      tuples(net, x, run) {
        const { x: points, target } = langevinTuples(process, networkMean(net, process), x, run);
        return [points, target];
      },
    },
    epoch({ direction, newest, data, generator, forRows = drawAll, simulateIncrements }) {
      const run = newest ?? other(direction);
      const from = startOf(run);
      const start = data[from];
      const given = conditionsAt(data.conditions, from)?.values;
      if (newest !== null) {
        const [points, targets] = simulateIncrements(newest, start, given) as [Tensor, Tensor];
        return allSteps([points, targets], given);
      }
      const draw = { generator, device: start.device };
      const steps = forRows(start.size(0), (rows) => randint(0, n, [rows], draw));
      const { x, target } = langevinTuple(process, referenceMean(process), start, {
        direction: run,
        steps,
        noise: (like) =>
          forRows(like.size(0), (rows) =>
            randn([rows, ...like.shape.slice(1)], { ...draw, dtype: like.dtype }),
          ),
      });
      return [x, target, steps, ...conditionRows(given)];
    },
    regression([x, back, steps], { direction }) {
      const [point, increment, made] = [x, back, steps] as [Tensor, Tensor, Tensor];
      // The step that undoes step k of the other direction is the trained direction's step N − 1 − k.
      const own = made.rsub(n - 1);
      return {
        x: point,
        t: own.to(point.dtype),
        target: process.meanMatch ? point.add(increment) : increment,
        weight: weights?.indexSelect(0, direction === "f" ? own : made),
      };
    },
  };
}

/** Runs [B, N, …] as rows [B·N, …], each with its step's count and the conditions of its run. */
function allSteps(runs: readonly [Tensor, Tensor], given: Conditions | undefined): Tensor[] {
  const [batch, n] = runs[0].shape as [number, number];
  const rows = runs.map((t) => t.flatten({ startDim: 0, endDim: 1 }));
  const steps = arange(0, n, { dtype: "int64", device: runs[0].device }).repeat([batch]);
  const told = mapConditions(given, (t) => t.repeatInterleave(n, { dim: 0 }));
  return [...rows, steps, ...conditionRows(told)];
}
