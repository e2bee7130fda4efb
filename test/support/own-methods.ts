// Methods that the library does not have: an online one with one network for both directions, and one that is fitted in
// closed form. Tests train, save, resume and sample both through the driver and through the command line.
import { type Batch, independent, type Method, type Pairs } from "@dsbm/bridge";
import { MLP } from "@dsbm/nets";
import { Buffer, call, cat, eye, nn, type Tensor, zeros } from "@dsbm/torch";
import { seeded } from "./numbers.js";

const dim = 2;
/** Of the reference process. */
export const sigma = 1;

// The Schrödinger bridge flow (De Bortoli et al. 2024): after a first pass on independent pairs, each step trains on
// bridges to the ends that both directions of the averaged network make of the data.
interface OnlineRows extends Pairs {
  /** Ends that the backward and the forward direction made. */
  readonly made0: Tensor;
  readonly made1: Tensor;
}

export const online: Method<OnlineRows> = {
  name: "online",
  predicts: "drift",
  networks: "bidirectional",
  optimizer: "renewed",
  eps: 1e-3,
  pairs: false,
  online: true,
  model: () => new TwoWays(),
  rows({ newest, data, generator, simulate }) {
    const { x0, x1 } = independent(data, generator);
    if (newest === null) return { x0, x1, made0: x0, made1: x1 };
    return { x0, x1, made0: simulate("b", x1), made1: simulate("f", x0) };
  },
  regression({ x0, x1, made0, made1 }, { process, t, noise }) {
    const ends = { f: { x0: made0, x1 }, b: { x0, x1: made1 } };
    return (["f", "b"] as const).map((direction) => {
      const sample = { ...ends[direction], t, z: noise(x0) };
      return { x: process.bridge(sample), t, target: process.target(direction, sample), direction };
    });
  },
};

export class TwoWays extends nn.Module {
  net = new MLP(dim + 2, [64, 64, dim], { generator: seeded(3) });
  forward(x: Tensor, t: Tensor, { direction }: { direction?: Tensor | undefined } = {}): Tensor {
    return this.net.forward(
      cat([x, t.unsqueeze(1), (direction as Tensor).unsqueeze(1)], { dim: 1 }),
    );
  }
}

// The bridge between Gaussians with the moments of the data (Bunne et al. 2023), for a process of variance ε a unit of
// time. The symmetric square root of a matrix is that of its eigenvalues.
function power(a: Tensor, p: number): Tensor {
  const [values, vectors] = a.linalgEigh();
  return vectors.mul(values.pow(p)).matmul(vectors.transpose(0, 1));
}

export class FittedBridge extends nn.Module {
  mean = new Buffer(zeros([2, dim]));
  /** Covariances of the ends, and C of the pair. */
  cov = new Buffer(zeros([3, dim, dim]));
  fit(x0: Tensor, x1: Tensor, eps: number): void {
    const one = eye(dim);
    const [m0, m1] = [x0.mean([0]), x1.mean([0])];
    const [A, B] = [x0.sub(m0), x1.sub(m1)].map((x) => x.transpose(0, 1).matmul(x).div(x.size(0)));
    const [root, inverse] = [power(A as Tensor, 0.5), power(A as Tensor, -0.5)];
    const D = power(
      root
        .matmul(B as Tensor)
        .matmul(root)
        .add(one.mul(eps ** 2 / 4)),
      0.5,
    );
    const C = root
      .matmul(D)
      .matmul(inverse)
      .sub(one.mul(eps / 2));
    this.mean.copy_(cat([m0, m1]).reshape([2, dim]));
    this.cov.copy_(cat([A as Tensor, B as Tensor, C]).reshape([3, dim, dim]));
  }
  forward(x: Tensor, t: Tensor, { direction }: { direction?: Tensor | undefined } = {}): Tensor {
    const [A, B, C] = this.cov.unbind() as [Tensor, Tensor, Tensor];
    const [m0, m1] = this.mean.unbind() as [Tensor, Tensor];
    const s = t.narrow(0, 0, 1).unsqueeze(1);
    const [r, eps] = [s.rsub(1), sigma ** 2];
    const noise = eye(dim).mul(eps);
    const crossed = C.add(C.transpose(0, 1)).add(noise).mul(r.mul(s));
    const cov = A.mul(r.square()).add(B.mul(s.square())).add(crossed);
    const inverse = (call("aten::linalg_inv_ex", "", cov) as Tensor[])[0] as Tensor;
    const [P, Q] = [B.mul(s).add(C.mul(r)), A.mul(r).add(C.mul(s))];
    const S = P.sub(Q.transpose(0, 1)).sub(noise.mul(s));
    const away = x.sub(m0.lerp(m1, s)).matmul(inverse);
    const forward = m1.sub(m0).add(away.matmul(S));
    // Backward: the same flow against time, and twice the pull of the score.
    const sign = (direction as Tensor).mul(2).sub(1).unsqueeze(1);
    return forward.mul(sign).sub(away.mul(eps).mul((direction as Tensor).rsub(1).unsqueeze(1)));
  }
}

export const fitted: Method<Batch> = {
  name: "fitted",
  predicts: "drift",
  networks: "bidirectional",
  optimizer: "renewed",
  eps: 0,
  pairs: false,
  model: () => new FittedBridge(),
  fit({ network, data, process }) {
    (network as FittedBridge).fit(data.x0, data.x1, process.sigma ** 2);
    return 0;
  },
};
