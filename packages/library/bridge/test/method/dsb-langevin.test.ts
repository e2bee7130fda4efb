// Discrete DSB on problems that are linear and Gaussian: least squares stands in for the network.
import { arange, cat, type Tensor, tensor, tidy } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { distance, generatorOf, normal, summary } from "../../../../../test/support/numbers.js";
import { tensorsOf } from "../../src/core/batch.js";
import { type Direction, oppositeDirection } from "../../src/core/direction.js";
import type { Endpoints } from "../../src/core/endpoints.js";
import { gammaGrid } from "../../src/core/time-grid.js";
import type { LangevinOptions } from "../../src/langevin/langevin.js";
import { dsbLangevin } from "../../src/method/dsb-langevin.js";
import { brownian } from "../../src/process/brownian.js";
import type { Field } from "../../src/solver/solver.js";

type LangevinMethod = ReturnType<typeof dsbLangevin>;
type Rows = Parameters<LangevinMethod["regression"]>[0];
type Networks = Partial<Record<Direction, Field>>;

const rowsOf = (
  method: LangevinMethod,
  networks: Networks,
  {
    direction,
    newest,
    data,
    seed,
  }: { direction: Direction; newest: Direction | null; data: Endpoints; seed: number },
) =>
  method.rows.make({
    direction,
    newest,
    data,
    process: brownian(),
    firstCoupling: "ref",
    generator: generatorOf(seed),
    simulate: () => {
      throw new Error("pairs are not asked for");
    },
    simulateRuns: (run, start) =>
      method.rows.runs.rows(networks[run as Direction] as Field, start, {
        direction: run as Direction,
        grid: gammaGrid([1]),
        sigma: 1,
        noise: (x, k) => normal(x.shape, 1000 * seed + k),
      }),
  });

const regression = (method: LangevinMethod, rows: Rows, direction: Direction) =>
  method.regression(rows, {
    direction,
    process: brownian(),
    t: tensor([]),
    meanMatch: false,
    noise: () => tensor([]),
  });

/** For each step the affine map of x that is nearest to the targets. */
function fit(method: LangevinMethod, rows: Rows, direction: Direction): Field {
  const { x, t, target } = regression(method, rows, direction);
  const padded = (y: Tensor) => cat([y, y.select(1, 0).mul(0).add(1).unsqueeze(1)], { dim: 1 });
  const maps = Array.from({ length: method.rows.runs.perRun }, (_, k) =>
    tidy(() => {
      const at = t.eq(k).nonzero().squeeze(1);
      const design = padded(x.indexSelect(0, at));
      const gram = design.transpose(0, 1).matmul(design);
      return gram.linalgSolve(design.transpose(0, 1).matmul(target.indexSelect(0, at)));
    }),
  );
  return (y, k) => padded(y).matmul(maps[k.select(0, 0).item()]);
}

/** Two jointly Gaussian numbers: means, variances, covariance. */
interface Joint {
  mean: Record<"x0" | "x1", number>;
  var: Record<"x0" | "x1", number>;
  cov: number;
}

/** The same conditional law of one number given the other, which now has the moments of the data. */
function restart(joint: Joint, from: "x0" | "x1", data: Pick<Joint, "mean" | "var">): Joint {
  const to = from === "x0" ? "x1" : "x0";
  const slope = joint.cov / joint.var[from];
  const rest = joint.var[to] - slope * joint.cov;
  const mean = joint.mean[to] + slope * (data.mean[from] - joint.mean[from]);
  const variance = rest + slope ** 2 * data.var[from];
  return {
    mean: { ...data.mean, [to]: mean },
    var: { ...data.var, [to]: variance },
    cov: slope * data.var[from],
  };
}

