// A training step on a network that is thrown away afterwards, to see how long it takes.

import { conditionRows, conditionsAt, type Direction, type Network, stream } from "@dsbm/bridge";
import { distributed, optim, type Tensor, tensor, tidy } from "@dsbm/torch";
import { batchShare } from "../distributed/batch-share.js";
import type { CompleteProblem } from "../problem.js";
import { repeatRows, trainingStep } from "../step/training-step.js";

export interface Trial extends Disposable {
  network: Network;
  /** Makes a step, with the other ranks where the problem has any. */
  step(): void;
  /** Bytes of gradients that a step exchanges. */
  bytes: number;
}

/** A trial of a problem's step, on rows of its shapes; their values do not matter. */
export function benchmarkStep(problem: CompleteProblem, direction: Direction): Trial {
  const { seed, data } = problem;
  const { lr, repeat } = problem.optimisation;
  const { ranks } = problem.execution;
  const share = batchShare(problem);
  const network = problem.method.network(direction);
  const optimizer = new optim.Adam(network.parameters(), { lr });
  const leaves = network.parameters().filter((p) => p.requiresGrad);
  const buckets =
    ranks && share.among > 1
      ? new distributed.GradientBuckets(ranks.data, leaves, ranks.gradients)
      : null;
  const step = trainingStep({
    ...{ problem, direction, network, optimizer, buckets },
    ema: null,
    generator: stream(seed, "trial", data.x0.device),
  });
  const rows = tidy(() => {
    const list = repeatRows(dummyBatch(problem, share.part.count), repeat);
    if (buckets) list.push(tensor([0, 0], { dtype: "float32", device: data.x0.device }));
    return list.map((t) => t.clone().keep());
  });
  const once = () => tidy(() => step(...rows));
  return {
    network,
    step: ranks ? () => ranks.data.run("training step", once) : once,
    bytes: buckets?.bytes ?? 0,
    [Symbol.dispose]() {
      buckets?.[Symbol.dispose]();
      for (const t of rows) t.dispose();
      optimizer.dispose();
      network.dispose();
    },
  };
}

function dummyBatch({ data, method: { method }, seed }: CompleteProblem, pairs: number): Tensor[] {
  const generator = stream(seed, "trial/rows", data.x0.device);
  const [x0, x1] = (["x0", "x1"] as const).map((end) =>
    data.decode(data[end].narrow(0, 0, pairs), { end, generator }),
  ) as [Tensor, Tensor];
  const told = conditionRows(conditionsAt(data.conditions, "x0")?.values).map((t) =>
    t.narrow(0, 0, pairs),
  );
  const one = x0.flatten({ startDim: 1 }).select(1, 0);
  const rows = method.pairs
    ? [x0, x1]
    : method.sampler
      ? [x0, x1, one.mul(0).to("int64")]
      : [x0, one.sigmoid(), x1];
  return [...rows, ...told];
}
