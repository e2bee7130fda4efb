// The drift network: its shapes, its growth towards the end it runs to, its parameter names.
import { Generator, randn, tensor } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { DriftNetwork } from "../../src/mlp/mlp.js";

describe("DriftNetwork", () => {
  it("grows like the root of the time to the end", () => {
    const net = (direction: "f" | "b") =>
      new DriftNetwork(2, { direction, hidden: [8], generator: Generator.create(5) });
    const f = net("f");
    const b = net("b");
    const x = randn([1, 2], { generator: Generator.create(6) });
    const at = (t: number) => {
      const size = (n: DriftNetwork) =>
        n
          .forward(x, tensor([t]))
          .linalgVectorNorm()
          .item();
      return size(f) / size(b);
    };
    // The same weights: f over b is √t / √(1 − t).
    expect(at(0.5)).toBeCloseTo(1, 5);
    expect(at(0.9)).toBeCloseTo(3, 4);
    expect(at(0.2)).toBeCloseTo(0.5, 4);
  });

  it("takes the time as cosines and sines half an octave apart", () => {
    const { time } = new DriftNetwork(3, { direction: "f", hidden: [8], frequencies: 3 });
    const features = time!.forward(tensor([0, 1])).toNumbers();
    const angles = [1, Math.SQRT2, 2].map((w) => (w * Math.PI) / 2);
    const row = (t: number) => [Math.cos, Math.sin].flatMap((f) => angles.map((a) => f(a * t)));
    for (const [i, x] of [...row(0), ...row(1)].entries()) expect(features[i]).toBeCloseTo(x, 6);
  });

  it.each([0, 1, 16])("weighs a point of two numbers no less for %i frequencies", (frequencies) => {
    const generator = Generator.create(7);
    const net = new DriftNetwork(2, { direction: "f", hidden: [2048], frequencies, generator });
    const { weight } = net.net.layers[0];
    const x = randn([400, 2], { generator });
    const seen = x
      .matmul(weight.narrow(1, 0, 2).transpose(0, 1))
      .square()
      .mean()
      .item();
    // A third is what PyTorch's weights give without frequencies; with 16 they alone would give a fiftieth.
    expect(seen * 3).toBeGreaterThan(0.8);
    expect(seen * 3).toBeLessThan(1.2 * (1 + frequencies));
  });
});
