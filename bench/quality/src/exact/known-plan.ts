// Pairs whose Schrödinger bridge is known in closed form (Gushchin 2023): a mixture potential defines the target.
import { frechetDistance, type Gaussian, gaussianOf, MixturePotential, stream } from "@dsbm/bridge";
import { noGrad, rand, randn, type Tensor, tidy } from "@dsbm/torch";

export interface KnownPlan {
  dim: number;
  epsilon: number;
  components?: number;
  radius?: number;
  seed?: number;
}

/**
 * A forward potential for starts N(0, I): centres uniform on a sphere, S uniform in [0.5, 1.5], weights that
 * favour no component. `draw` is the plan, `forward` the exact drift. The caller disposes it.
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

/** Mean [d] and covariance [d, d] of the plan's endpoint for equally likely starts x [n, …], float64. */
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
    return { mean, covariance: covariance.add(covariance.t()).mul(0.5) };
  });
}

/**
 * BW²-UVP of the endpoints of one start (samples [m, …] or moments) in percent of the target's variance tr Cov;
 * averaged over starts it is cBW²-UVP (Gushchin 2023). A constant at the target's mean scores 100.
 */
export function conditionalUvp(
  ends: Tensor | Gaussian,
  { exact, variance }: { exact: Gaussian; variance: number },
): number {
  return tidy(() => {
    const got =
      "mean" in ends && "covariance" in ends ? ends : gaussianOf(ends.flatten({ startDim: 1 }));
    return (100 * frechetDistance(got, exact)) / variance;
  });
}
