// Methods outside the library: an online one with one network for both directions, and one fitted
// in closed form. Tests train, save, resume and sample both through the driver and through the
// command line.
import { type Batch, FittedGaussian, independent, type Method, type Pairs } from "@dsbm/bridge";
import { MLP } from "@dsbm/nets";
import { cat, nn, type Tensor } from "@dsbm/torch";
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

export class TwoWays extends nn.Module {
  net = new MLP(dim + 2, [64, 64, dim], { generator: seeded(3) });
  forward(x: Tensor, t: Tensor, { direction }: { direction?: Tensor | undefined } = {}): Tensor {
    return this.net.forward(
      cat([x, t.unsqueeze(1), (direction as Tensor).unsqueeze(1)], { dim: 1 }),
    );
  }
}

export const online: Method<OnlineRows> = {
  name: "online",
  predicts: "drift",
  networks: "bidirectional",
  model: { type: TwoWays, create: () => new TwoWays() },
  eps: 1e-3,
  rows: {
    pairs: false,
    simulation: "step",
    make({ newest, data, generator, simulate }) {
      const { x0, x1 } = independent(data, generator);
      if (newest === null) return { x0, x1, made0: x0, made1: x1 };
      return { x0, x1, made0: simulate("b", x1), made1: simulate("f", x0) };
    },
  },
  regression({ x0, x1, made0, made1 }, { process, t, noise }) {
    const ends = { f: { x0: made0, x1 }, b: { x0, x1: made1 } };
    return (["f", "b"] as const).map((direction) => {
      const sample = { ...ends[direction], t, z: noise(x0) };
      return { x: process.bridge(sample), t, target: process.target(direction, sample), direction };
    });
  },
};

// A model of the library, fitted by a method of one's own.
export const fitted: Method<Batch> = {
  name: "fitted",
  predicts: "drift",
  networks: "bidirectional",
  eps: 0,
  model: {
    type: FittedGaussian,
    create: ({ shape }) => new FittedGaussian(shape),
    fit({ network, data, process }) {
      (network as FittedGaussian).fit(data.x0, data.x1, process.sigma ** 2);
      return 0;
    },
  },
};
