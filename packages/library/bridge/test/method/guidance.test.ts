// Classifier-free guidance: the guided drift of hand-made networks is the formula, for everything that a network may predict.
import { nn, type Tensor, tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, normal } from "../../../../../test/support/numbers.js";
import type { Conditions } from "../../src/core/conditions.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { methods } from "../../src/method/index.js";
import type { Method } from "../../src/method/method.js";
import { networkFlow } from "../../src/method/network-flow.js";
import { type Dynamics, driftOf } from "../../src/method/sample.js";
import { ConditionDropout } from "../../src/model/condition-dropout.js";
import { brownian } from "../../src/process/brownian.js";

/**
 * The drift −x + m at class mean m, and −x without the class: drifts of two Gaussians N(±2, 1) that
 * stay in place, and of one at 0 (ε = 2).
 */
class Linear extends nn.Module {
  calls = 0;
  forward(point: Tensor, _t: Tensor, { cond, absent }: Conditions = {}): Tensor {
    this.calls++;
    return absent ? point.neg() : point.neg().add((cond as Tensor).mul(2));
  }
}

const grid = uniformGrid(4);
const dynamics = (method: Method, changes: Partial<Dynamics> = {}): Dynamics => {
  const net = new Linear();
  return {
    method,
    process: brownian({ sigma: Math.SQRT2 }),
    networks: { f: net, b: net },
    ...changes,
  };
};
const conditions = { cond: tensor([[1], [1], [-1]]).keep() };
const x = normal([3, 1], 1).to("float32").keep();
const t = tensor([0.2, 0.5, 0.7]).keep();

describe("the guided drift", () => {
  it.each([
    ["dsbm", methods.dsbm],
    ["sf2m, whose network has both directions", methods.sf2m],
  ])("is b_u + w (b_c − b_u): %s", (_, method) => {
    for (const w of [0, 0.5, 1, 3]) {
      const options = { direction: "f", grid, conditions } as const;
      const drift = driftOf(dynamics(method, { guidance: w }), options)(x, t);
      // −x + 2wm: guidance moves the mean of a class to w times its place.
      expect(distance(drift, x.neg().add(conditions.cond.mul(2 * w)))).toBeLessThan(1e-6);
    }
  });

  it("is the same where networks predict ends, increments and velocities", () => {
    const options = { direction: "f", grid, conditions } as const;
    const at = (changes: Partial<Dynamics>, method: Method = methods.dsbm) =>
      driftOf(dynamics(method, changes), options)(x, t);
    const parametrisation = { meanMatch: true, stdTrick: false, lossScale: false };
    for (const [changes, method] of [
      [{ parametrisation }, methods.dsbm],
      [{}, methods.dsb_increments],
    ] as [Partial<Dynamics>, Method][]) {
      const [u, c, wanted] = [0, 1, 2.5].map((guidance) =>
        at({ ...changes, guidance }, method),
      ) as [Tensor, Tensor, Tensor];
      expect(distance(u.add(c.sub(u), { alpha: 2.5 }), wanted)).toBeLessThan(1e-5);
      expect(distance(u, c)).toBeGreaterThan(1);
    }
    const flow = (guidance: number) =>
      networkFlow({ ...dynamics(methods.rectifiedflow, { guidance }), grid, conditions })(x, t);
    expect(distance(flow(3), x.neg().add(conditions.cond.mul(6)))).toBeLessThan(1e-6);
  });
});

/** Gives what it gets, to look at. */
class Seen extends nn.Module {
  given: Conditions = {};
  forward(point: Tensor, _t: Tensor, conditions: Conditions = {}): Tensor {
    this.given = conditions;
    return point;
  }
}

describe("ConditionDropout", () => {
  const make = (rate = 0.25) => {
    const seen = new Seen();
    return { seen, net: new ConditionDropout(seen, { rate, classes: 3 }) };
  };

  it("marks present conditions and hides dropped ones", () => {
    const { seen, net } = make();
    net.eval();
    const y = tensor(BigInt64Array.of(2n, 0n, 1n));
    const direction = tensor([1, 1, 0]);
    net.forward(x, t, { cond: conditions.cond, y, direction });
    expect(seen.given.cond?.toNumbers()).toEqual([1, 1, 1, 1, -1, 1]);
    expect(seen.given.y).toBe(y);
    net.forward(x, t, { cond: conditions.cond, y, direction, absent: true });
    expect(seen.given.cond?.toNumbers().map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(seen.given.y?.toNumbers()).toEqual([3, 3, 3]);
    expect(seen.given.direction).toBe(direction);
    expect("absent" in seen.given).toBe(false);
  });

  it("withholds a part of the rows in training, condition and class together, also of fields", () => {
    const { seen, net } = make(0.25);
    net.train();
    const n = 4000;
    const cond = normal([n, 2, 3, 3], 2).to("float32").add(10);
    const y = tensor(new BigInt64Array(n).fill(1n));
    net.forward(normal([n, 1, 3, 3], 3).to("float32"), normal([n], 4).to("float32"), { cond, y });
    const marks = seen.given.cond?.narrow(1, 2, 1).select(3, 0).select(2, 0).flatten().toNumbers();
    const withheld = marks?.filter((mark) => mark === 0).length ?? 0;
    // Binomial: standard deviation 27.
    expect(Math.abs(withheld - 1000)).toBeLessThan(6 * 27.4);
    const classes = seen.given.y?.toNumbers();
    const values = seen.given.cond?.select(1, 0).select(2, 0).select(1, 0).toNumbers();
    marks?.forEach((mark, i) => {
      expect(classes?.[i]).toBe(mark === 1 ? 1 : 3);
      expect(values?.[i] === 0).toBe(mark === 0);
    });
  });
});