describe("two iterations", () => {
  // Not symmetric: a direction that met the wrong steps would be noticed.
  const gammas = Array.from({ length: 40 }, (_, k) => 0.01 + (0.06 * k) / 39);
  const n = 8_000;
  const spread = { x0: [1.2, 0.6], x1: [0.7, 0.9] };
  const centre = { x0: [0.5, -0.5], x1: [-1, 1] };
  const table = (end: "x0" | "x1", seed: number) =>
    normal([n, 2], seed)
      .mul(tensor(spread[end], { dtype: "float64" }))
      .add(tensor(centre[end], { dtype: "float64" }));

  it.each<[string, Partial<LangevinOptions>]>([
    ["increments", {}],
    ["means", { meanMatch: true }],
    [
      "increments of scale 1, scaled noise",
      { scale: gammas.map(() => 1), scaleNoise: true, variance: 0.8 },
    ],
  ])("are iterative proportional fitting: %s", (_, options) => {
    const method = dsbLangevin({ gammas, ...options });
    const data = { x0: table("x0", 1), x1: table("x1", 2) };
    // What the reference makes of x0, coordinate by coordinate.
    const truth = [0, 1].map((i) => ({
      mean: { x0: centre.x0[i], x1: centre.x1[i] },
      var: { x0: spread.x0[i] ** 2, x1: spread.x1[i] ** 2 },
    }));
    let exact = truth.map(({ mean, var: variance }): Joint => {
      let A = 1;
      let S2 = 0;
      for (const gamma of gammas) {
        A *= 1 - gamma / 2;
        S2 = (1 - gamma / 2) ** 2 * S2 + gamma * (options.scaleNoise ? 0.8 : 1);
      }
      return {
        mean: { x0: mean.x0, x1: A * mean.x0 },
        var: { x0: variance.x0, x1: A ** 2 * variance.x0 + S2 },
        cov: A * variance.x0,
      };
    });
    const [ratio] = exact.map((j) => (j.var.x1 - j.cov ** 2 / j.var.x0) / (j.cov / j.var.x0));
    const networks: Networks = {};
    let newest: Direction | null = null;
    for (const [half, direction] of (["b", "f", "b", "f"] as const).entries()) {
      // Each start of a first pass is one row: as many are needed as all the steps of the later ones.
      const many = { x0: data.x0.repeat([newest === null ? 15 : 1, 1]), x1: data.x1 };
      const rows = rowsOf(method, networks, { direction, newest, data: many, seed: half + 3 });
      networks[direction] = fit(method, rows, direction);
      newest = direction;
      const [from, to] = direction === "f" ? (["x0", "x1"] as const) : (["x1", "x0"] as const);
      exact = exact.map((joint, i) => restart(joint, from, truth[i]));
      const end = method.sampler(networks[direction], data[from], {
        direction,
        grid: gammaGrid(gammas),
        process: brownian(),
        noise: (x, k) => normal(x.shape, 900 + k),
      });
      for (const [i, joint] of exact.entries()) {
        const u = data[from].select(1, i);
        const v = end.select(1, i);
        const got = summary(v);
        // Five standard errors are 0.05; what steps of finite length get wrong (first order in γ) is the rest.
        expect(Math.abs(got.mean - joint.mean[to])).toBeLessThan(0.08);
        expect(Math.abs(got.var - joint.var[to])).toBeLessThan(0.08);
        const cov = u.sub(u.mean()).mul(v.sub(v.mean())).mean().item();
        expect(Math.abs(cov - joint.cov)).toBeLessThan(0.05);
        if (half < 2) continue;
        // And that is near the Schrödinger bridge of the two ends, which the reference was far from.
        const s2 = joint.var.x0 * joint.var.x1;
        const best = (Math.sqrt(4 * s2 + ratio ** 2) - ratio) / 2;
        expect(Math.abs(cov - best)).toBeLessThan(0.06);
      }
    }
  });
});

describe("rows", () => {
  const gammas = [0.05, 0.3, 0.2];
  const table = (n: number, seed: number) => normal([n, 2, 4, 4], seed).to("float32");
  const cond = (n: number, seed: number) => normal([n, 1, 4, 4], seed).to("float32");
  const data = {
    x0: table(12, 1),
    x1: table(9, 2),
    conditions: {
      x0: { cond: cond(12, 3), y: arange(0, 12, { dtype: "int64" }) },
      x1: { cond: cond(9, 4), y: arange(20, 29, { dtype: "int64" }) },
    },
  };
  const halve = (x: Tensor) => x.mul(-0.5);

  it.each(["f", "b"] as const)(
    "of a later pass are all steps, run after run, to train %s",
    (direction) => {
      const method = dsbLangevin({ gammas });
      const newest = oppositeDirection(direction);
      const rows = rowsOf(method, { [newest]: halve }, { direction, newest, data, seed: 1 });
      const from = newest === "f" ? "x0" : "x1";
      const n = data[from].size(0);
      const { x, target, step: steps } = rows;
      const { cond: given, y } = rows.conditions as Record<"cond" | "y", Tensor>;
      for (const t of tensorsOf(rows)) expect(t.size(0)).toBe(3 * n);
      expect(steps.toNumbers()).toEqual(Array.from({ length: n }, () => [0, 1, 2]).flat());
      expect(y.toNumbers()).toEqual(data.conditions[from].y.toNumbers().flatMap((c) => [c, c, c]));
      expect(distance(given.select(0, 5), data.conditions[from].cond.select(0, 1))).toBe(0);
      // Steps 1 and 2 of start 1 are rows 4 and 5: from one to the other and back.
      const scale = 2 * Math.sqrt(newest === "f" ? gammas[2] : gammas[0]);
      const a = x.select(0, 4);
      const b = x.select(0, 5);
      const back = a
        .sub(b)
        .mul(1 - 0.5 * scale)
        .div(scale);
      expect(distance(target.select(0, 5), back)).toBeLessThan(1e-5);
    },
  );
});
