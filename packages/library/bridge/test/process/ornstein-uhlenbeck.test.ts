// The variance-preserving process: its draws and drifts against the textbook, in both directions.
import { full, type Tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, expectMoments, normal } from "../../../../../test/support/numbers.js";
import { ornsteinUhlenbeck } from "../../src/process/ornstein-uhlenbeck.js";

const sigma = 1.7;
const alpha = 0.5;
const process = ornsteinUhlenbeck({ sigma });
const shape = [4000, 2, 3];

describe.each(["f", "b"] as const)("the Ornstein–Uhlenbeck process, run %s", (direction) => {
  it("leaves a point at e^−α of its place, with variance σ²(1 − e^−2α)/2α", () => {
    const start = full(shape, 2, { dtype: "float64" });
    expectMoments(process.endpoint(direction, start, normal(shape, 1)), {
      mean: 2 * Math.exp(-alpha),
      var: (sigma ** 2 * (1 - Math.exp(-2 * alpha))) / (2 * alpha),
    });
  });

  it("is tied to an end by σ² times the score of getting there, its own drift aside", () => {
    const x = normal([5, 2], 4);
    const end = normal([5, 2], 5);
    for (const time of [0.1, 0.5, 0.8]) {
      const t = full([5], time, { dtype: "float64" });
      const left = direction === "f" ? 1 - time : time;
      // log p(end | x) = −(end − e^{−α left} x)²/2v with v = σ²(1 − e^{−2α left})/2α
      const decay = Math.exp(-alpha * left);
      const v = (sigma ** 2 * (1 - decay ** 2)) / (2 * alpha);
      const pull: Tensor = end.sub(x.mul(decay)).mul((sigma ** 2 * decay) / v);
      const want = x.mul(-alpha).add(pull);
      expect(distance(process.driftTo(direction, { x, t, end }), want)).toBeLessThan(1e-12);
    }
  });

  it("leaves to the network what is not its own drift: −αx forward, αx backward", () => {
    const x0 = normal([5, 2], 6);
    const x1 = normal([5, 2], 7);
    const z = normal([5, 2], 8);
    const sample = { x0, x1, t: full([5], 0.3, { dtype: "float64" }), z };
    const x = process.bridge(sample);
    const end = direction === "f" ? x1 : x0;
    const own = x.mul(direction === "f" ? -alpha : alpha);
    const whole = process.target(direction, sample).add(own);
    expect(distance(whole, process.driftTo(direction, { x, t: sample.t, end }))).toBeLessThan(
      1e-12,
    );
  });
});
