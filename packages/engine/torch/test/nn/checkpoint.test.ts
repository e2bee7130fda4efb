// Activation checkpointing: the same gradients bit for bit, less memory, and errors instead of crashes.
import { describe, expect } from "vitest";
import { collectGarbage } from "../../../../../test/support/collect.js";
import { it } from "../../../../../test/support/in-scope.js";
import { startFrom } from "../../../../../test/support/start.js";
import * as T from "../../src/index.js";
import { nn, tidy } from "../../src/index.js";
import { bits } from "../record-support.js";

startFrom(1);

/** Keeps several intermediates of its input's size, dropout's mask among them. */
class Block extends nn.Module {
  first: nn.Linear;
  dropout: nn.Dropout;
  second: nn.Linear;
  constructor(width: number, p: number, generator: T.Generator) {
    super();
    this.first = new nn.Linear(width, width, { generator });
    this.dropout = new nn.Dropout(p);
    this.second = new nn.Linear(width, width, { generator });
  }
  forward(x: T.Tensor): T.Tensor {
    const h = this.dropout.forward(this.first.forward(x).silu().tanh().exp().tanh());
    return x.add(this.second.forward(h.sigmoid()));
  }
}

type Way = "plain" | "each";

function stack(way: Way, { width = 16, p = 0.3, depth = 4 } = {}) {
  const generator = T.Generator.create(7);
  const blocks = Array.from({ length: depth }, () => new Block(width, p, generator));
  const parameters = blocks.flatMap((b) => b.parameters());
  const each = (x: T.Tensor) => blocks.reduce((h, b) => nn.checkpoint(b, [h]), x);
  const forward = {
    plain: (x: T.Tensor) => blocks.reduce((h, b) => b.forward(h), x),
    each,
  }[way];
  return { blocks, parameters, forward };
}

/** Three steps of Adam: losses, the gradients before the last, and the weights after it. */
function train(way: Way, record: boolean, options: Parameters<typeof stack>[1] = {}) {
  const { parameters, forward, blocks } = stack(way, options);
  const adam = new T.optim.Adam(parameters, { lr: 1e-2 });
  const body = (x: T.Tensor) => {
    const loss = forward(x).square().mean();
    adam.zeroGrad();
    loss.backward();
    adam.step();
    return loss.detach();
  };
  const program = T.recordCalls(body);
  const step = record ? (x: T.Tensor) => program(x)[0] : body;
  T.manualSeed(11);
  const losses: number[] = [];
  for (let i = 0; i < 3; i++)
    tidy(() => losses.push(step(T.randn([8, options.width ?? 16])).item()));
  const result = {
    losses,
    grads: bits(parameters.map((t) => t.grad as T.Tensor)),
    weights: bits(parameters),
  };
  adam.zeroGrad();
  adam.dispose();
  for (const b of blocks) b.dispose();
  return result;
}

describe("the same numbers", () => {
  const plain = () => train("plain", false);
  it.each([
    ["each", false],
    ["plain", true],
    ["each", true],
  ] as const)("%s, recorded: %s, dropout included", (way, record) =>
    expect(train(way, record)).toEqual(plain()),
  );

  it("gives gradients to inputs and parameters, for `backward` and for `grad`", () => {
    const { forward, parameters } = stack("each", { p: 0 });
    const { forward: other, parameters: others } = stack("plain", { p: 0 });
    const x = T.randn([3, 16]).requiresGrad_();
    const loss = (f: typeof forward) => f(x).square().sum();
    const got = T.grad(loss(forward), [x, ...parameters]);
    const want = T.grad(loss(other), [x, ...others]);
    expect(bits(got as T.Tensor[])).toEqual(bits(want as T.Tensor[]));
    expect(x.grad).toBeNull();
    loss(forward).backward();
    expect(bits([x.grad as T.Tensor])).toEqual(bits([want[0] as T.Tensor]));
    // Only one was requested.
    const [only] = T.grad(loss(forward), [parameters[1]]);
    expect(bits([only as T.Tensor])).toEqual(bits([want[2] as T.Tensor]));
  });
});

describe("memory", () => {
  const big = { width: 256, p: 0.2, depth: 6 };
  const peak = (way: Way, record: boolean) => {
    const { forward, blocks, parameters } = stack(way, big);
    const body = (x: T.Tensor) => {
      const loss = forward(x).square().mean();
      T.zeroGrad(parameters);
      loss.backward();
      T.zeroGrad(parameters);
      return loss.detach();
    };
    const program = T.recordCalls(body);
    const step = record ? (x: T.Tensor) => program(x)[0] : body;
    const bytes = tidy(() => {
      const x = T.randn([512, big.width]);
      step(x);
      const { current } = T.memory({ resetPeak: true });
      step(x);
      return T.memory().peak - current;
    });
    for (const b of blocks) b.dispose();
    return bytes;
  };
  it.each([false, true])(
    "is the memory of one block instead of all blocks, recorded: %s",
    (record) => {
      const [plain, each] = [peak("plain", record), peak("each", record)];
      expect(each).toBeLessThan(0.55 * plain);
      // Six blocks keep a handful of activations each; with checkpoints, one each and one block's.
      const activation = 512 * big.width * 4;
      expect(plain).toBeGreaterThan(30 * activation);
      expect(each).toBeLessThan(24 * activation);
    },
  );

  it("is freed: no tensor outlives its step, with or without a backward pass", async () => {
    const { forward, parameters, blocks } = stack("each");
    const step = (backward: boolean) =>
      tidy(() => {
        const loss = forward(T.randn([2, 16])).sum();
        if (backward) loss.backward();
        T.zeroGrad(parameters);
      });
    step(true);
    await collectGarbage();
    const [live, bytes] = [T.memory().live, T.memory().current];
    for (const backward of [true, false, true]) step(backward);
    expect(T.memory().live).toBe(live);
    expect(T.memory().current).toBe(bytes);
    for (const b of blocks) b.dispose();
  });
});

describe("errors", () => {
  const x = () => T.ones([2]).requiresGrad_();
  class Told extends nn.Module {
    #run = 0;
    constructor(readonly f: (t: T.Tensor, run: number) => T.Tensor) {
      super();
    }
    forward(t: T.Tensor): T.Tensor {
      return this.f(t, this.#run++);
    }
  }
  const second = (f: Told["f"]) => nn.checkpoint(new Told(f), [x()]).sum();

  it("of the function reach the caller unchanged, from the backward pass too, and nothing is broken", () => {
    const own = new RangeError("mine");
    const later = second((t, run) => {
      if (run > 0) throw own;
      return t.exp();
    });
    expect(() => later.backward()).toThrow(own);
    const w = x();
    nn.checkpoint(new Told((t) => t.exp()), [w])
      .sum()
      .backward();
    expect(w.grad?.toNumbers()[0]).toBeCloseTo(Math.E, 6);
  });

  it("say that the second run differs", () => {
    const shape = second((t, run) => (run > 0 ? t.sum() : t.exp()));
    expect(() => shape.backward()).toThrow(/another shape; expected a module that does the same/);
    const draws = second((t, run) => (run > 0 ? nn.dropout(nn.dropout(t, 0.5), 0.5) : t.exp()));
    expect(() => draws.backward()).toThrow(/draws more than the 0 random tensors/);
    const nothing = second((t, run) => (run > 0 ? (undefined as unknown as T.Tensor) : t.exp()));
    expect(() => nothing.backward()).toThrow(/aten::alias/);
  });
});
