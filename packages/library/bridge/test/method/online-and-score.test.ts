// α-DSBM, preconditioned DSBM and [SF]²M with affine networks at one time, where the loss is quadratic: one Newton step on pairs of the exact
// Schrödinger bridge gives its drift, its flow and its score.
import { full, nn, noGrad, Parameter, randn, type Tensor, tensor, tidy, zeros } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import type { Conditions } from "../../src/core/conditions.js";
import { uniformGrid } from "../../src/core/time-grid.js";
import { alpha_dsbm } from "../../src/method/alpha-dsbm.js";
import { dsbm } from "../../src/method/dsbm.js";
import { networkFlow } from "../../src/method/network-flow.js";
import { withPreconditioning } from "../../src/method/preconditioned.js";
import { sf2m } from "../../src/method/sf2m.js";
import {
  exactCovariance,
  exactDrift,
  exactMarginal,
  exactVelocity,
} from "../../src/metric/gaussian-bridge.js";
import { FlowAndScore } from "../../src/model/flow-and-score.js";
import { Preconditioned } from "../../src/model/preconditioned.js";
import { brownian } from "../../src/process/brownian.js";

const bridge = { a: 0.4, sigma: 1.2 };
const process = brownian(bridge);
const n = 40_000;

/** slope·x + shift, of each trained direction. */
class Affine extends nn.Module {
  slope = new Parameter(zeros([2]));
  shift = new Parameter(zeros([2]));
  forward(x: Tensor, _t: Tensor, { direction }: Conditions = {}): Tensor {
    const way = direction ?? full([x.size(0)], 0);
    const of = (p: Tensor) => p.indexSelect(0, way.to("int64")).unsqueeze(1);
    return x.mul(of(this.slope)).add(of(this.shift));
  }
}

/** The squares of the second entries, which belong to another direction if a network has one. */
const sumOfUnused = (parameters: Parameter[]): Tensor =>
  parameters.map((p) => p.select(0, 1).square()).reduce((a, b) => a.add(b));

/** The other end of the exact static bridge, for starts N(−sign·a, 1). */
function partner(x: Tensor, sign: 1 | -1, seed: number) {
  const c = exactCovariance(bridge);
  const z = randn(x.shape, { generator: generatorOf(seed) });
  return x
    .add(sign * bridge.a)
    .mul(c)
    .add(z.mul(Math.sqrt(1 - c ** 2)))
    .add(sign * bridge.a);
}

const start = (sign: 1 | -1, seed: number) =>
  randn([n, 1], { generator: generatorOf(seed) }).add(-sign * bridge.a);

/** Sets the parameters to the minimum of a quadratic loss: its gradient is affine. */
function minimise(parameters: Parameter[], loss: () => Tensor): void {
  const sizes = parameters.map((p) => p.numel);
  const total = sizes.reduce((a, b) => a + b);
  const put = (values: number[]) =>
    noGrad(() => {
      let at = 0;
      for (const p of parameters) {
        p.copy_(tensor(values.slice(at, at + p.numel)).reshape(p.shape));
        at += p.numel;
      }
    });
  const gradient = (values: number[]) =>
    tidy(() => {
      put(values);
      for (const p of parameters) p.grad = null;
      loss().backward();
      return parameters.flatMap((p) => (p.grad as Tensor).toNumbers());
    });
  const origin = gradient(Array.from({ length: total }, () => 0));
  const columns = origin.map((_, i) =>
    gradient(origin.map((_, j) => (i === j ? 1 : 0))).map((g, j) => g - origin[j]),
  );
  const hessian = tensor(columns, { dtype: "float64" });
  const least = hessian
    .linalgInv()
    .mm(tensor(origin, { dtype: "float64" }).unsqueeze(1))
    .neg();
  put(least.toNumbers());
}

const context = (time: number, seed: number) => ({
  direction: "b" as const,
  process,
  t: full([n], time),
  meanMatch: false,
  noise: (() => {
    const generator = generatorOf(seed);
    return (like: Tensor) => randn(like.shape, { generator });
  })(),
});

