// Training on parts of fields, and samples of whole fields.
import { brownian, type Conditions, methods, type Network } from "@dsbm/bridge";
import { GridNetwork } from "@dsbm/nets";
import { nn, type Tensor, tensor, zeros } from "@dsbm/torch";
import { expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { tinyProblem, train, trainingOf } from "./support.js";

const size = [6, 8] as const;
const plane = Float32Array.from({ length: 48 }, (_, i) => Math.sin(3 * i));
const shapes = new Set<string>();

/** Answers with its static field, times a factor that it learns. */
class Echo extends nn.Module {
  factor = new nn.Linear(1, 1, { generator: generatorOf(1) });
  forward(x: Tensor, _: Tensor, { cond }: Conditions = {}): Tensor {
    shapes.add(`${x.shape.slice(1)}`);
    const known = cond as Tensor;
    return known.add(this.factor.forward(zeros([1, 1])).mul(0));
  }
}

const network = (): Network =>
  new GridNetwork({ season: false, planes: plane, cells: null, size }, () => new Echo());

it("a network that knows the field has no loss on its parts, and samples the whole field", async () => {
  const x1 = tensor(plane, { shape: [1, 1, ...size] }).expand([32, -1, -1, -1]);
  const training = trainingOf(
    tinyProblem(methods.dsbm, {
      data: { x0: zeros([32, 1, ...size]), x1 },
      process: brownian({ sigma: 1e-6 }),
      network,
      sequence: ["f"],
      halfIterations: 1,
      steps: 4,
      batchSize: 8,
      logEvery: 1,
      crop: 4,
    }),
  );
  const events = await train(training);
  const losses = events.flatMap((event) => (event.type === "step" ? [event.loss ?? 1] : []));
  expect(shapes).toEqual(new Set(["1,4,4"]));
  expect(Math.max(...losses)).toBeLessThan(1e-6);
  const end = training.sampler.simulate("f", zeros([2, 1, ...size]), { generator: generatorOf(2) });
  expect(distance(end, x1.narrow(0, 0, 2))).toBeLessThan(1e-4);
});
