// Modules: PyTorch's names, orders and numbers, and state dicts that load only if they fit.
import { beforeEach, describe, expect } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { it } from "../../../../../test/support/in-scope.js";
import { TorchError } from "../../src/binding/errors.js";
import { tidy } from "../../src/binding/handle.js";
import * as nn from "../../src/nn/index.js";
import { recordCalls } from "../../src/program/record.js";
import { memory } from "../../src/runtime.js";
import { ones, zeros } from "../../src/tensor/create.js";
import { noGrad } from "../../src/tensor/grad.js";
import { Generator } from "../../src/tensor/random.js";
import { Buffer, Parameter, type Tensor } from "../../src/tensor/tensor.js";

// Live tensors are counted.
beforeEach(collectGarbage);

const values = (m: nn.Module) => [...m.stateDict().values()].flatMap((t) => t.toNumbers());
const mlp = (seed: number) => {
  const generator = Generator.create(seed);
  return new nn.Sequential(
    new nn.Linear(4, 8, { generator }),
    new nn.SiLU(),
    new nn.Linear(8, 1, { generator }),
  );
};

class Block extends nn.Module {
  scale = new Parameter(ones([3]));
  mean = new Buffer(zeros([2]));
  scratch = new Buffer(zeros([1]), false);
  layers = [new nn.Linear(2, 2), new nn.Linear(2, 3)];
  tail = new nn.Sequential(new nn.SiLU(), new nn.Linear(3, 1));
  gain = new Parameter(ones([1]));
  forward(x: Tensor): Tensor {
    return this.tail.forward(this.layers.reduce((h, layer) => layer.forward(h), x).mul(this.scale));
  }
}

describe("names", () => {
  it("are PyTorch's, the tensors of a module before its children", () => {
    using block = new Block();
    const parameters = [
      "scale",
      "gain",
      "layers.0.weight",
      "layers.0.bias",
      "layers.1.weight",
      "layers.1.bias",
      "tail.1.weight",
      "tail.1.bias",
    ];
    expect(block.namedParameters().map(([name]) => name)).toEqual(parameters);
    expect([...block.stateDict().keys()].sort()).toEqual([...parameters, "mean"].sort());
    expect(block.namedBuffers().map(([name]) => name)).toEqual(["mean", "scratch"]);
    expect(block.parameterCount()).toBe(3 + 1 + 6 + 9 + 4);
    expect([...block.modules()]).toHaveLength(6);
  });
});

describe("initial weights", () => {
  it("of the initialisers are PyTorch's, one after the other from one stream", () => {
    const generator = Generator.create(3);
    const w = zeros([3, 4]);
    const head = () => w.toNumbers().slice(0, 4);
    // The numbers of two draws of normal ones before.
    for (let i = 0; i < 2; i++) nn.init.normal_(w, 0, 1, { generator });
    nn.init.xavierUniform_(w, { generator });
    expectClose(head(), [-0.1293422, 0.8560186, 0.48249865, -0.3738347]);
    nn.init.kaimingUniform_(w, { a: 1, generator });
    expectClose(head(), [0.61458278, 0.061724, -0.64047474, -0.38385475]);
  });
});

describe("state dicts", () => {
  it("with wrong names or shapes are refused with every reason, and nothing changes", () => {
    using net = mlp(1);
    const before = values(net);

    const state: nn.StateDict = new Map(net.stateDict());
    state.set("0.weight", zeros([8, 5]));
    state.set("2.bias", zeros([1]));
    state.set("extra", zeros([1]));
    state.delete("0.bias");
    const load = () => net.loadStateDict(state);
    expect(load).toThrow(TorchError);
    expect(load).toThrow(/missing 0\.bias/);
    expect(load).toThrow(/unexpected extra/);
    expect(load).toThrow(/0\.weight has shape \[8,5\], expected \[8,4\]/);
    expect(values(net)).toEqual(before);
    // Names may differ without `strict`, shapes may not.
    expect(() => net.loadStateDict(state, { strict: false })).toThrow(/expected \[8,4\]/);
    state.delete("0.weight");
    net.loadStateDict(state, { strict: false });
    expect(net.stateDict().get("2.bias")?.toNumbers()).toEqual([0]);
  });

  it("load into the memory that recorded programs hold", () => {
    using net = mlp(1);
    using other = mlp(2);

    const x = ones([2, 4]);
    const run = recordCalls((input) => noGrad(() => net.forward(input)));
    const before = run(x)[0]?.toNumbers();
    nn.copyState(other, net);
    const after = run(x)[0]?.toNumbers();
    expect(after).not.toEqual(before);
    expect(after).toEqual(noGrad(() => other.forward(x)).toNumbers());
  });
});

describe("Module", () => {
  it("moves to another dtype in place and still trains", () => {
    using block = new Block();
    const weight = block.layers[0]?.weight;
    const before = weight.toNumbers();
    block.to({ dtype: "float64" });
    expect(block.layers[0]?.weight).toBe(weight);
    for (const [, t] of [...block.namedParameters(), ...block.namedBuffers()])
      expect(t.dtype).toBe("float64");
    expect(weight.toNumbers()).toEqual(before);
    expect(block.mean.requiresGrad).toBe(false);
    tidy(() => {
      block
        .forward(ones([5, 2], { dtype: "float64" }))
        .sum()
        .backward();
      expect(weight.grad?.shape).toEqual([2, 2]);
    });
    block.zeroGrad();
    expect(weight.grad).toBeNull();
  });

  it("lives through scopes and gives everything back when disposed of", () => {
    const before = memory().live;
    const block = tidy(() => new Block());
    expect(memory().live).toBe(before + 8 + 2);
    expect(block.scale.disposed).toBe(false);
    block.dispose();
    expect(memory().live).toBe(before);
    expect(() => block.scale.sum()).toThrow(/dispos/);
  });
});
