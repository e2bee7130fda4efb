// Quantile mapping between Gaussians, where all ranks are known.
import { full } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import { oneTime } from "../../src/core/one-time.js";
import { QuantileMap } from "../../src/model/quantile-map.js";

describe("the flow of quantile mapping", () => {
  it.each([0, 0.3, 0.7, 1])(
    "between N(0, 1) and its image under 3x + 2 is x0 → 2x0 + 2 along lines, t = %s",
    (time) => {
      const x0 = normal([600, 2], 1).to("float32");
      const model = new QuantileMap([2]);
      model.fit(x0, x0.flip([0]).mul(3).add(2));
      const start = normal([50, 2], 2).mul(0.5).to("float32");
      const velocity = start.mul(2).add(2);
      const x = start.add(velocity.mul(time));
      expect(distance(model.forward(x, oneTime(x, time)), velocity)).toBeLessThan(1e-4);
      expect(distance(model.forward(x, full([50], time)), velocity)).toBeLessThan(1e-4);
    },
  );

  it("keeps cells that have one value, and fields their shape", () => {
    const rows = normal([20, 1, 2, 2], 3).to("float32");
    const model = new QuantileMap([1, 2, 2]);
    const dry = rows.mul(0);
    model.fit(dry, dry);
    const x = dry.narrow(0, 0, 3);
    expect(distance(model.forward(x, oneTime(x, 0)), x)).toBe(0);
  });
});