/** Reads every cell of x [B, …] by itself. */
class Half extends nn.Module {
  forward(x: Tensor): Tensor {
    return x.mul(0.5);
  }
}

/** A field as slope and shift. */
function affine(field: (x: Tensor) => Tensor): { slope: number; shift: number } {
  const [at0, at1] = field(tensor([[0], [1]])).toNumbers();
  return { slope: at1 - at0, shift: at0 };
}

const tolerance = 0.06;
const expectNear = (
  got: { slope: number; shift: number },
  want: { slope: number; shift: number },
) => {
  expect(Math.abs(got.slope - want.slope)).toBeLessThan(tolerance);
  expect(Math.abs(got.shift - want.shift)).toBeLessThan(tolerance);
};

describe("α-DSBM", () => {
  it.each([
    { pass: "first", time: 0.4 },
    { pass: "online", time: 0.4 },
    { pass: "online", time: 0.75 },
  ])("of the $pass pass has the exact bridge as its fixed point, t = $time", ({ pass, time }) => {
    const x0 = start(1, 1);
    const x1 = start(-1, 2);
    const rows =
      pass === "first"
        ? { x0, x1: partner(x0, 1, 3) }
        : { x0, x1, made0: partner(x1, -1, 4), made1: partner(x0, 1, 5) };
    const net = new Affine();
    const network = new Preconditioned(net, [1]);
    network.initialise({ x0, x1: rows.x1 }, bridge.sigma ** 2);
    minimise(net.parameters(), () => alpha_dsbm.loss(rows, { ...context(time, 6), network }));
    noGrad(() => {
      for (const direction of ["f", "b"] as const) {
        const drift = (x: Tensor) =>
          network.forward(x, full([2], time), {
            direction: full([2], direction === "f" ? 1 : 0),
          });
        expectNear(affine(drift), exactDrift(direction, bridge, time));
      }
    });
  });
});

describe("a preconditioned method", () => {
  it.each([
    { time: 0.3, direction: "f" },
    { time: 0.6, direction: "b" },
  ] as const)(
    "has the exact bridge as its fixed point, $direction at $time",
    ({ time, direction }) => {
      const x0 = start(1, 20);
      const rows = { x0, x1: partner(x0, 1, 21) };
      const net = new Affine();
      const network = new Preconditioned(net, [1], { direction, coupled: true });
      // Wrong moments: the network has something to learn.
      network.initialise({ x0: x0.mul(2), x1: rows.x1.add(1) }, bridge.sigma ** 2);
      const method = withPreconditioning(dsbm);
      minimise(net.parameters(), () => {
        const at = { ...context(time, 22), direction, network };
        return sumOfUnused(net.parameters()).add(method.loss?.(rows, at) as Tensor);
      });
      noGrad(() => {
        const drift = affine((x) => network.forward(x, full([2], time)));
        expectNear(drift, exactDrift(direction, bridge, time));
      });
    },
  );

  it("has the moments and the loss of cells with values, whatever the others hold", () => {
    const mask = tensor([1, 0, 0, 0], { shape: [1, 1, 2, 2], dtype: "float32" });
    const onCells = { ...process, cells: { mask, share: 0.25 } };
    const x0 = randn([500, 1, 2, 2], { generator: generatorOf(40) }).add(3);
    const x1 = randn([500, 1, 2, 2], { generator: generatorOf(41) }).mul(2);
    const ofRows = (value: number) => {
      const filled = (x: Tensor) => x.mul(mask).add(mask.rsub(1).mul(value));
      const rows = { x0: filled(x0), x1: filled(x1) };
      const network = new Preconditioned(new Half(), [1, 2, 2], {
        direction: "f",
        coupled: true,
      });
      network.initialise(rows, 1, onCells);
      const at = {
        ...context(0.3, 42),
        t: full([500], 0.3),
        direction: "f" as const,
        network,
        process: onCells,
      };
      const loss = withPreconditioning(dsbm).loss?.(rows, at) as Tensor;
      return [...network.mean.toNumbers(), ...network.variance.toNumbers(), loss.item()];
    };
    const first = (x: Tensor) => x.reshape([-1, 4]).select(1, 0);
    const [mean0, mean1, variance0] = ofRows(0);
    expect(mean0).toBeCloseTo(first(x0).mean().item(), 4);
    expect(mean1).toBeCloseTo(first(x1).mean().item(), 4);
    expect(variance0).toBeCloseTo(first(x0).var({ correction: 0 }).item(), 4);
    expect(ofRows(9)).toEqual(ofRows(0));
  });

  it.each(["f"] as const)(
    "begins with the Schrödinger bridge that a mixture was fitted to, %s",
    (direction) => {
      // N(1, 1) and N(−1, 4) with ε = 1: the conditional mean of an end given x at time t is affine.
      const covariance = Math.sqrt(4.25) - 0.5;
      const x0 = randn([2000, 1], { generator: generatorOf(30) }).add(1);
      const x1 = randn([2000, 1], { generator: generatorOf(31) })
        .mul(2)
        .sub(1);
      const facts = {
        shape: [1],
        direction,
        generator: generatorOf(1),
        createNetwork: () => new Affine(),
      };
      const method = withPreconditioning(dsbm, { components: 5, spread: 0.5 });
      const network = method.model?.create(facts) as Preconditioned;
      network.initialise({ x0, x1 }, 1);
      network.fitMixtures({ x0, x1 }, 1, generatorOf(32));
      const [from, to] = direction === "f" ? [1, 4] : [4, 1];
      const mean = direction === "f" ? 1 : -1;
      for (const u of [0, 0.3, 0.7, 0.95]) {
        const v = (1 - u) ** 2 * from + u * u * to + u * (1 - u) * (2 * covariance + 1);
        const skip = (u * to + (1 - u) * covariance) / v;
        const centre = mean * (1 - 2 * u);
        // Where most of the points are; the mixture is not affine beyond the data.
        for (const z of [-1, 0, 1]) {
          const x = centre + z * Math.sqrt(v);
          const expected = (-mean + skip * (x - centre) - x) / (1 - u);
          const t = full([1], direction === "f" ? u : 1 - u);
          const found = noGrad(() => tidy(() => network.forward(tensor([[x]]), t).item()));
          expect(Math.abs(found - expected)).toBeLessThan(0.15);
        }
      }
    },
  );
});

