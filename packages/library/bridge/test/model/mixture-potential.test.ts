// LightSB's closed forms: the drift is the gradient of the log-potential, the plan's moments equal
// the moments of its samples, and densities integrate to one.
import { arange, full, noGrad, randn, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { mixtureLogLikelihood } from "../../../../../test/support/densities.js";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal, seeded, summary } from "../../../../../test/support/numbers.js";
import { oneTime } from "../../src/core/one-time.js";
import { MixturePotential } from "../../src/model/mixture-potential.js";

const epsilon = 0.8;

function potential(d: number, direction: "f" | "b" = "f", components = 3): MixturePotential {
  const model = new MixturePotential([d], { direction, components });
  noGrad(() =>
    tidy(() => {
      model.begin(normal([10, d], 1).to("float32"), { epsilon, spread: 0.4, generator: seeded(2) });
      model.log_alpha.add_(normal([components], 3).to("float32"));
      model.log_S.add_(normal([components, d], 4).mul(0.5).to("float32"));
    }),
  );
  return model;
}

/** |x|²/2ε of rows. */
const energy = (x: Tensor) =>
  x
    .square()
    .sum(1)
    .div(2 * epsilon);

/** 4001 points on [−12, 12] as rows, and their distance. */
function fine(): { y: Tensor; h: number } {
  const h = 24 / 4000;
  return { y: arange(0, 4001, { dtype: "float64" }).mul(h).sub(12).reshape([-1, 1]), h };
}

describe("a mixture potential", () => {
  it.each([0.1, 0.5, 0.9])(
    "has the gradient of the propagated potential as its drift, t = %s",
    (t) => {
      const { y } = fine();
      for (const direction of ["f", "b"] as const) {
        const model = potential(1, direction);
        // φ_t(x) = ∫ N(y; x, ε(1 − t)) exp(|y|²/2ε) v(y) dy by quadrature, its gradient by the posterior mean of y.
        const weight = model.logPotential(y.to("float32")).to("float64").add(energy(y));
        const x = normal([4, 1], 6);
        const kernel = x
          .sub(y.t())
          .square()
          .div(-2 * epsilon * (1 - t));
        const mean = kernel.add(weight).softmax(1).mm(y);
        const want = mean.sub(x).div(1 - t);
        const time = direction === "f" ? t : 1 - t;
        for (const times of [oneTime(x.to("float32"), time), full([4], time)])
          expect(distance(model.forward(x.to("float32"), times).to("float64"), want)).toBeLessThan(
            2e-3,
          );
      }
    },
  );

  it("draws ends with the moments of its plan, given the start", () => {
    const model = potential(2);
    const n = 60_000;
    const x = full([2], 0.7).expand([n, 2]).contiguous();
    const y = model.draw(x, randn([n, 2], { generator: seeded(7) }));
    // Mean: x and the drift over the whole time. Variance: of the mixture, by its density on a grid.
    const drift = model.forward(x.narrow(0, 0, 1), full([1], 0));
    for (const i of [0, 1]) {
      const own = summary(y.select(1, i));
      const want = 0.7 + drift.select(1, i).item();
      expect(Math.abs(own.mean - want)).toBeLessThan(5 * Math.sqrt(own.var / n));
    }
    const one = potential(1);
    const start = full([n, 1], -0.4);
    const ends = one.draw(start, randn([n, 1], { generator: seeded(8) }));
    const { y: at, h } = fine();
    const density = mixtureLogLikelihood(one, at.to("float32"), start.narrow(0, 0, 1))
      .to("float64")
      .exp();
    expect(Math.abs(density.sum().item() * h - 1)).toBeLessThan(1e-3);
    const points = at.squeeze(1);
    const mean = density.mul(points).sum().item() * h;
    const variance = density.mul(points.sub(mean).square()).sum().item() * h;
    const fourth = density.mul(points.sub(mean).square().square()).sum().item() * h;
    const got = summary(ends);
    expect(Math.abs(got.mean - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
    const spread = Math.sqrt((fourth - variance ** 2) / n);
    expect(Math.abs(got.var - variance)).toBeLessThan(5 * spread);
    // Shares of the whole line, not moments alone: Kolmogorov's distance.
    const below = [-2, -1, 0, 1, 2].map((c) => {
      const share = ends.lt(c).to("float64").mean().item();
      const exact = density.mul(points.lt(c).to("float64")).sum().item() * h;
      return Math.abs(share - exact);
    });
    expect(Math.max(...below)).toBeLessThan(0.012);
  });
});
