// Several steps of Adam with the average, whose kernel is a record of the table, against PyTorch's kernels one after the other.
import { describe, expect, it } from "vitest";
import { tidy } from "../../src/binding/handle.js";
import { unsafe } from "../../src/index.js";
import * as nn from "../../src/nn/index.js";
import { Adam, type AdamOptions, AdamW, EMA } from "../../src/optim/index.js";
import { tensor } from "../../src/tensor/create.js";
import { noGrad } from "../../src/tensor/grad.js";
import { Generator, randn } from "../../src/tensor/random.js";
import { Parameter, type Tensor } from "../../src/tensor/tensor.js";

/** Parameters that fill no vector, one, several blocks, and several threads. */
const shapes = [[], [7], [3, 5, 2], [70_001], [300, 400]];

class Net extends nn.Module {
  list: Parameter[];
  constructor(generator: Generator) {
    super();
    this.list = shapes.map((shape) => new Parameter(randn(shape, { generator })));
  }
  forward(x: Tensor): Tensor {
    return x;
  }
}

const gradients = (generator: Generator) => shapes.map((shape) => randn(shape, { generator }));

const arrays = (list: readonly Tensor[]) => list.map((t) => t.toArray() as Float32Array);

interface Setting {
  options: AdamOptions;
  decoupled: boolean;
  warmup: boolean;
  rate: number;
}

/** Weights, moments and averages after some steps of ours. */
function ours({ options, decoupled, warmup, rate }: Setting): Float32Array[] {
  return tidy(() => {
    const generator = Generator.create(3);
    const net = new Net(generator);
    const optimizer = new (decoupled ? AdamW : Adam)(net.parameters(), options);
    const ema = new EMA(net, rate, { warmup });
    for (let s = 0; s < 4; s++) {
      const grads = gradients(generator);
      net.list.forEach((p, i) => {
        p.grad = grads[i] as Tensor;
      });
      optimizer.step(ema);
    }
    const found = arrays([
      ...net.parameters(),
      ...optimizer.stateDict().values(),
      ...ema.stateDict().values(),
    ]);
    for (const x of [net, optimizer, ema]) x.dispose();
    return found;
  });
}

/** The same by PyTorch's kernels. */
function stepsOfPyTorch({ options, decoupled, warmup, rate }: Setting): Float32Array[] {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8 } = options;
  const decay = options.weightDecay ?? (decoupled ? 0.01 : 0);
  return tidy(() =>
    noGrad(() => {
      const generator = Generator.create(3);
      const params = shapes.map((shape) => randn(shape, { generator }));
      const shadow = params.map((p) => p.clone());
      const state = params.map((p) => [tensor(0), p.zerosLike(), p.zerosLike()] as const);
      for (let s = 0; s < 4; s++) {
        const grads = gradients(generator);
        const list = (k: 0 | 1 | 2) => state.map((own) => own[k]);
        for (const t of list(0)) t.add_(1);
        const name = decoupled ? "aten::_fused_adamw_" : "aten::_fused_adam_";
        const rates = [lr, ...betas, decay, eps, false, false];
        unsafe.call(name, "", params, grads, list(1), list(2), [], list(0), ...rates);
        const young = 9 / (s + 1 + 10);
        const weight = warmup ? Math.max(Math.fround(young), 1 - rate) : 1 - rate;
        shadow.forEach((t, i) => void t.lerp_(params[i], weight));
      }
      return arrays([...params, ...state.flat(), ...shadow]);
    }),
  );
}

const settings: Setting[] = [
  { options: {}, decoupled: false, warmup: false, rate: 0.99 },
  { options: { lr: 0.1, weightDecay: 0.1 }, decoupled: false, warmup: true, rate: 0.9 },
  { options: { lr: 0.01, betas: [0.3, 0.6] }, decoupled: true, warmup: false, rate: 0.2 },
];

describe.each(settings)("a step with its average, %j", (setting) => {
  it("equals PyTorch's kernels to rounding", () => {
    const [a, b] = [ours(setting), stepsOfPyTorch(setting)];
    expect(a).toHaveLength(b.length);
    a.forEach((own, k) => {
      const other = b[k];
      expect(own).toHaveLength(other.length);
      let worst = 0;
      own.forEach((x, i) => {
        const y = other[i];
        // Bit by bit where vectors have sixteen elements; without fused products small gradients round otherwise.
        worst = Math.max(worst, Math.abs(x - y) / Math.max(Math.abs(y), 1e-3));
      });
      expect(worst).toBeLessThan(5e-5);
    });
  });
});

it("averages tensors without an optimiser by itself", () => {
  tidy(() => {
    const net = new Net(Generator.create(1));
    const optimizer = new Adam(net.parameters().slice(1), { lr: 0.1 });
    const ema = new EMA(net, 0.5);
    const [first, second] = net.list;
    const started = first.item();
    noGrad(() => first.add_(1));
    second.grad = second.detach().onesLike();
    optimizer.step(ema);
    const [average, beside] = [...ema.stateDict().values()];
    expect(average.item()).toBeCloseTo(started + 0.5, 5);
    // The first step of Adam is the learning rate, half of which the average follows.
    const moved = beside.sub(second.detach()).toNumbers();
    for (const x of moved) expect(x).toBeCloseTo(0.05, 5);
    for (const x of [net, optimizer, ema]) x.dispose();
  });
});
