// LightSB's closed forms: the drift is the gradient of the log-potential, the plan's moments equal
// the moments of its samples, and densities integrate to one.
import { arange, full, noGrad, type Tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { oneTime } from "../../src/core/one-time.js";
import { MixturePotential } from "../../src/model/mixture-potential.js";

const epsilon = 0.8;

function potential(d: number, direction: "f" | "b" = "f", components = 3): MixturePotential {
  const model = new MixturePotential([d], { direction, components });
  noGrad(() =>
    tidy(() => {
      model.initialise(normal([10, d], 1).to("float32"), {
        epsilon,
        spread: 0.4,
        generator: generatorOf(2),
      });
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
function fineGrid() {
  const h = 24 / 4000;
  return { y: arange(0, 4001, { dtype: "float64" }).mul(h).sub(12).reshape([-1, 1]), h };
}

describe("a mixture potential", () => {
  it.each([0.1, 0.5, 0.9])(
    "has the gradient of the propagated potential as its drift, t = %s",
    (t) => {
      const { y } = fineGrid();
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
});
