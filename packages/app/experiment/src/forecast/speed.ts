// The speed of a training on this machine, before it begins.
import { mapConditions, stream } from "@dsbm/bridge";
import type { Clock } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { type Problem, Training, withExecution } from "@dsbm/train";

/** Seconds of steps and of simulated pairs. */
export interface Speed {
  /** Seconds of a step on pairs of the first coupling. */
  step: number;
  /** Seconds of a simulated pair. */
  pair: number;
}

const measuredSeconds = 0.2;
/** The first steps record the program. */
const recordedSteps = 3;
const endlessSteps = { firstSteps: 1_000_000, steps: 1_000_000 };

/**
 * Measures a fifth of a second of steps, then a simulation. If `clock` is up, the first step counts, and a simulation is not
 * measured.
 * @throws if `signal` aborts.
 */
export async function measureSpeed(
  problem: Problem,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Speed> {
  const still = withExecution(withoutLearning(problem), { ranks: null, logEvery: 1_000_000 });
  const training = new Training(still);
  try {
    const step = await secondsOfStep(training, clock, signal);
    const { optimisation, schedule } = training.problem;
    // A step takes as long as three evaluations of its network.
    const forward = step / 3 / optimisation.batchSize;
    if (clock.isUp) return { step, pair: forward * schedule.grid.steps.length };
    return { step, pair: secondsOfPair(training) };
  } finally {
    training.dispose();
  }
}

/** A training that takes as long, of endless steps. */
function withoutLearning(problem: Problem): Problem {
  const { method } = problem;
  const { model } = method.method;
  return {
    ...problem,
    // Work before the first step is not measured.
    method: model
      ? { ...method, method: { ...method.method, model: { ...model, prepare: undefined } } }
      : method,
    schedule: { ...problem.schedule, ...endlessSteps },
    // A learning rate of 0 takes as long and stays finite.
    optimisation: { ...problem.optimisation, lr: 0 },
  };
}

async function secondsOfStep(
  training: Training,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<number> {
  let first = performance.now() / 1000;
  let last = first;
  let count = 0;
  const pauseAt = ({ step }: { step: number }) => {
    last = performance.now() / 1000;
    if (step <= recordedSteps && !clock.isUp) {
      first = last;
      return false;
    }
    count++;
    return last - first > measuredSeconds || clock.isUp;
  };
  for await (const event of training.run({ pauseAt, signal })) if (event.type === "pause") break;
  signal?.throwIfAborted();
  return (last - first) / count;
}

/** Simulates twice: the first simulation records the program. */
function secondsOfPair(training: Training): number {
  const { x0, decode, conditions: known } = training.problem.data;
  const generator = stream(0, "fit/speed", x0.device);
  const secondsOf = (n: number) =>
    tidy(() => {
      const cut = (t: Tensor) => t.narrow(0, 0, Math.min(n, x0.size(0)));
      const x = decode(cut(x0), { end: "x0", generator });
      const conditions = mapConditions(known?.x0, cut);
      const began = performance.now();
      training.sampler.simulate("f", x, { generator, conditions }).sum().item();
      return (performance.now() - began) / 1000 / x.size(0);
    });
  secondsOf(8);
  return secondsOf(x0.ndim === 2 ? 1000 : 8);
}
