// Light unbalanced transport (U-LightOT, NeurIPS 2024): a plan in closed form whose marginals are new.
import { type Generator, nn, noGrad, type Tensor } from "@dsbm/torch";
import type { Direction } from "../core/direction.js";
import { joinMass, splitMass } from "../coupling/growth.js";
import { type MixtureNumbers, MixturePotential } from "./mixture-potential.js";

/** exp is a straight line from here on, so that a bad start has finite gradients. */
const straightFrom = 4;

const bentExp = (x: Tensor): Tensor =>
  x
    .clamp({ max: straightFrom })
    .exp()
    .mul(x.sub(straightFrom).clamp({ min: 0 }).add(1));

/**
 * The plan s(x) π(y|x) with LightSB's conditional π(y|x) = exp(x·y/ε) v(y)/C(x) and a mixture s of Gaussians, for the cost
 * |x − y|²/2 and penalties τ·KL of both marginals. Samples are [B, d + 1] with log masses last.
 */
export class UnbalancedMixture extends nn.Module {
  /** v and C. */
  target: MixturePotential;
  /** s: the mass that leaves each x. */
  source: MixturePotential;
  readonly #penalty: number;

  constructor(
    penalty: number,
    { d, direction, components = 50 }: { d: number; direction: Direction } & MixtureNumbers,
  ) {
    super();
    this.#penalty = penalty;
    this.target = new MixturePotential([d], { direction, components });
    this.source = new MixturePotential([d], { direction, components });
  }

  /** Sets both mixtures from random rows [n, d + 1] of both ends, log masses last. */
  initialise(
    start: Tensor,
    end: Tensor,
    options: { epsilon: number; spread: number; generator: Generator },
  ): void {
    const { x } = splitMass(start);
    const { epsilon, spread } = options;
    const { target } = this;
    target.initialise(splitMass(end).x, options);
    // exp(−|y|²/2ε) times the mixture: then C(x) exp(−|x|²/2ε) has the scale of the data.
    noGrad(() => {
      const { r, log_S, log_alpha } = target;
      const tilt = r
        .square()
        .sum(1)
        .div(2 * epsilon * (1 + spread));
      log_alpha.sub_(tilt.add((r.size(1) * Math.log1p(spread)) / 2));
      r.div_(1 + spread);
      log_S.sub_(Math.log1p(spread));
    });
    const variance = x.sub(x.mean(0)).square().mean().item();
    this.source.initialise(x, { ...options, spread: Math.max(variance, 1e-6) / (4 * epsilon) });
  }

  /** −φ/τ of starts x [B, d]: the log of what their mass is multiplied by before it moves, [B]. */
  #left(x: Tensor): Tensor {
    const density = this.source.logPotential(x);
    return this.#overPenalty(x, density.sub(this.target.logNormalizer(x)));
  }

  /** −ψ/τ of endpoints y [B, d]: the same at the other end, [B]. */
  #arrived(y: Tensor): Tensor {
    return this.#overPenalty(y, this.target.logPotential(y));
  }

  #overPenalty(x: Tensor, log: Tensor): Tensor {
    const half = x.square().sum(1).div(2);
    return log.mul(this.target.epsilon).add(half).div(-this.#penalty);
  }

  /** The dual loss of starts and endpoints [B, d + 1], whose ends have these masses: []. */
  loss(start: Tensor, end: Tensor, masses: { start: number; end: number }): Tensor {
    const excess = (log: Tensor, mass: number) =>
      bentExp(log)
        .sub(1)
        .mean()
        .mul(mass * this.#penalty);
    return this.source.log_alpha
      .exp()
      .sum()
      .mul(this.target.epsilon)
      .add(excess(this.#left(splitMass(start).x), masses.start))
      .add(excess(this.#arrived(splitMass(end).x), masses.end));
  }

  /**
   * Draws endpoints [B, d + 1] of starts [B, d + 1], log masses last, by z [B, d + 1]; the mass of a start is
   * multiplied by exp((ψ(y) − φ(x))/τ).
   */
  draw(start: Tensor, z: Tensor): Tensor {
    const { x, logMass } = splitMass(start);
    const y = this.target.draw(x, splitMass(z).x);
    return joinMass(y, logMass.add(this.#left(x)).sub(this.#arrived(y)));
  }

  /**
   * What states [B, d + 1] of the SDE gain at its start (clock 0) and at its end (clock 1): the log masses of the plan, and
   * 0 in the coordinates.
   */
  jump(state: Tensor, clock: Tensor): Tensor {
    const { x } = splitMass(state);
    const gained = this.#left(x).mul(clock.rsub(1)).sub(this.#arrived(x).mul(clock));
    return joinMass(x.zerosLike(), gained);
  }

  /** The drift; mass changes at both ends alone. */
  forward(start: Tensor, t: Tensor): Tensor {
    const { x, logMass } = splitMass(start);
    return joinMass(this.target.forward(x, t), logMass.zerosLike());
  }
}
