// Curved mean paths of bridges: a bend, 0 at both ends, is added to the straight line of a pair.
import { Buffer, cat, type Generator, nn, noGrad, randn, type Tensor, zeros } from "@dsbm/torch";
import { IntervalTable } from "../chain/network.js";
import type { Pairs } from "../core/batch.js";
import type { Chain } from "../core/endpoints.js";
import type { Network } from "../core/network.js";
import { asColumn } from "../process/process.js";

/** Points [B, …] and their derivatives in the interval's clock [B, …]. */
export interface MeanPoint {
  x: Tensor;
  velocity: Tensor;
}

/** A network with its method's mean paths. */
export type Bending = Network & { bend?: LearnedBend };

/**
 * Adds the bends of a batch's splines, or the network's learned bends, to points [B, …] of straight paths at times t
 * [B].
 */
export function addBends(
  straight: MeanPoint,
  pairs: Pairs,
  { network, t }: { network: Network | undefined; t: Tensor },
): MeanPoint {
  const { bend0, bend1 } = pairs;
  const learned = (network as Bending | undefined)?.bend;
  if (!learned && !(bend0 && bend1)) return straight;
  return noGrad(() => {
    const bend = bend0 && bend1 ? splineBend(bend0, bend1, t) : learned!.at(pairs, t);
    return { x: straight.x.add(bend.x), velocity: straight.velocity.add(bend.velocity) };
  });
}

/** A cubic with these second derivatives at 0 and 1, less its straight line. */
function splineBend(bend0: Tensor, bend1: Tensor, t: Tensor): MeanPoint {
  const s = asColumn(t, bend0);
  const r = s.rsub(1);
  const cubic = (u: Tensor) => u.square().sub(1).mul(u).div(6);
  const slope = (u: Tensor) => u.square().mul(3).sub(1).div(6);
  return {
    x: bend0.mul(cubic(r)).add(bend1.mul(cubic(s))),
    velocity: bend1.mul(slope(s)).sub(bend0.mul(slope(r))),
  };
}

/** The widths of hidden layers grow with the columns (OT-MFM: 64 of 5, 1,024 of 50; narrower here for processors). */
const widthOf = (d: number): number => Math.min(512, Math.max(64, 8 * d));
const hiddenLayers = 3;

/** 2t(1 − t) φ(x0, x1, t) with a small network φ, 0 at first (OT-MFM, Kapusniak et al. 2024). */
export class LearnedBend extends nn.Module {
  /** Weight and bias of each layer: buffers, since the method's training leaves them alone. */
  weights: Buffer[];
  readonly intervals: IntervalTable | null;

  constructor(
    d: number,
    { chain, generator }: { chain?: Chain | undefined; generator: Generator },
  ) {
    super();
    const sizes = [2 * d + 1, ...Array.from({ length: hiddenLayers }, () => widthOf(d)), d];
    this.weights = sizes.slice(1).flatMap((m, i) => {
      const n = sizes[i];
      const weight =
        i < hiddenLayers ? randn([n, m], { generator }).div(Math.sqrt(n)) : zeros([n, m]);
      return [weight, zeros([m])].map((w) => new Buffer(w));
    });
    this.intervals = chain ? new IntervalTable(chain) : null;
  }

  /** The bend of pairs [B, d] at t [B], and its exact derivative. */
  at(
    { x0, x1, conditions }: Pairs,
    t: Tensor,
    weights: readonly Tensor[] = this.weights,
  ): MeanPoint {
    const s = t.unsqueeze(1);
    const interval = this.intervals?.of(conditions ?? {});
    const length = interval?.length.unsqueeze(1) ?? s.onesLike();
    const time = interval ? s.mul(length).add(interval.from.unsqueeze(1)) : s;
    let value = cat([x0, x1, time], { dim: 1 });
    let slope = cat([x0.zerosLike(), x1.zerosLike(), length], { dim: 1 });
    for (let i = 0; i < weights.length; i += 2) {
      const weight = weights[i];
      value = value.mm(weight).add(weights[i + 1]);
      slope = slope.mm(weight);
      if (i + 2 === weights.length) break;
      value = value.tanh();
      slope = slope.mul(value.square().rsub(1));
    }
    const open = s.mul(s.rsub(1)).mul(2);
    return {
      x: value.mul(open),
      velocity: slope.mul(open).add(value.mul(s.mul(-4).add(2))),
    };
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}
