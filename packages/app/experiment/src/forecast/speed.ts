import { mapConditions, stream } from "@dsbm/bridge";
import { type Tensor, tidy } from "@dsbm/torch";
import { type Problem, Training, withExecution } from "@dsbm/train";

export interface Speed {
  /** Seconds of a step on pairs of the first coupling. */
  step: number;
  pair: number;
}

/** Approximate seconds of measured steps. */
const seconds = 1;
const many = { firstSteps: 1_000_000, steps: 1_000_000 };

export async function measureSpeed(problem: Problem): Promise<Speed> {
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
    const stop = new AbortController();
    let first = 0;
    let last = 0;
    let count = 0;
    const pauseAt = ({ step }: { step: number }) => {
      last = performance.now() / 1000;
      // The first steps record the program.
      if (step <= 3) first = last;
      count = step - 3;
      const spent = last - first;
      if (spent > seconds / 2 && (count >= 5 || spent > 2 * seconds)) stop.abort();
      return false;
    };
    for await (const event of training.run({ signal: stop.signal, pauseAt }))
      if (event.type === "half") break;
    const step = count > 0 ? (last - first) / count : 0.01;
    const { x0, decode, conditions } = training.problem.data;
    const generator = stream(0, "fit/speed", x0.device);
    const time = (n: number) =>
      tidy(() => {
        const cut = (t: Tensor) => t.narrow(0, 0, Math.min(n, x0.size(0)));
        const x = decode(cut(x0), { end: "x0", generator });
        const given = mapConditions(conditions?.x0, cut);
        const began = performance.now();
        training.sampler.endpoints("f", x, { generator, given }).sum().item();
        return (performance.now() - began) / 1000 / x.size(0);
      });
    time(8);
    return { step, pair: time(x0.ndim === 2 ? 1000 : 8) };
  } finally {
    training.dispose();
  }
}
