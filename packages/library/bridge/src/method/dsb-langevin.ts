import { arange, type Device, randint, randn, type Tensor, tensor } from "@dsbm/torch";
import type { Batch } from "../core/batch.js";
import { type Conditions, conditionsAt, mapConditions } from "../core/conditions.js";
import { oppositeDirection, sourceOf } from "../core/direction.js";
import { argumentError } from "../core/errors.js";
import {
  type Langevin,
  type LangevinOptions,
  langevin,
  networkMean,
  referenceMean,
} from "../langevin/langevin.js";
import { langevinRun, langevinTuple, langevinTuples } from "../langevin/run.js";
import type { Method, RowsContext } from "./method.js";
import { pairOptions, timeOptions } from "./options.js";

interface LangevinRows extends Batch {
  readonly x: Tensor;
  readonly target: Tensor;
  readonly step: Tensor;
}

/**
 * DSB for one discrete process. Rows are points and targets [n, …], and the counts [n] int64 of their steps: one random
 * step a start in the first pass, later all steps of a run.
 * @throws {BridgeError} as `langevin` does.
 */
export function dsbLangevin({ device = "cpu", ...options }: LangevinOptions & { device?: Device }) {
  const process = langevin(options);
  const n = process.gammas.length;
  const weights = process.weight.some((w) => w !== 1)
    ? tensor([...process.weight], { dtype: "float32", device }).keep()
    : null;
  return {
    name: "dsb",
    title: "diffusion Schrödinger bridge",
    predicts: "increment",
    networks: "each",
    sampler(net, x, { grid, ...run }) {
      if (grid.steps.length !== n)
        throw argumentError(
          `networks of discrete DSB know the ${n} steps that they were trained on, got a grid of ${grid.steps.length}; use ${n}`,
        );
      return langevinRun(process, networkMean(net, process), x, run);
    },
    eps: 0,
    takes: {
      options: ["langevin_scale", "var_final_gamma_scale"],
      ignored: ["std_trick", "normalize_x1", ...pairOptions],
      unused: timeOptions,
    },
    rows: {
      pairs: false,
      runs: {
        perRun: n,
        names: ["x", "target"],
        rows(net, x, run) {
          const mean = net ? networkMean(net, process) : referenceMean(process);
          return langevinTuples(process, mean, x, run);
        },
      },
      make(context) {
        const { direction, newest, data } = context;
        const from = sourceOf(newest ?? oppositeDirection(direction));
        const start = data[from];
        const conditions = conditionsAt(data.conditions, from)?.values;
        return newest === null
          ? firstRows(process, start, conditions, context)
          : allSteps(n, context.simulateRuns(newest, start, conditions), conditions);
      },
    },
    regression({ x, target, step }, { direction }) {
      // Step N − 1 − k of the trained direction undoes step k of the other direction.
      const count = step.rsub(n - 1);
      return {
        x,
        t: count.to(x.dtype),
        target: process.meanMatch ? x.add(target) : target,
        weight: weights?.indexSelect(0, direction === "f" ? count : step),
      };
    },
  } satisfies Method<LangevinRows>;
}

/** One random step of the reference process from each start [B, …]. */
function firstRows(
  process: Langevin,
  start: Tensor,
  conditions: Conditions | undefined,
  { direction, generator }: Pick<RowsContext, "direction" | "generator">,
): LangevinRows {
  const draw = { generator, device: start.device };
  const step = randint(0, process.gammas.length, [start.size(0)], draw);
  const { x, target } = langevinTuple(process, referenceMean(process), start, {
    direction: oppositeDirection(direction),
    steps: step,
    noise: (like) => randn(like.shape, { ...draw, dtype: like.dtype }),
  });
  return { x, target, step, conditions };
}

/** All n steps of simulated runs, points and targets [B, n, …], as rows [B·n, …]. */
function allSteps(
  n: number,
  runs: Record<string, Tensor>,
  conditions: Conditions | undefined,
): LangevinRows {
  const { x, target } = runs as { x: Tensor; target: Tensor };
  const flat = (t: Tensor) => t.flatten({ startDim: 0, endDim: 1 });
  const step = arange(0, n, { dtype: "int64", device: x.device }).repeat([x.size(0)]);
  const repeated = mapConditions(conditions, (t) => t.repeatInterleave(n, { dim: 0 }));
  return { x: flat(x), target: flat(target), step, conditions: repeated };
}
