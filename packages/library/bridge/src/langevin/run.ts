import { randn, stack, type Tensor, tidy, where } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import { asColumn } from "../process/process.js";
import type { SolveOptions } from "../solver/solver.js";
import {
  deviation,
  type Langevin,
  type LangevinStep,
  langevinSteps,
  type StepMean,
} from "./langevin.js";

/** Options of `langevinRun`. */
export interface LangevinRun extends Pick<SolveOptions, "callback" | "noise" | "only"> {
  /** The direction of the steps. */
  direction: Direction;
  /** Whether the last step has noise (default: yes). */
  lastNoise?: boolean | undefined;
}

/** Tuples of states and increments of simulated runs, the rows of DSB. */
export type LangevinTuples = {
  x: Tensor;
  /** The increment back, −(mean(x_{k+1}) − mean(x_k)), divided by the step's scale without `meanMatch`. */
  target: Tensor;
};

/** x ← mean(x, k) + √γ_k z (√(γ_k v) z with scaled noise) for all steps, from x [B, …]. */
export function langevinRun(
  process: Langevin,
  mean: StepMean,
  x: Tensor,
  { callback, ...options }: LangevinRun,
): Tensor {
  const steps = langevinSteps(options.direction, process, options.only);
  callback?.(x, { step: 0, time: steps[0]?.time ?? 0 });
  for (const step of steps) {
    const from = x;
    x = tidy(() => addNoise(process, step, mean(from, step), options));
    callback?.(x, { step: step.k + 1, time: step.next });
  }
  return x;
}

/** All steps of a run from x [B, …]: points x_{k+1} and targets [B, N, …] (De Bortoli et al. 2021, eq. 12). */
export function langevinTuples(
  process: Langevin,
  mean: StepMean,
  x: Tensor,
  options: Omit<LangevinRun, "callback">,
): LangevinTuples {
  const made: LangevinTuples[] = [];
  for (const step of langevinSteps(options.direction, process)) {
    const from = made[made.length - 1]?.x ?? x;
    made.push(tidy(() => stepAndBack(process, mean, from, { step, ...options })));
  }
  const all = (name: keyof LangevinTuples) =>
    stack(
      made.map((row) => row[name]),
      { dim: 1 },
    );
  return { x: all("x"), target: all("target") };
}

/** One step `steps` [B] int64 of each run: points and targets [B, …], with the memory of one step. */
export function langevinTuple(
  process: Langevin,
  mean: StepMean,
  x: Tensor,
  { steps, ...options }: Omit<LangevinRun, "callback"> & { steps: Tensor },
): LangevinTuples {
  let at = tidy(() => ({ now: x.clone(), x: x.zerosLike(), target: x.zerosLike() }));
  for (const step of langevinSteps(options.direction, process)) {
    const before = at;
    at = tidy(() => {
      const made = stepAndBack(process, mean, before.now, { step, ...options });
      const here = asColumn(steps.eq(step.k), x);
      return {
        now: made.x,
        x: where(here, made.x, before.x),
        target: where(here, made.target, before.target),
      };
    });
    for (const t of Object.values(before)) t.dispose();
  }
  at.now.dispose();
  return { x: at.x, target: at.target };
}

function stepAndBack(
  process: Langevin,
  mean: StepMean,
  x: Tensor,
  { step, ...options }: Omit<LangevinRun, "callback"> & { step: LangevinStep },
): LangevinTuples {
  const before = mean(x, step);
  const next = addNoise(process, step, before, options);
  const back = before.sub(mean(next, step));
  return { x: next, target: process.meanMatch ? back : back.div(step.scale) };
}

function addNoise(
  process: Langevin,
  { k, gamma }: LangevinStep,
  mean: Tensor,
  { lastNoise = true, noise = standardNormal }: Pick<LangevinRun, "lastNoise" | "noise">,
): Tensor {
  if (!lastNoise && k === process.gammas.length - 1) return mean;
  const size = deviation(process, gamma);
  const z = noise(mean, k);
  return typeof size === "number" ? mean.add(z, { alpha: size }) : mean.addcmul(z, size);
}

const standardNormal = (like: Tensor): Tensor =>
  randn(like.shape, { device: like.device, dtype: like.dtype });
