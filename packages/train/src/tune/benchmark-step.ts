// Measurements before the first step, on networks that are thrown away afterwards.
import {
  type Batch,
  type Direction,
  disposeSome,
  mapBatch,
  type Network,
  other,
  someRows,
  stream,
  tensorsOf,
} from "@dsbm/bridge";
import { Generator, optim, tensor, tidy } from "@dsbm/torch";
import { batchShare } from "../distributed/batch-share.js";
import type { CompleteProblem } from "../problem.js";
import { cutRows, keptRows, repeatRows } from "../rows/rows.js";
import { trainingStep } from "../step/training-step.js";

/** Seconds that `fn` takes, a call of `n`. */
export function seconds(fn: () => void, n = 1): number {
  const start = performance.now();
  for (let i = 0; i < n; i++) fn();
  return (performance.now() - start) / 1000 / n;
}

/** Runs `fn`, and leaves the default generator of the problem's device as it was. */
export function measuring<T>(
  { data }: Pick<CompleteProblem, "data">,
  fn: (fallback: Generator) => T,
): T {
  const fallback = Generator.default(data.x0.device);
  const drawn = fallback.getState();
  try {
    return fn(fallback);
  } finally {
    fallback.setState(drawn);
  }
}

export interface BenchmarkStep extends Disposable {
  network: Network;
  /** Makes a step, with the other ranks where the problem has any. */
  step(): void;
  /** Bytes of gradients that a step exchanges. */
  bytes: number;
}

/** A step of a problem on rows of its shapes; their values do not matter. */
export function benchmarkStep(problem: CompleteProblem, direction: Direction): BenchmarkStep {
  const { seed, data } = problem;
  const { lr, repeat } = problem.optimisation;
  const { ranks } = problem.execution;
  const share = batchShare(problem);
  const network = problem.method.network(direction);
  const optimizer = new optim.Adam(network.parameters(), { lr });
  const leaves = network.parameters().filter((p) => p.requiresGrad);
  const buckets = share.among > 1 ? ranks.gradientBuckets(leaves) : null;
  const { device } = data.x0;
  const generator = stream(seed, "trial", device);
  const step = trainingStep({
    ...{ problem, direction, network, optimizer, buckets, generator },
    ema: null,
  });
  const batch = keptRows(() =>
    repeatRows(dummyBatch(problem, direction, share.part.count), repeat),
  );
  const sent = buckets ? [tensor([0, 0], { dtype: "float32", device }).keep()] : [];
  return {
    network,
    step: () => ranks.run("training step", () => tidy(() => void step(batch, ...sent))),
    bytes: buckets?.bytes ?? 0,
    [Symbol.dispose]() {
      buckets?.[Symbol.dispose]();
      for (const t of [...tensorsOf(batch), ...sent]) t.dispose();
      optimizer.dispose();
      network.dispose();
    },
  };
}

/** Rows of a first pass, from the first samples of the tables; nothing is simulated with networks. */
function dummyBatch(problem: CompleteProblem, direction: Direction, pairs: number): Batch {
  const { data, process, seed, schedule } = problem;
  const { method, firstCoupling } = problem.method;
  const generator = stream(seed, "trial/rows", data.x0.device);
  const n = Math.min(pairs, data.x0.size(0), data.x1.size(0));
  const some = someRows(data, n, generator);
  const batch = method.rows?.make({
    direction,
    newest: null,
    data: {
      ...some,
      x0: data.decode(some.x0, { end: "x0", generator }),
      x1: data.decode(some.x1, { end: "x1", generator }),
    },
    process,
    firstCoupling,
    generator,
    simulate: (_direction, x) => x,
    simulateRuns: (_newest, x) => {
      const run = { direction: other(direction), grid: schedule.cacheGrid, sigma: process.sigma };
      return method.rows?.runs?.rows(null, x, run) ?? {};
    },
  });
  const own = mapBatch(cutRows(batch ?? {}, { start: 0, count: n }), (t) => t.clone());
  disposeSome(some);
  return own;
}
