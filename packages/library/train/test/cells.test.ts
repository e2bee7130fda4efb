// Cells without values, such as the sea in fields of the land, in training and sampling.
import { brownian, type Conditions, methods } from "@dsbm/bridge";
import { ScoreNetwork } from "@dsbm/nets";
import { cat, full, nn, type Tensor, tensor, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../test/support/numbers.js";
import { tinyProblem, train, trainingOf } from "./support.js";

/** Reads the first coordinate, and predicts anything for the second. */
class FirstCoordinate extends nn.Module {
  net = new ScoreNetwork(1, { hidden: [8], generator: generatorOf(2) });
  forward(x: Tensor, t: Tensor, conditions: Conditions = {}): Tensor {
    const first = this.net.forward(x.narrow(1, 0, 1), t, conditions);
    return cat([first, first.mul(7).add(3)], { dim: 1 });
  }
}

const cells = { mask: tensor([1, 0], { shape: [1, 2], dtype: "float32" }), share: 0.5 };
const process = { ...brownian({ sigma: 0.5 }), cells };

/** The problem with a value of the second coordinate, which does not move. */
const problemOf = (value: number, method = methods.dsbm) => {
  const rows = (seed: number) =>
    cat([normal([96, 1], seed).to("float32"), full([96, 1], value)], { dim: 1 });
  return tinyProblem(method, {
    data: { x0: rows(1), x1: rows(2) },
    process,
    network: () => new FirstCoordinate(),
    logEvery: 1,
    reduction: "mean",
  });
};

const lossesOf = async (problem: ReturnType<typeof tinyProblem>) =>
  (await train(trainingOf(problem))).flatMap((event) =>
    event.type === "step" ? [event.loss] : [],
  );

describe("cells that do not move", () => {
  it("weigh nothing in the loss, whatever they hold and the network predicts there", async () => {
    const [low, high] = [await lossesOf(problemOf(0)), await lossesOf(problemOf(9))];
    expect(high).toEqual(low);
    expect(new Set(low).size).toBeGreaterThan(4);
  });

  it("are not counted in the mean: an error of 1 in all others is a loss of 1", async () => {
    const problem = problemOf(0);
    const data = { x0: zeros([96, 2]), x1: tensor([1, 0], { dtype: "float32" }).expand([96, 2]) };
    const zero = () => {
      const network = new FirstCoordinate();
      for (const p of network.parameters()) p.detach().zero_();
      return network;
    };
    const [first] = await lossesOf({
      ...problem,
      data,
      process: { ...brownian({ sigma: 1e-5 }), cells },
      method: { ...problem.method, network: zero },
    });
    expect(first).toBeCloseTo(1, 2);
  });

  it("keep their values in samples, and the others get noise", () => {
    const training = trainingOf(problemOf(0));
    const x = normal([50, 2], 3).to("float32");
    const end = training.sampler.simulate("f", x, { generator: generatorOf(4) });
    const column = (y: Tensor, k: number) => y.narrow(1, k, 1);
    expect(distance(column(end, 1), column(x, 1))).toBe(0);
    expect(distance(column(end, 0), column(x, 0))).toBeGreaterThan(0.1);
  });
});
