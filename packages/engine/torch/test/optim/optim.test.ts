// Optimisers against the formulas of their papers in plain JavaScript, recorded or not, saved or not.
import { describe, expect } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { it } from "../../../../../test/support/in-scope.js";
import { tidy } from "../../src/binding/handle.js";
import * as nn from "../../src/nn/index.js";
import { Adam, type AdamOptions, AdamW, clipGradNorm_, EMA } from "../../src/optim/index.js";
import { recordCalls } from "../../src/program/record.js";
import { memory } from "../../src/runtime.js";
import { tensor, zeros } from "../../src/tensor/create.js";
import { noGrad } from "../../src/tensor/grad.js";
import { Generator } from "../../src/tensor/random.js";
import { Parameter, type Tensor } from "../../src/tensor/tensor.js";

const start = [0.5, -1, 2, 3];
const parameter = () => new Parameter(tensor(start, { dtype: "float64" }));
/** d/dp of Σ k·p⁴/4 at step s, made to change from step to step. */
const gradient = (p: number, k: number, s: number) => (k + 1) * p ** 3 * Math.cos(s);

/** The update rules of Kingma & Ba (2015) and Loshchilov & Hutter (2019). */
function expectedSteps(
  steps: number,
  decoupled: boolean,
  o: AdamOptions,
  lrs: (s: number) => number,
) {
  const [b1, b2] = o.betas ?? [0.9, 0.999];
  const { eps = 1e-8, weightDecay = decoupled ? 0.01 : 0 } = o;
  return start.map((p, k) => {
    let m = 0;
    let v = 0;
    for (let s = 1; s <= steps; s++) {
      const lr = lrs(s);
      let g = gradient(p, k, s);
      if (decoupled) p *= 1 - lr * weightDecay;
      else g += weightDecay * p;
      m = b1 * m + (1 - b1) * g;
      v = b2 * v + (1 - b2) * g * g;
      const second = v / (1 - b2 ** s);
      p -= ((lr / (1 - b1 ** s)) * m) / (Math.sqrt(second) + eps);
    }
    return p;
  });
}

function run(p: Parameter, optimizer: Adam, from: number, to: number) {
  for (let s = from; s <= to; s++) {
    const list = p.toNumbers().map((x, k) => gradient(x, k, s));
    p.grad = tidy(() => tensor(list, { dtype: "float64" }));
    optimizer.step();
    optimizer.zeroGrad();
  }
}

describe.each([
  { name: "Adam", Kind: Adam, decoupled: false },
  { name: "AdamW", Kind: AdamW, decoupled: true },
])("$name", ({ Kind, decoupled }) => {
  const options: AdamOptions[] = [
    {},
    { lr: 0.05, betas: [0.8, 0.95], eps: 1e-4 },
    { lr: 0.05, weightDecay: 0.1 },
  ];
  it.each(options)("takes ten steps as the formula does, %j", (o) => {
    const p = parameter();
    const optimizer = new Kind([p], o);
    run(p, optimizer, 1, 10);
    expectClose(
      p.toNumbers(),
      expectedSteps(10, decoupled, o, () => o.lr ?? 1e-3),
      11,
    );
    expect(p.toNumbers()).not.toEqual(start);
    optimizer.dispose();
    p.dispose();
  });

  it("is one program with the backward pass, which sees a later learning rate", () => {
    const lrs = [0.1, 0.1, 0.1, 0.03, 0.03, 0.1];
    const train = (wrap: (fn: () => Tensor) => () => unknown) => {
      const p = parameter();
      const optimizer = new Kind([p], { weightDecay: 0.1 });
      const step = wrap(() => {
        const loss = p.square().square().sum();
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
        optimizer.zeroGrad();
        return loss.detach();
      });
      for (const lr of lrs) {
        optimizer.lr = lr;
        tidy(() => {
          step();
        });
      }
      const values = p.toNumbers();
      optimizer.dispose();
      p.dispose();
      return values;
    };
    const plain = train((fn) => fn);
    expect(train((fn) => recordCalls(fn))).toEqual(plain);
    expect(plain).not.toEqual(start);
  });

  const bad: [AdamOptions, RegExp][] = [
    [{ lr: Number.NaN }, /learning rate is NaN; expected a finite number of at least 0/],
    [{ lr: -1 }, /learning rate is -1/],
    [{ betas: [1, 0.9] }, /betas\[0\] is 1; expected a number in \[0, 1\)/],
    [{ eps: -1e-8 }, /eps is -1e-8/],
    [{ weightDecay: Number.NaN }, /weightDecay is NaN/],
  ];
  it.each(bad)("refuses %j", (o, message) => {
    const p = parameter();
    expect(() => new Kind([p], o)).toThrow(message);
    p.dispose();
  });

  it("refuses no parameters, rates set to nonsense, and states of another network", () => {
    expect(() => new Kind([])).toThrow(/at least one parameter/);
    const p = parameter();
    const optimizer = new Kind([p]);
    expect(() => {
      optimizer.lr = Number.NaN;
    }).toThrow(/learning rate is NaN/);
    expect(() => optimizer.loadStateDict(new Map())).toThrow(/0\.step is missing/);
    const state = new Map(optimizer.stateDict()).set("0.exp_avg", zeros([3]));
    expect(() => optimizer.loadStateDict(state)).toThrow(
      /0\.exp_avg has shape \[3\], expected \[4\]/,
    );
    optimizer.dispose();
    p.dispose();
  });
});

