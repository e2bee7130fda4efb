// Likelihoods along the flow of the Gaussian bridge, for which they are known.
import type { Tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal } from "../../../../../test/support/numbers.js";
import { exactMarginal } from "../../src/metric/gaussian-bridge.js";
import { logLikelihood } from "../../src/metric/likelihood.js";
import { exactFlow } from "../support.js";

const bridge = { a: 0.5, sigma: 1.4 };

/** log N(x; mean·1, v·I) [B]. */
function logNormal(x: Tensor, { mean, var: v }: { mean: number; var: number }) {
  const d = x.size(1);
  const square = x
    .sub(mean)
    .square()
    .sum(1)
    .div(-2 * v);
  return square.sub((d / 2) * Math.log(2 * Math.PI * v));
}

describe("the likelihood along the probability flow", () => {
  it.each([
    { from: 1, to: 0, probes: null },
    { from: 0.5, to: 0, probes: null },
    { from: 0, to: 1, probes: null },
    // The flow's Jacobian is a multiple of the identity, of which one probe has the trace.
    { from: 1, to: 0, probes: 1 },
  ])("equals the Gaussian marginal, from $from to $to, probes $probes", ({ from, to, probes }) => {
    const x = normal([8, 3], 1).add(bridge.a);
    const got = logLikelihood(exactFlow(bridge), x, {
      from,
      to,
      probes,
      generator: generatorOf(2),
      logDensity: (y) => logNormal(y, exactMarginal(bridge, to)),
    });
    expect(distance(got, logNormal(x, exactMarginal(bridge, from)))).toBeLessThan(1e-6);
  });
});