describe("[SF]²M", () => {
  it.each([0.2, 0.5, 0.8])("learns the flow and half the scaled score, t = %s", (time) => {
    const x0 = start(1, 10);
    const rows = { x0, x1: partner(x0, 1, 11) };
    const network = new FlowAndScore(new Affine(), new Affine());
    const own = network.parameters();
    minimise(own, () => sf2m.loss(rows, { ...context(time, 12), network }).add(sumOfUnused(own)));
    noGrad(() => {
      expectNear(
        affine((x) => network.v.forward(x, full([2], time))),
        exactVelocity(bridge, time),
      );
      const { mean, var: v } = exactMarginal(bridge, time);
      const slope = -(bridge.sigma ** 2) / (2 * v);
      expectNear(
        affine((x) => network.s.forward(x, full([2], time))),
        { slope, shift: -slope * mean },
      );
      for (const direction of ["f", "b"] as const) {
        const given = { direction: full([2], direction === "f" ? 1 : 0) };
        const drift = (x: Tensor) => network.forward(x, full([2], time), given);
        expectNear(affine(drift), exactDrift(direction, bridge, time));
      }
    });
  });

  it("has half of the difference of both drifts as its flow", () => {
    const network = new FlowAndScore(new Affine(), new Affine());
    const dynamics = { method: sf2m, process, grid: uniformGrid(4) };
    const flow = networkFlow({ ...dynamics, networks: { f: network, b: network } });
    noGrad(() => {
      const [x, t] = [tensor([[0.3], [-2]]), full([2], 0.4)];
      const drift = (value: number) => network.forward(x, t, { direction: full([2], value) });
      network.s.forward = () => tensor([[5], [7]]);
      const half = drift(1).sub(drift(0)).div(2);
      expect(flow(x, t).sub(half).abs().max().item()).toBeLessThan(1e-6);
    });
  });
});