describe("clipGradNorm_", () => {
  it.each([0.5, 13, 100])("scales gradients of joint norm 13 to at most %d", (maxNorm) => {
    const [a, b, idle] = [parameter(), new Parameter(zeros([2, 2])), parameter()];
    a.grad = tensor([3, 0, 0, 4], { dtype: "float64" });
    b.grad = tensor([
      [12, 0],
      [0, 0],
    ]);
    const before = memory().live;
    const norm = clipGradNorm_([a, idle, b], maxNorm);
    expect(memory().live).toBe(before + 1);
    expect(norm.item()).toBeCloseTo(13, 5);
    const scale = Math.min(1, maxNorm / (13 + 1e-6));
    expectClose(a.grad?.toNumbers(), [3 * scale, 0, 0, 4 * scale], 5);
    expectClose(b.grad?.toNumbers(), [12 * scale, 0, 0, 0], 5);
    expect(idle.grad).toBeNull();
    for (const p of [a, b, idle]) p.dispose();
  });

  it("is 0 without gradients", () => expect(clipGradNorm_([parameter()], 1).item()).toBe(0));
});

describe("EMA", () => {
  const layer = (seed: number) => new nn.Linear(2, 2, { generator: Generator.create(seed) });

  const ways: ((fn: () => Tensor) => () => unknown)[] = [(fn) => fn, (fn) => recordCalls(fn)];
  it.each([
    { rate: 0.8, warmup: false },
    { rate: 0.3, warmup: true },
  ])("is s ← r·s + (1 − r)·p, recorded or not, %j", ({ rate, warmup }) => {
    for (const wrap of ways) {
      using net = layer(1);
      const ema = new EMA(net, rate, { warmup });
      noGrad(() => net.weight.fill_(0));
      ema.restart();
      let want = (ema.stateDict().get("weight") as Tensor).toNumbers();
      const update = wrap(() => {
        ema.update();
        return noGrad(() => net.weight.mul(1));
      });
      for (let n = 1; n <= 6; n++) {
        noGrad(() => net.weight.fill_(n));
        tidy(() => {
          update();
        });
        const r = warmup ? Math.min(rate, (1 + n) / (10 + n)) : rate;
        want = want.map((s) => r * s + (1 - r) * n);
        expectClose(ema.stateDict().get("weight")?.toNumbers() as number[], want, 5);
      }
      ema.dispose();
    }
  });

  it("writes itself into a network, and comes back from a saved state", () => {
    using net = layer(1);
    using other = layer(2);
    const [ema, copy] = [new EMA(net, 0.5), new EMA(other, 0.5)];
    noGrad(() => net.weight.fill_(3));
    ema.update();
    copy.loadStateDict(ema.stateDict());
    copy.copyTo(other);
    const average = ema.stateDict().get("weight")?.toNumbers();
    expect(other.weight.toNumbers()).toEqual(average);
    expect(net.weight.toNumbers()).toEqual([3, 3, 3, 3]);
    expect(other.weight.requiresGrad).toBe(true);
    expect(() => ema.loadStateDict(new Map())).toThrow(/weight is missing/);
    ema.dispose();
    copy.dispose();
  });

  it.each([1, -0.1, Number.NaN])("refuses the rate %d", (rate) => {
    using net = layer(1);
    expect(() => new EMA(net, rate)).toThrow(/EMA rate is .*expected a number in \[0, 1\)/);
  });
});
