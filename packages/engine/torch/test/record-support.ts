// Two networks, built twice from the same seed: one is trained step by step, the other by a recorded program.
import * as T from "../src/index.js";

/** The bits of tensors, for exact comparison. */
export const bits = (tensors: readonly T.Tensor[]): unknown[] => tensors.map((t) => t.rawArray());

export interface Net {
  parameters: T.Tensor[];
  loss(x: T.Tensor): T.Tensor;
}

const leaf = (shape: number[], scale: number) => T.randn(shape).mul(scale).keep().requiresGrad_();

/** A perceptron whose loss draws noise, as in training a bridge. */
function perceptron(): Net {
  T.manualSeed(10);
  const [w1, b1, w2, b2] = [
    leaf([16, 5], 0.4),
    leaf([16], 0.1),
    leaf([5, 16], 0.2),
    leaf([5], 0.1),
  ];
  return {
    parameters: [w1, b1, w2, b2],
    loss: (x) => {
      const noisy = x.add(x.randnLike().mul(0.3));
      const hidden = T.linear(noisy, w1, { bias: b1 }).silu();
      return T.linear(hidden, w2, { bias: b2 }).sub(x).square().mean();
    },
  };
}

/** A small convolution network with group normalisation and dropout. */
function convolution(): Net {
  T.manualSeed(11);
  const [w1, g, b, w2] = [
    leaf([4, 1, 3, 3], 0.3),
    leaf([4], 1),
    leaf([4], 0.1),
    leaf([1, 4, 3, 3], 0.3),
  ];
  return {
    parameters: [w1, g, b, w2],
    loss: (x) => {
      const image = x.view([-1, 1, 6, 6]);
      const h = T.conv2d(image, w1, { padding: 1 });
      const n = T.groupNorm(h, 2, { weight: g, bias: b }).silu();
      return T.conv2d(T.dropout(n, 0.25, true), w2, { padding: 1 })
        .sub(image)
        .square()
        .mean();
    },
  };
}

/** One training step of `net` with the fused Adam kernel. */
function trainer(net: Net): (x: T.Tensor) => T.Tensor {
  const like = () => net.parameters.map((p) => p.detach().zerosLike().keep());
  const [m, v] = [like(), like()];
  const steps = net.parameters.map(() => T.zeros([]).keep());
  return (x) => {
    const loss = net.loss(x);
    T.zeroGrad(net.parameters);
    loss.backward();
    T.noGrad(() => {
      const grads = net.parameters.map((p) => p.grad);
      T._foreachAdd_(steps, 1);
      const rates = [1e-2, 0.9, 0.999, 0, 1e-8, false, false];
      T.unsafe.call("aten::_fused_adam_", "", net.parameters, grads, m, v, [], steps, ...rates);
    });
    return loss.detach();
  };
}

/** The networks by kind, with the shape of a batch. */
export const nets: [what: string, make: () => Net, shape: number[]][] = [
  ["a perceptron that draws noise", perceptron, [8, 5]],
  ["a convolution network with group norm and dropout", convolution, [3, 36]],
];

/** The losses of training steps; weights, gradients and the generator after them. */
export function trainTwins(
  net: Net,
  { steps, shape, record }: { steps: number; shape: number[]; record: boolean },
) {
  const step = record ? T.recordCalls(trainer(net)) : trainer(net);
  const batches = T.Generator.create(4);
  T.manualSeed(12);
  const losses = Array.from({ length: steps }, () =>
    T.tidy(() => [step(T.randn(shape, { generator: batches }))].flat()[0].item()),
  );
  const grads = net.parameters.map((p) => p.grad!);
  return { losses, last: [...bits(net.parameters), ...bits(grads), T.randn([3]).toNumbers()] };
}
