import { mapConditions, stream } from "@dsbm/bridge";
import type { Clock } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { type Problem, Training, withExecution } from "@dsbm/train";

export interface Speed {
  /** Seconds of a step on pairs of the first coupling. */
  step: number;
  pair: number;
}

/** Seconds of measured steps. */
const seconds = 0.5;
const many = { firstSteps: 1_000_000, steps: 1_000_000 };

/** If `clock` is up, the first step counts, and a simulation is not measured. Throws if `signal` aborts. */
export async function measureSpeed(
  problem: Problem,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Speed> {
  const { method } = problem;
  const { model } = method.method;
  const still = {
    ...problem,
    // Work before the first step is not measured.
    method: model
      ? { ...method, method: { ...method.method, model: { ...model, prepare: undefined } } }
      : method,
    schedule: { ...problem.schedule, ...many },
    // A learning rate of 0 takes as long and stays finite.
    optimisation: { ...problem.optimisation, lr: 0 },
  };
  const training = new Training(withExecution(still, { ranks: null, logEvery: 1_000_000 }));
  try {
    let first = performance.now() / 1000;
    let last = first;
    let count = 0;
    const pauseAt = ({ step }: { step: number }) => {
      last = performance.now() / 1000;
      // The first steps record the program.
      if (step <= 3 && !clock.isUp) {
        first = last;
        return false;
      }
      count++;
      return last - first > seconds || clock.isUp;
    };
    for await (const event of training.run({ pauseAt, signal })) if (event.type === "pause") break;
    signal?.throwIfAborted();
    const step = (last - first) / count;
    const { data, optimisation, schedule } = training.problem;
    const { x0, decode } = data;
    // A step takes as long as three evaluations of its network.
    const forward = step / 3 / optimisation.batchSize;
    if (clock.isUp) return { step, pair: forward * schedule.grid.steps.length };
    const generator = stream(0, "fit/speed", x0.device);
    const time = (n: number) =>
      tidy(() => {
        const cut = (t: Tensor) => t.narrow(0, 0, Math.min(n, x0.size(0)));
        const x = decode(cut(x0), { end: "x0", generator });
        const conditions = mapConditions(data.conditions?.x0, cut);
        const began = performance.now();
        training.sampler.endpoints("f", x, { generator, conditions }).sum().item();
        return (performance.now() - began) / 1000 / x.size(0);
      });
    time(8);
    return { step, pair: time(x0.ndim === 2 ? 1000 : 8) };
  } finally {
    training.dispose();
  }
}
