// Small networks on vectors, on our side: the same work as in pytorch_side.py.
import { bridge, device, onDevice, repeatInScope, torch, waitForDevice } from "./engine.mjs";
import { simulation, stepOf } from "./ours_training.mjs";

// The same numbers as in pytorch_side.py.
const PAIRS = 10_000;
export const BATCH = 128;
const STEPS = 20;
const SIGMA = 1;
const EPS = 1e-3;
const RATE = 1e-4;

/** A chain of 1,000 additions on 8 floats, not recorded, without gradients; every intermediate is freed. */
export function opOverhead() {
  const one = torch.ones([8]);
  const chain = () => {
    let x = torch.zeros([8]);
    for (let i = 0; i < 1000; i += 1) x = x.add(one);
  };
  const run = repeatInScope(chain);
  return { run: (reps) => torch.noGrad(() => run(reps)), warm: 20 };
}

/** The Gaussian benchmark as a problem: N(−0.1, I) and N(0.1, I), trained as pytorch_side.py does. */
export function problem(
  dim,
  width,
  {
    threads = 1,
    schedule,
    batchSize = BATCH,
    stepVariance = "process",
    cacheSteps = STEPS,
    ...execution
  } = {},
) {
  const ends = bridge.gaussianEndpoints({
    ...{ n: PAIRS, dim, a: 0.1, generator: bridge.stream(0, "data") },
  });
  return {
    data: { x0: onDevice(ends.x0), x1: onDevice(ends.x1) },
    process: bridge.brownian({ sigma: SIGMA }),
    method: {
      method: bridge.methods.dsbm,
      network: (direction) =>
        onDevice(
          new bridge.ScoreNetwork(dim, {
            hidden: [width, width],
            generator: bridge.stream(0, `network/${direction}`),
          }),
        ),
      firstCoupling: "ind",
      stepVariance,
    },
    schedule: {
      ...{ grid: bridge.uniformGrid(STEPS), cacheGrid: bridge.uniformGrid(cacheSteps) },
      ...{ eps: EPS, ...schedule },
    },
    optimisation: { batchSize, lr: RATE },
    // As the command line does: measured once, at most `threads`.
    execution: { threads: "auto", simulateThreads: threads, logEvery: 100, ...execution },
    seed: 0,
  };
}

/** Floating-point operations of the products of one row through the network of `problem`. */
const flopOf = (dim, width) => 2 * (2 * dim * width + width * width);

/** One training step: batch by shuffled index, t, z, bridge, loss, backward, Adam, NaN check. */
export function mlpStep(dim, width, { dtype = "float32", batch = BATCH } = {}) {
  const schedule = { halfIterations: 1, steps: 1 };
  const one = bridge.completeProblem(problem(dim, width, { schedule, batchSize: batch }));
  const full = bridge.withExecution(one, { dtype });
  const step = stepOf(full);
  const shuffle = bridge.stream(0, "shuffle", device);
  const run = (reps) => {
    for (let done = 0; done < reps; ) {
      done += torch.tidy(() => {
        const order = torch.randperm(PAIRS, { generator: shuffle, device });
        const rows = {
          x0: full.data.x0.indexSelect(0, order),
          x1: full.data.x1.indexSelect(0, order),
        };
        const batches = Math.min(Math.floor(PAIRS / batch), reps - done);
        for (let k = 0; k < batches; k += 1)
          torch.tidy(() => step(bridge.cutRows(rows, { start: k * batch, count: batch })));
        return batches;
      });
    }
  };
  // Forward, and back to weights and to inputs, except inputs of the first layer.
  return { run, warm: 100, flop: batch * (3 * flopOf(dim, width) - 2 * dim * width) };
}

/** A step of Adam and of the average of 91,000 weights, recorded. */
export function adamStep() {
  const network = onDevice(new bridge.ScoreNetwork(50));
  const optimizer = new torch.optim.Adam(network.parameters(), { lr: RATE });
  const ema = new torch.optim.EMA(network, 0.999);
  for (const p of network.parameters()) p.grad = torch.tidy(() => p.detach().clone().keep());
  const step = torch.recordCalls(() => {
    optimizer.step(ema);
    return [];
  });
  const run = (reps) => {
    repeatInScope(step)(reps);
    waitForDevice(network.parameters()[0].detach());
  };
  return { run, warm: 100 };
}

/** PAIRS × STEPS Euler–Maruyama steps backward from N(0.1, I) in 50 dimensions, width 256. */
export function simulateMlp(threads, { dtype = null, steps = STEPS } = {}) {
  const how = { grid: bridge.uniformGrid(steps), threads, dtype };
  const run = simulation(problem(50, 256), "b", how);
  return { run, warm: 1, flop: PAIRS * steps * flopOf(50, 256) };
}

/** How a half-iteration simulates its pairs. */
export const BF16 = { simulateDtype: "bfloat16" };
export const FEW = { cacheSteps: 4, stepVariance: "analytic" };

/** A half-iteration is trained second: the newest network is then the forward one, fresh, as on the other side. */
export function secondHalf(dim, width, { steps, ...options }) {
  return problem(dim, width, {
    ...options,
    schedule: { sequence: ["f", "b"], halfIterations: 2, steps },
    logEvery: 1000,
  });
}

/** 1,000 steps of the backward net; the forward net simulates new pairs at every epoch. */
export function halfIteration(dim, width, threads, options = {}) {
  const make = (steps) =>
    new bridge.Training(secondHalf(dim, width, { threads, ...options, steps }));
  const second = async (training) => {
    training.state.half = 1;
    for await (const _ of training.run());
  };
  const training = make(1000);
  const run = async (reps) => {
    for (let i = 0; i < reps; i += 1) await second(training);
  };
  return { run: async (reps) => (reps > 0 ? run(reps) : second(make(20))), warm: 0 };
}
