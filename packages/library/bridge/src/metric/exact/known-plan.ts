// Pairs whose Schrödinger bridge is known (Gushchin 2023): the plan of a mixture potential defines the target, so that plan,
// drift, marginals and conditional moments are closed forms.
import { noGrad, rand, randn, type Tensor, tidy } from "@dsbm/torch";
import { stream } from "../../core/random.js";
import { MixturePotential } from "../../model/mixture-potential.js";
import { vectors } from "../../ot/cost.js";
import { gaussianOf } from "../feature-statistics.js";
import { frechetDistance, type Gaussian } from "../frechet.js";

export interface KnownPlan {
  dim: number;
  /** Variance of the reference process over the whole time. */
  epsilon: number;
  /** Gaussians of the potential (default 5). */
  components?: number;
  /** Length of their centres (default 5). */
  radius?: number;
  seed?: number;
}

/**
 * A forward potential for starts N(0, I): centres r uniform on a sphere, S uniform in [0.5, 1.5], and weights that favour
 * no component at a typical start. Its `draw` is the plan, its `forward` the exact drift. The caller's to free.
 */
export function knownPlan({
  dim,
  epsilon,
  components = 5,
  radius = 5,
  seed = 0,
}: KnownPlan): MixturePotential {
  const potential = new MixturePotential([dim], { direction: "f", components });
  noGrad(() =>
    tidy(() => {
      const generator = stream(seed, `known-plan/${dim}/${epsilon}`);
      const way = randn([components, dim], { generator });
      const S = rand([components, dim], { generator }).add(0.5);
      potential.epsilon.fill_(epsilon);
      potential.r.copy_(way.div(way.square().sum(1, { keepdim: true }).sqrt()).mul(radius));
      potential.log_S.copy_(S.log());
      potential.log_alpha.copy_(S.sum(1).div(-2 * epsilon));
    }),
  );
  return potential;
}

/**
 * Mean [d] and covariance [d, d] of the plan's end for starts that are the rows x [n, …], equally likely, float64: the
 * conditional moments for one row, those of the target for many.
 */
export function planMoments(potential: MixturePotential, x: Tensor): Gaussian {
  return tidy(() => {
    const { weights, means, variances } = potential.plan(x);
    const [n, , d] = means.shape as [number, number, number];
    const share = weights.to("float64").div(n).reshape([-1, 1]);
    const centres = means.to("float64").reshape([-1, d]);
    const mean = centres.mul(share).sum(0);
    const centred = centres.sub(mean);
    const within = weights.to("float64").mean(0).unsqueeze(0).mm(variances.to("float64"));
    const covariance = centred.mul(share).t().mm(centred).add(within.squeeze(0).diagEmbed());
    // Symmetric but for rounding.
    return { mean, covariance: covariance.add(covariance.t()).mul(0.5) };
  });
}

/**
 * BW²-UVP of ends [m, …] of one start, or of the moments of its plan, against its exact conditional moments, in percent of
 * the variance tr Cov of the whole target; its mean over starts is cBW²-UVP (Gushchin 2023). A constant at the mean of the
 * target has 100 on average.
 */
export function conditionalUvp(
  ends: Tensor | Gaussian,
  { exact, variance }: { exact: Gaussian; variance: number },
): number {
  return tidy(() => {
    const got = "mean" in ends && "covariance" in ends ? ends : gaussianOf(vectors(ends));
    return (100 * frechetDistance(got, exact)) / variance;
  });
}
